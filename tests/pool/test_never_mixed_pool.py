"""After a switch nothing that an application sends reaches the database that was given up, and nothing of it is kept."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from hotswap_tui.core.events import FailbackRequest, SwitchRequest
from hotswap_tui.core.values import Health, Role
from tests.pool.workers import newest_beat_s, working
from tests.support.until import until

if TYPE_CHECKING:
    from hotswap_tui.demo.servers import Server
    from hotswap_tui.pool import HotSwapPool, Moved

SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'application' AND pid <> pg_backend_pid()"
NAMED = {"kwargs": {"application_name": "application"}}
DRAIN_S = 0.3


async def switch(pool: HotSwapPool, _: Server) -> None:
    await until(lambda: well(pool, Role.SECONDARY), what="a check of the secondary")
    await pool.engine.request(SwitchRequest("tester", Role.SECONDARY, pool.snapshot().version))


async def crash(_: HotSwapPool, primary: Server) -> None:
    await asyncio.to_thread(primary.crash)


async def freeze(_: HotSwapPool, primary: Server) -> None:
    await asyncio.to_thread(primary.freeze)


def well(pool: HotSwapPool, role: Role) -> bool:
    view = pool.snapshot().database(role)
    return view is not None and view.health is Health.UP


async def nobody_on(server: Server) -> None:
    """Wait until no connection of the application is left."""
    import psycopg

    async with await psycopg.AsyncConnection.connect(server.superuser_url, autocommit=True) as connection:

        async def deserted() -> bool:
            return await (await connection.execute(SESSIONS)).fetchone() == (0,)

        await until(deserted, what=f"no session of the application on {server.name}")


@pytest.mark.parametrize("fault", [switch, crash, freeze])
async def test_nothing_reaches_the_database_that_was_given_up(pair, make_pool, fault):
    """Neither on the way there nor on the way back: a server that thaws finds its sessions gone, and no later write."""
    moves: list[tuple[float, Moved]] = []
    async with make_pool(drain_s=DRAIN_S, **NAMED) as pool:
        pool.on_switch(lambda moved: moves.append((time.monotonic(), moved)))
        await pool.wait_for("primary")
        async with working(pool, clients=6) as workers:
            await workers.answered("primary")
            await fault(pool, pair.primary)
            await pool.wait_for(Role.SECONDARY)
            await workers.answered("secondary")
            await asyncio.to_thread(pair.heal)
            away_s = moves[-1][0]
            assert await newest_beat_s(pair.primary.superuser_url) < away_s
            await nobody_on(pair.primary)

            await until(lambda: well(pool, Role.PRIMARY), what="a check of the primary")
            before = len(workers.errors)
            await pool.engine.request(FailbackRequest("tester", pool.snapshot().version))
            await pool.wait_for(Role.PRIMARY)
            await workers.answered("primary")
            back_s = moves[-1][0]
            assert await newest_beat_s(pair.secondary.superuser_url) < back_s
            await nobody_on(pair.secondary)
            assert len(workers.errors) == before, "a planned switch costs nobody an error"
    markers = {a.marker for a in workers.attempts if away_s < a.at_s - a.took_s and a.at_s < back_s and a.marker}
    assert markers == {"secondary"}
    assert fault is not switch or workers.errors == []
    assert [moved.target for _, moved in moves] == [Role.PRIMARY, Role.SECONDARY, Role.PRIMARY]


async def test_automation_brings_everybody_back(pair, make_pool):
    """A failover and the failback that follows by itself: whoever begins after either is answered by who serves."""
    async with make_pool({"DB_FAILBACK": "auto"}) as pool:
        await pool.wait_for("primary")
        async with working(pool, clients=4) as workers:
            await workers.answered("primary")
            await asyncio.to_thread(pair.primary.crash)
            await workers.answered("secondary")
            lost = len(workers.errors)
            await asyncio.to_thread(pair.heal)
            await workers.answered("primary")
            assert len(workers.errors) == lost
