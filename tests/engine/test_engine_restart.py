"""The engine after a restart: what it remembers and whom it believes."""

from __future__ import annotations

import pytest

from hotswap_tui.core.errors import StaleRequestError
from hotswap_tui.core.events import SwitchRequest
from hotswap_tui.core.values import Fault, Kind, Level, Role, State, Switch, SwitchKind
from hotswap_tui.engine.ports import Memory, ModeMemory, Restored, Sample, SwitchRecord
from tests.engine.engine_world import PAIR, WALL_AT_ZERO_S

PRIMARY, SECONDARY = Role.PRIMARY, Role.SECONDARY
PI = "pi@tty1"


def memory(active: Role = SECONDARY, *, pair: str = PAIR, **more: object) -> Memory:
    return Memory(active=active, since_wall_s=WALL_AT_ZERO_S - 500.0, pair=pair, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("routed", [True, False])
def test_a_restart_on_the_secondary_stays_there(make_world, routed):
    world = make_world(start=False, restored=Restored(memory()), points_to=SECONDARY, routed=routed)
    world.primary.fault = Fault.REFUSED
    world.start().go(300)
    assert (world.now.state, world.now.active, world.router.begun) == (State.SECONDARY, SECONDARY, [])
    assert world.said(Kind.CONNECTED) == ["connected to secondary database (FAILOVER MODE)"]
    assert world.secondary.serving


def test_a_restart_keeps_automation_off(make_world):
    mode = ModeMemory(armed=False, by=PI, since_wall_s=WALL_AT_ZERO_S, why="maintenance")
    world = make_world(restored=Restored(memory(PRIMARY, mode=mode)))
    world.primary.fault = Fault.REFUSED
    world.go(300)
    assert (world.now.state, world.router.begun) == (State.UNAVAILABLE, [])


def test_a_limited_disarming_that_ran_out_meanwhile_is_over(make_world):
    mode = ModeMemory(armed=False, by=PI, since_wall_s=WALL_AT_ZERO_S, until_wall_s=WALL_AT_ZERO_S + 500)
    world = make_world(restored=Restored(memory(PRIMARY, mode=mode)))
    assert world.now.mode.armed


@pytest.mark.parametrize("arrived", [True, False])
def test_a_switch_that_was_cut_off_is_reconciled_with_the_router(make_world, arrived):
    switch = Switch(7, SwitchKind.MANUAL, PRIMARY, SECONDARY, 0.0, "switched by hand", by=PI)
    restored = Restored(memory(PRIMARY), SwitchRecord(switch, WALL_AT_ZERO_S))
    world = make_world(restored=restored, points_to=SECONDARY if arrived else PRIMARY)
    assert world.now.active is (SECONDARY if arrived else PRIMARY)
    assert world.now.mode.armed is not arrived, "a person's switch that had arrived is not undone"
    assert world.journal.switches[-1].result == ("done" if arrived else "failed")
    (sentence,) = world.said(Kind.CONFIG)
    assert ("had arrived" in sentence) is arrived


def test_changed_connection_strings_are_told(make_world):
    world = make_world(restored=Restored(memory(pair="old:5432/cc cloud:5432/cc")), points_to=SECONDARY)
    (event,) = [event for event in world.log if event.kind is Kind.CONFIG]
    assert event.level is Level.WARNING
    assert event.text == (
        f"the connection strings have changed while the secondary served: was old:5432/cc cloud:5432/cc, is {PAIR}"
    )


def test_events_and_samples_of_a_former_life_are_kept(make_world):
    sample = Sample(PRIMARY, WALL_AT_ZERO_S + 900.0, 3.0)
    world = make_world(restored=Restored(memory(PRIMARY), last_event_id=41, samples=(sample,)))
    assert world.log[0].id == 42
    assert world.engine.latency(PRIMARY).stats(world.loop.time(), 200).total == 2


def test_what_was_decided_on_a_life_before_is_stale(make_world):
    """The engine was restarted while a person was typing: the number of what was seen must not come again."""
    before = make_world(restored=Restored(memory(PRIMARY)))
    after = make_world(restored=Restored(memory(PRIMARY)), began_s=1002.0)
    asked = after.spawn(after.engine.request(SwitchRequest(PI, SECONDARY, before.now.version)))
    after.go(1.0)
    assert isinstance(asked.exception(), StaleRequestError)
