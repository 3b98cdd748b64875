"""Events as rows: time, sign, sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.tui.cells import LEVEL_TONES, Row, Span, Tone, fit
from hotswap_tui.tui.view import local

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotswap_tui.core.values import Event


def event_row(event: Event, width: int, *, selected: bool = False) -> Row:
    """Return one event in `width` cells."""
    when = f"{local(event.wall_s):%H:%M:%S}  "
    tone = LEVEL_TONES[event.level]
    words = fit(event.text, max(width - len(when) - 2, 0))
    return Row((Span(when, Tone.DIM), Span(f"{event.level.value} ", tone), Span(words, _words_tone(tone))), selected)


def _words_tone(tone: Tone) -> Tone:
    return Tone.PLAIN if tone is Tone.DIM else tone


def head_row(title: str, figures: str, width: int, tone: Tone = Tone.DIM) -> Row:
    """Return a section's head: a rule with its title at the left and figures at the right."""
    left = f"─ {title} "
    right_hand = f" {figures} ──" if figures else ""
    rule = "─" * max(width - len(left) - len(right_hand), 0)
    return Row(
        (Span("─ ", Tone.DIM), Span(title, Tone.TITLE), Span(fit(f" {rule}{right_hand}", width - 2 - len(title)), tone))
    )


def matching(events: Sequence[Event], text: str) -> list[Event]:
    """Return the events that contain `text` in their words, kind, role or time; every one for an empty text."""
    wanted = text.lower()
    if not wanted:
        return list(events)
    return [event for event in events if wanted in _searched(event)]


def _searched(event: Event) -> str:
    return f"{local(event.wall_s):%H:%M:%S} {event.kind} {event.role or ''} {event.text}".lower()
