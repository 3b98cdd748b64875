"""The time axis under the graphs, with a mark where traffic was switched."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from hotswap_tui.tui.chart import gutter
from hotswap_tui.tui.chart_canvas import Canvas
from hotswap_tui.tui.chart_marks import Ink
from hotswap_tui.tui.strips import from_cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.style import Style
    from textual.strip import Strip

    from hotswap_tui.core.latency import Buckets

NOW = "now"


def span_text(seconds: float) -> str:
    """Return a span as a person says it: 5m, 2m30s, 12h."""
    whole = round(seconds)
    parts = ((whole // 3600, "h"), (whole // 60 % 60, "m"), (whole % 60, "s"))
    return "".join(f"{count}{unit}" for count, unit in parts if count) or "0s"


def ruler(width: int, cell_s: float, window_s: float, marks: Sequence[int], mark: str) -> str:
    """Return the ruler of a graph `width` columns wide whose last column, `cell_s` long, is now.

    Labels stand at fixed columns; one that has no room beside another, or beside a mark at one of the columns `marks`, stays
    away.
    """
    cells = [" "] * width
    for column in marks:
        if 0 <= column < width:
            cells[column] = mark
    last = width - 1
    left = max(last - round(window_s / cell_s), 0)
    middle_text = f"-{span_text(window_s / 2)}"
    middle = last - round(window_s / 2 / cell_s) - len(middle_text) // 2
    for text, wanted in ((NOW, width - len(NOW)), (f"-{span_text(window_s)}", left), (middle_text, middle)):
        _place(cells, text, wanted)
    return "".join(cells)


def _place(cells: list[str], text: str, start: int) -> None:
    end = start + len(text)
    free = all(cell == " " for cell in cells[max(start - 1, 0) : end + 1])
    if start >= 0 and end <= len(cells) and free:
        cells[start:end] = text


class TimeRuler(Canvas):
    """One row: the window's begin, its middle, now, and the switches."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"time-ruler--label", "time-ruler--switch"}
    DEFAULT_CSS = """
    TimeRuler { height: 1; }
    TimeRuler > .time-ruler--label { color: $text-muted; }
    TimeRuler > .time-ruler--switch { color: $warning; text-style: bold; }
    """

    def __init__(self, *, ascii_only: bool = False, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._mark = "|" if ascii_only else "↕"
        self._shown: tuple[int, float, float, tuple[int, ...]] | None = None

    def update(self, buckets: Buckets, window_s: float, switches_s: Sequence[float] = ()) -> bool:
        """Rule the graph of `buckets`; monotonic seconds; return whether anything was to be drawn."""
        marks = tuple(sorted({buckets.cell_of(at_s) for at_s in switches_s} & set(range(buckets.cells))))
        shown = (buckets.cells, buckets.step_s * buckets.per_cell, window_s, marks)
        if shown == self._shown:
            return False
        self._shown = shown
        self.repaint()
        return True

    def paint(self) -> list[Strip]:
        """Return the row; blank before the first update."""
        width = self.size.width
        left = gutter(width)
        text = " " * width
        if self._shown is not None:
            cells, cell_s, window_s, marks = self._shown
            offset = width - left - cells
            text = " " * left + ruler(width - left, cell_s, window_s, [offset + cell for cell in marks], self._mark)
        row = [(glyph, Ink.FAILED if glyph == self._mark else Ink.AXIS) for glyph in text]
        blank = from_cells([(" ", Ink.BLANK)] * width, self._styles())
        return [from_cells(row, self._styles())] + [blank] * (self.size.height - 1)

    def _styles(self) -> dict[Ink, Style]:
        return {
            Ink.BLANK: self.rich_style,
            Ink.AXIS: self.get_component_rich_style("time-ruler--label"),
            Ink.FAILED: self.get_component_rich_style("time-ruler--switch"),
        }
