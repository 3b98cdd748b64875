"""Rules 6 and 8: what persons ask for, what is refused, and what automation does not undo."""

from __future__ import annotations

import pytest

from hotswap_tui.core import events
from hotswap_tui.core.effects import ProbeNow
from hotswap_tui.core.plan import Step
from hotswap_tui.core.values import Fault, Kind, State, SwitchKind
from tests.core.machine_dsl import NOT_COUNTING, PI, PRIMARY, SECONDARY, Machine

# -- rule 6: a person's switch is not undone -------------------------------------------------------------


def test_a_persons_switch_disarms_when_it_has_arrived():
    machine = Machine().both_up().switch_to(SECONDARY)
    assert (machine.state, machine.in_flight.kind, machine.in_flight.by) == (State.FAILING_OVER, SwitchKind.MANUAL, PI)
    assert machine.model.mode.armed
    mode = machine.arrives().model.mode
    assert (mode.armed, mode.by, mode.why) == (False, PI, "switched to secondary by hand")
    assert machine.model.mode_before is not None
    assert machine.model.mode_before.armed


def test_a_persons_switch_stays_however_well_the_primary_is_and_however_ill_the_secondary():
    machine = Machine().both_up().switch_to(SECONDARY).arrives().wait(1000).check(PRIMARY, times=10)
    machine.active_dies().check(PRIMARY, times=3).check(SECONDARY, Fault.REFUSED, times=3)
    assert (machine.active, len(machine.begun)) == (SECONDARY, 1)


def test_arming_gives_the_lead_back():
    machine = Machine().both_up().switch_to(SECONDARY).arrives().wait(1000).check(PRIMARY, times=2).arm()
    assert (machine.model.mode.armed, machine.model.mode_before) == (True, None)
    assert machine.probes == [(PRIMARY, False), (SECONDARY, False)]
    assert machine.check(PRIMARY).in_flight.kind is SwitchKind.FAILBACK


@pytest.mark.parametrize("armed", [True, False])
def test_failing_back_restores_the_mode_that_was(armed):
    machine = Machine().both_up()
    if not armed:
        machine.disarm("maintenance")
    was = machine.model.mode
    machine.switch_to(SECONDARY).arrives().check(PRIMARY).fail_back().arrives()
    assert (machine.model.mode, machine.model.mode_before) == (was, None)


def test_two_switches_by_hand_remember_the_mode_before_the_first():
    machine = Machine().both_up().switch_to(SECONDARY).arrives().check(PRIMARY).switch_to(PRIMARY).arrives()
    machine.check(SECONDARY).switch_to(SECONDARY).arrives().check(PRIMARY).fail_back().arrives()
    assert machine.model.mode.armed


def test_failing_back_after_an_automatic_failover_leaves_automation_on():
    assert Machine().on_secondary().check(PRIMARY).fail_back().arrives().model.mode.armed


def test_failing_back_does_not_arm_what_a_person_has_disarmed_meanwhile():
    machine = Machine().both_up().switch_to(SECONDARY).arrives().check(PRIMARY).disarm().fail_back().arrives()
    assert not machine.model.mode.armed


def test_disarming_says_who_why_and_for_how_long():
    machine = Machine().both_up().disarm("maintenance", for_s=3600)
    assert machine.said(Kind.DISARMED) == [f"{PI} switched automatic switching off for 3600s: maintenance"]
    assert machine.model.mode.until_s == machine.now_s + 3600


def test_a_limited_disarming_ends_by_itself():
    machine = Machine().both_up().disarm(for_s=60)
    assert not machine.tick(59.9).model.mode.armed
    assert machine.tick(0.1).model.mode.armed
    assert machine.said(Kind.ARMED) == ["automatic switching is on again: the time of the disarming is over"]


def test_an_unlimited_disarming_does_not_end_by_itself():
    assert not Machine().both_up().disarm().tick(1e6).model.mode.armed


def test_a_limited_disarming_that_ends_during_a_persons_switch_does_not_arm():
    """What is to be restored when traffic goes back is armed by then, the present mode is not."""
    machine = Machine().both_up().disarm(for_s=60).switch_to(SECONDARY).arrives().tick(120)
    assert not machine.model.mode.armed
    assert machine.check(PRIMARY).fail_back().arrives().model.mode.armed


def test_a_switch_to_an_unhealthy_target_is_refused_without_force():
    machine = Machine().both_up().check(SECONDARY, Fault.REFUSED)
    request = events.SwitchRequest(PI, SECONDARY, machine.model.version)
    assert machine.refuses(request) == (
        "secondary is failing (connection refused): no switch to a database that does not answer as it should"
    )
    machine.switch_to(SECONDARY, force=True)
    assert (machine.in_flight.forced, machine.in_flight.why) == (True, "switched by hand with force")


def test_a_switch_to_a_target_that_was_never_checked_needs_force():
    machine = Machine().check(PRIMARY)
    assert "secondary is unknown (not checked yet)" in machine.refuses(
        events.SwitchRequest(PI, SECONDARY, machine.model.version)
    )


@pytest.mark.parametrize("fault", NOT_COUNTING)
def test_a_fault_that_does_not_count_makes_a_target_unhealthy_all_the_same(fault):
    machine = Machine().both_up().check(SECONDARY, fault)
    assert "secondary is degraded" in machine.refuses(events.SwitchRequest(PI, SECONDARY, machine.model.version))


def test_failing_back_to_an_unhealthy_primary_is_refused():
    machine = Machine().on_secondary()
    assert "primary is down" in machine.refuses(events.FailbackRequest(PI, machine.model.version))


def test_arriving_on_a_dead_target_is_a_suspicion_at_once():
    machine = Machine().both_up().check(SECONDARY, Fault.REFUSED).switch_to(SECONDARY, force=True).arrives()
    assert (machine.state, machine.active) == (State.SUSPECT, SECONDARY)


# -- rule 8: requests -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("state", lambda m: m.check(PRIMARY, Fault.REFUSED)),
        ("mode", lambda m: m.disarm()),
        ("health of the target", lambda m: m.check(SECONDARY, Fault.REFUSED)),
        ("health of the active one", lambda m: m.check(PRIMARY, Fault.TOO_MANY)),
        ("agreement with the router", lambda m: m.read_router(SECONDARY)),
    ],
)
@pytest.mark.parametrize("kind", [events.SwitchRequest, events.FailbackRequest, events.RepairRequest])
def test_a_request_made_on_an_older_picture_is_refused(what, change, kind):
    machine = Machine(routed=True).both_up()
    seen = machine.model.version
    change(machine)
    request = kind(PI, SECONDARY, seen) if kind is events.SwitchRequest else kind(PI, seen)
    assert machine.refuses(request).startswith("the situation has changed since you looked")


def test_the_version_stays_while_nothing_changes_that_a_decision_rests_on():
    machine = Machine(routed=True).both_up()
    version = machine.model.version
    machine.check(PRIMARY, times=5).check(SECONDARY, times=5).tick(60).read_router(PRIMARY)
    assert machine.model.version == version
    machine.check(PRIMARY, Fault.REFUSED)
    assert machine.model.version == version + 1
    machine.check(PRIMARY, Fault.TIMEOUT)
    assert machine.model.version == version + 1, "still failing, still below the threshold"


@pytest.mark.parametrize(
    ("story", "request_", "sentence"),
    [
        (lambda m: m, lambda v: events.SwitchRequest(PI, PRIMARY, v), "primary is the active database already"),
        (lambda m: m, lambda v: events.FailbackRequest(PI, v), "primary is the active database already"),
        (lambda m: m, lambda _: events.CancelRequest(PI), "no switch is in progress"),
        (
            lambda m: m,
            lambda v: events.RepairRequest(PI, v),
            "nothing to repair: PgBouncer points to the active database",
        ),
        (lambda m: m, lambda _: events.ArmRequest(PI), "automatic switching is on already"),
        (
            lambda m: m.read_router(None),
            lambda _: events.ArmRequest(PI),
            "PgBouncer points to 10.0.0.9:5432: repair that first",
        ),
        (
            lambda m: m.read_router(None),
            lambda v: events.SwitchRequest(PI, SECONDARY, v),
            "PgBouncer points to 10.0.0.9:5432: repair that first",
        ),
        (
            lambda m: m.switch_to(SECONDARY),
            lambda v: events.SwitchRequest(PI, SECONDARY, v, force=True),
            "a switch to secondary is in progress; wait for it or cancel it",
        ),
        (
            lambda m: m.switch_to(SECONDARY),
            lambda v: events.FailbackRequest(PI, v),
            "a switch to secondary is in progress; wait for it or cancel it",
        ),
        (
            lambda m: m.switch_to(SECONDARY).progress(Step.REPOINT),
            lambda _: events.CancelRequest(PI),
            "the switch to secondary can no longer be cancelled (repoint)",
        ),
        (
            lambda m: m.switch_to(SECONDARY).cancel(),
            lambda _: events.CancelRequest(PI),
            "the switch to secondary is being cancelled already, asked by pi@tty1",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_reason_and_changes_nothing(story, request_, sentence):
    machine = story(Machine(routed=True).both_up())
    assert machine.refuses(request_(machine.model.version)) == sentence


def test_without_a_secondary_a_switch_is_refused_in_the_references_words():
    machine = Machine(has_secondary=False).check(PRIMARY)
    sentence = machine.refuses(events.SwitchRequest(PI, SECONDARY, machine.model.version))
    assert sentence == "Set DATABASE_URL_SECONDARY to enable automatic database failover"


STORIES = {
    "starting": lambda m: m,
    "serving": lambda m: m.both_up(),
    "suspicion": lambda m: m.both_up().check(PRIMARY, Fault.REFUSED),
    "switching": lambda m: m.both_up().active_dies(),
    "unknown": lambda m: m.both_up().active_dies().vanishes(),
    "on the secondary": lambda m: m.on_secondary(),
    "both down": lambda m: m.both_down(),
    "disagrees": lambda m: m.both_up().read_router(SECONDARY),
    "disarmed": lambda m: m.both_up().disarm(),
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_disarming_and_checking_are_never_refused(story):
    machine = story(Machine(routed=True)).disarm()
    assert not machine.model.mode.armed
    machine.step(events.CheckRequest(PI))
    assert list(machine.effects) == [ProbeNow(PRIMARY, fresh=True), ProbeNow(SECONDARY, fresh=True)]
    assert not machine.model.mode.armed


def test_a_check_by_a_person_is_made_even_while_locked_out():
    machine = Machine().both_up().check(SECONDARY, Fault.CREDENTIALS).step(events.CheckRequest(PI))
    assert machine.probes == [(PRIMARY, True), (SECONDARY, True)]


def test_arming_does_not_try_a_standby_that_has_locked_us_out():
    machine = Machine().both_up().check(SECONDARY, Fault.CREDENTIALS).disarm().arm()
    assert machine.probes == [(PRIMARY, False)]


def test_a_person_may_switch_away_before_the_threshold():
    machine = Machine().both_up().check(PRIMARY, Fault.REFUSED).check(SECONDARY).switch_to(SECONDARY).arrives()
    assert (machine.state, machine.active, machine.model.suspicion_since_s) == (State.SECONDARY, SECONDARY, None)
