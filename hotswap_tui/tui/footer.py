"""The bottom line: what can be pressed, or a sentence that has just been said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.tui.cells import LEVEL_TONES, Row, Span, Tone, clip, spans_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotswap_tui.tui.commands import Command
    from hotswap_tui.tui.view import View

_GROUP_GAP = 5
_NARROWEST_GAP = 1
_ONLY_WITH_ROOM = 5
"""Commands of this rank and beyond are left out rather than let the others move together."""


def footer_row(view: View, width: int) -> Row:
    """Return the note while there is one, else the commands with their keys."""
    if view.note is not None:
        return Row(clip((Span(" "), Span(view.note.text, LEVEL_TONES[view.note.level])), width))
    shown = [c for c in view.commands if c.footer and c.id in view.keys and _visible(c, view)]
    for limit in sorted({c.rank for c in shown}, reverse=True):
        kept = [c for c in shown if c.rank <= limit]
        for between in (2,) if limit >= _ONLY_WITH_ROOM else (2, 1):
            spans = _spans(view, kept, between)
            if spans_width(spans) <= width:
                return Row(tuple(spans))
    return Row(clip(tuple(_spans(view, [c for c in shown if c.rank <= 0], 1)), width))


def _visible(command: Command, view: View) -> bool:
    pointless = command.acting and view.snapshot.secondary is None
    return command.enabled(view.snapshot) or not (command.hidden_when_disabled or pointless)


def _spans(view: View, commands: Sequence[Command], between: int) -> list[Span]:
    spans: list[Span] = []
    for acting in (True, False):
        group = [c for c in commands if c.acting is acting]
        if group and spans:
            spans.append(Span(" " * (_GROUP_GAP - between if between > _NARROWEST_GAP else _NARROWEST_GAP)))
        for command in group:
            enabled = command.enabled(view.snapshot)
            word = _word(command, view)
            spans.append(Span(" " * (between if spans else 1)))
            spans.append(Span(view.keys[command.id], Tone.KEY if enabled else Tone.DIM))
            spans.append(Span(f" {word}", Tone.PLAIN if enabled else Tone.DIM))
    return spans


def _word(command: Command, view: View) -> str:
    if command.id == "arm" and not view.snapshot.mode.armed:
        return "Arm"
    return command.footer
