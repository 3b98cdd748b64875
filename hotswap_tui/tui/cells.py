"""Rows of styled text measured in terminal cells; pure values that widgets turn into strips."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING
from unicodedata import category, normalize

from rich.cells import cell_len, set_cell_size

from hotswap_tui.core.text import clean
from hotswap_tui.core.values import Level

if TYPE_CHECKING:
    from collections.abc import Iterable

ELLIPSIS = "…"
_LONGEST = 4000
_WITHOUT_WIDTH = frozenset({"Mn", "Me"})
_BREAK_AFTER = 3
"""A word is cut rather than moved to the next line when less than a third of the line would be used."""


class Tone(StrEnum):
    """What a piece of text means; the stylesheet gives it a colour."""

    PLAIN = "plain"
    DIM = "dim"
    STRONG = "strong"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    KEY = "key"
    TITLE = "title"


LEVEL_TONES = {Level.INFO: Tone.DIM, Level.GOOD: Tone.GOOD, Level.WARNING: Tone.WARNING, Level.BAD: Tone.BAD}


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of one line in one tone."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the screen."""

    spans: tuple[Span, ...] = ()
    selected: bool = False

    @property
    def text(self) -> str:
        """Return the line without its tones."""
        return "".join(span.text for span in self.spans)


BLANK = Row()


def row(*spans: Span | str, selected: bool = False) -> Row:
    """Return a row; plain strings are spans without a tone."""
    return Row(tuple(Span(span) if isinstance(span, str) else span for span in spans), selected)


@lru_cache(maxsize=2048)
def printable(text: str) -> str:
    """Return `text` with nothing in it that could move the cursor, colour the screen or break the line.

    Characters without a width of their own go as well: terminals disagree about them. Blanks stay where they are.
    """
    if text.isascii() and text.isprintable():
        return text
    safe = normalize("NFC", text if text.isprintable() else clean(text, _LONGEST))
    return "".join(c for c in safe if c.isprintable() and category(c) not in _WITHOUT_WIDTH)


def width_of(text: str) -> int:
    """Return how many cells `text` takes."""
    return len(text) if text.isascii() else cell_len(text)


def fit(text: str, width: int) -> str:
    """Return `text` in exactly `width` cells, cut with an ellipsis or filled with blanks."""
    if width <= 0:
        return ""
    safe = printable(text)
    have = width_of(safe)
    if have <= width:
        return safe + " " * (width - have)
    return set_cell_size(set_cell_size(safe, width - 1) + ELLIPSIS, width)


def right(text: str, width: int) -> str:
    """Return `text` at the right end of exactly `width` cells."""
    have = width_of(text)
    return " " * (width - have) + text if have <= width else fit(text, width)


def spans_width(spans: Iterable[Span]) -> int:
    """Return how many cells the spans take together."""
    return sum(width_of(span.text) for span in spans)


def ends(left: Iterable[Span], right_hand: Iterable[Span], width: int) -> Row:
    """Return a row with `left` and `right_hand` at its ends; the left gives way."""
    tail = tuple(right_hand)
    room = width - spans_width(tail)
    if room < 1:
        return Row(clip(tail, width))
    head = clip(tuple(left), room)
    gap = room - spans_width(head)
    return Row((*head, Span(" " * gap), *tail))


def clip(spans: tuple[Span, ...], width: int) -> tuple[Span, ...]:
    """Return the spans cut to at most `width` cells, with an ellipsis where something was cut."""
    kept: list[Span] = []
    room = width
    for index, span in enumerate(spans):
        text = printable(span.text)
        have = width_of(text)
        more = index + 1 < len(spans) and spans_width(spans[index + 1 :]) > room - have
        if have <= room and not (more and have == room):
            kept.append(Span(text, span.tone))
            room -= have
            continue
        if room > 0:
            kept.append(Span(fit(text + " " * width, room), span.tone))
        break
    return tuple(kept)


def wrap(text: str, width: int) -> list[str]:
    """Return `text` broken into lines of at most `width` cells, at blanks where there are any."""
    width = max(width, 2)
    lines, line = [], ""
    for word in printable(text).split(" "):
        candidate = f"{line} {word}" if line else word
        if width_of(candidate) <= width:
            line = candidate
            continue
        if line and (width_of(word) <= width or width_of(line) * _BREAK_AFTER > width):
            lines.append(line)
            candidate = word
        *whole, line = _chop(candidate, width)
        lines += whole
    return [*lines, line]


def pack(items: Iterable[str], width: int) -> list[str]:
    """Return `items` two blanks apart in lines of at most `width` cells, each item whole unless it alone is too long."""
    lines: list[str] = []
    for item in items:
        if lines and width_of(lines[-1]) + 2 + width_of(item) <= width:
            lines[-1] += f"  {item}"
        else:
            lines.append(item)
    return [fit(line, width).rstrip() for line in lines] or [""]


def _chop(text: str, width: int) -> list[str]:
    pieces, piece, used = [], "", 0
    for character in text:
        wide = width_of(character)
        if used + wide > width:
            pieces.append(piece)
            piece, used = "", 0
        piece += character
        used += wide
    return [*pieces, piece]
