"""Moving the target's sequences ahead in a switch, all in one statement."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from hotswap_tui.core.amount_words import count, named
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.sync.handover import sequences
from hotswap_tui.sync.handover.sequence_state import MARGIN, advanced, copied, matched

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hotswap_tui.routing.inspection import Inspection
    from hotswap_tui.sync.handover.sequence_state import Place, SequenceState


@dataclass(frozen=True, slots=True)
class Moves:
    """What has to become of the target's sequences; nothing is moved yet."""

    query: str = ""
    """Moves them all, and selects how many; empty when none has to be moved."""
    many: int = 0
    how: str = ""
    problem: str = ""
    """Which may not be moved and may give keys that exist, and why; empty when none may."""

    @property
    def words(self) -> str:
        """Return what has happened once `query` has been run."""
        return f"{count(self.many, 'sequence')} moved ahead {self.how}" if self.many else ""

    def failed(self, error: InspectionError) -> str:
        """Return what it means that `query` could not be run."""
        return f"{count(self.many, 'sequence')} could not be moved ahead: {error}"


NO_MOVES = Moves()


class _Work(NamedTuple):
    """One sequence of the target and where it has to go."""

    state: SequenceState
    place: Place


async def follow(source: Inspection, target: Inspection, timeout_s: float) -> Moves:
    """Return how the target's sequences come beyond those of the source, which lives and where nobody writes."""
    read = await asyncio.gather(
        sequences.read(source, timeout_s), sequences.read(target, timeout_s), return_exceptions=True
    )
    for role, found in zip(("that is left", "of the target"), read, strict=True):
        if isinstance(found, InspectionError):
            return Moves(problem=f"the sequences {role} could not be read: {found}")
        if isinstance(found, BaseException):
            raise found
    before, own = read
    assert isinstance(before, sequences.Sequences)
    assert isinstance(own, sequences.Sequences)
    known = matched(before.states)
    wished = ((each, copied(each, known[each.key])) for each in own.states if each.key in known)
    work = [_Work(each, place) for each, place in wished if place is not None]
    return _moves(work, {*before.hidden, *own.hidden}, f"to the source's place + {MARGIN}")


async def advance(target: Inspection, known: Iterable[SequenceState], gap: int, timeout_s: float) -> Moves:
    """Return how the target's sequences come `gap` steps beyond what is `known` of the lost source, and beyond the highest keys."""
    try:
        own = await sequences.read(target, timeout_s, keys=True)
    except InspectionError as error:
        return Moves(problem=f"the target's sequences could not be read: {error}")
    before = matched(known)
    wished = ((each, advanced(each, before.get(each.key), gap)) for each in own.states)
    work = [_Work(each, place) for each, place in wished if place is not None]
    return _moves(work, set(own.hidden), f"by {gap}")


def _moves(work: Sequence[_Work], hidden: set[str], how: str) -> Moves:
    """Move what may be moved, and name what may not."""
    refused = sorted(hidden | {each.state.shown for each in work if not each.state.settable})
    problem = f"this role may not move {named(refused)}: GRANT UPDATE ON SEQUENCE lets it" if refused else ""
    allowed = [each for each in work if each.state.settable]
    return Moves(_query(allowed), len(allowed), how, problem) if allowed else Moves(problem=problem)


def _query(work: Iterable[_Work]) -> str:
    rows = ",\n".join(
        f"({each.state.oid}::pg_catalog.oid, {each.place.value}::pg_catalog.int8, {each.place.is_called})"
        for each in work
    )
    moves = "SELECT pg_catalog.count(pg_catalog.setval(v.seq::pg_catalog.regclass, v.last, v.called))"
    return f"{moves} FROM (VALUES {rows}) AS v (seq, last, called)"
