"""What survives a restart, in which form, and who is believed about a switch that was cut off."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotswap_tui.core.policy import Policy
from hotswap_tui.core.sync import Mark
from hotswap_tui.core.values import Level, Mode, RouterReading, State, Switch, SwitchKind
from hotswap_tui.engine.ports import Memory, ModeMemory, SwitchRecord
from hotswap_tui.engine.restart import recall, remember, stories
from tests.core.machine_dsl import HOUR_S, PI, PRIMARY, SECONDARY, Machine, points_at

UNROUTED = RouterReading(routed=False)
OFFSET_S = 1_700_000_000.0
"""Wall time minus monotonic time, in the life before."""
LATER_OFFSET_S = 1_700_050_000.0
"""After a reboot the monotonic clock begins anew."""
PAIR = "pi:5432/cc cloud:5432/cc"


def reborn(memory, unfinished=None, *, reading=UNROUTED, now_s=1000.0, offset_s=LATER_OFFSET_S, **more):
    known = {"pair": PAIR, "has_secondary": True, "now_s": now_s, "offset_s": offset_s} | more
    return recall(memory, unfinished, reading, Policy(), **known)


def cut_off(kind=SwitchKind.FAILOVER, by="", target=SECONDARY):
    switch = Switch(7, kind, target.other, target, 0.0, "why", by=by)
    return SwitchRecord(switch, OFFSET_S + 10_000)


def test_what_is_remembered_comes_back_at_the_same_wall_time():
    machine = Machine().on_secondary().disarm("maintenance", for_s=1e6)
    memory = remember(machine.model, PAIR, OFFSET_S)
    model = reborn(memory, now_s=machine.now_s, offset_s=OFFSET_S)
    assert remember(model, PAIR, OFFSET_S) == memory
    moved_s = OFFSET_S - LATER_OFFSET_S
    later = reborn(memory)
    assert later.since_s == pytest.approx(machine.model.since_s + moved_s)
    assert later.mode.until_s == pytest.approx(machine.now_s + 1e6 + moved_s)


def test_a_mark_is_remembered_for_the_pair_and_the_stay_that_it_was_taken_for():
    """Another server's transactions, or those of a switch whose outcome nobody knew, would pass for what is known."""
    mark = Mark(SECONDARY, OFFSET_S, "100:100:")
    memory = remember(replace(Machine().on_secondary().model, mark=mark), PAIR, OFFSET_S)
    assert reborn(memory).mark == mark
    assert reborn(memory, pair="pi:5432/cc other:5432/cc").mark is None
    assert reborn(memory, cut_off(target=SECONDARY), reading=points_at(SECONDARY)).mark is None
    assert reborn(memory, reading=points_at(PRIMARY)).mark is None


def test_health_is_not_remembered():
    model = reborn(remember(Machine().on_secondary().model, PAIR, OFFSET_S))
    assert (model.state, model.active) == (State.STARTING, SECONDARY)
    assert (model.primary.verdict, model.secondary.verdict, model.switch) == (None, None, None)


def test_without_a_memory_the_primary_is_active():
    assert reborn(None).active is PRIMARY


@pytest.mark.parametrize("remembered", [PRIMARY, SECONDARY])
@pytest.mark.parametrize("found", [PRIMARY, SECONDARY])
def test_the_router_outranks_the_memory(remembered, found):
    model = reborn(Memory(remembered, LATER_OFFSET_S, PAIR), reading=points_at(found))
    assert (model.active, model.disagrees) == (found, False)
    assert model.since_s == (0.0 if found is remembered else 1000.0)


@pytest.mark.parametrize("reading", [UNROUTED, points_at(None), RouterReading(routed=True, error="refused")])
def test_a_router_that_says_nothing_leaves_the_memory_standing(reading):
    assert reborn(Memory(SECONDARY, LATER_OFFSET_S, PAIR), reading=reading).active is SECONDARY


def test_without_the_secondary_only_the_primary_can_be_active():
    memory = Memory(SECONDARY, LATER_OFFSET_S, PAIR)
    assert reborn(memory, has_secondary=False).active is PRIMARY
    (tell,) = stories(memory, None, UNROUTED, PAIR, has_secondary=False)
    assert "DATABASE_URL_SECONDARY is not set any more" in tell.text


def test_the_budget_and_the_wait_before_a_failback_survive():
    """A restart is no way around the switches of the hour."""
    now_wall_s = LATER_OFFSET_S + 1000.0
    times = (now_wall_s - HOUR_S - 1, now_wall_s - 200, now_wall_s - 100)
    memory = Memory(SECONDARY, now_wall_s, PAIR, automatic_wall_s=times, failover_wall_s=times)
    model = reborn(memory)
    assert model.automatic_s == (800.0, 900.0)
    assert model.failback_not_before_s == 900.0 + 2 * 120


def test_a_clock_that_was_set_back_puts_nothing_into_the_future():
    memory = Memory(
        SECONDARY,
        LATER_OFFSET_S + 90_000,
        PAIR,
        mode=ModeMemory(since_wall_s=LATER_OFFSET_S + 90_000),
        automatic_wall_s=(LATER_OFFSET_S + 90_000,),
        failover_wall_s=(LATER_OFFSET_S + 90_000,),
        primary_down_since_wall_s=LATER_OFFSET_S + 90_000,
    )
    model = reborn(memory)
    assert (model.since_s, model.mode.since_s, model.automatic_s) == (1000.0, 1000.0, (1000.0,))
    assert (model.failovers_s, model.primary_down_since_s) == ((1000.0,), 1000.0)


def test_the_numbers_of_switches_go_on():
    memory = Memory(PRIMARY, 0.0, PAIR, next_switch_id=5)
    assert reborn(memory).next_switch_id == 5
    assert reborn(memory, cut_off()).next_switch_id == 8


@pytest.mark.parametrize(("found", "armed"), [(SECONDARY, False), (PRIMARY, True)])
def test_a_persons_switch_that_had_arrived_disarms(found, armed):
    """It is not undone by a restart, and the mode before it is what failing back restores."""
    model = reborn(Memory(PRIMARY, 0.0, PAIR), cut_off(SwitchKind.MANUAL, PI), reading=points_at(found))
    assert (model.active, model.mode.armed) == (found, armed)
    assert (model.mode_before is not None) is not armed
    if not armed:
        assert (model.mode.by, model.mode.why) == (PI, "switched to secondary by hand")


def test_the_mode_before_the_first_of_two_switches_by_hand_is_kept():
    memory = Memory(PRIMARY, 0.0, PAIR, mode=ModeMemory(armed=False, by=PI), mode_before=ModeMemory())
    model = reborn(memory, cut_off(SwitchKind.MANUAL, PI), reading=points_at(SECONDARY))
    assert model.mode_before == Mode(since_s=-LATER_OFFSET_S)


def test_an_automatic_switch_that_had_arrived_leaves_automation_on():
    assert reborn(Memory(PRIMARY, 0.0, PAIR), cut_off(), reading=points_at(SECONDARY)).mode.armed


def test_a_failover_that_had_arrived_counts_for_the_wait_before_the_failback():
    """It was cut off before anybody could write down that it was done."""
    memory = Memory(PRIMARY, 0.0, PAIR, failover_wall_s=(OFFSET_S + 9_000,))
    model = reborn(memory, cut_off(), reading=points_at(SECONDARY), now_s=10_100, offset_s=OFFSET_S)
    assert model.failovers_s == (9_000, 10_000)
    assert model.failback_not_before_s == 10_000 + 2 * Policy().primary_retry_interval_s


def test_a_persons_failback_that_had_arrived_restores_the_mode_that_was():
    memory = Memory(SECONDARY, 0.0, PAIR, mode=ModeMemory(armed=False, by=PI), mode_before=ModeMemory())
    model = reborn(memory, cut_off(SwitchKind.FAILBACK, PI, PRIMARY), reading=points_at(PRIMARY))
    assert (model.active, model.mode.armed, model.mode_before) == (PRIMARY, True, None)


@pytest.mark.parametrize(("found", "told"), [(PRIMARY, False), (SECONDARY, True)])
def test_a_router_that_somebody_else_changed_meanwhile_is_told(found, told):
    tells = stories(Memory(PRIMARY, 0.0, PAIR), None, points_at(found), PAIR, has_secondary=True)
    assert any("somebody else changed it while nothing watched" in tell.text for tell in tells) is told


@pytest.mark.parametrize(
    ("pair", "active", "text"),
    [
        (PAIR, SECONDARY, None),
        ("other", PRIMARY, f"the connection strings have changed: was other, is {PAIR}"),
        ("other", SECONDARY, f"the connection strings have changed while the secondary served: was other, is {PAIR}"),
    ],
)
def test_changed_connection_strings_are_a_warning(pair, active, text):
    tells = stories(Memory(active, 0.0, pair), None, UNROUTED, PAIR, has_secondary=True)
    assert [tell.text for tell in tells] == ([text] if text else [])
    assert all(tell.level is Level.WARNING for tell in tells)


@pytest.mark.parametrize(("found", "words"), [(SECONDARY, "had arrived"), (PRIMARY, "did not happen")])
def test_what_became_of_a_switch_that_was_cut_off_is_told(found, words):
    (tell,) = stories(Memory(PRIMARY, 0.0, PAIR), cut_off(), points_at(found), PAIR, has_secondary=True)
    assert tell.text.startswith("the switch to secondary that was cut off")
    assert words in tell.text


UNREADABLE = RouterReading(routed=True, error="PgBouncer does not answer")


@pytest.mark.parametrize(
    ("unfinished", "state"),
    [
        (cut_off(), State.FAILING_OVER),
        (cut_off(SwitchKind.MANUAL, by=PI), State.FAILING_OVER),
        (cut_off(SwitchKind.REPAIR, by=PI, target=PRIMARY), State.STARTING),
    ],
)
def test_a_router_that_cannot_be_read_leaves_a_switch_undecided(unfinished, state):
    """Nobody claims that it happened or that it did not, and nothing else begins."""
    memory = remember(Machine().both_up().model, PAIR, OFFSET_S)
    model = reborn(memory, unfinished, reading=UNREADABLE)
    assert (model.state, model.active) == (state, PRIMARY)
    assert model.switch is not None
    assert (model.switch.id, model.switch.unknown, model.switch.cancellable) == (7, True, False)
    assert model.mode.armed
    told = stories(memory, unfinished, UNREADABLE, PAIR, has_secondary=True)
    what = f"whether the switch to {unfinished.switch.target} that was cut off has arrived"
    assert [tell.text for tell in told] == [
        "PgBouncer cannot be read: PgBouncer does not answer",
        f"nobody knows yet {what}: PgBouncer does not answer",
    ]


def test_without_the_secondary_nothing_is_undecided():
    memory = remember(Machine().both_up().model, PAIR, OFFSET_S)
    assert reborn(memory, cut_off(), reading=UNREADABLE, has_secondary=False).switch is None


def test_a_first_start_has_no_stories():
    assert stories(None, None, UNROUTED, PAIR, has_secondary=True) == []
