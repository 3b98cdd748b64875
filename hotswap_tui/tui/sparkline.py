"""A latency graph in one row of characters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.tui.chart_marks import ASCII_ROW, BLOCKS, Ink, columns, marks

if TYPE_CHECKING:
    from hotswap_tui.core.latency import Buckets
    from hotswap_tui.tui.chart_scale import Scale


def sparkline(buckets: Buckets, width: int, scale: Scale, *, ascii_only: bool = False) -> str:
    """Return `width` characters: a bar for each cell, × for a failed check, · for none made, ▲ above the scale."""
    return "".join(glyph for glyph, _ in spark_cells(buckets, width, scale, ascii_only=ascii_only))


def spark_cells(buckets: Buckets, width: int, scale: Scale, *, ascii_only: bool = False) -> list[tuple[str, Ink]]:
    """Return the characters of `sparkline` with their meaning."""
    row = [(" ", Ink.BLANK)] * width
    for mark in marks(columns(buckets, width), scale, 1, ASCII_ROW if ascii_only else BLOCKS):
        row[mark.column] = (mark.glyph, mark.ink)
    return row
