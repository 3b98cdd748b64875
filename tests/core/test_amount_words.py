"""Bytes, rows and names in words."""

from __future__ import annotations

import pytest

from hotswap_tui.core.amount_words import about, count, named, size


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 kB"),
        (13_000_000, "12.4 MB"),
        (61_000_000_000, "56.8 GB"),
        (5 * 1024**6, "5120.0 PB"),
        (-1, "0 B"),
    ],
)
def test_bytes(amount, words):
    assert size(amount) == words


@pytest.mark.parametrize(
    ("many", "words"),
    [
        (0, "no rows"),
        (0.3, "about 1 row"),
        (9.1, "about 10 rows"),
        (40, "about 40 rows"),
        (1240, "about 1,300 rows"),
        (62_440, "about 63,000 rows"),
        (1e9, "about 1,000,000,000 rows"),
    ],
)
def test_an_estimate_is_rounded_up(many, words):
    """It says what is at risk: never less than it was."""
    assert about(many, "row") == words


def test_counts_have_their_plural():
    assert [count(many, "row") for many in (0, 1, 2, 12_345)] == ["0 rows", "1 row", "2 rows", "12,345 rows"]


@pytest.mark.parametrize(
    ("names", "many", "words"),
    [
        ([], None, ""),
        (["a"], None, "a"),
        (["a", "b", "c"], 3, "a, b, c"),
        (["a", "b", "c", "d"], 9, "a, b, c and 6 more"),
        (["a\x1b[2J\nb"], None, "a b"),
        ([], 4, ""),
    ],
)
def test_names_say_how_many_are_left_out(names, many, words):
    assert named(names, many) == words
