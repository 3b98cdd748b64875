"""A switch moves everybody: whoever is answered after it, is answered by the database that serves now."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from hotswap_tui.core.plan import Recipe
from hotswap_tui.core.values import Kind, Role
from hotswap_tui.demo.load import STUCK
from tests.traffic.courses import FAST, answered, began_after, both_up, bring_about, serves

if TYPE_CHECKING:
    from hotswap_tui.demo.load import Load

FLIPS = 12
AUTOMATIC = {"DB_FAILBACK": "auto", "DB_PRIMARY_RETRY_INTERVAL": "200"}


def markers_since(load: Load, moment_s: float) -> set[str]:
    return {attempt.marker for attempt in load.timeline() if attempt.at_s > moment_s and attempt.marker}


@pytest.mark.parametrize("recipe", Recipe)
async def test_no_client_is_left_on_the_database_that_was_given_up(stage, recipe):
    """Neither after the way there nor after the way back; a frozen server that thaws finds its sessions gone.

    Whoever begins after the switch gets no error, and after the failback neither.
    """
    with stage.engine(**FAST) as engine:
        await engine.until(serves(Role.PRIMARY))
        async with stage.load(clients=4, period_s=0.02) as load:
            await answered(load, "primary")
            await engine.until(both_up)
            await bring_about(stage, engine, recipe)
            await engine.until(serves(Role.SECONDARY))
            away_s = time.monotonic()
            await answered(load, "secondary")
            assert markers_since(load, away_s) == {"secondary"}

            await asyncio.to_thread(stage.heal)
            await stage.nobody_on(Role.PRIMARY)
            await engine.until(both_up)
            assert await engine.failback() == ""
            await engine.until(serves(Role.PRIMARY))
            back_s = time.monotonic()
            await answered(load, "primary")
            assert markers_since(load, away_s) == {"secondary", "primary"}
            assert markers_since(load, back_s) == {"primary"}
            await stage.nobody_on(Role.SECONDARY)
            assert [attempt for attempt in began_after(load, away_s) if attempt.error] == []
            assert recipe is not Recipe.PLANNED or load.totals().errors == 0, "a planned switch costs nobody an error"
            assert STUCK not in {failure.error for failure in load.totals().failures}
    assert stage.undisturbed()


async def test_automation_brings_everybody_back(stage):
    """A failback that nobody asked for moves everybody, and costs nobody an error."""
    with stage.engine(**FAST | AUTOMATIC) as engine:
        await engine.until(serves(Role.PRIMARY))
        async with stage.load(clients=4, period_s=0.02) as load:
            await answered(load, "primary")
            await engine.until(both_up)
            await asyncio.to_thread(stage.primary.crash)
            await engine.until(serves(Role.SECONDARY))
            away_s = time.monotonic()
            await answered(load, "secondary")
            assert markers_since(load, away_s) == {"secondary"}

            await asyncio.to_thread(stage.heal)
            await engine.until(serves(Role.PRIMARY))
            back_s = time.monotonic()
            await answered(load, "primary")
            assert markers_since(load, back_s) == {"primary"}
            await stage.nobody_on(Role.SECONDARY)
            assert [attempt for attempt in began_after(load, away_s) if attempt.error] == []
        assert len(await engine.events(Kind.SWITCHED)) == 2
        assert (await engine.snapshot()).mode.armed
    assert stage.undisturbed()


async def test_clients_that_connect_and_close_meet_many_switches(stage):
    """PgBouncer lives, nobody is stuck, and nobody gets an error."""
    with stage.engine(**FAST) as engine:
        await engine.until(serves(Role.PRIMARY))
        await engine.until(both_up)
        async with stage.load(clients=2, period_s=0.02, reconnect=True) as load:
            for flip in range(FLIPS):
                target = Role.PRIMARY if flip % 2 else Role.SECONDARY
                assert await engine.switch(target) == ""
                await engine.until(serves(target), what=f"flip {flip + 1}")
                await answered(load, target)
            assert load.totals().failures == ()
    assert stage.bouncer_lives
    assert stage.undisturbed()
