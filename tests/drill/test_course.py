"""What a planned drill asks of the engine, from its pictures and the time alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotswap_tui.core.values import ARMED, Health, Mode, Role, State
from hotswap_tui.drill.course import PATIENCE_S
from hotswap_tui.drill.order import PUT_BACK_S, Ask, Verdict
from hotswap_tui.drill.standing import standing
from tests.drill.told import (
    BUDGET_S,
    OFF,
    OTHER,
    PI,
    STAY_S,
    Told,
    at_home,
    away,
    back,
    ended,
    moving,
    there,
    unwell,
)
from tests.support.pictures import ELSEWHERE, NOW_S

DOWN = {"secondary": unwell(Role.SECONDARY)}
LONG_S = BUDGET_S + 1


def test_there_a_stay_and_back():
    told = Told().begin()
    assert told.see() is Ask.SWITCH
    assert told.see(**moving(away())) is None
    told.arrive()
    assert told.see(STAY_S - 1, **there()) is None
    assert told.see(1, **there()) is Ask.BACK
    assert told.see(**moving(back()), mode=OFF) is None
    assert told.leave(**at_home()) == [Ask.END_DRILL]
    assert (told.course.verdict, told.course.why) == (Verdict.PASSED, "")


def test_a_drill_that_the_engine_refuses_has_done_nothing():
    told = Told()
    told.see()
    told.course.refused(Ask.DRILL, "no drill: the secondary is not known to be well", told.now_s)
    assert told.course.over
    assert told.course.refusal


STAYING = {
    "the secondary fails": (DOWN, "the secondary fails: timeout"),
    "it is down": ({"secondary": unwell(Role.SECONDARY, Health.DOWN)}, "the secondary fails"),
    "the engine was restarted": ({"pid": 813}, "the engine was restarted"),
    "somebody arms": ({"mode": Mode(by=OTHER)}, f"{OTHER} has turned automatic switching on"),
    "somebody disarms": ({"mode": Mode(armed=False, by=OTHER)}, f"{OTHER} has turned automatic switching off"),
}


@pytest.mark.parametrize(("changes", "why"), STAYING.values(), ids=STAYING)
def test_what_goes_wrong_while_the_secondary_serves_brings_traffic_back_at_once(changes, why):
    told = Told().begin().arrive()
    assert told.see(**{**there(), **changes}) is Ask.BACK
    assert told.leave(**at_home()) == [Ask.END_DRILL]
    assert told.course.verdict is Verdict.ABORTED
    assert why in told.course.why


def test_a_mode_that_somebody_else_has_changed_stays_and_is_told():
    told = Told().begin().arrive()
    off = Mode(armed=False, by=OTHER)
    assert told.see(**there(mode=off)) is Ask.BACK
    assert told.leave(**at_home(mode=off)) == [Ask.END_DRILL]
    assert told.course.verdict is Verdict.FAILED
    assert f"OFF (by {OTHER})" in standing(told.course.before, told.course.picture, "")


@pytest.mark.parametrize("stop", ["signal", "budget", "secondary"])
def test_a_switch_under_way_is_cancelled_while_it_can_be(stop):
    told = Told().begin()
    told.see()
    picture = moving(away())
    if stop == "signal":
        told.see(**picture)
        told.course.abort("ended by SIGTERM", told.now_s)
    asked = told.see(LONG_S if stop == "budget" else 0.1, **picture, **(DOWN if stop == "secondary" else {}))
    assert asked is Ask.CANCEL
    assert told.see(**picture) is None, "once"
    cancelled = ended(away(cancelled_by=PI), result="cancelled")
    assert told.leave(last_switch=cancelled) == [Ask.END_DRILL]
    assert told.course.verdict is Verdict.ABORTED


def test_one_that_can_no_longer_be_cancelled_is_waited_for_and_undone():
    told = Told().begin()
    told.see()
    late = away(cancellable=False)
    assert told.see(LONG_S, **moving(late)) is None
    assert told.see(**there(late)) is Ask.BACK
    assert "longer than the budget of 60 s" in told.course.why


def test_a_switch_that_arrives_too_late_is_undone():
    told = Told().begin()
    told.see()
    assert told.see(**there(last_switch=ended(away(), took_s=LONG_S))) is Ask.BACK


@pytest.mark.parametrize("result", ["failed", "unknown"])
def test_a_leg_that_did_not_go_well_ends_it(result):
    told = Told().begin()
    told.see()
    outcome = ended(away(), result=result, error="no canary")
    if result == "failed":
        assert told.leave(last_switch=outcome) == [Ask.END_DRILL]
        assert "failed: no canary" in told.course.why
    else:
        assert told.see(**there(last_switch=outcome)) is Ask.BACK
        assert "nobody has seen who answers" in told.course.why


STRANGERS = {
    "another person": moving(back(by=OTHER, why="failed back by hand")),
    "automation": moving(back(by="", why="primary passed 2 checks in a row")),
    "somebody else at PgBouncer": {"disagrees": True, "router": ELSEWHERE},
}


@pytest.mark.parametrize("changes", STRANGERS.values(), ids=STRANGERS)
def test_it_steps_back_from_what_somebody_else_has_begun(changes):
    told = Told().begin().arrive()
    picture = {**there(), **changes}
    assert told.see(**picture) is Ask.END_DRILL
    assert told.see(PUT_BACK_S, **picture) in {None, Ask.ARM}
    assert Ask.BACK not in told.leave(**picture)
    assert told.course.verdict is Verdict.FAILED


def test_a_primary_that_fails_before_anything_is_moved_is_left_to_automation():
    told = Told().begin()
    failing = {"state": State.SUSPECT, "primary": unwell(Role.PRIMARY)}
    assert told.see(**failing) is Ask.END_DRILL
    assert told.course.why == "the primary really fails: timeout"
    assert told.see(**failing) is None, "what becomes of it is waited for"
    assert told.leave(**there(away(by="", why="primary failed 3 checks: timeout"), mode=ARMED)) == []
    assert told.course.verdict is Verdict.FAILED


def test_a_failback_that_fails_is_tried_again_and_called_so():
    told = Told().begin().arrive()
    assert told.see(STAY_S, **there()) is Ask.BACK
    stayed = there(last_switch=ended(back(), result="failed", error="a transaction stays open"))
    assert told.see(0.1, **stayed) is None, "not at once"
    assert told.see(1.0, **stayed) is Ask.BACK
    assert told.leave(**at_home(back(id=5))) == [Ask.END_DRILL]
    assert told.course.verdict is Verdict.ABORTED
    assert "a transaction stays open" in told.course.why


def test_a_way_back_over_the_budget_does_not_pass():
    told = Told().begin().arrive()
    told.see(STAY_S, **there())
    told.leave(last_switch=ended(back(), took_s=LONG_S))
    assert told.course.verdict is Verdict.ABORTED
    assert "61.0 s, the budget is 60 s" in told.course.why


def test_where_nothing_brings_traffic_back_automation_gets_the_lead():
    """Better than a secondary that nobody would rescue."""
    told = Told().begin().arrive()
    dead = there(primary=unwell(Role.PRIMARY, Health.DOWN))
    assert told.see(STAY_S, **dead) is None, "there is nothing to go back to"
    assert told.see(PUT_BACK_S, **dead) is Ask.END_DRILL
    assert told.see(**dead) is Ask.ARM
    assert told.leave(**{**dead, "mode": ARMED}) == []
    assert told.course.verdict is Verdict.FAILED
    assert "could not be brought back" in told.course.why
    assert "Automation brings traffic back" in standing(told.course.before, told.course.picture, "")


def test_an_engine_that_is_silent_for_a_while_is_asked_to_go_back():
    told = Told().begin().arrive()
    told.course.unheard("connection refused", told.now_s, told.now_s + 1)
    assert not told.course.over
    assert told.see(**there()) is Ask.BACK


def test_one_that_stays_silent_leaves_it_to_a_person():
    told = Told().begin().arrive()
    told.course.unheard("connection refused", told.now_s, told.now_s + PATIENCE_S + 1)
    assert told.course.over
    assert told.course.verdict is Verdict.FAILED
    words = standing(told.course.before, told.course.picture, told.course.lost)
    assert "last known: secondary serves, automatic switching is OFF" in words
    assert "hotswap-tui failback" in words


def test_a_drill_that_was_begun_without_an_answer_is_ended():
    told = Told().begin()
    fresh = Told()
    fresh.see()
    fresh.course.unanswered(Ask.DRILL, "no answer", fresh.now_s)
    fresh.drill = told.drill
    assert fresh.leave() == [Ask.END_DRILL]
    assert fresh.course.verdict is Verdict.ABORTED


def test_a_signal_before_anything_was_asked_ends_it():
    told = Told()
    told.course.abort("ended by SIGINT", NOW_S)
    assert told.leave() == []
    assert told.course.verdict is Verdict.ABORTED


STANDING = {
    "as before": ({}, "primary serves, automatic switching is on, as before"),
    "disarmed": ({"mode": OFF}, "`hotswap-tui arm`"),
    "away and off": (there(), "`hotswap-tui failback`, then `hotswap-tui arm`"),
    "pointed elsewhere": ({"disagrees": True, "router": ELSEWHERE}, "`hotswap-tui repair`"),
    "moving": (moving(away()), "under way"),
    "not serving": ({"serving": False}, "does NOT serve"),
}


@pytest.mark.parametrize(("changes", "words"), STANDING.values(), ids=STANDING)
def test_how_things_stand(changes, words):
    told = Told()
    assert words in standing(told.course.before, replace(told.picture(), **changes), "")
