"""Rules 1, 4 and 5: leaving a dead database, in either direction, and what happens when both are dead."""

from __future__ import annotations

import pytest

from hotswap_tui.core.schedule import countdown
from hotswap_tui.core.values import Fault, Kind, State, SwitchKind
from tests.core.machine_dsl import COUNTING, NOT_COUNTING, PRIMARY, SECONDARY, Machine, facts

READ_ONLY = facts(read_only=True)
STANDBY = facts(in_recovery=True)


# -- rule 1: failover ---------------------------------------------------------------------------


@pytest.mark.parametrize("threshold", [1, 2, 3, 7])
def test_failover_begins_at_the_threshold_and_not_before(threshold):
    """The n-th consecutive failure moves traffic, the one before it does not."""
    machine = Machine(failure_threshold=threshold).both_up()
    machine.check(PRIMARY, Fault.REFUSED, times=threshold - 1)
    machine.check(SECONDARY)
    assert machine.begun == []
    machine.check(PRIMARY, Fault.REFUSED).check(SECONDARY)
    (switch,) = machine.begun
    assert (switch.kind, switch.source, switch.target) == (SwitchKind.FAILOVER, PRIMARY, SECONDARY)
    assert machine.model.switch is not None
    assert machine.active is PRIMARY, "it is active until the router has proven otherwise"


@pytest.mark.parametrize("fault", COUNTING)
def test_every_class_that_counts_leads_to_failover(fault):
    assert Machine().both_up().active_dies(fault).state is State.FAILING_OVER


@pytest.mark.parametrize("fault", NOT_COUNTING)
def test_a_class_that_does_not_count_never_leads_to_failover(fault):
    machine = Machine().both_up().check(PRIMARY, fault, times=20)
    assert machine.state is State.PRIMARY
    assert machine.record(PRIMARY).failures == 0


@pytest.mark.parametrize("fault", NOT_COUNTING)
def test_a_class_that_does_not_count_neither_raises_nor_resets_the_streak(fault):
    machine = Machine().both_up().check(PRIMARY, Fault.REFUSED, times=2).check(SECONDARY)
    machine.check(PRIMARY, fault, times=3)
    assert (machine.state, machine.record(PRIMARY).failures) == (State.SUSPECT, 2)
    assert machine.check(PRIMARY, Fault.REFUSED).state is State.FAILING_OVER


def test_a_pass_resets_the_streak():
    machine = Machine().both_up().check(PRIMARY, Fault.REFUSED, times=2).check(PRIMARY).check(SECONDARY)
    machine.check(PRIMARY, Fault.REFUSED, times=2).check(SECONDARY)
    assert (machine.state, machine.begun) == (State.SUSPECT, [])


def test_the_other_must_have_passed_since_the_suspicion_began():
    """A pass from before the first failure proves nothing about now; the switch waits for a new one."""
    machine = Machine().both_up().check(PRIMARY, Fault.REFUSED, times=4)
    assert (machine.state, machine.begun) == (State.SUSPECT, [])
    assert machine.check(SECONDARY).state is State.FAILING_OVER


def test_a_check_of_the_other_that_began_before_the_suspicion_does_not_prove_it():
    machine = Machine().both_up()
    machine.check(PRIMARY, Fault.REFUSED)
    machine.check(SECONDARY, after_s=-0.5, took_s=0.6).check(PRIMARY, Fault.REFUSED, times=2)
    assert (machine.state, machine.begun) == (State.SUSPECT, [])


def test_the_last_check_of_the_other_must_have_passed():
    """It answered since the suspicion began, but no longer does."""
    machine = Machine().both_up().check(PRIMARY, Fault.REFUSED).check(SECONDARY).check(SECONDARY, Fault.TIMEOUT)
    machine.check(PRIMARY, Fault.REFUSED, times=2)
    assert (machine.state, machine.begun) == (State.UNAVAILABLE, [])


def test_disarmed_automation_keeps_its_hands_off():
    machine = Machine().both_up().disarm().active_dies()
    assert (machine.state, machine.begun) == (State.UNAVAILABLE, [])
    assert machine.said(Kind.NOT_SERVING) == ["primary is DOWN; no switch: automatic switching is off (pi@tty1)"]


def test_without_a_secondary_there_is_nothing_to_switch_to():
    machine = Machine(has_secondary=False).check(PRIMARY).check(PRIMARY, Fault.REFUSED, times=3)
    assert (machine.state, machine.begun) == (State.UNAVAILABLE, [])
    assert machine.said(Kind.NOT_SERVING) == ["primary is DOWN; no switch: no secondary database is configured"]
    assert machine.check(PRIMARY).state is State.PRIMARY


@pytest.mark.parametrize("facts_of_target", [READ_ONLY, STANDBY])
@pytest.mark.parametrize("allowed", [True, False])
def test_a_read_only_target_is_named_and_taken_only_where_allowed(facts_of_target, allowed):
    machine = Machine(allow_read_only=allowed).both_up().check(PRIMARY, Fault.REFUSED)
    machine.check(SECONDARY, facts=facts_of_target).check(PRIMARY, Fault.REFUSED, times=2)
    assert (machine.state is State.FAILING_OVER) is allowed
    if allowed:
        assert machine.said(Kind.THRESHOLD) == ["primary is DOWN (3/3), failing over to secondary (read-only)"]
    else:
        assert machine.said(Kind.NOT_SERVING)[-1].endswith("secondary is read-only and DB_ALLOW_READ_ONLY is 0")


def test_nothing_is_gained_by_moving_from_read_only_to_read_only():
    machine = Machine().both_up().check(PRIMARY, Fault.READ_ONLY)
    machine.check(SECONDARY, facts=READ_ONLY).check(PRIMARY, Fault.READ_ONLY, times=2)
    assert (machine.state, machine.begun) == (State.UNAVAILABLE, [])
    assert machine.said(Kind.NOT_SERVING)[-1].endswith("secondary is read-only as well: nothing would be gained")


def test_a_read_only_primary_is_left_for_a_writable_secondary():
    assert Machine().both_up().active_dies(Fault.READ_ONLY).state is State.FAILING_OVER


def test_the_decision_and_its_reason_are_told():
    machine = Machine().both_up().active_dies(Fault.TIMEOUT)
    assert machine.said(Kind.THRESHOLD) == ["primary is DOWN (3/3), failing over to secondary"]
    assert machine.said(Kind.SWITCHING) == ["switching: primary → secondary: primary failed 3 checks: timeout"]


def test_arriving_makes_the_other_one_active():
    machine = Machine().both_up().active_dies().arrives()
    assert (machine.state, machine.active) == (State.SECONDARY, SECONDARY)
    assert machine.model.since_s == machine.now_s
    assert machine.probes == [(SECONDARY, False)]
    (sentence,) = machine.said(Kind.SWITCHED)
    assert sentence.startswith("secondary chosen")
    assert "no gateway, nothing is moved" in sentence


# -- rule 4: the secondary fails while it serves -----------------------------------------------------


@pytest.mark.parametrize("policy", [{}, {"failback_auto": False}, {"primary_retry_interval_s": 3000.0}])
def test_a_dead_secondary_is_left_for_a_living_primary(policy):
    """At once: neither DB_FAILBACK=manual nor the wait before a failback keeps an application without a database."""
    machine = Machine(**policy).on_secondary().active_dies()
    assert machine.state is State.FAILING_BACK
    assert (machine.in_flight.kind, machine.in_flight.target) == (SwitchKind.FAILOVER, PRIMARY)
    assert (machine.arrives().state, machine.active) == (State.PRIMARY, PRIMARY)


def test_a_read_only_answer_of_the_secondary_does_not_count_against_it():
    machine = Machine().on_secondary().check(SECONDARY, Fault.READ_ONLY, times=10)
    assert (machine.state, machine.record(SECONDARY).failures) == (State.SECONDARY, 0)


def test_a_secondary_is_not_left_for_a_primary_that_stays_dead():
    machine = Machine().on_secondary().check(SECONDARY, Fault.REFUSED).check(PRIMARY, Fault.REFUSED)
    machine.check(SECONDARY, Fault.REFUSED, times=2)
    assert (machine.state, machine.active) == (State.UNAVAILABLE, SECONDARY)
    assert len(machine.begun) == 1


# -- rule 5: both down --------------------------------------------------------------------------------


def test_both_down_is_told_once_and_nothing_moves():
    machine = Machine().both_down()
    machine.check(PRIMARY, Fault.REFUSED, times=5).check(SECONDARY, Fault.REFUSED, times=5)
    assert (machine.state, machine.begun) == (State.UNAVAILABLE, [])
    assert machine.said(Kind.BOTH_DOWN) == ["both primary and secondary databases are unavailable; still checking"]
    assert machine.model.unavailable_since_s == machine.record(PRIMARY).down_since_s


def test_the_one_that_served_last_is_rechecked_before_the_other_takes_over():
    machine = Machine().both_down().check(SECONDARY)
    assert (machine.state, machine.begun, machine.probes) == (State.UNAVAILABLE, [], [(PRIMARY, True)])
    machine.check(PRIMARY, Fault.REFUSED)
    assert (machine.state, machine.in_flight.target) == (State.FAILING_OVER, SECONDARY)


def test_the_one_that_served_last_goes_on_when_the_recheck_passes():
    machine = Machine().both_down().check(SECONDARY).check(PRIMARY)
    assert (machine.state, machine.begun) == (State.PRIMARY, [])
    assert machine.model.unavailable_since_s is None


def test_a_recheck_that_began_before_the_other_answered_is_not_the_one_more():
    machine = Machine().both_down().check(SECONDARY)
    machine.check(PRIMARY, Fault.TIMEOUT, after_s=-2.0, took_s=5.0)
    assert (machine.state, machine.begun) == (State.UNAVAILABLE, [])


def test_each_return_of_the_other_asks_for_a_recheck_of_its_own():
    machine = Machine().both_down().check(SECONDARY).check(SECONDARY, Fault.REFUSED)
    machine.check(PRIMARY, Fault.REFUSED).check(SECONDARY)
    assert (machine.begun, machine.probes) == ([], [(PRIMARY, True)])
    assert machine.check(PRIMARY, Fault.REFUSED).state is State.FAILING_OVER


def test_both_down_again_after_a_failed_take_over_asks_for_a_recheck_again():
    """What an earlier trouble had found out does not count in the next one."""
    machine = Machine().both_down().check(SECONDARY).check(PRIMARY, Fault.REFUSED)
    machine.check(PRIMARY).breaks()
    assert machine.state is State.PRIMARY
    assert (machine.model.unavailable_since_s, machine.model.suspicion_since_s) == (None, None)
    machine.check(PRIMARY, Fault.REFUSED).check(SECONDARY, Fault.REFUSED).check(PRIMARY, Fault.REFUSED, times=2)
    begun = len(machine.begun)
    assert machine.wait(60).check(SECONDARY).probes == [(PRIMARY, True)]
    assert len(machine.begun) == begun


def test_both_down_while_disarmed_waits_for_a_person():
    machine = (
        Machine().both_up().disarm().active_dies().check(SECONDARY, times=3).check(PRIMARY, Fault.REFUSED, times=3)
    )
    assert machine.begun == []
    machine.arm()
    assert (machine.state, machine.in_flight.kind) == (State.FAILING_OVER, SwitchKind.FAILOVER)


@pytest.mark.parametrize("fault", NOT_COUNTING)
def test_a_database_that_shows_life_is_not_left(fault):
    """Its failures stand, but what it says now is not that it is dead."""
    machine = Machine().both_up().check(PRIMARY, Fault.REFUSED, times=2).check(PRIMARY, fault)
    assert countdown(machine.model, machine.policy) is None
    machine = Machine().both_up().check(PRIMARY, Fault.REFUSED).check(SECONDARY, Fault.REFUSED)
    machine.check(PRIMARY, Fault.REFUSED, times=2)
    assert machine.state is State.UNAVAILABLE
    machine.check(SECONDARY).check(PRIMARY, fault)
    assert (machine.state, machine.begun) == (State.UNAVAILABLE, [])
    machine.check(PRIMARY, Fault.REFUSED)
    assert machine.model.switch is not None


def test_service_after_an_outage_of_both_begins_anew():
    machine = Machine().both_up().check(PRIMARY, Fault.REFUSED).check(SECONDARY, Fault.REFUSED)
    machine.check(PRIMARY, Fault.REFUSED, times=2).check(PRIMARY)
    assert machine.model.since_s == machine.now_s
    assert "it serves again" in machine.said(Kind.RECOVERED)[-1]
