"""An exported screen that looks the same in every viewer.

Textual's SVG trusts the viewer's font for widths: with another font than its own the columns drift, and braille comes from a
fallback of another width. Here every word has its own place, and what must touch its neighbour is a shape.
"""

from __future__ import annotations

import html
import re
from typing import Final

from rich.cells import cell_len

CELL: Final = (12.2, 24.4)
"""Width and height of a character cell in Rich's SVG."""
_ASCENT: Final = 18.5
"""How far a row's baseline lies below the top of its cells."""
_DOT: Final = 4.2
_LINE: Final = 1.6
_SIZE: Final = "20.264px"
"""At this size a character of the first font is exactly as wide as a cell; Rich's 20 px fit its own font less well."""
_FONT: Final = '"DejaVu Sans Mono", "Fira Code", Menlo, Consolas, monospace'
_BRAILLE: Final = (0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80)
"""The dots' bits, by column, from the top (Unicode, Braille Patterns)."""
_ARMS: Final = {
    "─": "lr",
    "│": "ud",
    "┤": "lud",
    "├": "rud",
    "┬": "lrd",
    "┴": "lru",
    "┼": "lrud",
    "┌": "rd",
    "┐": "ld",
    "└": "ru",
    "┘": "lu",
}
_TEXT: Final = re.compile(
    r'<text class="(?P<tone>[^"]+-r\d+)" x="(?P<x>[\d.]+)" y="(?P<y>[\d.]+)"[^>]*>(?P<text>[^<]*)</text>'
)
_DRAWN: Final = f"\u2801-\u28ff▁-█{''.join(_ARMS)}"
_RUNS: Final = re.compile(rf"\s+|[{_DRAWN}]+|[^\s{_DRAWN}]+")
"""Blanks, signs that are drawn as shapes, words."""
_LINE_CLIPS: Final = re.compile(r'<clipPath id="[^"]+-line-\d+">\s*<rect [^>]*/>\s*</clipPath>\s*')
_FONT_FACE: Final = re.compile(r"@font-face \{[^}]*\}\s*")


def cell_exact(svg: str) -> str:
    """Return Textual's exported `svg` with each word and shape in its cells, and without fonts from elsewhere."""
    svg = _FONT_FACE.sub("", _LINE_CLIPS.sub("", svg)).replace("Fira Code, monospace", _FONT)
    return _TEXT.sub(_segment, svg.replace("font-size: 20px", f"font-size: {_SIZE}"))


def _segment(match: re.Match[str]) -> str:
    tone, left, baseline = match["tone"], float(match["x"]), float(match["y"])
    words, shapes = [], []
    for run in _RUNS.findall(html.unescape(match["text"])):
        width = cell_len(run) * CELL[0]
        if path := "".join(_shape(sign, left + i * CELL[0], baseline - _ASCENT) for i, sign in enumerate(run)):
            shapes.append(path)
        elif not run.isspace():
            place = f'x="{left:.1f}" y="{baseline:g}" textLength="{width:.1f}"'
            words.append(f'<text class="{tone}" {place}>{html.escape(run)}</text>')
        left += width
    return "".join(words) + (f'<path class="{tone}" d="{"".join(shapes)}"/>' if shapes else "")


def _shape(character: str, left: float, top: float) -> str:
    if "\u2801" <= character <= "\u28ff":
        return _dots(ord(character), left, top)
    if "▁" <= character <= "█":
        height = (ord(character) - ord("▁") + 1) / 8 * CELL[1]
        return _box(left, top + CELL[1] - height, CELL[0], height)
    return _arms(_ARMS.get(character, ""), left, top)


def _dots(code: int, left: float, top: float) -> str:
    width, height = CELL[0] / 2, CELL[1] / 4
    return "".join(
        _box(left + (column + 0.5) * width - _DOT / 2, top + (row + 0.5) * height - _DOT / 2, _DOT, _DOT)
        for column, bits in enumerate(_BRAILLE)
        for row, bit in enumerate(bits)
        if code & bit
    )


def _arms(arms: str, left: float, top: float) -> str:
    (width, height), half = CELL, _LINE / 2
    middle, centre = left + width / 2, top + height / 2
    boxes = {
        "l": (left, centre - half, width / 2 + half, _LINE),
        "r": (middle - half, centre - half, width / 2 + half, _LINE),
        "u": (middle - half, top, _LINE, height / 2 + half),
        "d": (middle - half, centre - half, _LINE, height / 2 + half),
    }
    return "".join(_box(*boxes[arm]) for arm in arms)


def _box(left: float, top: float, width: float, height: float) -> str:
    return f"M{left:.1f} {top:.1f}h{width:.1f}v{height:.1f}h-{width:.1f}z"
