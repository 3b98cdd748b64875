from __future__ import annotations

import os
import stat
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from hotswap_tui.dsn import parse
from hotswap_tui.routing import readings
from hotswap_tui.routing.target_file import (
    TargetFileError,
    name_problem,
    place_of,
    read,
    render,
    replace,
    target_problem,
)
from hotswap_tui.routing.target_tls import tls_notes
from tests.support.bouncers import LivePgBouncer, needs_pgbouncer

BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
AWKWARD = 'it\'s #1; 100% "sure" \\ =[x]'


def dsn(text: str):
    return parse(SecretStr(text))


def line(text: str) -> str:
    return render("app", dsn(text)).splitlines()[-1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://u@h/d", "app = host='h' port='5432' dbname='d' user='u'"),
        ("postgresql://u:p@h:6000/d", "app = host='h' port='6000' dbname='d' user='u' password='p'"),
        ("host=h user=u password='it\\'s' dbname=d", "app = host='h' port='5432' dbname='d' user='u' password='it''s'"),
        (
            "host=h user=u password='a b;#%' dbname=d",
            "app = host='h' port='5432' dbname='d' user='u' password='a b;#%'",
        ),
        ("postgresql://u@h", "app = host='h' port='5432' dbname='u' user='u'"),
        ("host=/run/postgresql user=u dbname=d", "app = host='/run/postgresql' port='5432' dbname='d' user='u'"),
        ("postgresql://u@[::1]/d", "app = host='::1' port='5432' dbname='d' user='u'"),
        (
            "postgresql://u@h/d?schema=my%20app",
            (
                "app = host='h' port='5432' dbname='d' user='u' "
                "connect_query='SELECT pg_catalog.set_config(''search_path'',''\"my app\"'',false)'"
            ),
        ),
    ],
)
def test_a_target_is_one_line_with_every_value_quoted(text, expected):
    assert line(text) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sslmode=disable", ["sslmode = disable"]),
        ("", ["sslmode = prefer", "protocols = tlsv1.2,tlsv1.3"]),
        ("sslmode=require", ["sslmode = require", "protocols = tlsv1.2,tlsv1.3"]),
        (
            "sslmode=verify-full&sslrootcert=system",
            ["sslmode = verify-full", f"ca_file = {BUNDLE}", "protocols = tlsv1.2,tlsv1.3"],
        ),
        ("sslmode=verify-full", ["sslmode = verify-full", f"ca_file = {BUNDLE}", "protocols = tlsv1.2,tlsv1.3"]),
        (
            "sslmode=verify-ca&sslrootcert=/x/ca.pem",
            ["sslmode = verify-ca", "ca_file = /x/ca.pem", "protocols = tlsv1.2,tlsv1.3"],
        ),
        (
            "sslmode=require&sslcert=/x/c.pem&sslkey=/x/k.pem",
            ["sslmode = require", "cert_file = /x/c.pem", "key_file = /x/k.pem", "protocols = tlsv1.2,tlsv1.3"],
        ),
        (
            "sslmode=require&ssl_min_protocol_version=TLSv1&ssl_max_protocol_version=TLSv1.2",
            ["sslmode = require", "protocols = tlsv1.0,tlsv1.1,tlsv1.2"],
        ),
        ("sslmode=require&ssl_min_protocol_version=TLSv1.3", ["sslmode = require", "protocols = tlsv1.3"]),
    ],
)
def test_tls_belongs_to_the_target(query, expected):
    """One RELOAD changes both, and nothing of the target before stays in force."""
    if any(BUNDLE in setting for setting in expected) and not Path(BUNDLE).is_file():
        pytest.skip("another distribution")
    settings, _, _ = render("app", dsn(f"postgresql://u@h/d?{query}")).partition("[databases]\n")
    assert settings.splitlines() == [f"server_tls_{setting}" for setting in expected]


@pytest.mark.parametrize(
    "mode", ["", "?sslmode=prefer", "?sslmode=require&channel_binding=require", "?sslmode=verify-full"]
)
def test_neon_is_told_the_servers_name_whatever_the_sslmode(mode):
    """Its own connection strings say `require`, with which PgBouncer sends no name, and Neon finds no database."""
    if not Path(BUNDLE).is_file():
        pytest.skip("another distribution")
    target = dsn(f"postgresql://user:password@ep-cool-name.neon.tech/cc_financial{mode}")
    assert target_problem(target) == ""
    assert render("app", target).splitlines()[:2] == [
        "server_tls_sslmode = verify-full",
        f"server_tls_ca_file = {BUNDLE}",
    ]


def test_a_certificate_that_was_named_for_neon_stays():
    target = dsn("postgresql://u:p@ep-x.neon.tech/d?sslmode=require&sslrootcert=/x/ca.pem")
    assert render("app", target).splitlines()[:2] == [
        "server_tls_sslmode = verify-full",
        "server_tls_ca_file = /x/ca.pem",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("postgresql://u:p@ep-x.neon.tech/d", ["verify-full"]),
        (
            "postgresql://u:p@ep-x.neon.tech/d?sslmode=require&channel_binding=require",
            ["verify-full", "channel_binding"],
        ),
        ("postgresql://u:p@ep-x.neon.tech/d?sslmode=verify-full", []),
        ("postgresql://u:p@h/d?channel_binding=require", ["sslmode=require instead"]),
        ("postgresql://u:p@h/d?sslmode=require", []),
        ("postgresql://u:p@neon.tech.example/d", []),
        ("host=/run/postgresql user=u", []),
    ],
)
def test_what_pgbouncer_does_otherwise_is_noted(text, words):
    notes = list(tls_notes(dsn(text)))
    assert len(notes) == len(words)
    assert all(word in note for word, note in zip(words, notes, strict=True))


def test_a_login_that_cannot_be_bound_to_tls_has_it_at_least():
    assert render("app", dsn("postgresql://u:p@h/d?channel_binding=require")).startswith(
        "server_tls_sslmode = require\n"
    )


@pytest.mark.parametrize(("query", "host"), [("", "127.0.0.1"), ("?sslmode=require", "127.0.0.1"), ("?sslmode=verify-full&sslrootcert=/ca", "localhost")])  # fmt: skip
def test_localhost_is_an_address_unless_its_name_is_verified(query, host):
    """A PgBouncer with c-ares 1.34 would try ::1 only."""
    target = dsn(f"postgresql://u@localhost/d{query}")
    assert f"host='{host}'" in render("app", target)
    assert (place_of(target).host, readings.place_of(target).host) == (host, host)


def test_a_unix_socket_is_never_encrypted():
    assert render("app", dsn("host=/run/postgresql user=u sslmode=require")).startswith(
        "server_tls_sslmode = disable\n["
    )


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("postgresql://u@a,b/d", "several"),
        ("host=h hostaddr=10.0.0.1 user=u", "hostaddr"),
        ("host=@abstract user=u", "socket"),
        ("postgresql://u@h/d?options=endpoint%3Dep-x", "verify-full"),
        ("postgresql://u@h/d?sslmode=require&sslnegotiation=direct", "sslnegotiation"),
        ("postgresql://u@h/d?sslmode=require&sslcrl=/x", "sslcrl"),
        ("postgresql://u@h/d?sslmode=require&sslcert=/c&sslkey=/k&sslpassword=x", "pass phrase"),
        ("postgresql://u@h/d?passfile=/x", "password file"),
        ("postgresql://u@h/d?ssl_min_protocol_version=TLSv1.3&ssl_max_protocol_version=TLSv1.2", "no version"),
        ("postgresql://u:a%0Ab@h/d", "line break"),
        (f"postgresql://u:{'x' * 3000}@h/d", "longer"),
    ],
)
def test_what_pgbouncer_cannot_do_is_said_with_what_to_do_instead(text, word):
    problem = target_problem(dsn(text))
    assert word in problem
    assert "\n" not in problem


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://u:p@ep-x.neon.tech/neondb?sslmode=verify-full&channel_binding=require",
        "postgresql://u:p@h/d?schema=public&connection_limit=5&pgbouncer=true",
        "host=/run/postgresql user=u",
    ],
)
def test_the_usual_connection_strings_are_no_problem(text):
    assert target_problem(dsn(text)) == ""


@pytest.mark.parametrize(("name", "fine"), [("cc_financial", True), ("my-app.v2", True), ("my app", False), ("*", False), ("pgbouncer", False), ("", False), ("x" * 64, False)])  # fmt: skip
def test_a_database_is_called_what_pgbouncer_can_read(name, fine):
    assert (name_problem(name) == "") is fine


def test_a_file_is_replaced_as_a_whole_with_the_owner_and_mode_that_it_had(tmp_path):
    path = tmp_path / "target.ini"
    path.write_text("old")
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, 1, 1)
    before = path.stat()
    with path.open() as reader:
        replace(path, "new")
        assert reader.read() == "old"
    after = path.stat()
    assert read(path) == "new"
    assert (after.st_uid, after.st_gid, stat.S_IMODE(after.st_mode)) == (before.st_uid, before.st_gid, 0o640)
    assert [each.name for each in tmp_path.iterdir()] == ["target.ini"]


def test_a_file_that_is_not_there_or_cannot_be_written_is_named(tmp_path):
    path = tmp_path / "target.ini"
    for attempt in (lambda: read(path), lambda: replace(path, "x"), lambda: replace(tmp_path / "no" / "t", "x")):
        with pytest.raises(TargetFileError, match=str(tmp_path)):
            attempt()
    assert list(tmp_path.iterdir()) == []


@needs_pgbouncer
def test_pgbouncer_reads_what_was_written(make_server):
    """Real login with a password, a role and a database of the worst kind, and with run-time parameters."""
    server = make_server()
    with psycopg.connect(server.superuser_url, autocommit=True) as superuser:
        literal = "'" + AWKWARD.replace("'", "''") + "'"
        superuser.execute(f'CREATE ROLE "o\'role x" LOGIN PASSWORD {literal}'.encode())
        superuser.execute(b'CREATE DATABASE "d\'b; #1"')
    awkward = parse(
        SecretStr(
            "host=127.0.0.1 port={} user='o\\'role x' dbname='d\\'b; #1' password='{}' options='-c statement_timeout=1234'".format(
                server.port, AWKWARD.replace("\\", "\\\\").replace("'", "\\'")
            )
        )
    )
    with LivePgBouncer(server, server) as bouncer:
        replace(bouncer.gateway.target_file, render(bouncer.gateway.database, awkward))
        bouncer.ask("RELOAD")
        with psycopg.connect(bouncer.url, autocommit=True, prepare_threshold=None) as client:
            found = client.execute(
                "SELECT current_user, current_database(), current_setting('statement_timeout')"
            ).fetchone()
        assert found == ("o'role x", "d'b; #1", "1234ms")
        row = next(row for row in bouncer.ask("SHOW DATABASES") if row["name"] == bouncer.gateway.database)
        assert (row["force_user"], row["database"]) == ("o'role x", "d'b; #1")
