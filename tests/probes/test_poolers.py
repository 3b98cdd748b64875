"""Behind a PgBouncer in transaction mode, as Neon and Supabase put one before their databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hotswap_tui.core.values import Fault
from tests.probes.fake_server import error_response, fake_server
from tests.probes.pooler import needs_pgbouncer, pooler, through
from tests.probes.probing import probing, url_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap_tui.demo.servers import Server
    from tests.conftest import MakeServer


@pytest.fixture
def server(make_server: MakeServer) -> Server:
    return make_server()


@pytest.fixture
def pooler_port(server: Server) -> Iterator[int]:
    with pooler(server) as port:
        yield port


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
