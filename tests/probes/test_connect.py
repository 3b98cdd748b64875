from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from hotswap_tui.core.values import Fault
from hotswap_tui.dsn import Address, parse
from hotswap_tui.probes.connect import Target, connect_arguments, pooler_settings, session_settings
from tests.probes.probing import probing

if TYPE_CHECKING:
    from pathlib import Path

    from hotswap_tui.demo.servers import Server
    from tests.support.clusters import ServerPair

HOSTILE = {
    "PGHOST": "nonexistent.invalid",
    "PGHOSTADDR": "192.0.2.1",
    "PGPORT": "1",
    "PGUSER": "somebody",
    "PGPASSWORD": "ambient-password",
    "PGDATABASE": "elsewhere",
    "PGSERVICE": "nothing",
    "PGSSLMODE": "verify-full",
    "PGSSLROOTCERT": "/nowhere/root.crt",
    "PGSSLCERT": "/nowhere/client.crt",
    "PGSSLKEY": "/nowhere/client.key",
    "PGSSLCRL": "/nowhere/list.crl",
    "PGSSLMINPROTOCOLVERSION": "TLSv9",
    "PGSSLNEGOTIATION": "direct",
    "PGTARGETSESSIONATTRS": "standby",
    "PGOPTIONS": "-c search_path=nowhere",
    "PGAPPNAME": "ambient",
    "PGKRBSRVNAME": "ambient",
    "PGGSSLIB": "nonsense",
    "PGCONNECT_TIMEOUT": "0",
}


@pytest.fixture
def hostile_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Set every variable and file that would lead the driver elsewhere."""
    passfile = tmp_path / ".pgpass"
    passfile.touch(mode=0o600)
    passfile.write_text("*:*:*:*:ambient-password\n")
    postgresql = tmp_path / ".postgresql"
    postgresql.mkdir()
    for name in ("root.crt", "postgresql.crt", "postgresql.key", "root.crl"):
        (postgresql / name).write_text("not a certificate\n")
    for name, value in {**HOSTILE, "PGPASSFILE": str(passfile), "HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    return tmp_path


@pytest.mark.usefixtures("hostile_environment")
@pytest.mark.parametrize("query", ["", "?sslmode=prefer", "?sslmode=allow", "?sslmode=disable"])
async def test_the_environment_changes_nothing(server_pair: ServerPair, query: str) -> None:
    async with probing(server_pair.primary.url + query) as prober:
        verdict = await prober.check(fresh=False)
    assert verdict.passed, verdict.detail


@pytest.mark.usefixtures("hostile_environment")
async def test_no_ambient_password_is_sent(server_pair: ServerPair) -> None:
    server = server_pair.primary
    url = f"postgresql://ccfinapp@127.0.0.1:{server.port}/cc_financial"
    async with probing(url) as prober:
        verdict = await prober.check(fresh=False)
    assert verdict.fault is Fault.CREDENTIALS
    arguments = connect_arguments(parse(url), Target("127.0.0.1", Address("127.0.0.1", server.port)), None, {})
    assert arguments["password"] == ""


async def test_a_named_password_file_is_read(server_pair: ServerPair, tmp_path: Path) -> None:
    server = server_pair.primary
    dsn = parse(server.url)
    assert dsn.password is not None
    passfile = tmp_path / "passfile"
    passfile.touch(mode=0o600)
    passfile.write_text(f"127.0.0.1:{server.port}:*:ccfinapp:{dsn.password.get_secret_value()}\n")
    async with probing(f"postgresql://ccfinapp@127.0.0.1:{server.port}/cc_financial?passfile={passfile}") as prober:
        assert (await prober.check(fresh=False)).passed


@pytest.mark.usefixtures("hostile_environment")
def test_a_missing_user_and_database_are_named_after_the_user_who_runs_this() -> None:
    dsn = parse("postgresql://127.0.0.1")
    arguments = connect_arguments(dsn, Target("127.0.0.1", dsn.addresses[0]), None, {})
    assert arguments["user"] == arguments["database"] == dsn.login_user() != "somebody"


SETTINGS = [
    ("", {"statement_timeout": "5000", "application_name": "hotswap-tui"}, {"application_name": "hotswap-tui"}),
    (
        "?application_name=mine&schema=app",
        {"statement_timeout": "5000", "application_name": "mine", "search_path": "app"},
        {"application_name": "mine"},
    ),
    (
        "?options=-c%20search_path%3Dapp",
        {
            "statement_timeout": "5000",
            "application_name": "hotswap-tui",
            "options": "-c search_path=app",
        },
        {"application_name": "hotswap-tui"},
    ),
    (
        "?options=-c%20statement_timeout%3D100",
        {"application_name": "hotswap-tui", "options": "-c statement_timeout=100"},
        {"application_name": "hotswap-tui"},
    ),
    (
        "?options=endpoint%3Dep-cool-name",
        {"statement_timeout": "5000", "application_name": "hotswap-tui", "options": "endpoint=ep-cool-name"},
        {"application_name": "hotswap-tui", "options": "endpoint=ep-cool-name"},
    ),
]


@pytest.mark.parametrize(("query", "direct", "pooled"), SETTINGS)
def test_startup_parameters(query: str, direct: dict[str, str], pooled: dict[str, str]) -> None:
    dsn = parse(f"postgresql://u:p@h/d{query}")
    assert session_settings(dsn, 5.0) == direct
    assert pooler_settings(dsn) == pooled


async def test_the_session_is_what_the_connection_string_asks_for(server_pair: ServerPair) -> None:
    server = server_pair.primary
    watcher = await asyncpg.connect(server.superuser_url)
    try:
        async with probing(f"{server.url}?application_name=mine&options=-c%20work_mem%3D1MB") as prober:
            assert (await prober.check(fresh=False)).passed
            names = await watcher.fetch("SELECT application_name FROM pg_stat_activity")
    finally:
        await watcher.close()
    assert "mine" in {row["application_name"] for row in names}


@pytest.mark.parametrize(
    ("attributes", "fault"),
    [
        ("any", None),
        ("read-write", None),
        ("primary", None),
        ("standby", Fault.READ_ONLY),
        ("read-only", Fault.READ_ONLY),
    ],
)
async def test_target_session_attributes_are_honoured(
    server_pair: ServerPair, attributes: str, fault: Fault | None
) -> None:
    async with probing(f"{server_pair.primary.url}?target_session_attrs={attributes}") as prober:
        assert (await prober.check(fresh=False)).fault is fault


async def test_the_second_address_answers_for_a_dead_first(server_pair: ServerPair) -> None:
    dead, alive = server_pair
    dead.stop()
    host, port = dead.url.partition("@")[2].partition("/")[0].split(":")
    both = alive.url.replace(f"@{host}:{alive.port}", f"@{host}:{port},{host}:{alive.port}")
    async with probing(both) as prober:
        assert (await prober.check(fresh=False)).passed


def keepalive(server: Server) -> str:
    return f"{server.url}?keepalives_idle=7"


async def test_keepalives_are_set_in_proportion_to_the_deadline(server_pair: ServerPair) -> None:
    import socket

    for url, idle in ((server_pair.primary.url, 3), (keepalive(server_pair.primary), 7)):
        async with probing(url, timeout_s=3.0) as prober:
            assert (await prober.check(fresh=False)).passed
            assert prober._session is not None
            endpoint = prober._session._connection.socket
            assert endpoint.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert endpoint.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == idle
            assert endpoint.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 3000
