"""Behind a PgBouncer in transaction mode, as Neon and Supabase put one before their databases."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hotswap_tui.core.values import Fault
from hotswap_tui.dsn import parse
from tests.probes.fake_server import error_response, fake_server
from tests.probes.probing import probing, url_to
from tests.support.until import until_sync

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap_tui.demo.servers import Server
    from tests.conftest import MakeServer

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")
needs_pgbouncer = pytest.mark.skipif(PGBOUNCER is None, reason="pgbouncer is not installed")


@pytest.fixture
def server(make_server: MakeServer) -> Server:
    return make_server()


@pytest.fixture
def pooler_port(server: Server) -> Iterator[int]:
    """Run a PgBouncer in transaction mode with two server connections, by turns."""
    password = parse(server.url).password
    assert password is not None
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    users = server.directory / "userlist.txt"
    users.write_text(f'"ccfinapp" "{password.get_secret_value()}"\n')
    config = server.directory / "pgbouncer.ini"
    config.write_text(f"""
        [databases]
        cc_financial = host=127.0.0.1 port={server.port}
        [pgbouncer]
        listen_addr = 127.0.0.1
        listen_port = {port}
        unix_socket_dir =
        auth_type = scram-sha-256
        auth_file = {users}
        pool_mode = transaction
        server_round_robin = 1
        min_pool_size = 2
        server_login_retry = 0.2
    """)
    assert PGBOUNCER is not None
    account = pwd.getpwuid(server.directory.stat().st_uid) if os.geteuid() == 0 else None
    log = (server.directory / "pgbouncer.log").open("wb")
    process = subprocess.Popen(
        [PGBOUNCER, str(config)],
        stdout=log,
        stderr=log,
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        extra_groups=[] if account else None,
    )
    try:
        until_sync(lambda: _listens(port), what=Path(log.name).read_text())
        yield port
    finally:
        process.kill()
        process.wait()
        log.close()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def through(server: Server, port: int, query: str = "") -> str:
    return server.url.replace(f":{server.port}/", f":{port}/") + query


@needs_pgbouncer
@pytest.mark.parametrize("query", ["", "?pgbouncer=true", "?schema=public", "?options=-c%20search_path%3Dpublic"])
async def test_a_pooler_in_transaction_mode_is_probed(server: Server, pooler_port: int, query: str) -> None:
    async with probing(through(server, pooler_port, query), write_check=True) as prober:
        verdicts = [await prober.check(fresh=n % 4 == 3) for n in range(12)]
        assert prober.note == ""
    assert [verdict.fault for verdict in verdicts] == [None] * 12, verdicts
    assert verdicts[0].facts is not None
    assert verdicts[0].facts.version.startswith("18")


@needs_pgbouncer
async def test_no_setting_of_ours_stays_in_the_poolers_connections(server: Server, pooler_port: int) -> None:
    import asyncpg

    async with probing(through(server, pooler_port), write_check=True, timeout_s=3.21) as prober:
        for _ in range(4):
            assert (await prober.check(fresh=False)).passed
    other = await asyncpg.connect(through(server, pooler_port), statement_cache_size=0)
    try:
        for _ in range(4):
            async with other.transaction():
                assert await other.fetchval("SHOW statement_timeout") == "0"
    finally:
        await other.close()


@needs_pgbouncer
@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("/cc_financial", None),
        ("/nothing", Fault.MISSING),
        ("ccfinapp:", Fault.CREDENTIALS),
    ],
)
async def test_what_a_pooler_refuses_is_classified(
    server: Server, pooler_port: int, change: str, fault: Fault | None
) -> None:
    url = through(server, pooler_port)
    url = url.replace("/cc_financial", change) if change.startswith("/") else url.replace(change, "nobody:")
    async with probing(url) as prober:
        verdict = await prober.check(fresh=False)
    assert verdict.fault is fault, verdict


@needs_pgbouncer
async def test_a_dead_server_behind_a_living_pooler_is_a_failure(server: Server, pooler_port: int) -> None:
    async with probing(through(server, pooler_port), timeout_s=1.0) as prober:
        assert (await prober.check(fresh=False)).passed
        server.crash()
        verdict = await prober.check(fresh=False)
        assert verdict.fault in {Fault.TIMEOUT, Fault.UNREACHABLE, Fault.RESET, Fault.STOPPING}, verdict


@pytest.mark.parametrize(
    ("sqlstate", "message", "fault"),
    [
        ("XX000", "Tenant or user not found", Fault.CREDENTIALS),
        ("XX000", "The endpoint has been disabled. Enable it using Neon API and retry.", Fault.UNKNOWN),
        ("28P01", "password authentication failed for user 'neon_owner'", Fault.CREDENTIALS),
        ("08P01", "query_wait_timeout", Fault.TIMEOUT),
        ("08P01", "unsupported startup parameter: application_name", Fault.UNKNOWN),
    ],
)
async def test_a_cloud_poolers_words_reach_the_verdict(sqlstate: str, message: str, fault: Fault) -> None:
    async with fake_server(error_response(sqlstate, message)) as port, probing(url_to(port)) as prober:
        verdict = await prober.check(fresh=False)
    assert (verdict.fault, verdict.sqlstate, verdict.detail) == (fault, sqlstate, message)
