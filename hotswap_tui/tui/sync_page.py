"""The data on the whole screen: everything that is known of the pair, and of what was written on the secondary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.amount_words import NAMED
from hotswap_tui.core.dossier_words import dossier_lines
from hotswap_tui.core.risk_words import risk_sentences
from hotswap_tui.core.sync_facts import EXAMPLES, facts, sequence_words
from hotswap_tui.core.text import clean
from hotswap_tui.core.values import Level
from hotswap_tui.tui.cells import BLANK, LEVEL_TONES, Row, Tone
from hotswap_tui.tui.detail_rows import labelled
from hotswap_tui.tui.full_pages import TextPage
from hotswap_tui.tui.sync_table import tone_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hotswap_tui.core.sync import SyncReading
    from hotswap_tui.tui.view import View

_NAME = 80


class SyncPage(TextPage):
    """Everything that is known about the data; arrows scroll."""

    heading = "sync"

    def text(self, view: View, width: int) -> list[Row]:
        """Return the facts, examples of what differs, and what a switch would lose now."""
        return sync_page_rows(view, width)


def sync_page_rows(view: View, width: int) -> list[Row]:
    """Return the page, for the screen and for files."""
    reading = view.snapshot.sync
    if reading is None:
        off = not view.snapshot.policy.sync_interval_s
        why = "DB_SYNC_CHECK_INTERVAL is 0: nobody looks" if off else "the pair has not been looked at yet"
        return labelled("data", why, width)
    rows = [
        line
        for fact in facts(reading, view.now_s)
        if fact.label != "failback"
        for line in labelled(fact.label, fact.marked, width, tone_of(fact))
    ]
    for label, texts in _sections(view, reading):
        rows += [BLANK, *_listed(label, texts, width)] if texts else []
    return rows if reading.dossier is not None else rows + _risks(view, width)


def _sections(view: View, reading: SyncReading) -> Iterator[tuple[str, Sequence[str]]]:
    yield "failback", [] if reading.dossier is None else dossier_lines(reading.dossier, view.now_s)
    examples = () if reading.schema is None else reading.schema.examples
    yield "schema", [clean(line) for line in examples] if len(examples) > 1 else []
    sequences = [sequence_words(sequence) for sequence in reading.sequences]
    yield "sequences", sequences if len(sequences) > EXAMPLES else []
    yield (
        "rows about",
        [
            f"{clean(table.name, _NAME)}: primary {_many(table.primary)}, secondary {_many(table.secondary)}"
            for table in reading.tables
        ],
    )
    missing = [clean(name, _NAME) for flow in reading.flows for name in flow.missing_tables]
    yield "not carried", missing if len(missing) > NAMED else []


def _many(rows: int | None) -> str:
    return "?" if rows is None else f"{rows:,}"


def _listed(label: str, texts: Sequence[str], width: int) -> list[Row]:
    return [line for index, text in enumerate(texts) for line in labelled("" if index else label, text, width)]


def _risks(view: View, width: int) -> list[Row]:
    """Return what a switch to the database that does not serve would lose now."""
    target = view.snapshot.active.other
    rows = [BLANK]
    for index, (text, level) in enumerate(risk_sentences(view.snapshot, target, view.now_s)):
        tone = Tone.PLAIN if level is Level.INFO else LEVEL_TONES[level]
        rows += labelled("" if index else "a switch now", text, width, tone)
    return rows
