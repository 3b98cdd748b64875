"""The benchmark's arithmetic, and what it is asked for."""

from __future__ import annotations

import pytest

from hotswap_tui.demo.load import Attempt
from tests.bench.__main__ import parse
from tests.bench.figures import Felt, column, felt

ATTEMPTS = [
    Attempt(1.0, 0, 0.01, "primary"),
    Attempt(1.5, 1, 0.01, "primary"),
    Attempt(2.0, 0, 0.50, error="ConnectionResetError"),
    Attempt(2.0, 0, 0.00, error="ConnectionResetError"),
    Attempt(2.0, 1, 0.25, error="stuck"),
    Attempt(4.0, 1, 2.00, "secondary"),
    Attempt(4.5, 0, 2.50, "secondary"),
]


def test_what_clients_felt():
    """Nobody was answered from 1.5 to 4.0; client 0 had two errors and went without an answer from 1.0 to 4.5."""
    assert felt(ATTEMPTS) == Felt(outage_s=2.5, errors=3, worst_errors=2, wait_s=2.5, gap_s=3.5)


def test_nothing_is_felt_where_nobody_asked():
    assert felt([]) == Felt(0.0, 0, 0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("values", "text"),
    [([0.3, 0.1, 0.2], "0.200 (0.100-0.300)"), ([0, 0, 2], "0 (0-2)"), ([1, 2], "1.5 (1-2)"), ([8], "8 (8-8)")],
)
def test_a_column_is_a_median_with_its_range(values, text):
    assert column(values) == text


@pytest.mark.parametrize(
    ("words", "what", "seconds", "runs", "only"),
    [
        ([], None, 60.0, 5, []),
        (["20"], "dashboard", 20.0, 5, []),
        (["dashboard", "2.5"], "dashboard", 2.5, 5, []),
        (["traffic"], "traffic", 60.0, 5, []),
        (
            ["traffic", "--runs", "3", "--only", "failback", "--only", "kills"],
            "traffic",
            60.0,
            3,
            ["failback", "kills"],
        ),
    ],
)
def test_what_is_measured(words, what, seconds, runs, only):
    asked = parse(words)
    assert (asked.what, asked.seconds, asked.runs, asked.only) == (what, seconds, runs, only)
