"""Rule 11: switches that fail, vanish or are cancelled, and a router that somebody else has re-pointed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hotswap_tui.core import events
from hotswap_tui.core.effects import ReadRouter
from hotswap_tui.core.errors import IllegalEventError
from hotswap_tui.core.plan import Recipe, Step
from hotswap_tui.core.traffic import Waited
from hotswap_tui.core.values import Fault, Kind, RouterReading, State, SwitchKind
from tests.core.machine_dsl import PI, PRIMARY, SECONDARY, Machine, points_at


def dying(**policy: Any) -> Machine:
    """A failover is in flight, through a gateway."""
    return Machine(routed=True, **policy).both_up().active_dies()


# -- a switch that fails --------------------------------------------------------------------------------


def test_a_failed_switch_leaves_traffic_where_it_was_and_says_at_which_step():
    machine = dying().breaks("preflight", "refused")
    assert (machine.active, machine.model.switch) == (PRIMARY, None)
    assert machine.said(Kind.SWITCH_FAILED) == [
        "switch to secondary failed at step preflight: refused; primary stays active"
    ]


def test_a_failed_switch_is_retried_in_the_same_slot_of_the_budget():
    machine = dying(max_switches_per_hour=1)
    for attempt in (2, 3, 4):
        machine.breaks().wait(60).check(SECONDARY).check(PRIMARY, Fault.REFUSED)
        assert machine.in_flight.attempt == attempt
        assert len(machine.model.automatic_s) == 1
    assert machine.arrives().active is SECONDARY


def test_the_waits_between_attempts_double_up_to_a_minute():
    machine, waits = dying(), []
    for _ in range(6):
        machine.breaks()
        assert machine.model.retry is not None
        waits.append(machine.model.retry.at_s - machine.now_s)
        machine.wait(waits[-1]).check(SECONDARY).check(PRIMARY, Fault.REFUSED)
    assert waits == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]


def test_no_attempt_is_made_before_its_time():
    machine = dying().breaks()
    machine.check(SECONDARY, after_s=1).check(PRIMARY, Fault.REFUSED, after_s=2)
    assert (machine.state, machine.model.switch) == (State.UNAVAILABLE, None)
    assert "attempt 1 failed; next in 5s" in machine.said(Kind.NOT_SERVING)[-1]
    assert machine.check(PRIMARY, Fault.REFUSED, after_s=3).state is State.FAILING_OVER


def test_a_failed_failback_is_retried_too():
    machine = Machine(routed=True).on_secondary().primary_returns().breaks()
    assert (machine.state, machine.active) == (State.SECONDARY, SECONDARY)
    assert machine.check(PRIMARY, after_s=100).model.switch is None
    assert machine.check(PRIMARY, after_s=20).in_flight.attempt == 2


def test_a_recovery_ends_the_retries():
    machine = dying().breaks().check(PRIMARY)
    assert (machine.state, machine.model.retry) == (State.PRIMARY, None)


def test_a_failed_switch_by_a_person_is_not_retried_and_disarms_nothing():
    machine = Machine(routed=True).both_up().switch_to(SECONDARY).breaks()
    assert (machine.state, machine.model.retry, machine.model.mode.armed) == (State.PRIMARY, None, True)


def test_a_switch_that_fails_while_the_active_one_fails_is_followed_by_suspicion():
    machine = Machine(routed=True).both_up().switch_to(SECONDARY).check(PRIMARY, Fault.REFUSED).breaks()
    assert (machine.state, machine.model.suspicion_since_s) == (State.SUSPECT, machine.now_s)
    assert machine.probes == [(SECONDARY, True)]


def test_at_most_one_switch_is_in_flight():
    machine = dying().check(PRIMARY, Fault.REFUSED, times=9).check(SECONDARY, times=9).tick(3600).sleep()
    machine.check(PRIMARY, Fault.REFUSED, times=9)
    assert len(machine.begun) == 1


# -- an outcome that is unknown ---------------------------------------------------------------------------


def test_an_unknown_outcome_is_read_back_and_no_other_switch_begins():
    machine = dying().vanishes()
    assert machine.reads_router
    assert (machine.in_flight.unknown, machine.in_flight.cancellable) == (True, False)
    machine.check(PRIMARY, Fault.REFUSED, times=5).check(SECONDARY, times=5)
    assert len(machine.begun) == 1


def test_the_router_is_read_again_until_it_answers():
    machine = dying().vanishes()
    for _ in range(3):
        machine.read_router(None, error="no answer")
        assert not machine.tick(4.9).reads_router
        assert machine.tick(0.1).reads_router
    assert machine.read_router(SECONDARY, proven=True).active is SECONDARY


@pytest.mark.parametrize(("found", "result"), [(SECONDARY, "done"), (PRIMARY, "failed")])
def test_what_the_router_says_settles_an_unknown_outcome(found, result):
    machine = dying().vanishes().read_router(found, proven=True)
    assert machine.active is found
    assert machine.model.switch is None
    assert machine.model.last_switch is not None
    assert machine.model.last_switch.result == result


def test_only_a_canary_turns_an_unknown_outcome_into_done():
    """PgBouncer pointing to the target does not say that the target answers."""
    machine = dying().vanishes()
    for _ in range(machine.policy.failure_threshold - 1):
        assert machine.read_router(SECONDARY, proof="canary: timeout").active is PRIMARY
        assert machine.tick(5).effects == (ReadRouter(verify=SECONDARY),)
    assert machine.read_router(SECONDARY, proof="canary: timeout").active is SECONDARY
    assert machine.model.last_switch is not None
    assert (machine.model.last_switch.result, machine.model.last_switch.error) == ("unknown", "canary: timeout")
    assert "no canary has shown that it answers: canary: timeout" in machine.said(Kind.SWITCHED)[-1]


def test_an_outcome_that_stayed_unknown_is_settled_by_a_later_canary():
    machine = dying().vanishes()
    for _ in range(machine.policy.failure_threshold):
        machine.read_router(SECONDARY, proof="canary: timeout")
    assert machine.active is SECONDARY
    assert machine.tick(5).effects[-1] == ReadRouter(verify=SECONDARY)
    machine.read_router(SECONDARY, proven=True, proof="18.6, system 7")
    assert machine.model.last_switch is not None
    assert (machine.model.last_switch.result, machine.model.last_switch.proof) == ("done", "18.6, system 7")
    assert machine.said(Kind.PROVEN) == ["secondary answers through PgBouncer: 18.6, system 7"]
    assert machine.tick(1).effects[-1] == ReadRouter()


def test_a_late_report_settles_it_as_well():
    assert dying().vanishes().arrives().active is SECONDARY


def test_an_unknown_outcome_of_a_persons_switch_disarms_once_it_has_arrived():
    machine = Machine(routed=True).both_up().switch_to(SECONDARY).vanishes()
    assert machine.model.mode.armed
    assert not machine.read_router(SECONDARY, proven=True).model.mode.armed


def test_a_reading_during_a_switch_is_no_disagreement():
    """The router may have moved before the report arrives."""
    machine = dying().read_router(SECONDARY)
    assert (machine.model.disagrees, machine.active) == (False, PRIMARY)


# -- cancelling ------------------------------------------------------------------------------------------


def test_a_switch_can_be_cancelled_until_it_is_committed():
    machine = dying().progress(Step.HOLD).cancel()
    assert machine.cancels == [machine.in_flight.id]
    assert machine.in_flight.cancelled_by == PI
    machine = dying().progress(Step.REPOINT).progress(Step.READ_BACK)
    assert "can no longer be cancelled" in machine.refuses(events.CancelRequest(PI))


def test_cancelling_automations_switch_disarms_or_it_would_begin_again():
    machine = dying().cancel().breaks("", "cancelled", cancelled=True)
    assert (machine.model.mode.armed, machine.model.mode.by, machine.model.retry) == (False, PI, None)
    machine.check(SECONDARY, times=5).check(PRIMARY, Fault.REFUSED, times=5)
    assert len(machine.begun) == 1
    assert machine.said(Kind.SWITCH_CANCELLED) == [
        f"switch to secondary cancelled by {PI}; primary stays active; automatic switching is off"
    ]


def test_cancelling_ones_own_switch_leaves_automation_on():
    machine = Machine(routed=True).both_up().switch_to(SECONDARY).cancel().breaks("", "cancelled", cancelled=True)
    assert (machine.state, machine.model.mode.armed) == (State.PRIMARY, True)


def test_a_cancelled_switch_that_had_arrived_all_the_same_has_arrived():
    assert dying().cancel().arrives().active is SECONDARY


# -- events about another switch ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "event",
    [
        events.SwitchStep(99, Step.HOLD),
        events.SwitchDone(99, points_at(SECONDARY)),
        events.SwitchFailed(99, "hold", "refused"),
        events.OutcomeUnknown(99, "no answer"),
    ],
)
@pytest.mark.parametrize("flying", [True, False])
def test_news_about_a_switch_that_is_not_in_flight_is_illegal_and_changes_nothing(event, flying):
    machine = dying() if flying else Machine().both_up()
    before = machine.model
    with pytest.raises(IllegalEventError, match="switch 99 is not in flight"):
        machine.step(event)
    assert machine.model is before


def test_an_outcome_is_taken_only_once():
    machine = dying()
    done = events.SwitchDone(machine.in_flight.id, points_at(SECONDARY))
    machine.step(done)
    with pytest.raises(IllegalEventError):
        machine.step(done)


# -- a router that disagrees ---------------------------------------------------------------------------------


@pytest.mark.parametrize("elsewhere", [SECONDARY, None])
def test_a_router_re_pointed_by_somebody_else_disarms_until_a_person_repairs(elsewhere):
    machine = Machine(routed=True).both_up().read_router(elsewhere)
    assert (machine.model.disagrees, machine.model.mode.armed, machine.active) == (True, False, PRIMARY)
    machine.active_dies()
    assert machine.begun == []
    machine.repair()
    assert (machine.in_flight.kind, machine.in_flight.target) == (SwitchKind.REPAIR, PRIMARY)
    machine.arrives()
    assert (machine.model.disagrees, machine.model.mode.armed, machine.model.mode_before) == (False, True, None)


def test_a_disagreement_is_told_once_and_its_end_too():
    machine = Machine(routed=True).both_up().read_router(SECONDARY).read_router(SECONDARY).read_router(PRIMARY)
    first, second = machine.said(Kind.DISAGREES)
    assert first.startswith(
        "PgBouncer points to secondary:5432, but primary is the active database: somebody else changed it"
    )
    assert second == "PgBouncer points to primary again"
    assert not machine.model.mode.armed, "a person decides when automation may act again"


def test_a_repair_does_not_undo_a_persons_switch():
    """Automation was off before somebody re-pointed the router, and stays off after it was repaired."""
    machine = Machine(routed=True).both_up().switch_to(SECONDARY).arrives().check(PRIMARY)
    machine.read_router(PRIMARY).repair().arrives().wait(1000).check(PRIMARY, times=3)
    assert (machine.active, machine.model.mode.armed) == (SECONDARY, False)
    assert machine.fail_back().arrives().model.mode.armed


def test_a_repair_does_not_arm_what_a_person_has_disarmed():
    machine = Machine(routed=True).both_up().disarm().read_router(SECONDARY).repair().arrives()
    assert not machine.model.mode.armed


@pytest.mark.parametrize("disarmed_first", [True, False])
def test_a_limited_disarming_that_ends_while_the_router_disagrees_does_not_arm(disarmed_first):
    """Automation must not act on a router that somebody else has re-pointed; it may again after the repair."""
    machine = Machine(routed=True).both_up()
    if disarmed_first:
        machine.disarm(for_s=60).read_router(SECONDARY)
    else:
        machine.read_router(SECONDARY).disarm(for_s=60)
    assert not machine.tick(61).model.mode.armed
    assert machine.model.mode.until_s is None
    assert machine.repair().arrives().model.mode.armed


def test_a_repair_that_fails_leaves_everything_as_it_was():
    machine = Machine(routed=True).both_up().read_router(SECONDARY).repair().breaks()
    assert (machine.state, machine.model.disagrees, machine.model.mode.armed) == (State.PRIMARY, True, False)


def test_repairs_do_not_count_against_the_budget():
    assert Machine(routed=True).both_up().read_router(SECONDARY).repair().arrives().model.automatic_s == ()


def test_a_router_that_cannot_be_read_is_told_once_and_proves_nothing():
    machine = Machine(routed=True).both_up().read_router(None, error="refused").read_router(None, error="refused")
    assert machine.said(Kind.DISAGREES) == ["PgBouncer cannot be read: refused"]
    assert (machine.model.disagrees, machine.model.mode.armed) == (False, True)


def test_the_router_is_read_every_second_where_there_is_one():
    machine = Machine(routed=True).both_up()
    assert not machine.read_router(PRIMARY).tick(0.9).reads_router
    assert machine.tick(0.1).reads_router


def test_the_router_is_not_read_while_it_switches():
    """What it would say changes from step to step, and its console has other work."""
    machine = dying()
    assert not machine.tick(1).reads_router
    machine.arrives()
    assert machine.tick(1).reads_router


def test_the_screen_can_follow_the_steps():
    machine = dying().progress(Step.HOLD).progress(Step.HOLD, detail="waiting for 2 transactions")
    assert (machine.in_flight.step, machine.in_flight.steps_done) == (Step.HOLD, ())
    assert machine.in_flight.detail == "waiting for 2 transactions"
    machine.progress(Step.HOLD, done=True).progress(Step.PREFLIGHT)
    assert (machine.in_flight.step, machine.in_flight.steps_done) == (Step.PREFLIGHT, (Step.HOLD,))
    assert machine.in_flight.detail == ""


def test_who_waited_and_what_was_cut_off_is_told_and_kept():
    machine = dying().arrives(waited=Waited(8, 0.41), severed=3, proof="18.6, system 7")
    assert machine.said(Kind.SWITCHED)[-1] == (
        "secondary serves after 0.50s (failover); 8 clients waited, the longest 0.41s; 3 connections to the primary cut off"
    )
    assert machine.model.last_switch is not None
    assert machine.model.last_switch.proof == "18.6, system 7"


@pytest.mark.parametrize(
    ("story", "recipe"),
    [
        (lambda m: m.switch_to(SECONDARY), Recipe.PLANNED),
        (lambda m: m.active_dies(Fault.REFUSED), Recipe.CRASHED),
        (lambda m: m.active_dies(Fault.TIMEOUT), Recipe.HUNG),
        (lambda m: m.read_router(SECONDARY).repair(), Recipe.PLANNED),
    ],
)
def test_the_plan_follows_from_why_traffic_moves(story, recipe):
    machine = story(Machine(routed=True).both_up())
    assert machine.in_flight.plan is not None
    assert machine.in_flight.plan.recipe is recipe


def test_force_and_repair_do_not_wait_for_open_transactions():
    def must_drain(machine: Machine) -> bool:
        assert machine.in_flight.plan is not None
        return machine.in_flight.plan.must_drain

    assert must_drain(Machine(routed=True).both_up().switch_to(SECONDARY))
    assert not must_drain(Machine(routed=True).both_up().switch_to(SECONDARY, force=True))
    assert not must_drain(Machine(routed=True).both_up().read_router(SECONDARY).repair())


def test_a_pgbouncer_that_was_never_measured_is_not_driven():
    old = replace(points_at(PRIMARY), version=(1, 17))
    machine = Machine(routed=True).step(events.RouterRead(old)).both_up()
    why = "PgBouncer 1.17 is older than 1.18, the oldest that was measured"
    assert machine.refuses(events.SwitchRequest(PI, SECONDARY, machine.model.version)) == why
    machine.active_dies()
    assert (machine.begun, machine.said(Kind.NOT_SERVING)) == ([], [f"primary is DOWN; no switch: {why}"])


def test_a_router_that_answers_again_is_told_once():
    machine = Machine(routed=True).both_up().read_router(None, error="refused").read_router(PRIMARY)
    assert machine.said(Kind.DISAGREES)[-1] == "PgBouncer can be read again: it points to primary:5432"
    assert machine.read_router(PRIMARY).quiet()


def test_without_a_gateway_the_router_is_not_read():
    machine = Machine().both_up().tick(1e5)
    assert not machine.reads_router
    unrouted = RouterReading(routed=False)
    assert machine.step(events.RouterRead(unrouted)).model.reading == replace(unrouted)
