"""Events as rows: time, sign, sentence."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from hotswap_tui.core.values import Kind
from hotswap_tui.tui.cells import LEVEL_TONES, Row, Span, Tone, fit, printable, width_of, wrap
from hotswap_tui.tui.view import local

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotswap_tui.core.values import Event


_INDENT = len("HH:MM:SS  · ")
_TIMES, _LAST = "times", "last"
_SOCKET = re.compile(r" at (?:/\S+|\[?[\w.:-]+\]?:\d+)(?=:)")
_SAID_TWICE = re.compile(r"PgBouncer cannot be read: (?=PgBouncer )")


def event_row(event: Event, width: int, *, selected: bool = False) -> Row:
    """Return one event in `width` cells, its details in parentheses left out first."""
    return _event_lines(
        event, [fit(fitting(event, max(width - _INDENT, 0)), max(width - _INDENT, 0))], selected=selected
    )[0]


def wrapped_event(event: Event, width: int, *, selected: bool = False) -> list[Row]:
    """Return one event in full, in as many lines of `width` cells as it needs."""
    words = wrap(f"{event.text}{_times(event)}", max(width - _INDENT, 2))
    return _event_lines(event, [fit(line, width - _INDENT) for line in words], selected=selected)


def _event_lines(event: Event, lines: Sequence[str], *, selected: bool) -> list[Row]:
    tone = LEVEL_TONES[event.level]
    head = (Span(f"{local(event.wall_s):%H:%M:%S}  ", Tone.DIM), Span(f"{event.level.value} ", tone))
    heads = [head, *((Span(" " * _INDENT),) for _ in lines[1:])]
    return [Row((*start, Span(line, _words_tone(tone))), selected) for start, line in zip(heads, lines, strict=True)]


def fitting(event: Event, room: int) -> str:
    """Return the event's words in `room` cells: without their parentheses, the longest first, then without where it was.

    A reason stands at the end of its sentence, and would be cut first.
    """
    text, times = printable(event.text), _times(event)
    while width_of(text + times) > room and (groups := _parentheses(text)):
        begin, end = max(groups, key=lambda group: group[1] - group[0])
        text = text[:begin].rstrip() + text[end:]
    for needless in (_SOCKET, _SAID_TWICE):
        if width_of(text + times) > room:
            text = needless.sub("", text)
    return fit(text, room - width_of(times)).rstrip() + times if width_of(text + times) > room else text + times


def _parentheses(text: str) -> list[tuple[int, int]]:
    """Return where the outer parentheses of `text` begin and end."""
    found, depth, begin = [], 0, 0
    for index, character in enumerate(text):
        if character == "(":
            begin = begin if depth else index
            depth += 1
        elif character == ")" and depth:
            depth -= 1
            if not depth:
                found.append((begin, index + 1))
    return found


def _times(event: Event) -> str:
    return f" ({event.data[_TIMES]} times, last {event.data[_LAST]})" if _TIMES in event.data else ""


def folded(events: Sequence[Event]) -> list[Event]:
    """Return `events` with each run of equal retries as one, which counts them; it keeps the first one's number and time."""
    made: list[Event] = []
    for _, run in groupby(events, key=lambda e: (e.kind, e.text) if e.kind is Kind.RETRYING else e.id):
        first, *more = run
        if more:
            last = f"{local(more[-1].wall_s):%H:%M:%S}"
            first = replace(first, data={**first.data, _TIMES: 1 + len(more), _LAST: last})
        made.append(first)
    return made


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
