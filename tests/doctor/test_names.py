"""Host names: what they stand for, how long that takes to find out, and whether it can be reached at all."""

from __future__ import annotations

import pytest

from hotswap_tui.core.values import Fault
from hotswap_tui.doctor.facts import Lookup
from hotswap_tui.doctor.finding import Level
from hotswap_tui.doctor.look_names import has_route, is_name, look_up
from hotswap_tui.doctor.names import names
from tests.doctor.looks import look
from tests.support import namespaces

SIX = "2001:db8::1"


@pytest.mark.parametrize(
    ("lookup", "level", "words"),
    [
        (Lookup("db.example", ("10.0.0.1",), 0.004), Level.OK, "db.example is 10.0.0.1, looked up in 4 ms"),
        (Lookup("db.example", (SIX, "10.0.0.1"), 0.004, ipv6_route=False), Level.OK, "10.0.0.1"),
        (Lookup("db.example", (SIX,), 0.004), Level.OK, SIX),
        (
            Lookup("db.example", (SIX,), ipv6_route=False),
            Level.PROBLEM,
            "has IPv6 addresses only, and this machine has no route",
        ),
        (Lookup(SIX, (SIX,), ipv6_route=False), Level.PROBLEM, "is an IPv6 address, and this machine has no route"),
        (Lookup("db.example", ("10.0.0.1", "10.0.0.2")), Level.NOTE, "tried in turn"),
        (Lookup("db.example", tuple(f"10.0.0.{n}" for n in range(9))), Level.NOTE, "and 5 more"),
        (Lookup("db.example", ("10.0.0.1",), 1.2), Level.WARNING, "looked up in 1200 ms"),
        (Lookup("db.example", error="no answer within 5 s"), Level.WARNING, "no answer within 5 s"),
    ],
)
def test_what_is_said_about_a_name(lookup, level, words):
    (found,) = names(look(lookups=(lookup,)), 5.0)
    assert found.level is level
    assert words in found.text
    assert bool(found.fix) is (level >= Level.WARNING)


def test_slow_is_measured_by_the_time_that_a_check_has():
    lookup = Lookup("db.example", ("10.0.0.1",), 0.3)
    assert [found.level for found in names(look(lookups=(lookup,)), 1.0)] == [Level.WARNING]
    assert [found.level for found in names(look(lookups=(lookup,)), 5.0)] == [Level.OK]


def test_an_address_needs_no_words_and_a_missing_name_is_told_once():
    assert not [*names(look(lookups=(Lookup("10.0.0.1", ("10.0.0.1",)),)), 5.0)]
    missing = look(fault=Fault.RESOLVER, lookups=(Lookup("db.example", error="Name or service not known"),))
    assert not [*names(missing, 5.0)]


@pytest.mark.parametrize(("host", "name"), [("db.example", True), ("10.0.0.1", False), ("fe80::1%eth0", False)])
def test_what_is_a_name(host, name):
    assert is_name(host) is name


async def test_hosts_are_looked_up_and_sockets_are_not():
    url = "postgresql://app@/app?host=127.0.0.1,%2Frun,localhost,nosuch.invalid&port=1,2,3,4"
    first, second, missing = await look_up(look(url=url).dsn, 20.0)
    assert (first.host, first.addresses, first.error) == ("127.0.0.1", ("127.0.0.1",), "")
    assert "127.0.0.1" in second.addresses
    assert missing.error
    assert not missing.addresses


@pytest.mark.skipif(bool(namespaces.obstacle()), reason=namespaces.obstacle() or "-")
def test_a_machine_without_ipv6_has_no_route():
    with namespaces.Namespace() as alone:
        assert alone.call(has_route, SIX) is False
