"""Checks out of the recent past, as they were added."""

from __future__ import annotations

import math

from hotswap_tui.core.latency import LatencyHistory


def history() -> LatencyHistory:
    made = LatencyHistory()
    for at_s, latency_ms in ((1.0, 2.5), (2.0, None), (3.0, 0.0), (2.5, 4.0)):
        made.add(at_s, latency_ms)
    return made


def test_checks_come_in_the_order_of_their_time():
    assert history().after(-math.inf) == [(1.0, 2.5), (2.0, None), (2.5, 4.0), (3.0, 0.0)]


def test_a_check_at_the_moment_itself_is_not_later():
    assert history().after(2.0) == [(2.5, 4.0), (3.0, 0.0)]
    assert history().after(3.0) == []


def test_the_newest_are_kept_when_there_are_more():
    assert history().after(-math.inf, 1) == [(3.0, 0.0)]
    assert history().after(2.9, 2) == [(3.0, 0.0)]
    assert LatencyHistory().after(0.0) == []
