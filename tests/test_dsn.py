from __future__ import annotations

import os
import pwd

import pytest
from psycopg import OperationalError, connect, pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import SecretStr

from hotswap_tui.dsn import Address, Dsn, DsnError, parse

PSYCOPG_READS_ALIKE = (
    "postgresql://ccfinapp:change-me@localhost:5432/cc_financial",
    "postgres://u:p%40ss%2Fw%25@h/db",
    "postgresql://u:p:q@h/db",
    "postgresql://u:p#q[r]@h/db",
    "postgresql://u@h",
    "postgresql://h:6543",
    "postgresql://[2001:db8::1]:5433/db?sslmode=require",
    "postgresql://%2Frun%2Fpostgresql/db",
    "postgresql:///db?host=/run/postgresql&port=5433",
    "postgresql://localhost:5433/db?host=/run/postgresql",
    "postgresql://u:p@h1:1,h2:2/db?target_session_attrs=read-write",
    "postgresql://h/db?user=someone@example.org&password=x",
    "postgresql://u:p@h/db%20name?application_name=a%20b",
    "host=localhost port=5432 dbname=db user=u password=p",
    "host = 'a b'  password = 'it\\'s \\\\ here' user=u\\ v dbname=d",
    "host=h1,h2 port=1,2 dbname=d",
    "host=/run/postgresql user='' dbname=d",
)


@pytest.mark.parametrize("text", PSYCOPG_READS_ALIKE)
def test_host_port_user_password_and_database_are_those_that_libpq_reads(text: str):
    theirs = conninfo_to_dict(text)
    dsn = parse(text)
    assert ",".join(a.host for a in dsn.addresses) == theirs["host"]
    assert ",".join(str(a.port) for a in dsn.addresses) == str(theirs.get("port", 5432))
    assert (dsn.user or "") == theirs.get("user", "")
    assert secret(dsn) == theirs.get("password", "")
    assert (dsn.database or None) == theirs.get("dbname")


def secret(dsn: Dsn) -> str:
    return dsn.password.get_secret_value() if dsn.password else ""


@pytest.mark.parametrize(
    ("text", "address", "identity"),
    [
        ("postgresql://u:p@Localhost/db", "Localhost:5432", "localhost:5432/db"),
        ("postgresql://[::1]:6000/db", "[::1]:6000", "[::1]:6000/db"),
        ("postgresql:///db", "/run/postgresql:5432", "/run/postgresql:5432/db"),
        ("host=/var/run/postgresql/ dbname=db", "/var/run/postgresql/:5432", "/run/postgresql:5432/db"),
        ("postgresql://h1,h2:7/db", "h1:5432,h2:7", "h1:5432,h2:7/db"),
        ("host=h1,h2 port=7 dbname=db", "h1:7,h2:7", "h1:7,h2:7/db"),
        ("hostaddr=10.0.0.1 dbname=db", "10.0.0.1:5432", "10.0.0.1:5432/db"),
        ("jdbc:postgresql://h/db?user=u&password=p", "h:5432", "h:5432/db"),
        ("psql 'postgresql://u:p@h/db'", "h:5432", "h:5432/db"),
        ('"postgresql+asyncpg://u:p@h/db"\n', "h:5432", "h:5432/db"),
    ],
)
def test_addresses(text: str, address: str, identity: str):
    dsn = parse(SecretStr(text))
    assert (dsn.address, dsn.identity) == (address, identity)


def test_a_socket_is_told_from_a_host():
    assert Address("/run/postgresql").is_socket
    assert not Address("localhost").is_socket


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is empty"),
        ("user@host", "neither a URL"),
        ("mysql://u:Secret@h/db", "must start with postgresql://"),
        ("prisma+postgres://accelerate/?api_key=Secret", "Prisma Accelerate"),
        ("postgresql://u:Sec@ret@h/db", "unescaped '@'; write %40"),
        ("postgresql://u:Sec/ret@h/db", "unescaped '/'; write %2F"),
        ("postgresql://u:Sec?ret@h/db", "unescaped '?'; write %3F"),
        ("postgresql://u:?user=Secret@h/db", "unescaped '?'; write %3F"),
        ("postgresql://u:Sec/r#et@h/db", "unescaped '/' and '#'; write %2F and %23"),
        ("postgresql://u:Sec%ret@h/db", "unescaped '%'; write %25"),
        ("postgresql://me@server:Secret@h/db", "user name or password seems to contain an unescaped '@'"),
        ("postgresql://u:Sec%00ret@h/db", "%00"),
        ("postgresql://u:Sec%FFret@h/db", "not UTF-8"),
        ("postgresql://u:Sec\x01ret@h/db", "control character"),
        ("postgresql://user:Secret/db", "port must be a whole number from 1 to 65535; a user and a password"),
        ("postgresql://user:Secret:5432/db", "needs brackets, as in [::1]:5432; a user and a password"),
        ("postgresql://::1/db", "needs brackets"),
        ("postgresql://u:Secret@h:0/db", "from 1 to 65535"),
        ("postgresql://u:Secret@h:٥/db", "from 1 to 65535"),
        ("postgresql://u:Secret@h/db?sslmode=on", "sslmode has a value that is not known; allowed: disable, allow"),
        ("postgresql://u:Secret@h/db?sslaccept=yes", "allowed: strict, accept_invalid_certs"),
        ("postgresql://u:Secret@h/db?channel_binding=on", "allowed: disable, prefer, require"),
        ("postgresql://u:Secret@h/db?sslrootcert=system&sslmode=require", "needs sslmode=verify-full"),
        ("postgresql://u:Secret@h/db?sslnegotiation=direct", "needs sslmode=require or stronger"),
        ("postgresql://u:Secret@h/db?connect_timeout=1s", "connect_timeout must be a number of seconds"),
        ("postgresql://u:Secret@h/db?target_session_attrs=x", "allowed: any, read-write"),
        ("host=h1,h2,h3 port=1,2 password=Secret", "2 ports are given for 3 hosts"),
        ("host=h password=Two Secret", "a value with blanks stands in quotation marks"),
        ("host=h password='Secret", "quotation mark is not closed"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line_without_the_password(text: str, said: str):
    with pytest.raises(DsnError) as error:
        parse(text)
    message = str(error.value)
    assert said in message
    assert "Sec" not in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("query", "mode", "root"),
    [
        ("", "prefer", None),
        ("sslmode=disable", "disable", None),
        ("sslmode=require", "require", None),
        ("sslmode=require&sslrootcert=ca.pem", "verify-ca", "ca.pem"),
        ("sslrootcert=system", "verify-full", "system"),
        ("sslmode=no-verify", "require", None),
        ("ssl=true", "require", None),
        ("ssl=verify-full", "verify-full", None),
        ("ssl=false", "disable", None),
        ("sslmode=require&sslaccept=strict", "verify-full", "system"),
        ("sslaccept=strict&sslcert=ca.pem", "verify-full", "ca.pem"),
        ("sslmode=disable&sslaccept=strict", "disable", None),
        ("sslmode=require&sslaccept=accept_invalid_certs", "require", None),
        ("sslmode=require&sslaccept=accept_invalid_certs&sslcert=ca.pem", "require", "ca.pem"),
        ("sslmode=verify-full&sslaccept=accept_invalid_certs", "verify-full", None),
    ],
)
def test_tls_as_libpq_prisma_and_others_write_it(query: str, mode: str, root: str | None):
    tls = parse(f"postgresql://u:p@h/db?{query}").tls
    assert (tls.mode, tls.root_cert) == (mode, root)


def test_sslcert_is_a_clients_certificate_where_libpqs_key_stands_beside_it():
    tls = parse("postgresql://h/db?sslcert=c.pem&sslkey=k.pem&sslpassword=x&schema=public&sslsni=0").tls
    assert (tls.cert, tls.key, tls.root_cert, tls.sni) == ("c.pem", "k.pem", None, False)
    assert tls.key_password == SecretStr("x")


@pytest.mark.parametrize(
    ("query", "settings"),
    [
        ("schema=public", (("search_path", "public"),)),
        ("schema=My%20App", (("search_path", '"My App"'),)),
        ("currentSchema=a,b", (("search_path", "a,b"),)),
        (
            "options=-c%20a.b%3D1%20-cx%3Dy%20--statement-timeout%3D5s",
            (("a.b", "1"), ("x", "y"), ("statement_timeout", "5s")),
        ),
        ("options=-c%20x%3Da%5C%20b", (("x", "a b"),)),
        ("options=endpoint%3Dep-cool-name", ()),
        ("options=-c%20search_path%3Da&schema=b", (("search_path", "b"),)),
        ("options=-c", ()),
    ],
)
def test_settings_of_the_session(query: str, settings: tuple[tuple[str, str], ...]):
    assert parse(f"postgresql://h/db?{query}").server_settings == settings


def test_every_other_parameter_is_set_aside_with_a_note_and_never_an_error():
    names = "connection_limit pool_timeout pgbouncer socket_timeout statement_cache_size prepareThreshold service foo"
    dsn = parse("postgresql://u:p@h/db?" + "&".join(f"{name}=1" for name in names.split()) + "&keepalives=1&flag")
    for name in names.split():
        assert any(note.startswith(f"{name} ") and note.endswith("set aside") for note in dsn.notes), name
    assert dsn.extras == (("keepalives", "1"),)
    assert "pool_timeout is Prisma's own and has no meaning for a health check; set aside" in dsn.notes


def test_the_rest_of_a_password_behind_an_ampersand_is_not_shown_in_a_note():
    dsn = parse("postgresql://h/db?password=abc&hunter2=1")
    assert "hunter2" not in repr(dsn)


def test_characters_that_libpq_reads_and_others_do_not_are_noted():
    (note,) = parse("postgresql://u:a#b c@h/db").notes
    assert note == "the password contains an unescaped '#' and ' ', which some programs misread; write %23 and %20"


@pytest.mark.parametrize(("text", "timeout_s"), [("5", 5.0), ("0", None), ("-1", None), ("1.5", 1.5)])
def test_connect_timeout(text: str, timeout_s: float | None):
    assert parse(f"postgresql://h/db?connect_timeout={text}").connect_timeout_s == timeout_s


def test_conninfo_leaves_nothing_to_ambient_variables():
    """A PG* variable counts only for keywords that are left out. An older libpq refuses the four newest."""
    names = {o.keyword.decode() for o in pq.Conninfo.get_defaults() if o.envvar}
    newest = {"sslnegotiation", "min_protocol_version", "max_protocol_version", "service", "servicefile"}
    assert names - newest <= parse("postgresql:///").conninfo().keys()


def test_the_user_is_that_of_the_process_unless_named(monkeypatch):
    assert parse("postgresql://h").login_database() == pwd.getpwuid(os.geteuid()).pw_name
    monkeypatch.setattr("os.geteuid", lambda: 4_000_000_000)
    assert parse("postgresql://me@h").conninfo()["dbname"] == "me"
    with pytest.raises(DsnError, match="no user is named"):
        parse("postgresql://h").conninfo()


def test_libpq_takes_conninfo_and_no_ambient_variable(monkeypatch):
    for name in ("PGHOST", "PGUSER", "PGDATABASE", "PGOPTIONS", "PGSSLCERT", "PGREQUIREAUTH", "PGPASSFILE"):
        monkeypatch.setenv(name, "/ambient")
    with pytest.raises(OperationalError, match=r'"127\.0\.0\.1", port 1 failed: Connection refused'):
        connect(make_conninfo("", **parse("postgresql://u:p@127.0.0.1:1/db").conninfo()))


def test_conninfo_carries_what_the_string_says():
    dsn = parse("postgresql://u:p@h1:1,h2:2/db?schema=My%20App&options=endpoint%3Dx&sslmode=require&keepalives_idle=5")
    info = dsn.conninfo()
    expected = {"host": "h1,h2", "port": "1,2", "user": "u", "password": "p", "dbname": "db", "sslmode": "require"}
    assert expected.items() <= info.items()
    assert info["options"] == 'endpoint=x -c search_path="My\\ App"'
    assert info["keepalives_idle"] == "5"
    assert conninfo_to_dict(make_conninfo("", **info))["host"] == "h1,h2"
