"""The state machine's table: which trigger leads from which state to which. Everything else is illegal.

Rules for readers:

* A trigger is what a rule or a handler has concluded from the facts; the table only says where it leads.
* Which database serves is not part of the state but of `Model.active`; SERVES_PRIMARY and SERVES_SECONDARY
  name it, so that the same row serves a recovery, a completed switch and one that was put back.
* TO_PRIMARY and TO_SECONDARY begin a switch. FAILING_OVER moves to the secondary, FAILING_BACK to the primary,
  whoever asked and whatever failed.
* FORGOTTEN: this computer was suspended, so nothing that was known about failures holds any more.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from hotswap_tui.core.values import State

if TYPE_CHECKING:
    from collections.abc import Mapping


class Trigger(StrEnum):
    """A conclusion that may change the state."""

    SERVES_PRIMARY = "the primary serves"
    SERVES_SECONDARY = "the secondary serves"
    SUSPECTED = "the active database failed a check"
    EXHAUSTED = "the active database is down and the other cannot take over"
    TO_PRIMARY = "switch to the primary"
    TO_SECONDARY = "switch to the secondary"
    FORGOTTEN = "this computer slept"


_SERVES = {Trigger.SERVES_PRIMARY: State.PRIMARY, Trigger.SERVES_SECONDARY: State.SECONDARY}
_MOVES = {Trigger.TO_PRIMARY: State.FAILING_BACK, Trigger.TO_SECONDARY: State.FAILING_OVER}

TABLE: Mapping[State, Mapping[Trigger, State]] = {
    State.STARTING: {**_SERVES, **_MOVES, Trigger.SUSPECTED: State.SUSPECT},
    State.PRIMARY: {Trigger.SUSPECTED: State.SUSPECT, Trigger.TO_SECONDARY: State.FAILING_OVER},
    State.SECONDARY: {Trigger.SUSPECTED: State.SUSPECT, Trigger.TO_PRIMARY: State.FAILING_BACK},
    State.SUSPECT: {
        **_SERVES,
        **_MOVES,
        Trigger.EXHAUSTED: State.UNAVAILABLE,
        Trigger.FORGOTTEN: State.STARTING,
    },
    State.UNAVAILABLE: {**_SERVES, **_MOVES, Trigger.FORGOTTEN: State.STARTING},
    State.FAILING_OVER: {**_SERVES, Trigger.SUSPECTED: State.SUSPECT},
    State.FAILING_BACK: {**_SERVES, Trigger.SUSPECTED: State.SUSPECT},
}


def mermaid() -> str:
    """Return the table as a Mermaid state diagram, the one in the README."""
    lines = ["stateDiagram-v2", "    [*] --> STARTING"]
    for source, row in TABLE.items():
        lines += [f"    {source} --> {target}: {trigger}" for trigger, target in row.items()]
    return "\n".join(lines)
