from __future__ import annotations

import random
from bisect import bisect_left
from math import ceil
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotswap_tui.core.latency import RAW_SAMPLES, LatencyHistory, Stats, step_for

if TYPE_CHECKING:
    from collections.abc import Iterable

Sample = tuple[float, float | None]

samples = st.lists(
    st.tuples(
        st.floats(-5000, 5000, allow_nan=False).map(lambda at_s: round(at_s, 3)),
        st.none() | st.floats(0, 1e5, allow_nan=False),
    ),
    max_size=60,
)


def history(checks: Iterable[Sample]) -> LatencyHistory:
    made = LatencyHistory()
    for at_s, ms in checks:
        made.add(at_s, ms)
    return made


def steady(seconds: int, ms: float = 2.0) -> list[Sample]:
    return [(float(at), ms) for at in range(seconds)]


@given(samples, st.sampled_from([0.5, 1, 2.1, 5, 7, 25, 60, 600]), st.sampled_from([1, 2]))
def test_buckets_agree_with_brute_force(checks: list[Sample], step_s: float, per_cell: int) -> None:
    """Maximum, failure and presence are those of the checks of each bucket, whatever order they came in."""
    found = history(checks).buckets(5000.0, step_s, 20 * per_cell, per_cell=per_cell)
    for index in range(20 * per_cell):
        start_s, end_s = (found.first + index) * step_s, (found.first + index + 1) * step_s
        inside = [ms for at_s, ms in checks if start_s <= at_s < end_s and index < found.end]
        passed = [ms for ms in inside if ms is not None]
        assert found.checked[index] is bool(inside)
        assert found.failed[index] is (len(passed) < len(inside))
        assert found.max_ms[index] == max(passed, default=None)


@given(samples, st.floats(1, 9000), st.floats(-6000, 6000))
def test_stats_agree_with_brute_force(checks: list[Sample], window_s: float, now_s: float) -> None:
    """Totals and nearest-rank percentiles are those of the checks of the window."""
    found = history(checks).stats(now_s, window_s)
    inside = [ms for at_s, ms in checks if now_s - window_s < at_s <= now_s]
    passed = sorted(ms for ms in inside if ms is not None)
    assert (found.total, found.lost) == (len(inside), len(inside) - len(passed))
    if passed:
        assert found.p50_ms == passed[ceil(0.5 * len(passed)) - 1]
        assert found.p95_ms == passed[ceil(95 * len(passed) / 100) - 1]
        assert found.max_ms == passed[-1]
    else:
        assert (found.p50_ms, found.p95_ms, found.max_ms) == (None, None, None)


def test_a_day_of_checks_keeps_counts_maxima_and_percentiles() -> None:
    """Beyond the raw checks, tiers count exactly and place percentiles within 4.5 %."""
    draw = random.Random(7)
    checks: list[Sample] = [
        (at - 80_000.0, None if draw.random() < 0.002 else draw.lognormvariate(1, 0.6)) for at in range(86_400)
    ]
    made = history(checks)
    times = [at_s for at_s, _ in checks]
    now_s = times[-1]
    for window_s in (6 * 3600, 24 * 3600):
        found = made.stats(now_s, window_s)
        inside = checks[-found.total :]
        passed = sorted(ms for _, ms in inside if ms is not None)
        assert 0 <= found.total - window_s <= 60 or found.total == len(checks)
        assert (found.lost, found.max_ms) == (len(inside) - len(passed), passed[-1])
        assert found.ok_percent == pytest.approx(100 * len(passed) / len(inside))
        assert found.p50_ms == pytest.approx(passed[ceil(0.50 * len(passed)) - 1], rel=0.045)
        assert found.p95_ms == pytest.approx(passed[ceil(0.95 * len(passed)) - 1], rel=0.045)
        step_s = step_for(window_s, 146)
        shown = made.buckets(now_s, step_s, 146, per_cell=2)
        for index in range(shown.begin, shown.end):
            start_s = (shown.first + index) * step_s
            part = [ms for _, ms in checks[bisect_left(times, start_s) : bisect_left(times, start_s + step_s)]]
            assert shown.max_ms[index] == max((ms for ms in part if ms is not None), default=None)
            assert shown.failed[index] is (None in part)


def test_memory_stays_bounded() -> None:
    """Fast checks leave the raw store between one and two times its size."""
    made = history((at * 0.05, 1.0) for at in range(3 * RAW_SAMPLES))
    assert RAW_SAMPLES <= len(made._recent._at_s) < 2 * RAW_SAMPLES


@pytest.mark.parametrize("window_s", [60, 300, 900, 3600, 21600, 86400])
@pytest.mark.parametrize("points", [1, 33, 53, 106, 146, 226, 386])
def test_a_step_covers_the_window_closely(window_s: float, points: int) -> None:
    """The buckets reach over the window, by at most a tenth or one tier's width a point more."""
    step_s = step_for(window_s, points)
    quantum_s = next((q for reach, q in ((400, 0), (2048, 1), (25600, 5)) if window_s <= reach), 60)
    assert window_s <= step_s * points * (1 + 1e-9)
    assert step_s * points <= max(window_s * 1.1, window_s + quantum_s * points)
    assert not quantum_s or step_s % quantum_s == 0


def test_a_picture_scrolls_by_whole_cells() -> None:
    """While now moves within a cell, every bucket keeps its place; then all move by one cell."""
    made = history(steady(100))
    first = [made.buckets(now_s, 2.0, 20, per_cell=2).first for now_s in (80.0, 81.9, 83.9, 84.0)]
    assert first == [22, 22, 22, 24]


def test_begin_and_end_bound_what_is_known() -> None:
    """Before the first check and after now, buckets are empty rather than unchecked."""
    made = history([(50.0, 1.0), (58.0, 1.0)])
    found = made.buckets(60.5, 1.0, 20, per_cell=2)
    assert (found.first, found.begin, found.end) == (42, 8, 19)
    assert found.cell_of(60.5) == 9
    assert LatencyHistory().buckets(60.5, 1.0, 20).begin == 20


@pytest.mark.parametrize(
    ("checks", "step_s", "hold_s", "now_s", "expected"),
    [
        pytest.param([(0, 1), (3, 2)], 1.0, 0.0, 5.0, "1..2..", id="no hold leaves blanks"),
        pytest.param([(0, 1), (3, 2)], 1.0, 4.5, 5.0, "111222", id="rare checks stand until the next"),
        pytest.param([(0, 1)], 1.0, 2.0, 5.0, "111...", id="a check that does not come is missed"),
        pytest.param([(0, None), (3, 2)], 1.0, 4.5, 5.0, "xxx222", id="a failure stands, too"),
        pytest.param([(0, 1), (2, 1), (4, 1)], 2.0, 1.5, 10.5, "111...", id="longer buckets show each gap"),
        pytest.param([(0, 1), (2, 1), (4, 1), (6, 1), (8, 1)], 2.0, 1.5, 10.1, "111111", id="now may not be due"),
        pytest.param([(-2, 7)], 1.0, 4.5, 5.0, "777...", id="one from before the window stands"),
    ],
)
def test_a_check_stands_for_a_while(
    checks: list[Sample], step_s: float, hold_s: float, now_s: float, expected: str
) -> None:
    found = history(checks).buckets(now_s, step_s, 6, hold_s=hold_s)
    cells = zip(found.max_ms, found.failed, strict=True)
    assert "".join("x" if failed else "." if ms is None else f"{ms:g}" for ms, failed in cells) == expected


@pytest.mark.parametrize(
    ("checks", "expected"),
    [
        pytest.param([], Stats(None, None, None, 0, 0, None), id="nothing"),
        pytest.param([(1, None), (2, None)], Stats(None, None, None, 2, 2, 0.0), id="all failed"),
        pytest.param([(1, 5), (2, None)], Stats(5, 5, 5, 1, 2, 50.0), id="one of each"),
        pytest.param([(n, n) for n in range(1, 21)], Stats(10, 19, 20, 0, 20, 100.0), id="nearest rank"),
    ],
)
def test_stats_of_few_checks(checks: list[Sample], expected: Stats) -> None:
    assert history(checks).stats(60.0, 60.0) == expected


@pytest.mark.parametrize("ms", [-1.0, float("nan"), float("inf")])
def test_an_impossible_latency_is_refused(ms: float) -> None:
    """It raises and leaves the history as it was."""
    made = LatencyHistory()
    with pytest.raises(ValueError, match="finite"):
        made.add(1.0, ms)
    assert made.stats(60.0, 60.0).total == 0


def test_buckets_fill_whole_cells() -> None:
    with pytest.raises(ValueError, match="cells of 2"):
        LatencyHistory().buckets(0.0, 1.0, 5, per_cell=2)
