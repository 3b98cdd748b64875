"""Lines of the screen out of characters or plotext's escape sequences, and the part of them that changed."""

from __future__ import annotations

import re
from itertools import groupby, zip_longest
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.strip import Strip

from hotswap_tui.tui.chart_marks import Ink

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rich.style import Style

_SGR = re.compile(r"\x1b\[(?:38;5;(\d+)|0)m")


def from_cells(cells: Iterable[tuple[str, Ink]], styles: Mapping[Ink, Style]) -> Strip:
    """Return a strip of single-width characters, neighbours of one ink in one segment."""
    runs = [("".join(glyph for glyph, _ in run), ink) for ink, run in groupby(cells, key=lambda cell: cell[1])]
    return _strip(runs, styles)


def from_ansi(line: str, styles: Mapping[Ink, Style]) -> Strip:
    """Return a strip of a line whose only escape sequences are a palette number, which is an Ink, and the reset."""
    parts = _SGR.split(line)
    runs = [(parts[0], Ink.BLANK)]
    runs += [(text, Ink(int(code or 0))) for code, text in zip(parts[1::2], parts[2::2], strict=True)]
    return _strip(runs, styles)


def _strip(runs: Iterable[tuple[str, Ink]], styles: Mapping[Ink, Style]) -> Strip:
    segments = [Segment(text, styles[ink]) for text, ink in runs if text]
    return Strip(segments, sum(len(segment.text) for segment in segments))


def first_difference(old: Strip, new: Strip) -> int | None:
    """Return the first column in which two lines of single-width characters differ, None where they are equal."""
    column = 0
    for one, other in zip_longest(old, new):
        if one == other:
            column += len(one.text)
            continue
        if one is None or other is None or one.style != other.style:
            return column
        same = zip(one.text, other.text, strict=False)
        return column + next((at for at, (a, b) in enumerate(same) if a != b), min(len(one.text), len(other.text)))
    return None
