"""Rules 3 and 7: the way back to the primary, and what keeps traffic from going to and fro."""

from __future__ import annotations

import pytest

from hotswap_tui.core.values import Fault, Kind, State, SwitchKind
from tests.core.machine_dsl import HOUR_S, PRIMARY, SECONDARY, Machine

# -- rule 3: failback --------------------------------------------------------------------------------


@pytest.mark.parametrize("threshold", [1, 2, 5])
def test_failback_begins_after_the_recovery_threshold_and_not_before(threshold):
    machine = Machine(recovery_threshold=threshold).on_secondary().wait(120)
    machine.check(PRIMARY, times=threshold - 1)
    assert machine.state is State.SECONDARY
    assert machine.check(PRIMARY).state is State.FAILING_BACK
    assert (machine.in_flight.kind, machine.in_flight.target) == (SwitchKind.FAILBACK, PRIMARY)
    assert machine.in_flight.why == f"primary passed {threshold} checks in a row"
    machine.arrives()
    assert (machine.state, machine.active) == (State.PRIMARY, PRIMARY)


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.READ_ONLY, Fault.TOO_MANY, Fault.CREDENTIALS])
def test_any_check_of_the_primary_that_does_not_pass_starts_the_count_again(fault):
    """A read-only primary does not pass either."""
    machine = Machine().on_secondary().wait(120).check(PRIMARY).check(PRIMARY, fault).check(PRIMARY)
    assert machine.state is State.SECONDARY
    assert machine.check(PRIMARY).state is State.FAILING_BACK


def test_the_primary_must_have_passed_this_very_moment():
    """A check of the secondary does not bring traffic back to a primary that was well some time ago."""
    machine = Machine().on_secondary().primary_returns(after_s=0)
    assert machine.state is State.SECONDARY
    machine.wait(300).check(SECONDARY).tick()
    assert machine.state is State.SECONDARY
    assert machine.check(PRIMARY).state is State.FAILING_BACK


def test_manual_failback_waits_for_a_person_and_says_so_once():
    machine = Machine(failback_auto=False).on_secondary().primary_returns().check(PRIMARY, times=5)
    assert machine.state is State.SECONDARY
    assert machine.said(Kind.NO_SWITCH) == [
        "primary is well; no switch: DB_FAILBACK is manual; fail back when it suits"
    ]
    assert machine.fail_back().state is State.FAILING_BACK


def test_the_reason_is_told_again_after_the_primary_failed_in_between():
    machine = Machine(failback_auto=False).on_secondary().primary_returns().check(PRIMARY, Fault.REFUSED)
    assert len(machine.check(PRIMARY, times=2).said(Kind.NO_SWITCH)) == 2


def test_disarmed_automation_does_not_fail_back():
    machine = Machine().on_secondary().disarm().primary_returns()
    assert machine.state is State.SECONDARY
    assert "automatic switching is off (pi@tty1)" in machine.said(Kind.NO_SWITCH)[-1]


def test_each_try_of_the_failed_primary_is_told():
    machine = Machine().on_secondary().check(PRIMARY, Fault.REFUSED, times=2)
    assert machine.said(Kind.RETRYING) == ["tried the primary again: connection refused"] * 2


def test_the_way_back_says_how_long_the_primary_was_down():
    """Until it answered again, not until the last recheck or the end of the switch."""
    machine = Machine().both_up().check(PRIMARY, Fault.REFUSED)
    down_s = machine.now_s - 0.01
    machine.check(SECONDARY).check(PRIMARY, Fault.REFUSED, times=2).arrives().primary_returns()
    machine.arrives()
    outcome, up_s = machine.model.last_switch, machine.record(PRIMARY).up_since_s
    assert outcome is not None
    assert up_s is not None
    assert outcome.down_s == pytest.approx(up_s - down_s)
    assert machine.model.primary_down_since_s is None


# -- rule 7: loops --------------------------------------------------------------------------------------


def flap(machine: Machine) -> Machine:
    """The primary dies and returns; traffic goes away and, as soon as it may, comes back."""
    machine.active_dies().arrives().check(PRIMARY, Fault.REFUSED)
    return machine.wait(max(0.0, machine.model.failback_not_before_s - machine.now_s)).check(PRIMARY, times=2).arrives()


def test_each_failover_of_the_hour_doubles_the_wait_before_the_failback():
    machine = Machine(max_switches_per_hour=100).both_up()
    waits = []
    for _ in range(4):
        machine.active_dies().arrives()
        waits.append(machine.model.failback_not_before_s - machine.now_s)
        machine.wait(waits[-1]).check(PRIMARY, times=2).arrives()
    assert waits == [120.0, 240.0, 480.0, 960.0]


def test_the_wait_is_short_again_after_an_hour_without_a_failover():
    machine = Machine(max_switches_per_hour=100).both_up()
    flap(flap(machine)).wait(HOUR_S).both_up().active_dies().arrives()
    assert machine.model.failback_not_before_s - machine.now_s == 120.0


def test_failback_waits_its_time_and_the_sentence_advises_against_loops():
    machine = flap(Machine(max_switches_per_hour=100).both_up()).active_dies().arrives()
    machine.wait(120).check(PRIMARY, times=2)
    assert machine.state is State.SECONDARY
    (sentence,) = machine.said(Kind.NO_SWITCH)
    assert sentence.startswith("primary is well; no switch: 2 failovers within an hour: waiting 118s more")
    assert "increase DB_FAILURE_THRESHOLD" in sentence
    assert machine.wait(118).check(PRIMARY).state is State.FAILING_BACK


def test_the_budget_stops_failbacks_first_and_leaves_a_slot_for_a_rescue():
    machine = Machine(max_switches_per_hour=2).on_secondary().primary_returns()
    assert machine.state is State.SECONDARY
    assert "1 automatic switches within an hour (DB_MAX_SWITCHES_PER_HOUR is 2)" in machine.said(Kind.NO_SWITCH)[-1]
    machine.active_dies()
    assert (machine.state, machine.in_flight.kind) == (State.FAILING_BACK, SwitchKind.FAILOVER)


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 6])
def test_no_hour_holds_more_automatic_switches_than_the_budget(limit):
    """The databases die in turn, so that only rescues are asked for."""
    machine = Machine(max_switches_per_hour=limit).both_up()
    for _ in range(limit):
        machine.active_dies().arrives()
    machine.active_dies()
    assert (machine.state, len(machine.begun)) == (State.UNAVAILABLE, limit)
    assert f"{limit} automatic switches within an hour" in machine.said(Kind.NOT_SERVING)[-1]


def test_the_budget_opens_again_when_its_oldest_switch_leaves_the_hour():
    machine = Machine(max_switches_per_hour=1).on_secondary()
    done_s = machine.now_s
    machine.active_dies()
    assert machine.state is State.UNAVAILABLE
    machine.check(PRIMARY).check(SECONDARY, Fault.REFUSED)
    machine.wait(done_s + HOUR_S - 1 - machine.now_s).check(SECONDARY, Fault.REFUSED, after_s=0)
    assert machine.state is State.UNAVAILABLE
    assert machine.check(SECONDARY, Fault.REFUSED, after_s=2).state is State.FAILING_BACK


def test_the_hour_counts_from_the_moment_a_switch_is_done():
    machine = Machine(max_switches_per_hour=1).both_up().active_dies().arrives(after_s=600)
    assert machine.model.automatic_s == (machine.now_s,)


def test_switches_by_persons_do_not_count():
    machine = Machine(max_switches_per_hour=2).both_up()
    for _ in range(3):
        machine.switch_to(machine.model.standby).arrives().check(machine.model.standby)
    assert machine.model.automatic_s == ()
    machine.arm().active_dies()
    assert machine.in_flight.automatic


def test_a_failback_by_a_person_neither_waits_nor_counts():
    machine = Machine(max_switches_per_hour=1).on_secondary().check(PRIMARY).fail_back().arrives()
    assert (machine.active, len(machine.model.automatic_s)) == (PRIMARY, 1)
