from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotswap_tui.core.latency import Buckets
from hotswap_tui.tui.chart_scale import FALL_AFTER_S, Scale, label_ms, next_scale, one_two_five, shared


def buckets(*values: float | None) -> Buckets:
    n = len(values)
    return Buckets(0, 1.0, 1, 0, n, values, (False,) * n, (True,) * n)


@pytest.mark.parametrize(
    ("ms", "top_ms"),
    [(0, 0.1), (0.11, 0.2), (0.9, 1), (1, 1), (1.01, 2), (2.1, 5), (31.6, 50), (93, 100), (4999, 5000), (5001, 10_000)],
)
def test_the_top_is_the_next_of_1_2_5(ms: float, top_ms: float) -> None:
    assert one_two_five(ms) == top_ms


@pytest.mark.parametrize(
    ("values", "top_ms"),
    [
        pytest.param((), 10, id="nothing"),
        pytest.param((None, None), 10, id="only failures"),
        pytest.param((3.0,), 5, id="one"),
        pytest.param((1.0, 30.0), 50, id="few: the highest counts"),
        pytest.param((*(1.5,) * 9, 4000.0), 2, id="ten: one stall does not"),
        pytest.param((*(1.5,) * 98, 4000.0, 4000.0), 2, id="a hundred: two stalls do not"),
        pytest.param((*(1.5,) * 97, 4000.0, 4000.0, 4000.0), 5000, id="a hundred: three do"),
    ],
)
def test_the_top_comes_from_the_98th_percentile(values: tuple[float | None, ...], top_ms: float) -> None:
    assert next_scale(None, buckets(*values), 0.0) == Scale(top_ms)


def test_the_top_rises_at_once_and_falls_a_step_at_a_time() -> None:
    """Every step down takes FALL_AFTER_S of being too high."""
    scale = next_scale(Scale(5.0), buckets(80.0), 100.0)
    assert scale.top_ms == 100
    tops = []
    for tenth in range(5):
        scale = next_scale(scale, buckets(8.0), 101.0 + tenth * FALL_AFTER_S)
        tops.append(scale.top_ms)
    assert tops == [100, 50, 20, 10, 10]


def test_a_value_that_needs_the_top_again_starts_the_wait_anew() -> None:
    scale = next_scale(Scale(100.0), buckets(8.0), 0.0)
    scale = next_scale(scale, buckets(80.0), FALL_AFTER_S / 2)
    scale = next_scale(scale, buckets(8.0), FALL_AFTER_S)
    assert next_scale(scale, buckets(8.0), 1.5 * FALL_AFTER_S).top_ms == 100


def test_held_buckets_do_not_set_the_axis() -> None:
    """A stall of a rare check stands in many buckets, but was one check."""
    n = 40
    values = (*(2.0,) * 10, *(4000.0,) * 30)
    checked = (*(True,) * 11, *(False,) * 29)
    assert next_scale(None, Buckets(0, 1.0, 1, 0, n, values, (False,) * n, checked), 0.0) == Scale(2.0)


@pytest.mark.parametrize(
    ("values", "foot_ms", "top_ms"),
    [((3.0,), 1, 10), ((2.0, 4000.0), 1, 10_000), ((0.0, 0.02), 0.01, 0.1), ((50.0, 90.0), 10, 100)],
)
def test_a_logarithmic_axis_spans_decades(values: tuple[float, ...], foot_ms: float, top_ms: float) -> None:
    assert next_scale(None, buckets(*values), 0.0, log=True) == Scale(top_ms, foot_ms)


def test_a_logarithmic_axis_widens_at_once_and_narrows_by_decades() -> None:
    scale = next_scale(Scale(10.0, 1.0), buckets(0.5, 900.0), 0.0, log=True)
    assert (scale.top_ms, scale.foot_ms) == (1000, 0.1)
    for tenth in range(3):
        scale = next_scale(scale, buckets(2.0, 8.0), 1.0 + tenth * FALL_AFTER_S, log=True)
    assert (scale.top_ms, scale.foot_ms) == (10, 1)


def test_changing_the_kind_of_axis_takes_effect_at_once() -> None:
    assert next_scale(Scale(5000.0), buckets(2.0), 0.0, log=True) == Scale(10.0, 1.0)
    assert next_scale(Scale(10.0, 1.0), buckets(2.0), 0.0) == Scale(2.0)
    assert next_scale(None, buckets(None), 0.0, log=True).log


def test_two_graphs_share_the_wider_axis() -> None:
    assert shared(Scale(10.0), Scale(100.0)) == Scale(100.0)
    assert shared(Scale(10.0, 1.0), Scale(100.0, 10.0)) == Scale(100.0, 1.0)


@pytest.mark.parametrize(
    ("scale", "ms", "steps"),
    [
        (Scale(10.0), 0.0, 1),
        (Scale(10.0), 2.5, 3),
        (Scale(10.0), 2.51, 4),
        (Scale(10.0), 10.0, 12),
        (Scale(10.0), 99.0, 12),
        (Scale(1000.0, 1.0), 0.2, 1),
        (Scale(1000.0, 1.0), 10.0, 4),
        (Scale(1000.0, 1.0), 100.0, 8),
    ],
)
def test_heights_of_twelve_steps(scale: Scale, ms: float, steps: int) -> None:
    assert scale.height(ms, 12) == steps


@pytest.mark.parametrize(
    ("scale", "rows", "ticks"),
    [
        (Scale(10.0), 3, [(0, "0"), (2, "10ms")]),
        (Scale(10.0), 9, [(0, "0"), (4, "5ms"), (8, "10ms")]),
        (Scale(5000.0), 12, [(0, "0"), (5, "2.5s"), (11, "5s")]),
        (Scale(1000.0, 1.0), 10, [(0, "1ms"), (3, "10ms"), (6, "100ms"), (9, "1s")]),
        (Scale(1000.0, 1.0), 3, [(0, "1ms"), (2, "1s")]),
    ],
)
def test_ticks(scale: Scale, rows: int, ticks: list[tuple[int, str]]) -> None:
    assert scale.ticks(rows) == ticks


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=30), st.booleans(), st.integers(1, 20))
def test_labels_fit_their_column(values: list[float], log: bool, rows: int) -> None:
    """Six characters hold every label of every axis."""
    assert all(len(label) <= 6 for _, label in next_scale(None, buckets(*values), 0.0, log=log).ticks(rows))


def test_label_units() -> None:
    assert [label_ms(ms) for ms in (0, 0.05, 2.5, 500, 1000, 2500)] == ["0", "0.05ms", "2.5ms", "500ms", "1s", "2.5s"]
