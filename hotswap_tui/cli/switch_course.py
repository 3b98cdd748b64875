"""A switch as it is seen from outside: the steps one after the other, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from hotswap_tui.cli import exit_codes
from hotswap_tui.core.outcome_words import latest_switch, outcome_words, unknown_words
from hotswap_tui.core.switch_words import DONE, way

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap_tui.core.snapshot import Snapshot, SwitchOutcome
    from hotswap_tui.core.values import Switch

LOOK: Final = "look at `hotswap-tui status` and `hotswap-tui history`"
_CODES: Final = {
    "done": exit_codes.OK,
    "failed": exit_codes.FAILED,
    "cancelled": exit_codes.FAILED,
    "unknown": exit_codes.OUTCOME_UNKNOWN,
}


class Ending(NamedTuple):
    """How it ended, for the shell and for a person."""

    code: int
    words: str


class Course:
    """Follow the first switch after number `before` through the pictures in which it is seen."""

    def __init__(self, before: int) -> None:
        self._before = before
        self._id: int | None = None
        self._told: set[str] = set()
        self.ending: Ending | None = None
        """None while it goes on."""
        self.lost = False
        """Whether the engine does not know it any more: its journal may."""
        self.unknown = ""
        """What to look at while nobody knows whether traffic moved; empty when that is known."""

    @property
    def switch_id(self) -> int | None:
        """Return the number of the switch, None before it was seen."""
        return self._id

    def see(self, snapshot: Snapshot) -> list[str]:
        """Take a picture in; return what there is to say that has not been said."""
        if self._id is None and latest_switch(snapshot) > self._before:
            self._id = self._first(snapshot)
        if self._id is None or self.ending is not None:
            return []
        switch, last = snapshot.switch, snapshot.last_switch
        if switch is not None and switch.id == self._id:
            self.unknown = unknown_words(snapshot) if switch.unknown else ""
            return list(self._fresh(_under_way(switch, snapshot)))
        self.unknown = ""
        if last is not None and last.switch.id == self._id:
            return self._end(last, snapshot)
        self.lost = True
        return []

    def _first(self, snapshot: Snapshot) -> int:
        """Return the number of the older of the two switches in a picture that came after `before`."""
        ended = snapshot.last_switch
        if ended is not None and ended.switch.id > self._before:
            return ended.switch.id
        return latest_switch(snapshot)

    def _end(self, outcome: SwitchOutcome, snapshot: Snapshot) -> list[str]:
        _, words, _ = outcome_words(outcome, snapshot)
        self.ending = Ending(_CODES.get(outcome.result, exit_codes.OUTCOME_UNKNOWN), words)
        return list(self._fresh(_steps(outcome.switch)))

    def _fresh(self, lines: Iterator[str]) -> Iterator[str]:
        for line in lines:
            if line not in self._told:
                self._told.add(line)
                yield line


def _steps(switch: Switch) -> Iterator[str]:
    """Say where to and, without the time that each took, every step that is done."""
    yield f"{way(switch)}{f', attempt {switch.attempt}' if switch.attempt > 1 else ''}"
    planned = switch.plan.steps if switch.plan is not None else switch.steps_done
    for number, step in enumerate(planned, 1):
        if step in switch.steps_done:
            yield f"  {number}/{len(planned)} {step} {DONE}"


def _under_way(switch: Switch, snapshot: Snapshot) -> Iterator[str]:
    yield from _steps(switch)
    if switch.detail:
        yield f"  {switch.step} waits for {switch.detail}"
    if switch.cancelled_by:
        yield f"  cancelled by {switch.cancelled_by}: everything is put back"
    if switch.unknown:
        yield f"  {unknown_words(snapshot)}"
