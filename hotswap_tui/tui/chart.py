"""The latency graph of one database."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from hotswap_tui.tui.chart_canvas import Canvas
from hotswap_tui.tui.chart_marks import ASCII, BRAILLE, Ink, columns, marks
from hotswap_tui.tui.chart_plot import GUTTER, Plot
from hotswap_tui.tui.chart_scale import Scale, label_ms
from hotswap_tui.tui.sparkline import spark_cells
from hotswap_tui.tui.strips import from_ansi, from_cells

if TYPE_CHECKING:
    from rich.style import Style
    from textual.strip import Strip

    from hotswap_tui.core.latency import Buckets

GUTTER_FROM_WIDTH = 24
"""A narrower graph has no axis."""


def gutter(width: int) -> int:
    """Return how many columns of a chart `width` wide its axis takes."""
    return GUTTER if width >= GUTTER_FROM_WIDTH else 0


class LatencyChart(Canvas):
    """Show buckets of latencies: braille bars by plotext, a strip of blocks where there is one row only.

    A passed check is a bar, ▲ at its top when it exceeds the axis; a failed one stands full height, × at its foot; · is
    no check made. Hand in buckets of `points` and `per_cell`, the first of them after the first frame, since plotext is
    imported then.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "latency-chart--bar",
        "latency-chart--over",
        "latency-chart--failed",
        "latency-chart--quiet",
        "latency-chart--axis",
    }
    DEFAULT_CSS = """
    LatencyChart { height: 3; }
    LatencyChart > .latency-chart--bar { color: $success; }
    LatencyChart > .latency-chart--over { color: $warning; text-style: bold; }
    LatencyChart > .latency-chart--failed { color: $error; text-style: bold; }
    LatencyChart > .latency-chart--quiet { color: $text-muted; }
    LatencyChart > .latency-chart--axis { color: $text-muted; }
    """

    def __init__(self, *, ascii_only: bool = False, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._ascii_only = ascii_only
        self._buckets: Buckets | None = None
        self._scale = Scale()
        self._plot: Plot | None = None

    @property
    def per_cell(self) -> int:
        """Return how many buckets share a column: two in braille, else one."""
        return BRAILLE.per_cell if self.size.height > 1 and not self._ascii_only else 1

    @property
    def points(self) -> int:
        """Return how many buckets fill the graph at its present size; at least one cell."""
        width = self.size.width
        return max(width - gutter(width), 1) * self.per_cell

    def update(self, buckets: Buckets, scale: Scale) -> bool:
        """Show `buckets` on `scale`; return whether anything was to be drawn."""
        old = self._buckets
        if old is not None and scale == self._scale and _picture(old) == _picture(buckets):
            self._buckets = buckets
            return False
        self._buckets, self._scale = buckets, scale
        self.repaint()
        return True

    def paint(self) -> list[Strip]:
        """Return the rows, blank before the first update."""
        width, rows = self.size
        styles = self._styles()
        if self._buckets is None:
            return [from_cells([(" ", Ink.BLANK)] * width, styles)] * rows
        if rows == 1:
            return [from_cells(self._row(self._buckets, width), styles)]
        if self._plot is None:
            self._plot = Plot()
        glyphs = ASCII if self._ascii_only else BRAILLE
        left = gutter(width)
        shown = marks(columns(self._buckets, width - left), self._scale, rows, glyphs)
        lines = self._plot.draw(shown, self._scale, width - left, rows, ascii_only=self._ascii_only)
        strips = [from_ansi(line, styles) for line in lines]
        return strips if left else [strip.crop(GUTTER, GUTTER + width) for strip in strips]

    def _row(self, buckets: Buckets, width: int) -> list[tuple[str, Ink]]:
        left = gutter(width)
        axis = f"{label_ms(self._scale.top_ms):>{GUTTER - 1}}{'+' if self._ascii_only else '┤'}"[:left]
        spark = spark_cells(buckets, width - left, self._scale, ascii_only=self._ascii_only)
        return [(glyph, Ink.AXIS) for glyph in axis] + spark

    def _styles(self) -> dict[Ink, Style]:
        inked = (ink for ink in Ink if ink is not Ink.BLANK)
        styles: dict[Ink, Style] = {
            ink: self.get_component_rich_style(f"latency-chart--{ink.name.lower()}") for ink in inked
        }
        styles[Ink.BLANK] = self.rich_style
        return styles


def _picture(buckets: Buckets) -> tuple[object, ...]:
    """Return what of `buckets` can be seen."""
    return (buckets.per_cell, buckets.begin, buckets.end, buckets.max_ms, buckets.failed)
