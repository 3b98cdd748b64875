"""A switch followed from outside: its steps once each, and an end that is known or said to be unknown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotswap_tui.cli import exit_codes
from hotswap_tui.cli.switch_course import Course
from hotswap_tui.core.plan import Step
from hotswap_tui.core.snapshot import SwitchOutcome
from hotswap_tui.core.traffic import Waited
from tests.support.pictures import NOW_S, ROUTED, snapshot
from tests.support.routed_pictures import PLANNED, at_step

BEFORE = 2
HOLDING = at_step(Step.HOLD)
READING = at_step(Step.READ_BACK)
ENDED = replace(at_step(Step.CANARY), steps_done=PLANNED.steps)


def outcome(result: str, error: str = "") -> SwitchOutcome:
    return SwitchOutcome(ENDED, NOW_S + 0.08, result, error, waited=Waited(8, 0.047))


def test_every_step_is_told_once_and_the_end_is_the_outcome():
    course = Course(BEFORE)
    assert course.see(snapshot(switch=HOLDING, router=ROUTED)) == ["primary → secondary", "  1/8 wake ✓"]
    assert course.see(snapshot(switch=HOLDING, router=ROUTED)) == []
    waiting = replace(HOLDING, detail="1 transaction is open")
    assert course.see(snapshot(switch=waiting, router=ROUTED)) == ["  hold waits for 1 transaction is open"]
    assert course.see(snapshot(switch=READING, router=ROUTED)) == [
        "  2/8 hold ✓",
        "  3/8 preflight ✓",
        "  4/8 repoint ✓",
    ]
    last = course.see(snapshot(last_switch=outcome("done"), router=ROUTED))
    assert last == ["  5/8 read back ✓", "  6/8 sever ✓", "  7/8 release ✓", "  8/8 canary ✓"]
    assert course.ending == (exit_codes.OK, "done in 0.58 s: secondary serves; 8 clients waited, at most 0.05s")


@pytest.mark.parametrize(
    ("result", "code", "words"),
    [
        ("failed", exit_codes.FAILED, "failed at canary after 0.58 s: PAUSE timed out. Traffic is where it was"),
        ("cancelled", exit_codes.FAILED, "cancelled; primary serves as before"),
        ("unknown", exit_codes.OUTCOME_UNKNOWN, "unknown: pgbouncer points to localhost:5432"),
        ("a word of a newer version", exit_codes.OUTCOME_UNKNOWN, "unknown"),
    ],
)
def test_other_ends(result, code, words):
    course = Course(BEFORE)
    course.see(snapshot(last_switch=outcome(result, "PAUSE timed out"), router=ROUTED))
    assert course.ending is not None
    assert course.ending.code == code
    assert words in course.ending.words


def test_what_was_before_is_not_its_own():
    course = Course(HOLDING.id)
    assert course.see(snapshot(switch=HOLDING, router=ROUTED)) == []
    assert (course.ending, course.lost, course.switch_id) == (None, False, None)


def test_a_later_switch_is_not_its_own():
    course = Course(BEFORE)
    course.see(snapshot(switch=HOLDING, router=ROUTED))
    later = replace(HOLDING, id=HOLDING.id + 1)
    course.see(snapshot(switch=later, last_switch=outcome("done"), router=ROUTED))
    assert course.ending is not None
    assert course.ending.code == exit_codes.OK


def test_an_engine_that_was_restarted_may_not_know_it_any_more():
    """The journal does: what is missing in the picture is looked up there."""
    course = Course(BEFORE)
    course.see(snapshot(switch=HOLDING, router=ROUTED))
    assert course.see(snapshot(router=ROUTED)) == []
    assert course.lost
    assert course.ending is None


def test_doubt_is_told_while_it_lasts():
    course = Course(BEFORE)
    in_doubt = replace(HOLDING, unknown=True)
    assert any("unknown: look at where the gateway points" in line for line in course.see(snapshot(switch=in_doubt)))
    assert course.unknown
    course.see(snapshot(switch=READING))
    assert not course.unknown
