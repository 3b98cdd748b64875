"""Moving the target's sequences ahead in a switch, all in one statement."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hotswap_tui.core.amount_words import count, named
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.sync.handover import sequences
from hotswap_tui.sync.handover.sequence_state import MARGIN, advanced, copied, matched

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hotswap_tui.routing.inspection import Inspection
    from hotswap_tui.sync.handover.sequence_state import Place, SequenceState


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of the target's sequences, in words."""

    words: str = ""
    """Empty when none had to be moved."""
    problem: str = ""
    """Which may give keys that exist, and why; empty when none may."""


@dataclass(frozen=True, slots=True)
class _Work:
    """One sequence of the target and where it has to go."""

    state: SequenceState
    place: Place


async def follow(source: Inspection, target: Inspection, timeout_s: float) -> Moved:
    """Move the target's sequences beyond those of the source, which lives and where nobody writes."""
    deadline_s = _now_s() + timeout_s
    read = await asyncio.gather(
        sequences.read(source, timeout_s), sequences.read(target, timeout_s), return_exceptions=True
    )
    for role, found in zip(("that is left", "of the target"), read, strict=True):
        if isinstance(found, InspectionError):
            return Moved(problem=f"the sequences {role} could not be read: {found}")
        if isinstance(found, BaseException):
            raise found
    before, own = read
    assert isinstance(before, sequences.Sequences)
    assert isinstance(own, sequences.Sequences)
    known = matched(before.states)
    wished = ((each, copied(each, known[each.key])) for each in own.states if each.key in known)
    work = [_Work(each, place) for each, place in wished if place is not None]
    return await _move(target, work, {*before.hidden, *own.hidden}, f"to the source's place + {MARGIN}", deadline_s)


async def advance(target: Inspection, known: Iterable[SequenceState], gap: int, timeout_s: float) -> Moved:
    """Move the target's sequences `gap` steps beyond what is `known` of the source, which is lost, and beyond the highest keys."""
    deadline_s = _now_s() + timeout_s
    try:
        own = await sequences.read(target, timeout_s, keys=True)
    except InspectionError as error:
        return Moved(problem=f"the target's sequences could not be read: {error}")
    before = matched(known)
    wished = ((each, advanced(each, before.get(each.key), gap)) for each in own.states)
    work = [_Work(each, place) for each, place in wished if place is not None]
    return await _move(target, work, set(own.hidden), f"by {gap}", deadline_s)


async def _move(target: Inspection, work: Sequence[_Work], hidden: set[str], how: str, deadline_s: float) -> Moved:
    """Move what may be moved, and name what may not."""
    refused = sorted(hidden | {each.state.shown for each in work if not each.state.settable})
    problem = f"this role may not move {named(refused)}: GRANT UPDATE ON SEQUENCE lets it" if refused else ""
    allowed = [each for each in work if each.state.settable]
    if not allowed:
        return Moved(problem=problem)
    try:
        await target.rows(_statement(allowed), deadline_s - _now_s())
    except InspectionError as error:
        return Moved(problem=f"{count(len(allowed), 'sequence')} could not be moved ahead: {error}")
    return Moved(f"{count(len(allowed), 'sequence')} moved ahead {how}", problem)


def _statement(work: Iterable[_Work]) -> str:
    rows = ",\n".join(
        f"({each.state.oid}::pg_catalog.oid, {each.place.value}::pg_catalog.int8, {each.place.is_called})"
        for each in work
    )
    moves = "SELECT pg_catalog.setval(v.seq::pg_catalog.regclass, v.last, v.called)"
    return f"{moves} FROM (VALUES {rows}) AS v (seq, last, called)"


def _now_s() -> float:
    return asyncio.get_running_loop().time()
