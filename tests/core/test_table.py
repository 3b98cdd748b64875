"""The table: every state with every trigger, legal or not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotswap_tui.core.errors import IllegalEventError
from hotswap_tui.core.machine import HANDLERS
from hotswap_tui.core.model import resume
from hotswap_tui.core.policy import Policy
from hotswap_tui.core.table import TABLE, Trigger, mermaid
from hotswap_tui.core.turn import Turn
from hotswap_tui.core.values import State

ROWS = """
             SERVES_PRIMARY SERVES_SECONDARY SUSPECTED EXHAUSTED   TO_PRIMARY   TO_SECONDARY FORGOTTEN
STARTING     PRIMARY        SECONDARY        SUSPECT   -           FAILING_BACK FAILING_OVER -
PRIMARY      -              -                SUSPECT   -           -            FAILING_OVER -
SUSPECT      PRIMARY        SECONDARY        -         UNAVAILABLE FAILING_BACK FAILING_OVER STARTING
FAILING_OVER PRIMARY        SECONDARY        SUSPECT   -           -            -            -
SECONDARY    -              -                SUSPECT   -           FAILING_BACK -            -
FAILING_BACK PRIMARY        SECONDARY        SUSPECT   -           -            -            -
UNAVAILABLE  PRIMARY        SECONDARY        -         -           FAILING_BACK FAILING_OVER STARTING
"""
LINES = [line.split() for line in ROWS.strip().splitlines()]
CASES = [(line[0], trigger, to) for line in LINES[1:] for trigger, to in zip(LINES[0], line[1:], strict=True)]


@pytest.mark.parametrize(("source", "trigger", "target"), CASES, ids=lambda value: value)
def test_every_state_answers_every_trigger_as_written(source, trigger, target):
    """A pair without a target is illegal and changes nothing."""
    turn = Turn(replace(resume(Policy(), 0.0, has_secondary=True), state=State(source)), 0.0, Policy())
    before = turn.model
    if target == "-":
        with pytest.raises(IllegalEventError, match=f"{trigger} is not allowed in {source}"):
            turn.fire(Trigger[trigger])
        assert turn.model is before
    else:
        turn.fire(Trigger[trigger])
        assert turn.model.state is State(target)


def test_the_cases_are_complete():
    assert len(CASES) == len(State) * len(Trigger)
    assert set(TABLE) == set(State)


def test_every_state_can_be_left():
    assert all(TABLE[state] for state in State)


def test_every_event_has_a_handler():
    from hotswap_tui.core import events

    assert set(HANDLERS) == set(events.Input.__args__)


def test_the_diagram_shows_every_row():
    lines = mermaid().splitlines()
    assert lines[:2] == ["stateDiagram-v2", "    [*] --> STARTING"]
    assert len(lines) == 2 + sum(to != "-" for _, _, to in CASES)
    assert "    PRIMARY --> SUSPECT: the active database failed a check" in lines
