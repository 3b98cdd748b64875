"""PgBouncer itself is killed: the engine says so, claims nothing meanwhile, and goes on when it is back."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from contextlib import contextmanager

import pytest

from hotswap_tui.core.plan import Recipe, Step
from hotswap_tui.core.values import Kind, Role
from tests.end_to_end.programs import PROGRAM
from tests.support.mishaps import Mishap
from tests.support.until import until
from tests.traffic.courses import FAST, answered, both_up, bring_about, consistent, serves


@contextmanager
def supervised(stage):
    """Let `gateway run` start PgBouncer and keep it alive."""
    command = [PROGRAM, "gateway", "run", "--dir", str(stage.gateway.directory)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as supervisor:
        try:
            yield
        finally:
            supervisor.terminate()
            supervisor.wait(20)


async def test_the_engine_says_so_and_goes_on(stage):
    with stage.engine(**FAST) as engine:
        await engine.until(serves(Role.PRIMARY))
        async with stage.load(clients=2, period_s=0.02) as load:
            await answered(load)
            stage.kill_bouncer()
            picture = await engine.until(lambda picture: picture.router.error, what="word of a dead PgBouncer")
            assert picture.active is Role.PRIMARY
            assert picture.primary.passes > 0, "the databases are well"
            with supervised(stage):
                await engine.until(serves(Role.PRIMARY))
                await answered(load, "primary")
                await engine.until(both_up)
                assert await engine.switch(Role.SECONDARY) == ""
                await engine.until(serves(Role.SECONDARY))
                await answered(load, "secondary")


async def test_within_a_hold(stage):
    """The next one serves whoever comes, and at the latest with the end of the suspicion nobody is held."""
    with stage.engine(**FAST | {"DB_FAILURE_THRESHOLD": "15"}) as engine:
        await engine.until(both_up)
        async with stage.load(clients=2, period_s=0.02) as load:
            await answered(load)
            await asyncio.to_thread(stage.primary.freeze)
            await engine.until(lambda picture: picture.hold is not None, what="a hold on suspicion")
            await until(lambda: stage.paused)
            stage.kill_bouncer()
            stage.start_bouncer()
            await asyncio.to_thread(stage.primary.thaw)
            picture = await engine.until(serves(Role.PRIMARY))
            await answered(load, "primary")
        assert picture.last_switch is None
        assert picture.mode.armed
    assert stage.undisturbed()


@pytest.mark.parametrize("step", [Step.HOLD, Step.PREFLIGHT, Step.REPOINT, Step.READ_BACK, Step.RELEASE, Step.CANARY])
async def test_as_a_step_of_a_switch_begins(stage, step):
    """Traffic is moved, or stays; nobody is left at the other database, and nobody is held."""
    with stage.engine(Mishap(step, stage.bouncer_pid), **FAST) as engine:
        await engine.until(both_up)
        async with stage.load(clients=2, period_s=0.02) as load:
            await answered(load)
            assert await engine.switch(Role.SECONDARY) == ""
            await asyncio.to_thread(stage.revive_bouncer)
            picture = await engine.until(lambda picture: consistent(picture) and picture.last_switch)
            await answered(load, picture.active)
            await stage.nobody_on(picture.active.other)
        ended = picture.last_switch
        assert ended.result in {"done", "failed"}
        assert (ended.result == "done") is (picture.active is Role.SECONDARY)
        assert picture.mode.armed is (ended.result == "failed")
    assert stage.undisturbed()


@pytest.mark.parametrize("step", [Step.REPOINT, Step.RELEASE])
async def test_together_with_the_engine_which_comes_back_first(stage, step):
    """Nothing is claimed about the switch that was cut off until PgBouncer answers; automation stays on."""
    with stage.engine(Mishap(step), **FAST) as engine:
        await engine.until(both_up)
        await bring_about(stage, engine, Recipe.CRASHED)
        assert await engine.ended() == -signal.SIGKILL
    stage.kill_bouncer()
    await asyncio.to_thread(stage.heal)
    with stage.engine(**FAST) as engine:
        await engine.until(lambda picture: picture.primary.passes > 1)
        picture = await engine.snapshot()
        assert picture.router.error
        assert picture.last_switch is None
        assert Kind.SWITCHED not in {event.kind for event in await engine.events()}
        claims = ("did not happen", "had arrived")
        assert [event.text for event in await engine.events() if any(claim in event.text for claim in claims)] == []
        stage.start_bouncer()
        picture = await engine.until(consistent)
        assert picture.mode.armed
        async with stage.load(clients=2, period_s=0.02) as load:
            await answered(load, picture.active)
        assert (await engine.snapshot()).mode.armed
        assert Kind.DISARMED not in {event.kind for event in await engine.events()}
    assert stage.undisturbed()
