"""What a drill of automation asks of the engine: nothing while automation does its work."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotswap_tui.core.values import ARMED, Fault, Health, Mode, Role, State, SwitchKind
from hotswap_tui.drill.order import Ask, Verdict
from tests.drill.told import (
    OTHER,
    PI,
    STAY_S,
    TIMING,
    Told,
    at_home,
    automations,
    away,
    back,
    ended,
    moving,
    order,
    there,
    unwell,
)
from tests.support.pictures import POLICY

FAILOVER = automations(SwitchKind.FAILOVER, Role.SECONDARY)
FAILBACK = automations(SwitchKind.FAILBACK, Role.PRIMARY, "primary passed 2 checks in a row")
ON_PURPOSE = {"state": State.SUSPECT, "primary": unwell(Role.PRIMARY, Health.FAILING, Fault.DRILL)}
ARRIVED = there(FAILOVER, mode=ARMED)


def begun(**changes: object) -> Told:
    return Told(order(automatic=True), **changes).begin()


def test_automation_fails_over_and_back():
    told = begun()
    assert told.see(**ON_PURPOSE) is None
    assert told.see(**{**ON_PURPOSE, **moving(FAILOVER)}) is None
    told.arrive(FAILOVER, mode=ARMED)
    assert told.see(TIMING.return_s, **ARRIVED) is None
    assert told.see(**moving(FAILBACK)) is None
    assert told.leave(**at_home(FAILBACK)) == []
    assert told.course.verdict is Verdict.PASSED


def test_where_failback_is_manual_it_is_done_by_hand():
    manual = {"policy": replace(POLICY, failback_auto=False)}
    told = begun(**manual).arrive(FAILOVER, mode=ARMED, **manual)
    assert told.see(STAY_S, **ARRIVED, **manual) is Ask.BACK
    assert told.leave(**at_home(), **manual) == []
    assert told.course.verdict is Verdict.PASSED


def test_automation_that_does_not_fail_over_in_time_ends_it():
    told = begun()
    assert told.see(TIMING.detection_limit_s, **ON_PURPOSE) is Ask.END_DRILL
    assert told.see(**ON_PURPOSE) is None, "the suspicion has yet to be cleared"
    assert told.leave() == []
    assert told.course.verdict is Verdict.ABORTED
    assert "not failed over in time" in told.course.why


def test_automation_that_does_not_fail_back_in_time_is_helped():
    told = begun().arrive(FAILOVER, mode=ARMED)
    held = {**ARRIVED, "blocked": "DB_MAX_SWITCHES_PER_HOUR is 6"}
    assert told.see(TIMING.return_limit_s + 1, **held) is Ask.BACK
    told.leave(**at_home())
    assert told.course.verdict is Verdict.ABORTED
    assert "not failed back in time (DB_MAX_SWITCHES_PER_HOUR is 6)" in told.course.why


def test_a_primary_that_really_fails_while_the_secondary_serves_is_named():
    told = begun().arrive(FAILOVER, mode=ARMED)
    told.see(TIMING.return_limit_s + 1, **{**ARRIVED, "primary": unwell(Role.PRIMARY, Health.DOWN, Fault.REFUSED)})
    assert told.course.why == "automation has not failed back in time (primary: connection refused)"


def test_a_failback_of_automation_that_fails_is_done_by_hand():
    told = begun().arrive(FAILOVER, mode=ARMED)
    told.see(**moving(FAILBACK))
    assert told.see(**{**ARRIVED, "last_switch": ended(FAILBACK, result="failed", error="refused")}) is Ask.BACK
    assert told.leave(**at_home(back(id=5))) == []
    assert told.course.verdict is Verdict.ABORTED


def test_a_cancelled_failover_disarms_and_the_drill_arms_again():
    told = begun()
    told.see(**{**ON_PURPOSE, **moving(FAILOVER)})
    told.course.abort("ended by SIGHUP", told.now_s)
    assert told.see(**{**ON_PURPOSE, **moving(FAILOVER)}) is Ask.END_DRILL
    assert told.see(**{**ON_PURPOSE, **moving(FAILOVER)}) is Ask.CANCEL
    cancelled = ended(replace(FAILOVER, cancelled_by=PI), result="cancelled")
    assert told.see(last_switch=cancelled, mode=Mode(armed=False, by=PI)) is Ask.ARM
    assert told.leave(last_switch=cancelled) == []
    assert told.course.verdict is Verdict.ABORTED


REAL = {
    "the primary fails": (
        {"state": State.SUSPECT, "primary": unwell(Role.PRIMARY)},
        "the primary really fails: timeout",
    ),
    "for that it fails over": (
        moving(automations(SwitchKind.FAILOVER, Role.SECONDARY, "primary failed 3 checks: timeout")),
        "automation moves traffic",
    ),
    "another person switches": (moving(away(by=OTHER, why="switched by hand")), f"{OTHER} moves traffic"),
}


@pytest.mark.parametrize(("changes", "why"), REAL.values(), ids=REAL)
def test_it_steps_back_from_what_is_real(changes, why):
    told = begun()
    assert told.see(**changes) is Ask.END_DRILL
    assert why in told.course.why
    assert told.leave() == []


def test_a_secondary_that_fails_is_rescued_by_automation_itself():
    told = begun().arrive(FAILOVER, mode=ARMED)
    rescue = replace(automations(SwitchKind.FAILOVER, Role.PRIMARY, "secondary failed 3 checks: timeout"), id=5)
    assert told.see(**moving(rescue)) is None
    assert "secondary failed 3 checks" in told.course.why
    assert told.leave(last_switch=ended(rescue)) == []
    assert told.course.verdict is Verdict.ABORTED, "the primary serves, as before"


def test_somebody_who_disarms_ends_it():
    told = begun()
    off = Mode(armed=False, by=OTHER)
    told.drill = None
    assert told.leave(mode=off) == []
    assert f"{OTHER} has turned automatic switching off" in told.course.why
    assert told.course.verdict is Verdict.FAILED
