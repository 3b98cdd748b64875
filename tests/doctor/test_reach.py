"""What is said about a database that answers, and about each way in which it may not."""

from __future__ import annotations

import pytest

from hotswap_tui.core.values import Fault
from hotswap_tui.doctor.facts import Lookup
from hotswap_tui.doctor.finding import Level
from hotswap_tui.doctor.reach import reachable
from tests.doctor.looks import SECONDARY, look


def test_a_database_that_answers_says_how_fast_and_what_it_is():
    (found,) = reachable(look())
    assert (found.level, found.subject) == (Level.OK, "primary")
    assert found.text == "db.example:5432 answers in 1.2 ms, a login takes 8 ms; PostgreSQL 18.1"


def test_a_read_only_server_answers_all_the_same():
    (found,) = reachable(look(fault=Fault.READ_ONLY, detail="in recovery"))
    assert found.level is Level.OK


def test_what_could_not_be_asked_is_told():
    well, found = reachable(look(details=None, trouble="no answer within 5 s"))
    assert well.level is Level.OK
    assert (found.level, "no answer within 5 s" in found.text) == (Level.UNSEEN, True)


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.READ_ONLY])
def test_each_class_has_its_words_and_something_to_do(fault):
    (found,) = reachable(look(fault=fault, detail="so it was said"))
    assert found.level is (Level.UNSEEN if fault is Fault.INTERNAL else Level.PROBLEM)
    assert found.text.startswith(f"db.example:5432: {fault.words}: so it was said")
    assert found.fix
    assert "{" not in found.fix


@pytest.mark.parametrize(
    ("fault", "detail", "fix"),
    [
        (Fault.CREDENTIALS, "password authentication failed", "check user app and password in DATABASE_URL_SECONDARY"),
        (Fault.MISSING, 'database "app" does not exist', "CREATE DATABASE app"),
        (Fault.RESOLVER, "Name or service not known", "getent hosts db.example"),
        (Fault.TIMEOUT, "no answer", "raise DB_CONNECTION_TIMEOUT"),
        (Fault.TLS, "the server does not offer TLS", "turn TLS on at the server"),
        (Fault.TLS, "certificate not accepted: certificate has expired", "renew"),
        (Fault.TLS, "certificate not accepted: Hostname mismatch, certificate …", "have it issued for db.example"),
        (Fault.TLS, "certificate not accepted: unable to get local issuer certificate", "sslrootcert=FILE"),
        (Fault.TLS, "certificate not accepted: self-signed certificate", "sslrootcert=FILE"),
        (Fault.TLS, "channel_binding=require needs TLS", "take channel_binding=require out"),
        (Fault.TLS, "sslrootcert /nowhere: no such file", "the certificate files that DATABASE_URL_SECONDARY names"),
    ],
)
def test_the_fix_names_what_is_to_be_mended(fault, detail, fix):
    (found,) = reachable(look(SECONDARY, fault=fault, detail=detail))
    assert fix in found.fix


def test_a_password_file_is_named_where_the_password_comes_from_it():
    url = "postgresql://app@db.example/app?passfile=/home/pi/pass"
    (found,) = reachable(look(url=url, fault=Fault.CREDENTIALS, detail="no"))
    assert "/home/pi/pass" in found.fix


def test_what_never_leads_to_a_failover_is_said_to_do_so():
    (credentials,) = reachable(look(fault=Fault.CREDENTIALS, detail="no"))
    (refused,) = reachable(look(fault=Fault.REFUSED, detail="Connection refused (10.0.0.1:5432)"))
    assert "never leads to a failover" in credentials.text
    assert "failover" not in refused.text


def test_a_host_without_a_route_points_to_the_finding_about_its_name():
    alone = Lookup("db.example", ("2001:db8::1",), ipv6_route=False)
    (found,) = reachable(look(fault=Fault.UNREACHABLE, detail="Network is unreachable", lookups=(alone,)))
    assert "as said above" in found.fix
