"""What stands in which cell of a latency graph, for braille, block and ASCII terminals alike."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap_tui.core.latency import Buckets
    from hotswap_tui.tui.chart_scale import Scale


class Ink(IntEnum):
    """What a character means, and so its colour. The values are the palette numbers handed to plotext."""

    BLANK = 0
    BAR = 1
    FAILED = 2
    QUIET = 3
    AXIS = 4
    OVER = 5


class Mark(NamedTuple):
    """One character in the graph; row 0 is its foot."""

    column: int
    row: int
    glyph: str
    ink: Ink


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters of a terminal. `bar` takes how many of `levels` the left and right half of a cell fill."""

    levels: int
    per_cell: int
    bar: Callable[[int, int], str]
    over: str
    failed: str
    failed_foot: str
    unchecked: str


_LEFT = (0x00, 0x40, 0x44, 0x46, 0x47)
_RIGHT = (0x00, 0x80, 0xA0, 0xB0, 0xB8)


def _braille(left: int, right: int) -> str:
    return chr(0x2800 | _LEFT[left] | _RIGHT[right])


BRAILLE = Glyphs(4, 2, _braille, "▲", "│", "×", "·")
BLOCKS = Glyphs(8, 1, lambda left, right: " ▁▂▃▄▅▆▇█"[max(left, right)], "▲", "│", "×", "·")
ASCII = Glyphs(2, 1, lambda left, right: " :|"[max(left, right)], "^", "!", "x", ".")
ASCII_ROW = Glyphs(4, 1, lambda left, right: " _-=#"[max(left, right)], "^", "!", "x", ".")

Halves: TypeAlias = "tuple[float | None, float | None]"


class Blank(IntEnum):
    """A column without a bar."""

    EMPTY = 0
    """Before the first check, or still to come."""
    UNCHECKED = 1
    FAILED = 2


Column: TypeAlias = "Halves | Blank"


def columns(buckets: Buckets, width: int) -> list[Column]:
    """Return `width` columns that show the newest cells of `buckets`, at the right."""
    shown = min(width, buckets.cells)
    cells = [_column(buckets, cell) for cell in range(buckets.cells - shown, buckets.cells)]
    return [Blank.EMPTY] * (width - shown) + cells


def _column(buckets: Buckets, cell: int) -> Column:
    low, high = cell * buckets.per_cell, (cell + 1) * buckets.per_cell
    if any(buckets.failed[low:high]):
        return Blank.FAILED
    values = buckets.max_ms[low:high]
    if all(ms is None for ms in values):
        known = low < buckets.end and high > buckets.begin
        return Blank.UNCHECKED if known else Blank.EMPTY
    middle = (len(values) + 1) // 2
    return _highest(values[:middle]), _highest(values[middle:] or values)


def _highest(values: tuple[float | None, ...]) -> float | None:
    return max((ms for ms in values if ms is not None), default=None)


def marks(shown: list[Column], scale: Scale, rows: int, glyphs: Glyphs) -> list[Mark]:
    """Return the characters that draw `shown` in `rows` rows."""
    found: list[Mark] = []
    for number, column in enumerate(shown):
        if column is Blank.FAILED:
            found.append(Mark(number, 0, glyphs.failed_foot, Ink.FAILED))
            found.extend(Mark(number, row, glyphs.failed, Ink.FAILED) for row in range(1, rows))
        elif column is Blank.UNCHECKED:
            found.append(Mark(number, 0, glyphs.unchecked, Ink.QUIET))
        elif not isinstance(column, Blank):
            found.extend(_bar(number, column, scale, rows, glyphs))
    return found


def _bar(number: int, halves: Halves, scale: Scale, rows: int, glyphs: Glyphs) -> list[Mark]:
    levels = glyphs.levels
    left, right = (0 if ms is None else scale.height(ms, rows * levels) for ms in halves)
    found = []
    for row in range(-(-max(left, right) // levels)):
        parts = (min(max(filled - row * levels, 0), levels) for filled in (left, right))
        found.append(Mark(number, row, glyphs.bar(*parts), Ink.BAR))
    if any(ms is not None and ms > scale.top_ms for ms in halves):
        found[-1] = Mark(number, rows - 1, glyphs.over, Ink.OVER)
    return found
