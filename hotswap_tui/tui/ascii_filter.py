"""The last thing before the terminal: every sign that it may not have becomes one that it has, of the same width."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING
from unicodedata import normalize

from rich.cells import cell_len
from rich.segment import Segment
from textual.filter import LineFilter

from hotswap_tui.core.ascii_signs import SIGNS

if TYPE_CHECKING:
    from textual.color import Color


@lru_cache(maxsize=2048)
def to_ascii(text: str) -> str:
    """Return `text` in ASCII, cell for cell: letters lose their accents, the rest becomes `?`."""
    if text.isascii():
        return text
    return "".join(c if c.isascii() else _letter(c) for c in text.translate(SIGNS))


def _letter(character: str) -> str:
    width = cell_len(character)
    plain = normalize("NFKD", character)[:1]
    return plain if width == 1 and plain.isascii() else "?" * width


class AsciiFilter(LineFilter):
    """Translate every segment."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments in ASCII."""
        del background
        return [Segment(to_ascii(text), style, control) for text, style, control in segments]
