"""What the two databases have in common, fact by fact: the screens, `status` and `sync status` say the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hotswap_tui.core.amount_words import about, count, named, size
from hotswap_tui.core.sync import Relation, Safety
from hotswap_tui.core.text import clean
from hotswap_tui.core.time_words import age
from hotswap_tui.core.values import Level, Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap_tui.core.sync import Dossier, Flow, SchemaDrift, SequenceDrift, Slot, SyncReading

SOON_S = 3_600.0
"""A disk that is full within the hour is somebody's night."""
SLOWLY_S = 86_400.0
EXAMPLES = 2
"""So many sequences stand in one line."""
TROUBLE = frozenset({Level.WARNING, Level.BAD})
_CARRIED = frozenset({Relation.LOGICAL, Relation.LOGICAL_BACK, Relation.TWO_WAY})
VERDICT_LEVELS = {Safety.SAFE: Level.GOOD, Safety.NEEDS_SYNC: Level.WARNING, Safety.DIVERGED: Level.BAD}
_RELATION_LEVELS = {Relation.SAME: Level.BAD, Relation.PROMOTED: Level.WARNING}


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact; `level` None: it is neither good nor bad."""

    label: str
    text: str
    level: Level | None = None

    @property
    def marked(self) -> str:
        """Return the text, with the sign of what somebody should look at before it."""
        return f"{self.level.value} {self.text}" if self.level in TROUBLE else self.text


def relation_words(reading: SyncReading) -> str:
    """Return how the two belong together."""
    return reading.relation.words


def lag_words(flow: Flow, now_s: float, write_rate: float | None = None) -> str:
    """Return how far the target is behind in seconds, rows where their rate is known, and bytes, with the figures' age."""
    known = []
    if flow.lag_s is not None:
        known.append(f"{age(flow.lag_s)} behind")
        known += [about(write_rate * flow.lag_s, "row")] if write_rate and flow.lag_bytes != 0 else []
    if flow.lag_bytes is not None:
        known.append(size(flow.lag_bytes) if known else f"{size(flow.lag_bytes)} behind")
    if not known:
        return "how far behind is not known"
    return ", ".join([*known, seen(flow.measured_s, now_s)] if flow.measured_s is not None else known)


def seen(at_s: float | None, now_s: float) -> str:
    """Return the age of a figure."""
    return "never seen" if at_s is None else f"seen {age(now_s - at_s)} ago"


def flow_fact(flow: Flow, now_s: float) -> Fact:
    """Return what becomes of the writes that leave one database."""
    label = f"to {flow.source.other}"
    if not flow.streaming:
        why = clean(flow.error) or "nobody reads its slot"
        return Fact(label, f"STOPPED: {why}; {lag_words(flow, now_s)}", Level.BAD)
    failures = f"; {count(flow.errors, 'failure')} before" if flow.errors else ""
    return Fact(label, lag_words(flow, now_s) + failures, Level.GOOD if flow.lag_s is not None else None)


def slot_fact(slot: Slot, old_s: float) -> Fact:
    """Return what a slot keeps on the disk, and how long there is room for it, as it was read `old_s` seconds ago."""
    name = f"{clean(slot.name, 64)} on the {slot.role}"
    if slot.lost:
        return Fact("slot", f"LOST: {name}; the server gave up what it kept, set replication up again", Level.BAD)
    kept = f"keeps {size(slot.retained_bytes)}" if slot.retained_bytes is not None else "keeps nothing known"
    idle = "" if slot.active else ", nobody reads it"
    if slot.full_in_s is None:
        return Fact("slot", f"{kept}{idle}: {name}", None if slot.active else Level.WARNING)
    end = "lost" if slot.left_bytes is not None else "disk full"
    left_s = max(slot.full_in_s - old_s, 0.0)
    level = Level.BAD if left_s < SOON_S else Level.WARNING if left_s < SLOWLY_S or idle else None
    return Fact("slot", f"{kept}, {end} in {age(left_s)}{idle}: {name}", level)


def urgency(slot: Slot) -> tuple[bool, float, int]:
    """Order slots: the lost ones first, then those that end first, then those that keep most."""
    ends_s = float("inf") if slot.full_in_s is None else slot.full_in_s
    return (not slot.lost, ends_s, -(slot.retained_bytes or 0))


def tables_fact(reading: SyncReading) -> Fact | None:
    """Return which tables replication leaves out; None where it does not go by tables."""
    if reading.relation not in _CARRIED or not reading.flows:
        return None
    told = []
    for flow in reading.flows:
        way = f" to the {flow.source.other}" if len(reading.flows) > 1 else ""
        if flow.missing:
            told.append(f"{flow.missing} not carried{way}: {named(flow.missing_tables, flow.missing)}")
        if flow.not_ready:
            told.append(f"{flow.not_ready} still being copied{way}: {named(flow.not_ready_tables, flow.not_ready)}")
    return Fact("tables", "; ".join(told), Level.WARNING) if told else Fact("tables", "all carried", Level.GOOD)


def schema_fact(drift: SchemaDrift | None, now_s: float) -> Fact | None:
    """Return how the two catalogues differ; None: not compared yet."""
    if drift is None:
        return None
    compared = f"compared {age(now_s - drift.read_s)} ago"
    if not drift.differences:
        return Fact("schema", f"alike, {compared}", Level.GOOD)
    first = f": {clean(drift.examples[0])}" if drift.examples else ""
    return Fact("schema", f"{count(drift.differences, 'difference')}, {compared}{first}", Level.WARNING)


def sequences_fact(reading: SyncReading) -> Fact | None:
    """Return how many sequences would repeat keys; None: not compared yet."""
    behind = reading.sequences_behind
    if behind is None:
        return None
    if not behind:
        return Fact("sequences", "none behind", Level.GOOD)
    examples = [sequence_words(sequence) for sequence in reading.sequences]
    shown = f": {named(examples, behind, EXAMPLES)}" if examples else ""
    # Logical replication never carries them; a switch moves them ahead.
    level = None if reading.relation in _CARRIED else Level.WARNING
    return Fact("sequences", f"{behind:,} behind{shown}", level)


def sequence_words(sequence: SequenceDrift) -> str:
    """Return one sequence with both of its values."""
    other = "missing there" if sequence.other is None else f"there {sequence.other}"
    return f"{clean(sequence.name, 40)} {sequence.serving}, {other}"


def rows_fact(reading: SyncReading) -> Fact | None:
    """Return the estimates of both sides; None where neither is known."""
    sides = ((Role.PRIMARY, reading.primary_rows), (Role.SECONDARY, reading.secondary_rows))
    if all(rows is None for _, rows in sides):
        return None
    return Fact("rows about", ", ".join(f"{role} {'?' if rows is None else f'{rows:,}'}" for role, rows in sides))


def verdict_fact(dossier: Dossier) -> Fact:
    """Return what a failback would lose, in one line."""
    rows = f", {count(dossier.rows, 'row')} counted" if dossier.rows else ""
    words = f"{dossier.verdict.words}{rows}: {clean(dossier.why)}"
    return Fact("failback", words, VERDICT_LEVELS[dossier.verdict])


def problems(reading: SyncReading) -> list[Fact]:
    """Return which database could not be read, and why."""
    sides = ((Role.PRIMARY, reading.primary_error), (Role.SECONDARY, reading.secondary_error))
    return [Fact("not read", f"{role}: {clean(why)}", Level.WARNING) for role, why in sides if why]


def summary(reading: SyncReading, active: Role, now_s: float) -> str:
    """Return how the data stands in one line: the relation, how far the other database is behind, and what is wrong."""
    told = [relation_words(reading)]
    flow = reading.flow(active)
    if flow is not None:
        told.append(flow_fact(flow, now_s).text)
    else:
        told[0] += f", {seen(reading.read_s, now_s)}"
    slots = [slot_fact(slot, now_s - reading.read_s) for slot in sorted(reading.slots, key=urgency)]
    wrong = [*slots[:1], tables_fact(reading), schema_fact(reading.schema, now_s), sequences_fact(reading)]
    troubled = (fact for fact in (*problems(reading), *wrong) if fact is not None and fact.level in TROUBLE)
    return "; ".join([*told, *(f"{fact.label} {fact.text}" for fact in troubled)])


def facts(reading: SyncReading, now_s: float) -> list[Fact]:
    """Return everything, a line each, in an order that never changes."""
    return list(_facts(reading, now_s))


def _facts(reading: SyncReading, now_s: float) -> Iterator[Fact]:
    words = f"{relation_words(reading)}, {seen(reading.read_s, now_s)}"
    yield Fact("data", words, _RELATION_LEVELS.get(reading.relation))
    yield from problems(reading)
    if reading.dossier is not None:
        yield verdict_fact(reading.dossier)
    yield from (flow_fact(flow, now_s) for flow in reading.flows)
    yield from (slot_fact(slot, now_s - reading.read_s) for slot in sorted(reading.slots, key=urgency))
    yield from (
        fact
        for fact in (
            tables_fact(reading),
            schema_fact(reading.schema, now_s),
            sequences_fact(reading),
            rows_fact(reading),
        )
        if fact is not None
    )
    if reading.write_rate is not None:
        yield Fact("writes", f"{reading.write_rate:.1f} rows/s on the database that serves")
