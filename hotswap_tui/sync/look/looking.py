"""How far each way is behind, asked of the servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.sync.look import questions
from hotswap_tui.sync.look.facts import wal_position
from hotswap_tui.sync.look.gathering import both
from hotswap_tui.sync.look.measuring import Measured, Sample, measure
from hotswap_tui.sync.look.relation import Method

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotswap_tui.core.values import Role
    from hotswap_tui.sync.look.asked import Asked
    from hotswap_tui.sync.look.facts import Facts
    from hotswap_tui.sync.look.relation import Link
    from hotswap_tui.sync.look.trail import Trail

SILENT_S: Final = 600.0
"""A source whose own row is older than this is not written by write checks, and shows nothing."""
_MICRO: Final = 1_000_000


async def measured(
    link: Link, asked: Mapping[Role, Asked], facts: Mapping[Role, Facts], trail: Trail, clock: Callable[[], float]
) -> Measured | None:
    """Return how far the target of `link` is behind; None where the databases that answer cannot tell."""
    source, target = asked.get(link.source), asked.get(link.target)
    if source is None:
        return None
    try:
        if link.method is Method.HEARTBEAT:
            return None if target is None else await _beats(link, source, target, facts, clock)
        at_target = target if link.method is Method.PHYSICAL else None
        question = _question(link, alone=at_target is None)

        async def ask() -> Sample:
            return await _sample(question, source, at_target, clock)

        found = await measure(ask, trail, alive=_alive(link, facts))
    except (InspectionError, ValueError):  # or an answer of another shape
        return None
    # An ordinary role is not told by the source how far a standby has replayed: what was known before stays.
    return None if found.lag_bytes is None and link.method is Method.PHYSICAL else found


def _question(link: Link, *, alone: bool) -> str:
    """Return what to ask the source; `alone`: a standby is not asked itself."""
    if link.method is Method.LOGICAL:
        return questions.confirmed(link.slot)
    return questions.replayed(link.slot, link.name) if alone else questions.position()


def _alive(link: Link, facts: Mapping[Role, Facts]) -> bool:
    """Say whether waiting for the target makes sense."""
    if link.method is Method.PHYSICAL:
        return not facts[link.target].paused
    slot = facts[link.source].slot(link.slot)
    return slot is not None and slot.active


async def _sample(question: str, source: Asked, standby: Asked | None, clock: Callable[[], float]) -> Sample:
    asked_s = clock()
    if standby is None:
        ((position, arrived, now_us, replayed_us),) = await source.rows(question)
    else:
        # A standby's own position is what it has replayed.
        here, there = await both(source.rows(question), standby.rows(questions.position()))
        ((position, _, now_us, _),) = here
        ((arrived, _, _, replayed_us),) = there
    return Sample(
        asked_s,
        clock(),
        wal_position(position) or 0,
        wal_position(arrived),
        int(str(now_us)),
        None if replayed_us is None else int(replayed_us),
    )


async def _beats(
    link: Link, source: Asked, target: Asked, facts: Mapping[Role, Facts], clock: Callable[[], float]
) -> Measured | None:
    """Return how old the row is that has arrived, by the source's clock."""
    here, there = facts[link.source].heartbeat, facts[link.target].heartbeat
    if here is None or there is None:
        return None
    asked_s = clock()
    answers = await both(source.rows(questions.heartbeat(*here)), target.rows(questions.heartbeat(*there)))
    answered_s = clock()
    if not all(answers):  # no row: nobody has written one yet
        return Measured(None, None, answered_s)
    ((own, now),), ((arrived, _),) = ([(int(str(beat)), int(str(now))) for beat, now in answer] for answer in answers)
    if (now - own) / _MICRO > SILENT_S:
        return Measured(None, None, answered_s)
    return Measured(max(0, now - arrived) / _MICRO + answered_s - asked_s, None, answered_s)
