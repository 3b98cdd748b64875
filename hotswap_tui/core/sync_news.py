"""What a look at the pair brings, and the sentences for what has changed since the one before: each is told once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.amount_words import count, named, size
from hotswap_tui.core.sync import SHOWN, Dossier, Flow, Relation, Safety, Slot, SyncReading
from hotswap_tui.core.time_words import age
from hotswap_tui.core.values import Kind, Level, Role, Tell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap_tui.core.events import SyncRead
    from hotswap_tui.core.turn import Turn

DAY_S = 86_400.0
HOUR_S = 3_600.0
NOTHING = SyncReading(0.0)


def read(turn: Turn, event: SyncRead) -> None:
    """Take in what was found out about the pair."""
    before = turn.model.sync or NOTHING
    turn.set(sync=event.reading)
    turn.effects += news(before, event.reading)


def news(before: SyncReading, now: SyncReading) -> Iterator[Tell]:
    """Yield what a person should know and did not know from `before`."""
    yield from _relation(before, now)
    for role in Role:
        yield from _flow(before.flow(role), now.flow(role))
    yield from _schema(before, now)
    known = {(slot.role, slot.name): slot for slot in before.slots}
    for slot in now.slots:
        yield from _slot(known.get((slot.role, slot.name)), slot)
    yield from _dossier(before.dossier, now.dossier)


def _relation(before: SyncReading, now: SyncReading) -> Iterator[Tell]:
    if now.relation in {before.relation, Relation.UNKNOWN}:
        return
    level = Level.INFO
    if now.relation is Relation.SAME:
        level = Level.BAD
    elif before.relation is not Relation.UNKNOWN or now.relation is Relation.PROMOTED:
        level = Level.WARNING
    yield Tell(Kind.SYNC, level, f"between the databases: {now.relation.words}", data={"relation": now.relation.value})


def _flow(before: Flow | None, now: Flow | None) -> Iterator[Tell]:
    """Yield what has become of the writes that leave one database."""
    if now is None:
        return
    way = f"replication {now.source} → {now.source.other} ({now.name})"
    if before is None or before.streaming is not now.streaming:
        if not now.streaming:
            yield Tell(
                Kind.SYNC, Level.WARNING, f"{way} has stopped: {now.error or 'nobody reads its slot'}", now.source
            )
        elif before is not None:
            yield Tell(Kind.SYNC, Level.GOOD, f"{way} streams again", now.source)
    if now.missing > (before.missing if before is not None else 0):
        tables = named(now.missing_tables, now.missing, SHOWN)
        text = f"{way} does not carry {count(now.missing, 'table')}: {tables}; `hotswap-tui sync setup` adds them"
        yield Tell(Kind.SYNC, Level.WARNING, text, now.source)


def _schema(before: SyncReading, now: SyncReading) -> Iterator[Tell]:
    if now.schema is None:
        return
    had, has = (before.schema.differences if before.schema is not None else 0), now.schema.differences
    if has and not had:
        first = now.schema.examples[0] if now.schema.examples else ""
        text = f"the schemas differ in {count(has, 'place')}: {first}; `hotswap-tui sync schema` prints all"
        yield Tell(Kind.SYNC, Level.WARNING, text, data={"differences": has})
    elif had and not has:
        yield Tell(Kind.SYNC, Level.GOOD, "the schemas are alike again", data={"differences": 0})


def _slot(before: Slot | None, now: Slot) -> Iterator[Tell]:
    name = f"replication slot {now.name} on the {now.role}"
    if now.lost and not (before is not None and before.lost):
        text = f"{name} is lost: the server gave up what it had kept; replication must be set up again"
        yield Tell(Kind.SYNC, Level.BAD, text, now.role)
    for limit_s, level in ((HOUR_S, Level.BAD), (DAY_S, Level.WARNING)):
        if not now.lost and _within(now, limit_s):
            if not (before is not None and _within(before, limit_s)):
                end = "until the server gives it up" if now.left_bytes is not None else "until the disk is full"
                text = f"{name} keeps {size(now.retained_bytes or 0)}: {age(now.full_in_s or 0.0)} {end}"
                yield Tell(Kind.SYNC, level, text, now.role)
            return


def _within(slot: Slot, limit_s: float) -> bool:
    return slot.full_in_s is not None and slot.full_in_s < limit_s


def _dossier(before: Dossier | None, now: Dossier | None) -> Iterator[Tell]:
    if now is None:
        return
    if before is None or before.verdict is not now.verdict:
        level = Level.WARNING if now.verdict is Safety.DIVERGED else Level.INFO
        text = f"a failback is {now.verdict.words}: {now.why}"
        yield Tell(Kind.SYNC, level, text, Role.SECONDARY, {"verdict": now.verdict.value})
    if now.conflicts and not (before is not None and before.conflicts):
        text = f"what the primary had not sent before it failed conflicts with the secondary: {now.tail}"
        yield Tell(Kind.SYNC, Level.BAD, text, Role.SECONDARY, {"conflicts": now.conflicts})
