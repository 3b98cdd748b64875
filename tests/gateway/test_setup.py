"""A gateway that `create` has made serves every driver, both databases, and nobody who must not read it."""

from __future__ import annotations

import asyncio
import os
import pwd
import re
import shutil
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import asyncpg
import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr

from hotswap_tui.core.plan import PoolMode
from hotswap_tui.demo.ports import reserve_port
from hotswap_tui.dsn import Address, parse
from hotswap_tui.gateway.account import account_of
from hotswap_tui.gateway.front import Front
from hotswap_tui.gateway.setup import create
from hotswap_tui.routing import layout
from hotswap_tui.routing.target_file import render, replace
from tests.probes.tls_front import Authority, tls_front
from tests.support.bouncers import LivePgBouncer, needs_pgbouncer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.clusters import ServerPair

pytestmark = needs_pgbouncer
PRIMARY = SecretStr("postgresql://app:p%22a%27s%24s@localhost:5432/cc_financial?schema=public&connection_limit=5")
SECONDARY = SecretStr("host=backup port=5433 dbname=other user=owner password='it\\'s $HOME'")
SENT = {
    "JDBC": {"client_encoding": "UTF8", "DateStyle": "ISO", "TimeZone": "Europe/Berlin", "extra_float_digits": "2"},
    "node-postgres": {
        "statement_timeout": "60000",
        "lock_timeout": "1000",
        "idle_in_transaction_session_timeout": "1000",
        "options": "-c geqo=off",
    },
    "Prisma": {"application_name": "prisma", "search_path": "public", "options": "-c search_path=public"},
    "asyncpg": {"jit": "off", "IntervalStyle": "iso_8601", "idle_session_timeout": "0", "geqo": "off"},
}


def free_port() -> int:
    with reserve_port() as held:
        return int(held.getsockname()[1])


def front(pool_mode: PoolMode = PoolMode.TRANSACTION) -> Front:
    return Front(listen=Address("127.0.0.1", free_port()), pool_mode=pool_mode)


@pytest.fixture(scope="module")
def live(_shared_pair: ServerPair):
    with LivePgBouncer(_shared_pair.primary, _shared_pair.secondary) as bouncer:
        yield bouncer


async def served_by(url: str, **startup: str) -> int:
    """Return the port of the server that answers."""
    connection = await asyncpg.connect(url, statement_cache_size=0, server_settings=startup, timeout=10)
    try:
        return int(await connection.fetchval("SELECT inet_server_port()"))
    finally:
        await connection.close()


@pytest.mark.parametrize("driver", SENT)
async def test_what_a_driver_sends_at_login_is_taken(live: LivePgBouncer, server_pair: ServerPair, driver: str):
    assert await served_by(live.url, **SENT[driver]) == server_pair.primary.port


async def test_one_reload_leads_to_a_database_with_tls_and_a_name_and_back(
    live: LivePgBouncer, server_pair: ServerPair, place: Path
):
    """Neon finds the database by the name in TLS; the primary beside it is plain."""
    if shutil.which("openssl") is None:
        pytest.skip("the openssl program makes the certificates")
    authority = Authority(place)
    authority.root.certificate.chmod(0o644)
    async with tls_front(server_pair.secondary.port, authority.issue("localhost")) as seen:
        login = server_pair.secondary.url.partition("@")[0]
        root = authority.root.certificate
        secondary = f"{login}@localhost:{seen.port}/cc_financial?sslmode=verify-full&sslrootcert={root}"
        assert await asyncio.to_thread(served_after, live, secondary) == server_pair.secondary.port
        assert (set(seen.names), seen.plain) == ({"localhost"}, 0)
        assert await asyncio.to_thread(served_after, live, server_pair.primary.url) == server_pair.primary.port


def served_after(live: LivePgBouncer, url: str) -> int:
    replace(live.gateway.target_file, render(live.gateway.database, parse(url)))
    live.ask("RELOAD")
    return asyncio.run(served_by(live.url))


def test_logins_are_not_logged(live: LivePgBouncer):
    live.ask("SHOW VERSION")
    assert "login attempt" not in live.said()


def mode(path: Path) -> tuple[int, str]:
    state = path.stat()
    return stat.S_IMODE(state.st_mode), pwd.getpwuid(state.st_uid).pw_name


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PgBouncer as another user")
def test_root_shares_with_pgbouncer_what_it_reads_and_nothing_else(place: Path):
    gateway = create(place / "g", PRIMARY, SECONDARY, front(), run_as="nobody")
    directory = gateway.directory
    group = pwd.getpwnam("nobody").pw_gid
    for name in (layout.INI, layout.TARGET, layout.USERS):
        assert (mode(directory / name), (directory / name).stat().st_gid) == ((0o640, "root"), group)
    for name in (layout.ENGINE_ENV, layout.APPLICATION_ENV, layout.DESCRIPTION):
        assert mode(directory / name) == (0o600, "root")
    assert (mode(directory), directory.stat().st_gid) == ((0o750, "root"), group)
    assert mode(gateway.run_directory) == (0o700, "nobody")
    account = account_of(gateway)
    assert account is not None
    assert account.name == "nobody"
    gateway.run_directory.rename(directory / "away")
    gateway.run_directory.symlink_to(directory / "away")
    assert account_of(gateway) is None, "whoever owns the directory would choose whom root starts PgBouncer as"


AS_NOBODY = """
import os, pwd, sys
from pathlib import Path
from pydantic import SecretStr
from hotswap_tui.dsn import Address
from hotswap_tui.gateway.front import Front
from hotswap_tui.gateway.setup import create
os.setgroups([])
os.setgid(pwd.getpwnam("nobody").pw_gid)
os.setuid(pwd.getpwnam("nobody").pw_uid)
create(Path(sys.argv[1]), SecretStr(os.environ["URL"]), None, Front(listen=Address("127.0.0.1", int(sys.argv[2]))))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="root can become somebody else")
def test_others_keep_everything_to_themselves(place: Path):
    me = pwd.getpwnam("nobody")
    os.chown(place, me.pw_uid, me.pw_gid)
    command = (sys.executable, "-c", AS_NOBODY, str(place / "g"), str(free_port()))
    environ = {**os.environ, "URL": PRIMARY.get_secret_value()}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    made = {path.name: mode(path) for path in (place / "g").iterdir()}
    assert made == dict.fromkeys(made, (0o600, "nobody")) | {layout.RUN: (0o700, "nobody")}
    assert mode(place / "g") == (0o700, "nobody")
    assert "user =" not in text_of(place / "g", layout.INI)


def text_of(directory: Path, name: str) -> str:
    return (directory / name).read_text(encoding="utf-8")


def test_the_application_keeps_its_own_parameters_and_loses_those_of_the_way(place: Path, monkeypatch):
    wanted = front()
    create(place / "g", PRIMARY, SECONDARY, wanted)
    written = text_of(place / "g", layout.APPLICATION_ENV).splitlines()[-1]
    login = "postgresql://app:p%22a%27s%24s@127.0.0.1"
    assert written.startswith(
        f"DATABASE_URL={login}:{wanted.listen.port}/cc_financial?schema=public&connection_limit=5"
    )


@pytest.mark.parametrize(
    ("version", "pool_mode", "flagged", "kept"),
    [
        ("1.18.0", PoolMode.TRANSACTION, True, False),
        ("1.20.1", PoolMode.TRANSACTION, True, False),
        ("1.21.0", PoolMode.TRANSACTION, False, True),
        ("1.25.2", PoolMode.TRANSACTION, False, True),
        ("1.18.0", PoolMode.SESSION, False, False),
        ("1.25.2", PoolMode.SESSION, False, False),
    ],
)
def test_prisma_is_told_exactly_when_pgbouncer_keeps_no_prepared_statements(
    place: Path, monkeypatch, version: str, pool_mode: PoolMode, flagged: bool, kept: bool
):
    program = place / "bin" / "pgbouncer"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho 'PgBouncer {version}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    create(place / "g", PRIMARY, None, front(pool_mode))
    assert ("pgbouncer=true" in text_of(place / "g", layout.APPLICATION_ENV)) is flagged
    assert ("max_prepared_statements" in text_of(place / "g", layout.INI)) is kept


def test_the_target_is_the_last_line_and_the_time_outs_outlast_a_hold(place: Path):
    create(place / "g", PRIMARY, None, Front(listen=front().listen, hold_max_s=600))
    ini = text_of(place / "g", layout.INI)
    assert ini.splitlines()[-1] == f"%include {place / 'g' / layout.TARGET}"
    settings = dict(re.findall(r"^(\w+) = (.*)$", ini, re.MULTILINE))
    assert (settings["query_wait_timeout"], settings["client_login_timeout"]) == ("615", "615")
    assert settings["auth_type"] == "scram-sha-256"
    assert "[pgbouncer]" not in text_of(place / "g", layout.TARGET)


def test_without_gateway_json_it_is_no_gateway(place: Path, monkeypatch):
    """A disk that is full half way leaves nothing that could be taken for a gateway, not even where there was one."""
    gateway = create(place / "g", PRIMARY, None, front())
    monkeypatch.setattr("hotswap_tui.gateway.setup.write_file", fail)
    with pytest.raises(layout.GatewayError, match="No space left"):
        create(place / "g", PRIMARY, None, front(), force=True)
    with pytest.raises(layout.GatewayError, match="is not a gateway"):
        layout.load(gateway.directory)


def fail(*_: object) -> None:
    raise layout.GatewayError("g cannot be written: No space left on device")


class Place(NamedTuple):
    url: str


def test_a_hostile_password_logs_in(server_pair: ServerPair):
    """Quotes, percent and dollar signs, on their way through URL, ini and password file."""
    password = "a\"b'c%d$e\\f;g#h i"
    login = "postgresql://hostile:a%22b%27c%25d%24e%5Cf;g%23h%20i"
    with psycopg.connect(server_pair.primary.superuser_url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS hostile")
        connection.execute(sql.SQL("CREATE ROLE hostile LOGIN PASSWORD {}").format(password))
    url = f"{login}@127.0.0.1:{server_pair.primary.port}/cc_financial"
    with LivePgBouncer(Place(url), Place(server_pair.secondary.url)) as live:  # type: ignore[arg-type]
        assert asyncio.run(served_by(live.url)) == server_pair.primary.port
