"""plotext behind a narrow door: one figure for each graph, marks in, coloured lines out."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from hotswap_tui.tui.chart_marks import Ink, Mark

if TYPE_CHECKING:
    from hotswap_tui.tui.chart_scale import Scale

GUTTER = 7
"""Cells left of the graph: six for the label, one for the axis."""
_ASCII_AXIS = str.maketrans("┤│", "+|")


class Plot:
    """Draw one graph with plotext 5.3."""

    def __init__(self) -> None:
        # Its import takes 0.1 s, too long for a first frame. The module-level figure is shared by whoever plots, hence
        # one of our own, as textual-plotext does.
        figure: Any = import_module("plotext._figure")._figure_class()  # noqa: SLF001
        figure._limit_size(False, False)  # noqa: SLF001
        figure.theme("clear")
        figure.xaxes(False, False)
        figure.yaxes(True, False)
        self._figure = figure

    def draw(self, marks: list[Mark], scale: Scale, width: int, rows: int, *, ascii_only: bool) -> list[str]:
        """Return `rows` lines, `width` columns of graph after the gutter; the escape sequences carry Ink numbers.

        The marks are glyphs already: letting plotext fill braille dots costs four times as much.
        """
        figure = self._figure
        figure.clear_data()
        figure.plot_size(GUTTER + width, rows)
        figure.xlim(0, max(width - 1, 1))
        figure.ylim(0, max(rows - 1, 1))
        figure.ticks_color(int(Ink.AXIS))
        ticks = scale.ticks(rows)
        figure.yticks([row for row, _ in ticks], [f"{label:>{GUTTER - 1}}" for _, label in ticks])
        figure.xticks([])
        # Without any signal plotext leaves out the axis.
        figure.scatter([0], [0], marker=" ", color=int(Ink.BAR))
        for ink in (Ink.BAR, Ink.OVER, Ink.FAILED, Ink.QUIET):
            of_ink = [mark for mark in marks if mark.ink is ink]
            if of_ink:
                glyphs = [mark.glyph for mark in of_ink]
                figure.scatter([m.column for m in of_ink], [m.row for m in of_ink], marker=glyphs, color=int(ink))
        lines = cast("str", figure.build()).splitlines()
        return [line.translate(_ASCII_AXIS) for line in lines] if ascii_only else lines
