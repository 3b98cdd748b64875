"""The benchmark's arithmetic, and what it is asked for."""

from __future__ import annotations

import pytest

from hotswap_tui.demo.load import Attempt
from tests.bench.__main__ import parse
from tests.bench.figures import NAME_WIDTH, Felt, column, felt, line

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
    assert felt(ATTEMPTS, 4.6) == Felt(outage_s=2.5, errors=3, worst_errors=2, wait_s=2.5, gap_s=3.5)


def test_who_is_not_answered_to_the_end_has_waited_so_long():
    assert felt(ATTEMPTS[:3], 7.0) == Felt(outage_s=5.5, errors=1, worst_errors=1, wait_s=0.5, gap_s=6.0)


def test_nothing_is_felt_where_nobody_asked():
    assert felt([], 9.0) == Felt(0.0, 0, 0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("targets", "marks"),
    [
        ({"outage_s": 0.3, "errors": 2}, "outage, s ≤ 0.3 met; errors ≤ 2 met"),
        ({"outage_s": 0.2, "errors": 1}, "outage, s ≤ 0.2 MISSED; errors ≤ 1 MISSED"),
        ({"switches": 0}, "switches ≤ 0 met"),
    ],
)
def test_targets_are_marked(targets, marks):
    """Durations are compared by their median, counts by the worst of all runs."""
    runs = [Felt(outage_s, errors, 0, 0.0, 0.0) for outage_s, errors in ((0.1, 0), (0.3, 0), (0.9, 2))]
    assert line("fault", runs, targets).splitlines()[1] == f"{'':<{NAME_WIDTH}}target: {marks}"


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
