"""A drill over a real control socket: the engine ends, refuses, or listens to somebody else."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from hotswap_tui.core.events import DisarmRequest, FailbackRequest
from hotswap_tui.core.values import Kind, Role, SwitchKind
from hotswap_tui.drill import conductor, course
from hotswap_tui.drill.order import Order, Verdict
from hotswap_tui.drill.run import drill
from hotswap_tui.drill.timing import timing
from tests.api.control_world import QUICK, build, listening
from tests.support.until import until

NOBODY_ASKS = "not measured here"


@pytest.fixture(autouse=True)
def _forgetful(monkeypatch):
    """The journal in memory does not know switches that have ended."""
    monkeypatch.setattr(conductor, "_SETTLES_S", 0.05)


@asynccontextmanager
async def world_of(directory):
    """Give an engine over fakes that does not yet listen."""
    world = build(directory, QUICK)
    async with world.engine:
        await world.settled()
        await until(lambda: world.local.snapshot().failover_available)
        yield world


def drilling(world, said, stay_s=30.0, *, automatic=False):
    """Begin a drill in this process; `said` gets its lines."""
    before = world.local.snapshot()
    order = Order(automatic, 20.0, stay_s, timing(before.policy, 0))
    return asyncio.create_task(drill(world.path, order, before, "pi@pts/0", NOBODY_ASKS, said.append))


async def test_an_engine_that_is_heard_again_is_asked_to_put_everything_back(tmp_path):
    said: list[str] = []
    async with world_of(tmp_path) as world:
        async with listening(world):
            task = drilling(world, said)
            await until(lambda: any("failing back in" in line for line in said))
        async with listening(world):
            ended = await task
            assert ended.verdict is Verdict.ABORTED
            assert "the engine fell silent" in ended.report["why"]
            assert ended.report["standing"] == "primary serves, automatic switching is on, as before"
            assert [ended.report[leg]["result"] for leg in ("away", "back")] == ["done", "done"]


async def test_one_that_stays_silent_is_told_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(course, "PATIENCE_S", 0.2)
    said: list[str] = []
    async with world_of(tmp_path) as world:
        async with listening(world):
            task = drilling(world, said)
            await until(lambda: any("failing back in" in line for line in said))
        ended = await task
        assert ended.verdict is Verdict.FAILED
        assert "the engine does not answer" in ended.report["standing"]
        assert "last known: secondary serves, automatic switching is OFF" in ended.report["standing"]


async def test_a_second_drill_is_refused(tmp_path):
    said: list[str] = []
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(world_of(tmp_path))
        await stack.enter_async_context(listening(world))
        first = drilling(world, said, stay_s=1.0)
        await until(lambda: world.local.snapshot().drill is not None)
        second = await drilling(world, [])
        assert "drill" in second.refusal or "changed" in second.refusal
        assert second.report["away"] is None
        assert (await first).verdict is Verdict.PASSED


async def test_another_persons_failback_ends_the_stay(tmp_path):
    said: list[str] = []
    async with world_of(tmp_path) as world, listening(world):
        task = drilling(world, said)
        await until(lambda: any("failing back in" in line for line in said))
        await world.local.request(FailbackRequest("eve@pts/9", world.local.snapshot().version))
        ended = await task
        assert ended.report["why"].startswith("eve@pts/9 moves traffic, secondary → primary")
        assert ended.verdict is Verdict.ABORTED, "everything is as it was"
        assert any(line.startswith("drill: stepping back") for line in said)


async def test_a_signal_ends_a_drill_of_automation_before_anything_moves(tmp_path):
    """The checks say the truth again, and no switch is left."""
    said: list[str] = []
    async with world_of(tmp_path) as world, listening(world):
        world.probers[Role.SECONDARY].took_s = 0.3  # the failover waits for its check
        task = drilling(world, said, automatic=True)
        await until(lambda: world.local.snapshot().primary.failures)
        os.kill(os.getpid(), signal.SIGHUP)
        ended = await task
        assert ended.verdict is Verdict.ABORTED
        assert ended.report["why"] == "ended by SIGHUP"
        picture = world.local.snapshot()
        assert (picture.active, picture.mode.armed, picture.drill) == (Role.PRIMARY, True, None)


async def test_somebody_who_disarms_meanwhile_is_left_in_charge(tmp_path):
    said: list[str] = []
    async with world_of(tmp_path) as world, listening(world):
        task = drilling(world, said)
        await until(lambda: any("failing back in" in line for line in said))
        await world.local.request(DisarmRequest("eve@pts/9", "maintenance"))
        ended = await task
        assert ended.verdict is Verdict.FAILED
        assert "OFF (by eve@pts/9)" in ended.report["standing"]
        assert world.local.snapshot().active is Role.PRIMARY


async def test_the_engine_tells_the_beginning_and_the_end_and_whose_the_switches_are(tmp_path):
    async with world_of(tmp_path) as world, listening(world):
        await drilling(world, [], stay_s=0.1)
        told = [event.text for event in world.local.events() if event.kind is Kind.DRILL]
        assert len(told) == 2
        assert told[0].startswith("drill: a planned switch there and back, for at most ")
        assert told[1].endswith("; primary serves")
        switching = [event.text for event in world.local.events() if event.kind is Kind.SWITCHING]
        assert all(": drill: " in text for text in switching)
        assert world.local.tally().switches[SwitchKind.MANUAL.value, "done"] == 1
