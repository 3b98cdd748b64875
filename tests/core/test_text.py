from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotswap_tui.core.text import clean


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("", ""),
        ("two\nlines\r\nand\ttabs", "two lines and tabs"),
        ("  much   room  ", "much room"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x9b31mred", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bP1;2qsixel\x1b\\after", "after"),
        ("\x1bc reset", "reset"),
        ("bell\x07 nul\x00 del\x7f", "bell nul del"),
        ("\u202eevil\u202c \u2066x\u2069", "evil x"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("line\u2028separator", "line separator"),
        ("größer 日本語 🙂", "größer 日本語 🙂"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("[/x] [bold]", "[/x] [bold]"),
        ("e" + "\u0301" * 50, "e" + "\u0301" * 4),
        ("\udc80lone", "lone"),
    ],
)
def test_text_becomes_one_harmless_line(text: str, expected: str) -> None:
    assert clean(text) == expected


def test_a_long_text_is_cut_with_an_ellipsis() -> None:
    assert clean("x" * 20, 10) == "x" * 9 + "…"
    assert clean("x" * 10, 10) == "x" * 10
    assert len(clean("y" * 1_000_000)) == 300


@given(st.text(), st.integers(min_value=1, max_value=80))
def test_nothing_that_moves_a_cursor_survives(text: str, limit: int) -> None:
    line = clean(text, limit)
    assert len(line) <= limit
    assert not any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in line)
    assert clean(line, limit) == line
