"""How spans of time are written."""

from __future__ import annotations

import pytest

from hotswap_tui.core.time_words import age, coming, duration, remaining


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "00:00:00"), (151, "00:02:31"), (86399, "23:59:59"), (274320, "3d 04:12"), (-3, "00:00:00")],
)
def test_duration(seconds: float, text: str) -> None:
    """Below a day with seconds, then with days."""
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"), (-1, "0.0s"), (0.4, "0.4s"), (9.94, "9.9s"), (9.96, "9s"), (99, "99s"), (100, "1m"), (720, "12m"),
        (5999, "99m"), (6000, "1h"), (360000, "4d"), (9e9, "104166d"),
    ],
)  # fmt: skip
def test_age(seconds: float | None, text: str) -> None:
    """Short enough for a column."""
    assert age(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0.0s"), (1, "1.0s"), (9.97, "10s"), (59.4, "59s"), (83, "1:23"), (3723, "1:02:03"), (59.7, "1:00")],
)
def test_remaining(seconds: float, text: str) -> None:
    """Tenths in the last ten seconds, minutes before."""
    assert remaining(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(-3, "now"), (0, "now"), (0.04, "now"), (0.05, "in 0.1s"), (83, "in 1:23")]
)
def test_what_is_due_happens_now(seconds: float, text: str) -> None:
    """No countdown says that nothing is left."""
    assert coming(seconds) == text
