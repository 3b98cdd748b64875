"""The bottom line: what can be pressed, or a sentence that has just been said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.tui.cells import LEVEL_TONES, Row, Span, Tone, clip, ends, spans_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotswap_tui.tui.commands import Command
    from hotswap_tui.tui.view import View

_GROUP_GAP = 5
_NARROWEST_GAP = 1
_ONLY_WITH_ROOM = 5
"""Commands of this rank and beyond are left out rather than let the others move together."""
_DISABLED = 4


def footer_row(view: View, width: int) -> Row:
    """Return the commands with their keys, a note at their right; where both do not fit the note stands alone for a while."""
    if view.note is None:
        return Row(tuple(_keys(view, width)))
    note = (Span(view.note.text, LEVEL_TONES[view.note.level]), Span(" "))
    room = width - spans_width(note) - _GROUP_GAP
    keys = _keys(view, width)
    if spans_width(keys) <= room:
        return ends(keys, note, width)
    if view.clock_s < view.note.alone_until_s:
        return Row(clip((Span(" "), *note), width))
    return Row(tuple(keys))


def _keys(view: View, width: int) -> list[Span]:
    shown = [c for c in view.commands if c.footer and c.id in view.keys and _visible(c, view)]
    for limit in sorted({_rank(c, view) for c in shown}, reverse=True):
        kept = [c for c in shown if _rank(c, view) <= limit]
        for between in (2,) if limit >= _ONLY_WITH_ROOM else (2, 1):
            spans = _spans(view, kept, between)
            if spans_width(spans) <= width:
                return spans
    return list(clip(tuple(_spans(view, [c for c in shown if _rank(c, view) <= 0], 1)), width))


def _rank(command: Command, view: View) -> int:
    """Return what goes first: what cannot be pressed now is the least loss."""
    return command.rank if command.enabled(view.snapshot) else max(command.rank, _DISABLED)


def _visible(command: Command, view: View) -> bool:
    pointless = command.acting and view.snapshot.secondary is None
    return command.enabled(view.snapshot) or not (command.hidden_when_disabled or pointless)


def _groups(commands: Sequence[Command]) -> list[list[Command]]:
    """Return what acts, what others added under a heading, and what looks."""
    acting = [c for c in commands if c.acting and not c.heading]
    added = [c for c in commands if c.heading]
    looking = [c for c in commands if not c.acting and not c.heading]
    return [group for group in (acting, added, looking) if group]


def _spans(view: View, commands: Sequence[Command], between: int) -> list[Span]:
    spans: list[Span] = []
    for group in _groups(commands):
        if spans:
            spans.append(Span(" " * (_GROUP_GAP - between if between > _NARROWEST_GAP else 0)))
        for command in group:
            enabled = command.enabled(view.snapshot)
            spans.append(Span(" " * (between if spans else 1)))
            spans.append(Span(view.keys[command.id], Tone.KEY if enabled else Tone.DIM))
            spans.append(Span(f" {command.word(view.snapshot)}", Tone.PLAIN if enabled else Tone.DIM))
    return spans
