from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotswap_tui.core.latency_tiers import LOWEST_MS, Recent, Span, Tier, one_count, rank, value_at


@given(st.floats(LOWEST_MS, 800_000))
def test_a_histogram_places_a_value_within_half_a_bin(ms: float) -> None:
    assert value_at(one_count(ms), 1) == pytest.approx(ms, rel=0.045)


@given(st.lists(st.floats(0.1, 60_000), min_size=1, max_size=200), st.integers(1, 100))
def test_added_histograms_find_a_rank(values: list[float], percent: int) -> None:
    """The value found is, within half a bin, the one that sorting finds."""
    nth = rank(percent, len(values))
    assert value_at(sum(map(one_count, values)), nth) == pytest.approx(sorted(values)[nth - 1], rel=0.045)


@pytest.mark.parametrize("ms", [0.0, 0.01, LOWEST_MS])
def test_the_lowest_bin_takes_what_is_below(ms: float) -> None:
    assert value_at(one_count(ms), 1) == LOWEST_MS


def test_a_very_high_value_falls_into_the_last_bin() -> None:
    assert value_at(one_count(1e12), 1) == pytest.approx(803_000, rel=0.01)


checks = st.lists(st.tuples(st.integers(-300, 300), st.none() | st.floats(0, 1000)), max_size=80)


@given(checks, st.integers(-400, 400), st.integers(0, 200))
def test_a_tier_counts_what_it_still_holds(made: list[tuple[int, float | None]], start: int, length: int) -> None:
    """Within its reach, totals, failures and maxima are those of the checks, also around the end of its ring."""
    tier = Tier(5, 16)
    for at_s, ms in sorted(made, key=lambda check: check[0]):
        tier.add(at_s, ms, 0 if ms is None else one_count(ms))
    start_s, end_s = start * 5, (start + length) * 5
    inside = [ms for at_s, ms in made if max(start_s, tier.since_s) <= at_s < end_s]
    passed = [ms for ms in inside if ms is not None]
    assert tier.span(start_s, end_s) == Span(len(inside), len(inside) - len(passed), max(passed, default=None))
    assert tier.histogram(start_s, end_s) == sum(map(one_count, passed))


def test_a_tier_forgets_what_is_older_than_its_reach() -> None:
    """A check from before it is dropped, not counted into a newer slot."""
    tier = Tier(1, 4)
    tier.add(10, 1.0, one_count(1.0))
    tier.add(6, 9.0, one_count(9.0))
    tier.add(7, 2.0, one_count(2.0))
    assert tier.span(0, 20) == Span(2, 0, 2.0)


def test_a_late_check_older_than_what_was_forgotten_is_dropped() -> None:
    recent = Recent(2)
    for at_s in range(4):
        recent.add(at_s, 1.0)
    recent.add(1.0, 9.0)
    recent.add(2.5, 3.0)
    assert recent.since_s == 2
    assert recent.span(0, 10) == Span(3, 0, 3.0)
