"""Text measured in cells: cut, filled, broken, made harmless."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from hotswap_tui.tui.cells import Row, Span, Tone, clip, ends, fit, printable, right, wrap
from tests.support.pictures import HOSTILE


@given(st.text(max_size=200), st.integers(0, 60))
def test_fit_fills_exactly(text: str, width: int) -> None:
    """Whatever the text is, it takes as many cells as it was given."""
    assert cell_len(fit(text, width)) == width
    assert cell_len(right(printable(text), width)) == width


@given(st.text(max_size=300), st.integers(2, 60))
def test_wrapped_lines_fit(text: str, width: int) -> None:
    """No line is wider than it may be, and all of them can be printed."""
    for line in wrap(text, width):
        assert cell_len(line) <= width
        assert line.isprintable()


@given(st.lists(st.text(max_size=30), max_size=6), st.integers(0, 60))
def test_clipped_spans_fit(texts: list[str], width: int) -> None:
    """Spans are cut at the edge, their tones kept."""
    spans = clip(tuple(Span(text, Tone.BAD) for text in texts), width)
    assert cell_len(Row(spans).text) <= width
    assert all(span.tone is Tone.BAD for span in spans)


@given(st.text(max_size=40), st.text(max_size=40), st.integers(1, 80))
def test_ends_fills_the_row(left: str, tail: str, width: int) -> None:
    """Two ends and the gap between them make the whole row."""
    made = ends([Span(printable(left))], [Span(printable(tail))], width)
    assert cell_len(made.text) == width or cell_len(printable(tail)) >= width


@given(st.text())
def test_printable_is_harmless_and_stable(text: str) -> None:
    """Nothing that moves the cursor is left, and a second pass changes nothing."""
    once = printable(text)
    assert once.isprintable()
    assert printable(once) == once


@pytest.mark.parametrize("text", [HOSTILE, "\x1b[2J", "\u202eabc", "a\u0301" * 50])
def test_hostile_text_is_one_printable_line(text: str) -> None:
    """Escape sequences, overrides and piles of marks are gone."""
    assert printable(text).isprintable()
    assert "\x1b" not in printable(text)


def test_wrap_breaks_at_blanks_first() -> None:
    """Words stay whole while they fit."""
    assert wrap("one two three", 8) == ["one two", "three"]
    assert wrap("abcdefghij", 4) == ["abcd", "efgh", "ij"]
