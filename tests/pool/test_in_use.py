"""What becomes of connections in use, and of who waits for one, when another database serves."""

from __future__ import annotations

import asyncio
import time

import psycopg
import pytest
from psycopg_pool import PoolClosed, PoolTimeout

from hotswap_tui.core.events import SwitchRequest
from hotswap_tui.core.values import Health, Role, State
from hotswap_tui.pool import GivenUpError, Moved, NoDatabaseError
from tests.pool.workers import beat, newest_beat_s
from tests.support.until import until

LONG_S = 20.0
"""Far beyond every switch here."""


async def switch(pool) -> None:
    await until(lambda: pool.snapshot().secondary.health is Health.UP)
    await pool.engine.request(SwitchRequest("tester", Role.SECONDARY, pool.snapshot().version))


async def test_who_hangs_on_a_frozen_server_is_cut_off(pair, make_pool):
    """The error is psycopg's OperationalError, names the database, and comes with the switch, not minutes later."""
    async with make_pool() as pool:
        await pool.wait_for("primary")

        async def hang() -> None:
            async with pool.connection() as connection:
                await asyncio.to_thread(pair.primary.freeze)
                await connection.execute("SELECT 1")

        with pytest.raises(GivenUpError) as told:
            await hang()
        assert told.value.role is Role.PRIMARY
        assert isinstance(told.value, psycopg.OperationalError)
        assert "\n" not in str(told.value)
        await pool.wait_for("secondary")
        assert await beat(pool) == "secondary"


async def test_work_that_was_not_committed_does_not_get_lost_silently(pair, make_pool):
    """A block that says nothing during the switch learns at its end that its transaction is gone."""
    async with make_pool() as pool:
        await pool.wait_for("primary")
        began_s = time.monotonic()

        async def idle() -> None:
            async with pool.connection() as connection:
                await connection.execute("INSERT INTO heartbeats VALUES (99, %s)", [time.monotonic_ns()])
                await asyncio.to_thread(pair.primary.freeze)
                await pool.wait_for("secondary", LONG_S)

        with pytest.raises(GivenUpError):
            await idle()
        await asyncio.to_thread(pair.heal)
        assert await newest_beat_s(pair.primary.superuser_url) < began_s


async def test_a_planned_switch_lets_work_end_and_others_wait(pair, make_pool):
    """Nobody is given a connection to the new database while work on the old one goes on."""
    async with make_pool(drain_s=LONG_S) as pool:
        await pool.wait_for("primary")
        async with pool.connection() as connection:
            await switch(pool)
            await until(lambda: pool.serving is None, what="the end of giving")
            waiting = asyncio.create_task(beat(pool))
            row = await (await connection.execute("SELECT name FROM marker")).fetchone()
            assert row == ("primary",)
            assert not waiting.done()
        assert await waiting == "secondary"
        assert pool.serving is Role.SECONDARY


async def test_work_that_does_not_end_is_cut_off_in_the_end(pair, make_pool):
    async with make_pool(drain_s=0.2) as pool:
        moves: list[Moved] = []
        pool.on_switch(moves.append)
        await pool.wait_for("primary")

        async def dawdle() -> None:
            async with pool.connection() as connection:
                await switch(pool)
                await connection.execute("SELECT pg_sleep(%s)", [LONG_S])

        with pytest.raises(GivenUpError):
            await dawdle()
        assert await beat(pool) == "secondary"
        assert [(moved.source, moved.target, moved.cut) for moved in moves] == [
            (None, Role.PRIMARY, 0),
            (Role.PRIMARY, Role.SECONDARY, 1),
        ]
        assert "1 in use" in str(moves[-1])


@pytest.mark.parametrize("fault", ["crash", "freeze"])
async def test_who_waits_for_a_connection_gets_one_of_the_new_database(pair, make_pool, fault):
    """Also who stands behind somebody that hangs, within the time-out and without an error."""
    async with make_pool(min_size=1, max_size=1) as pool:
        await pool.wait_for("primary")

        async def hang() -> None:
            async with pool.connection() as connection:
                held.set()
                await connection.execute("SELECT pg_sleep(%s)", [LONG_S])

        held = asyncio.Event()
        first = asyncio.create_task(hang())
        await held.wait()
        others = [asyncio.create_task(beat(pool, client)) for client in range(3)]
        await until(lambda: pool.get_stats().get("requests_waiting") == 3)
        await asyncio.to_thread(getattr(pair.primary, fault))
        assert await asyncio.gather(*others) == ["secondary"] * 3
        assert isinstance((await asyncio.gather(first, return_exceptions=True))[0], psycopg.OperationalError)


async def test_nobody_serving_is_told_in_time_and_over_by_itself(pair, make_pool):
    """Who waits is told how things stand; who waits longer is served when a database is back, without psycopg's pauses."""
    async with make_pool() as pool:
        await pool.wait_for("primary")
        await asyncio.gather(asyncio.to_thread(pair.primary.crash), asyncio.to_thread(pair.secondary.crash))
        await until(lambda: pool.snapshot().state is State.UNAVAILABLE)
        assert pool.serving is None
        with pytest.raises(NoDatabaseError, match=r"within 0.10 s: NO DATABASE serving .* both are down"):
            await pool.connection(timeout=0.1).__aenter__()
        waiting = asyncio.create_task(beat(pool))
        await asyncio.to_thread(pair.heal)
        assert await waiting in {"primary", "secondary"}


async def test_all_connections_in_use_is_psycopgs_own_error(make_pool):
    async with make_pool(min_size=1, max_size=1) as pool:
        await pool.wait_for("primary")
        async with pool.connection():
            with pytest.raises(PoolTimeout) as told:
                await pool.connection(timeout=0.05).__aenter__()
        assert not isinstance(told.value, NoDatabaseError)


async def test_who_waits_can_be_cancelled_at_once(pair, make_pool):
    """Even where a connection is being tried on a server that hangs; none is lost by it."""
    slow = {"DB_FAILURE_RETRY_INTERVAL": 20_000, "DB_CONNECTION_TIMEOUT": 300}
    async with make_pool(slow, min_size=2, max_size=2) as pool:
        await pool.wait_for("primary")
        await asyncio.to_thread(pair.primary.freeze)
        await until(lambda: pool.snapshot().state is State.SUSPECT)
        waiting = [asyncio.create_task(beat(pool, client)) for client in range(3)]
        await until(lambda: pool.get_stats().get("requests_num", 0) >= 3)
        began_s = time.monotonic()
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
        assert time.monotonic() - began_s < 2.0, "psycopg itself would ask the frozen server to end its work"
        assert all(task.cancelled() for task in waiting)
        await asyncio.to_thread(pair.primary.thaw)
        async with pool.connection(LONG_S), pool.connection(LONG_S):
            pass


async def test_who_suspects_a_server_that_hangs_waits_no_longer_than_asked(pair, make_pool):
    """No connection to it is given; the error comes in time and says what is suspected."""
    async with make_pool({"DB_FAILURE_RETRY_INTERVAL": 20_000}) as pool:
        await pool.wait_for("primary")
        await asyncio.to_thread(pair.primary.freeze)
        await until(lambda: pool.snapshot().state is State.SUSPECT)
        with pytest.raises(NoDatabaseError, match="PRIMARY failing 1/2"):
            await pool.connection(timeout=0.2).__aenter__()
        await asyncio.to_thread(pair.primary.thaw)
        assert await beat(pool) == "primary"


async def test_closing_sends_everybody_away(make_pool):
    pool = make_pool(min_size=1, max_size=1)
    async with pool:
        await pool.wait_for("primary")
        async with pool.connection():
            waiting = asyncio.create_task(beat(pool))
            arriving = asyncio.create_task(pool.wait_for("secondary"))
            await until(lambda: pool.get_stats().get("requests_waiting") == 1)
            await pool.close()
            for task in (waiting, arriving):
                with pytest.raises(PoolClosed):
                    await task
    assert pool.serving is None
    with pytest.raises(PoolClosed):
        await beat(pool)


async def test_waiting_for_a_database_has_a_time_out(make_pool):
    async with make_pool() as pool:
        with pytest.raises(TimeoutError):
            await pool.wait_for("secondary", 0.05)
        with pytest.raises(ValueError, match="tertiary"):
            await pool.wait_for("tertiary")
