"""Clients wait while a failure is confirmed, no longer than they must, and not at all where that is not wanted."""

from __future__ import annotations

import asyncio
import time

from hotswap_tui.core.values import Kind, Role
from tests.support.until import until
from tests.traffic.courses import FAST, answered, serves


async def test_a_restart_of_the_primary_costs_what_was_in_flight_and_no_switch(stage):
    """Whoever asks once clients are held, waits and is answered."""
    patient = {"DB_FAILURE_THRESHOLD": "12", "DB_FAILURE_RETRY_INTERVAL": "1000"}
    with stage.engine(**FAST | patient) as engine:
        await engine.until(serves(Role.PRIMARY))
        async with stage.load(clients=4, period_s=0.02) as load:
            await answered(load)
            await asyncio.to_thread(stage.primary.stop)
            await until(lambda: engine.events(Kind.HELD), what="a hold")
            held_s = time.monotonic()
            await asyncio.to_thread(stage.primary.start)
            await answered(load, "primary")
            picture = await engine.until(serves(Role.PRIMARY))
            failures = load.totals().failures
        told = await engine.events(Kind.RELEASED)
    assert [failure for failure in failures if failure.at_s - failure.took_s > held_s] == []
    assert picture.last_switch is None
    assert len(told) == 1
    assert told[0].data["clients"] > 0
    assert stage.undisturbed()


async def test_nobody_is_held_where_holding_is_turned_off(stage):
    with stage.engine(**FAST | {"DB_HOLD_MAX": "0", "DB_FAILURE_THRESHOLD": "20"}) as engine:
        await engine.until(serves(Role.PRIMARY))
        await asyncio.to_thread(stage.primary.freeze)
        picture = await engine.until(lambda picture: picture.primary.failures >= 3)
        assert picture.hold is None
        assert not stage.paused
        await asyncio.to_thread(stage.primary.thaw)
        await engine.until(lambda picture: picture.primary.failures == 0)
        assert Kind.RELEASED not in {event.kind for event in await engine.events()}


async def test_a_killed_engine_leaves_nobody_held(stage):
    """The guard lets clients go on, while nothing has been started again."""
    with stage.engine(**FAST | {"DB_FAILURE_THRESHOLD": "15"}) as engine:
        await engine.until(serves(Role.PRIMARY))
        await asyncio.to_thread(stage.primary.freeze)
        await engine.until(lambda picture: picture.hold is not None, what="a hold on suspicion")
        await until(lambda: stage.paused)
        engine.kill()
    await until(stage.undisturbed, 20.0, "clients that go on")
