"""Rare courses of events: the pictures are the test's, the databases are real."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from hotswap_tui.core.values import Role, State, Switch, SwitchKind
from hotswap_tui.dsn import parse
from hotswap_tui.engine.client import Silence
from hotswap_tui.pool import GivenUpError, HotSwapPool
from hotswap_tui.pool.sources import Source
from tests.pool.workers import beat
from tests.support.pictures import NOW_S, database, down, snapshot
from tests.support.scripted_client import ScriptedClient
from tests.support.until import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from hotswap_tui.pool import Moved

MOVING = {
    "state": State.FAILING_BACK,
    "switch": Switch(1, SwitchKind.MANUAL, Role.PRIMARY, Role.SECONDARY, NOW_S, "why"),
}
ON_PRIMARY = {"state": State.PRIMARY, "active": Role.PRIMARY, "switch": None, "serving": True}
ON_SECONDARY = {**ON_PRIMARY, "state": State.SECONDARY, "active": Role.SECONDARY}
LONG_S = 30.0


@pytest.fixture
def engine():
    return ScriptedClient(snapshot())


@pytest.fixture
async def pool(pair, engine):
    """Follow the scripted engine; there is time to drain."""

    @asynccontextmanager
    async def follow(_lost: Callable[[str], None]) -> AsyncIterator[ScriptedClient]:
        yield engine

    dsns = {Role.PRIMARY: parse(pair.primary.url), Role.SECONDARY: parse(pair.secondary.url)}
    made: HotSwapPool[Any] = HotSwapPool._over(Source(dsns, 5.0, follow), LONG_S, {"min_size": 1, "max_size": 2})
    async with made as pool:
        await pool.wait_for("primary")
        yield pool


async def test_a_switch_that_does_not_happen_costs_waiting_only(engine, pool):
    """Who waited is given a connection to the database that was to be left, and who used one goes on with it."""
    async with pool.connection() as connection:
        engine.change(**MOVING)
        assert pool.serving is None
        waiting = asyncio.create_task(beat(pool))
        engine.change(**ON_PRIMARY)
        assert await waiting == "primary"
        await connection.execute("SELECT 1")


async def test_a_switch_can_be_taken_back_while_connections_are_waited_for(engine, pool):
    async with pool.connection() as connection:
        engine.change(**ON_SECONDARY)
        waiting = asyncio.create_task(beat(pool))
        await until(lambda: not waiting.done() and pool.serving is None)
        engine.change(**ON_PRIMARY)
        assert await waiting == "primary"
        await connection.execute("SELECT 1")
    engine.change(**ON_SECONDARY)
    assert await beat(pool) == "secondary"


async def test_a_database_that_stops_to_answer_is_waited_for_no_longer(engine, pool):
    """A planned switch has begun to let work end when the database left begins to hang."""

    async def dawdle() -> None:
        async with pool.connection() as connection:
            held.set()
            await connection.execute("SELECT pg_sleep(%s)", [LONG_S])

    held = asyncio.Event()
    working = asyncio.create_task(dawdle())
    await held.wait()
    engine.change(**ON_SECONDARY)
    assert not working.done()
    engine.change(primary=down(Role.PRIMARY))
    with pytest.raises(GivenUpError):
        await working
    assert await beat(pool) == "secondary"


async def test_there_and_back_at_once_leaves_no_old_connection(engine, pool):
    """The database that is not left after all gets new connections, and nobody is told of a move."""
    moves: list[Moved] = []
    pool.on_switch(moves.append)
    async with pool.connection() as connection:
        process = connection.info.backend_pid
    engine.change(**ON_SECONDARY, primary=down(Role.PRIMARY))
    engine.change(**ON_PRIMARY, primary=database(Role.PRIMARY))
    await pool.wait_for("primary")
    async with pool.connection() as connection:
        assert connection.info.backend_pid != process
    assert moves == []


async def test_who_does_not_want_to_be_told_is_not(engine, pool):
    moves: list[Moved] = []
    end = pool.on_switch(moves.append)
    engine.change(**ON_SECONDARY)
    await until(lambda: moves)
    assert (moves[0].source, moves[0].target, moves[0].cut) == (Role.PRIMARY, Role.SECONDARY, 0)
    end()
    engine.change(**ON_PRIMARY)
    await pool.wait_for("primary")
    assert await beat(pool) == "primary"
    assert len(moves) == 1


async def test_what_an_operator_should_know_is_told_once(engine, pool, caplog):
    caplog.set_level("INFO", "hotswap_tui.pool")
    for _ in range(3):
        engine.change(disagrees=True)
    assert pool.serving is Role.PRIMARY
    engine.change(disagrees=False)
    engine.silence = Silence(NOW_S, "connection refused")
    for _ in range(3):
        engine.change()
    assert await beat(pool) == "primary"
    assert [record.message for record in caplog.records] == [
        "PgBouncer leads elsewhere than the engine chose; connections stay with primary",
        "the engine answers, and all agree; connections lead to primary",
        "the engine does not answer (connection refused); connections stay with primary",
    ]


async def test_a_connection_that_the_server_has_forgotten_is_replaced(pair, engine, make_proxy):
    """As after a power cut: what is tried gets no answer for good, while the server takes new logins again."""
    proxy = await make_proxy(pair.primary)

    @asynccontextmanager
    async def follow(_lost: Callable[[str], None]) -> AsyncIterator[ScriptedClient]:
        yield engine

    source = Source({Role.PRIMARY: parse(proxy.url(pair.primary.url))}, 0.2, follow)
    async with HotSwapPool._over(source, LONG_S, {"min_size": 1, "max_size": 1}) as pool:
        await pool.wait_for("primary")
        await beat(pool)
        await proxy.stall()
        engine.change(state=State.SUSPECT)
        waiting = asyncio.create_task(beat(pool))
        await until(lambda: pool.get_stats().get("returns_bad", 0) > 0, what="the end of the try")
        await proxy.forward()
        engine.change(**ON_PRIMARY)
        assert await waiting == "primary"


async def test_a_check_of_the_applications_own_that_always_fails_is_tried_in_vain_and_paced(pair, engine):
    """It costs a time-out, not a flood of logins."""

    async def never(_: object) -> None:
        raise RuntimeError("no")

    @asynccontextmanager
    async def follow(_lost: Callable[[str], None]) -> AsyncIterator[ScriptedClient]:
        yield engine

    source = Source({Role.PRIMARY: parse(pair.primary.url)}, 5.0, follow)
    made: HotSwapPool[Any] = HotSwapPool._over(source, LONG_S, {"min_size": 1, "check": never, "timeout": 0.5})
    async with made as pool:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(pool.connection().__aenter__(), 0.4)
        assert pool.get_stats()["connections_num"] < 10
