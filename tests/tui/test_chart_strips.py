from __future__ import annotations

import pytest
from rich.style import Style

from hotswap_tui.tui.chart_marks import Ink
from hotswap_tui.tui.strips import first_difference, from_ansi, from_cells

STYLES = {ink: Style(color=f"color({int(ink)})") for ink in Ink}


def cells(text: str, inks: str) -> list[tuple[str, Ink]]:
    return [(glyph, Ink(int(ink))) for glyph, ink in zip(text, inks, strict=True)]


def test_escape_sequences_become_styles() -> None:
    """The palette number chooses the style, the reset the plain one; no sequence stays in the text."""
    strip = from_ansi("\x1b[38;5;4m 1s┤\x1b[0m  \x1b[0m\x1b[38;5;1m⣿\x1b[0m", STYLES)
    assert [(s.text, s.style) for s in strip] == [
        (" 1s┤", STYLES[Ink.AXIS]),
        ("  ", STYLES[Ink.BLANK]),
        ("⣿", STYLES[Ink.BAR]),
    ]
    assert strip.cell_length == 7


def test_neighbours_of_one_ink_share_a_segment() -> None:
    assert [s.text for s in from_cells(cells("ab×× ", "11220"), STYLES)] == ["ab", "××", " "]


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        (("abcd", "1111"), ("abcd", "1111"), None),
        (("abcd", "1111"), ("abxd", "1111"), 2),
        (("abcd", "1111"), ("abcd", "1122"), 2),
        (("abcd", "1122"), ("abcx", "1122"), 3),
        (("abcd", "1112"), ("abcd", "1122"), 2),
        (("abcd", "1111"), ("xbcd", "2111"), 0),
        (("abc", "111"), ("abcd", "1111"), 3),
        (("abcd", "1112"), ("abc", "111"), 3),
    ],
)
def test_the_first_changed_column(old: tuple[str, str], new: tuple[str, str], column: int | None) -> None:
    assert first_difference(from_cells(cells(*old), STYLES), from_cells(cells(*new), STYLES)) == column
