"""Waiting until a real server has what another one has committed."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from pydantic import SecretStr

from hotswap_tui.core.values import Role
from hotswap_tui.dsn import parse
from hotswap_tui.probes.inspection import PostgresInspection
from hotswap_tui.routing.handover import HandoverError
from hotswap_tui.sync.handover.catching_up import catch_up
from tests.support.replicated import replicated_pair

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    from tests.support.clusters import Clusters
    from tests.support.replicated import Replicated

LIMIT_S = 20.0
ROWS = "SELECT count(*) FROM users WHERE name = 'counted'"
INSERT = "INSERT INTO users (email, name) SELECT gen_random_uuid()::text, 'counted' FROM generate_series(1, {})"


@pytest.fixture(scope="module")
def one_way(clusters: Clusters) -> Iterator[Replicated]:
    # Whatever is larger than this is sent before it is committed, and applied by a worker beside the first one.
    with replicated_pair(clusters, settings={"logical_decoding_work_mem": "64kB", "wal_writer_delay": "1s"}) as pair:
        yield pair


@asynccontextmanager
async def inspecting(urls: Mapping[Role, str]) -> AsyncIterator[Callable[[Role], PostgresInspection]]:
    opened = {role: PostgresInspection(parse(SecretStr(url))) for role, url in urls.items()}
    yield opened.__getitem__
    for each in opened.values():
        await each.aclose()


async def counted(client: psycopg.AsyncConnection[Any]) -> str:
    rows = await (await client.execute(ROWS.encode())).fetchall()
    return str(rows[0][0])


def urls_of(pair: Replicated) -> dict[Role, str]:
    return {Role.PRIMARY: pair.url(pair.primary), Role.SECONDARY: pair.url(pair.secondary)}


@pytest.mark.parametrize("synchronous", ["on", "off"])
async def test_everything_committed_before_is_seen_at_the_target(one_way, synchronous):
    async with (
        inspecting(urls_of(one_way)) as inspect,
        await psycopg.AsyncConnection.connect(one_way.url(one_way.primary), autocommit=True) as client,
    ):
        await client.execute(f"SET synchronous_commit = {synchronous}".encode())
        for count in (*[1] * 20, 5000, 1):
            await client.execute(INSERT.format(count).encode())
            committed = await counted(client)
            await catch_up(inspect, Role.PRIMARY, Role.SECONDARY, LIMIT_S, lambda _: None)
            assert await inspect(Role.SECONDARY).rows(ROWS, LIMIT_S) == [(committed,)]


async def test_a_standby_is_waited_for_as_well(make_server, make_standby):
    primary = make_server("primary")
    standby = make_standby(primary)
    urls = {Role.PRIMARY: primary.url, Role.SECONDARY: standby.url}
    async with (
        inspecting(urls) as inspect,
        await psycopg.AsyncConnection.connect(primary.url, autocommit=True) as client,
    ):
        for _ in range(10):
            await client.execute(INSERT.format(10).encode())
            committed = await counted(client)
            await catch_up(inspect, Role.PRIMARY, Role.SECONDARY, LIMIT_S, lambda _: None)
            assert await inspect(Role.SECONDARY).rows(ROWS, LIMIT_S) == [(committed,)]
        with pytest.raises(HandoverError, match="no replication leads from secondary to primary"):
            await catch_up(inspect, Role.SECONDARY, Role.PRIMARY, LIMIT_S, lambda _: None)


async def test_where_nothing_leads_there_that_is_said(server_pair, one_way):
    async with inspecting({role: server.url for role, server in zip(Role, server_pair, strict=True)}) as inspect:
        with pytest.raises(HandoverError, match="no replication leads from primary to secondary"):
            await catch_up(inspect, Role.PRIMARY, Role.SECONDARY, LIMIT_S, lambda _: None)


async def test_what_is_missing_is_told_and_named_at_the_end(one_way):
    one_way.execute(one_way.secondary, "ALTER TABLE marker ADD CONSTRAINT late CHECK (name <> 'late')")
    heard: list[str] = []
    try:
        one_way.execute(one_way.primary, "INSERT INTO marker VALUES ('late')")
        async with inspecting(urls_of(one_way)) as inspect:
            with pytest.raises(HandoverError, match=r"^secondary is \d+ B behind after 0.6 s"):
                await catch_up(inspect, Role.PRIMARY, Role.SECONDARY, 0.6, heard.append)
        assert all(told.endswith(" to go") for told in heard)
        assert heard
    finally:
        one_way.execute(one_way.secondary, "ALTER TABLE marker DROP CONSTRAINT late")
