"""What the two databases have in common as a block: each fact in a place of its own, the age of them all at the right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.sync import Relation
from hotswap_tui.core.sync_facts import (
    TROUBLE,
    flow_fact,
    relation_words,
    rows_fact,
    schema_fact,
    sequences_fact,
    slot_fact,
    tables_fact,
    urgency,
    verdict_fact,
)
from hotswap_tui.core.time_words import age
from hotswap_tui.core.values import Role
from hotswap_tui.tui.cells import LEVEL_TONES, Row, Span, Tone, fit, right
from hotswap_tui.tui.event_rows import head_row

if TYPE_CHECKING:
    from hotswap_tui.core.sync import SyncReading
    from hotswap_tui.core.sync_facts import Fact
    from hotswap_tui.tui.view import View

LINES = 5
_WIDE = 118
_LABEL = 15
_GAP = 2
_OLD_LOOKS = 2.5
"""Figures older than so many looks at the pair are marked."""


def tone_of(fact: Fact) -> Tone:
    """Return the tone: only what somebody should look at has a colour."""
    return LEVEL_TONES[fact.level] if fact.level is not None and fact.level in TROUBLE else Tone.PLAIN


def sync_rows(view: View, width: int) -> list[Row]:
    """Return head and facts in LINES lines, side by side where the screen is wide; nothing while nothing is known."""
    reading = view.snapshot.sync
    if reading is None:
        return []
    old_s = view.now_s - reading.read_s
    looks_s = max(view.snapshot.policy.sync_interval_s, view.snapshot.policy.standby_check_interval_s)
    bad = reading.relation in {Relation.SAME, Relation.PROMOTED} or old_s > _OLD_LOOKS * looks_s
    figures = f"{relation_words(reading)}   seen {right(age(old_s), 4)}"
    head = head_row("sync", figures, width, Tone.WARNING if bad else Tone.DIM)
    flows, differences = _flows(view, reading), _differences(view, reading)
    if width < _WIDE:
        chosen = [*flows[: LINES - 2], differences[-1] if reading.dossier is not None else differences[0]]
        return [head, *(Row(_placed(label, fact, width - _GAP)) for label, fact in chosen)]
    half = (width - _GAP) // 2
    pairs = zip(flows, differences, strict=True)
    return [head, *(Row((*_placed(*left, half), Span(" " * _GAP), *_placed(*other, half))) for left, other in pairs)]


def _flows(view: View, reading: SyncReading) -> list[tuple[str, Fact | None]]:
    """Return what leaves each database, the one that serves first, what waits for it on the disk, and what is left out."""
    active = view.snapshot.active
    slots = sorted(reading.slots, key=urgency)
    told: list[tuple[str, Fact | None]] = []
    for source in (active, active.other):
        flow = reading.flow(source)
        told.append((f"to {source.other}", None if flow is None else flow_fact(flow, view.now_s)))
    told.append(("slot", slot_fact(slots[0], view.now_s - reading.read_s) if slots else None))
    return [*told, ("tables", tables_fact(reading))]


def _differences(view: View, reading: SyncReading) -> list[tuple[str, Fact | None]]:
    """Return what differs, and what a failback would lose."""
    serves = view.snapshot.active is Role.SECONDARY
    verdict = verdict_fact(reading.dossier) if serves and reading.dossier is not None else None
    return [
        ("schema", schema_fact(reading.schema, view.now_s)),
        ("sequences", sequences_fact(reading)),
        ("rows about", rows_fact(reading)),
        ("failback", verdict),
    ]


def _placed(label: str, fact: Fact | None, room: int) -> tuple[Span, Span]:
    words = Span("-", Tone.DIM) if fact is None else Span(fact.marked, tone_of(fact))
    return Span(f"  {fit(label, _LABEL - 2)}", Tone.DIM), Span(fit(words.text, room - _LABEL), words.tone)
