"""Look at what the two databases have in common: as the engine does, and at the subscriptions themselves. Nothing is written."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.text import clean
from hotswap_tui.core.values import Role
from hotswap_tui.doctor.facts import DataLook, Subscribed
from hotswap_tui.engine.ports import SyncQuestion
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.sync.books import MIGRATION_BOOKS
from hotswap_tui.sync.known import Known
from hotswap_tui.sync.look.asked import Asked
from hotswap_tui.sync.look.facts import read_facts
from hotswap_tui.sync.look.reader import TIMEOUT_S, PairReader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hotswap_tui.core.sync import Mark
    from hotswap_tui.dsn import Dsn
    from hotswap_tui.sync.look.facts import Facts, HeldSlot, Subscription

_TELLS_STANDBY: Final = "SELECT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE')"
_LOST: Final = "lost"
_NAME_LIMIT: Final = 63


@dataclass(frozen=True, slots=True)
class _Side:
    """What one database says."""

    facts: Facts
    tells_standby: bool


async def look_at_data(
    dsns: Mapping[Role, Dsn], asked: frozenset[Role], serving: Role, mark: Mark | None = None
) -> DataLook:
    """Return what the pair has in common, within a look of the engine (15 s); never raises for what a server or network does.

    `asked`: the databases that answer; `mark`: where the secondary stood when traffic was moved to it.
    """
    known = Known()
    async with aclosing(PairReader(dsns, known)) as reader:
        reading, sides = await asyncio.gather(
            reader.read(SyncQuestion(serving, asked, mark)),
            _sides({role: dsns[role] for role in Role if role in asked}),
        )
    primary = sides.get(Role.PRIMARY)
    return DataLook(
        reading,
        asked,
        serving,
        tuple(_subscribed(dsns, {role: side.facts for role, side in sides.items()})),
        _immovable(known, serving),
        tells_standby=primary is None or primary.tells_standby,
    )


async def _sides(dsns: Mapping[Role, Dsn]) -> dict[Role, _Side]:
    found = await asyncio.gather(*map(_side, dsns.values()))
    return {role: side for role, side in zip(dsns, found, strict=True) if side is not None}


async def _side(dsn: Dsn) -> _Side | None:
    now_s = asyncio.get_running_loop().time()
    async with aclosing(Asked(dsn, TIMEOUT_S, now_s + TIMEOUT_S)) as asked:
        try:
            facts = await read_facts(asked.rows, now_s)
            return _Side(facts, await asked.rows(_TELLS_STANDBY) == [("t",)])
        except InspectionError:
            return None  # what the reader met says why


def _subscribed(dsns: Mapping[Role, Dsn], facts: Mapping[Role, Facts]) -> Iterator[Subscribed]:
    if not any(side.subscriptions for side in facts.values()):
        return
    from hotswap_tui.sync.replication.ways import ways  # noqa: PLC0415 - psycopg takes as long as the look itself

    own = {way.target: way.subscription for way in ways(dsns[Role.PRIMARY], dsns[Role.SECONDARY], two_way=True)}
    for role, side in facts.items():
        for each in side.subscriptions:
            yield _described(role, each, facts.get(role.other), own=each.name == own[role])


def _described(role: Role, found: Subscription, source: Facts | None, *, own: bool) -> Subscribed:
    slot = None if source is None or found.slot is None else source.slot(found.slot)
    return Subscribed(
        role,
        clean(found.name, _NAME_LIMIT),
        found.enabled,
        clean(found.slot or "", _NAME_LIMIT),
        slot_there=source is None or _feeds(slot, source),
        slot_lost=slot is not None and slot.status == _LOST,
        own=own,
        books=_books(found),
    )


def _feeds(slot: HeldSlot | None, source: Facts) -> bool:
    return slot is not None and slot.plugin == "pgoutput" and slot.database == source.server.database


def _books(subscription: Subscription) -> tuple[str, ...]:
    return tuple(
        sorted({clean(table, _NAME_LIMIT) for _, table, *_ in subscription.tables if table in MIGRATION_BOOKS})
    )


def _immovable(known: Known, serving: Role) -> tuple[str, ...]:
    """Return the sequences that a switch would move and may not."""
    used = {state.key for state in known.sequences.get(serving, ())}
    there = known.sequences.get(serving.other, ())
    return tuple(state.shown for state in there if state.key in used and not state.settable)
