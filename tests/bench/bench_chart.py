"""Print what latency histories and charts cost: python tests/bench/bench_chart.py."""

from __future__ import annotations

import asyncio
import random
import sys
from time import process_time
from typing import TYPE_CHECKING

from textual.app import App

from hotswap_tui.core.latency import LatencyHistory, step_for
from hotswap_tui.tui.chart import LatencyChart
from hotswap_tui.tui.chart_scale import next_scale

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DAY_S = 86_400
WINDOWS_S = (60, 300, 900, 3600, 6 * 3600, DAY_S)
SIZES = ((80, 3), (60, 10), (120, 12), (60, 1))


def say(line: str) -> None:
    """Print one figure."""
    sys.stdout.write(f"{line}\n")


def ms_of(call: Callable[[], object], times: int) -> float:
    """Return the CPU milliseconds of one call."""
    start_s = process_time()
    for _ in range(times):
        call()
    return (process_time() - start_s) / times * 1e3


def a_day() -> LatencyHistory:
    """Return a day of checks, one a second, of which one in 500 fails."""
    draw = random.Random(1)
    history = LatencyHistory()
    for at in range(DAY_S):
        history.add(at, None if draw.random() < 0.002 else draw.lognormvariate(0.7, 0.4))
    return history


async def draw(history: LatencyHistory, width: int, rows: int) -> float:
    """Return the CPU milliseconds of one painting of the five-minute window."""
    chart = LatencyChart()
    chart.styles.height = rows

    class Stage(App[None]):
        def compose(self) -> Iterator[LatencyChart]:
            yield chart

    async with Stage().run_test(size=(width, rows)) as pilot:
        await pilot.pause()
        step_s = step_for(300, chart.points)
        buckets = history.buckets(DAY_S, step_s, chart.points, per_cell=chart.per_cell, hold_s=1.5)
        chart.update(buckets, next_scale(None, buckets, DAY_S))
        chart.paint()
        return ms_of(chart.paint, 30)


async def main() -> None:
    """Print the figures."""
    history = LatencyHistory()
    say(f"a check kept            {ms_of(lambda: history.add(1.0, 2.0), 20_000) * 1e3:8.2f} µs")
    history = a_day()
    for window_s in WINDOWS_S:
        step_s = step_for(window_s, 146)
        buckets_ms = ms_of(lambda w=step_s: history.buckets(DAY_S, w, 146, per_cell=2, hold_s=1.5), 50)  # type: ignore[misc]
        stats_ms = ms_of(lambda w=window_s: history.stats(DAY_S, w), 50)  # type: ignore[misc]
        say(f"window {window_s:6} s   buckets {buckets_ms:6.3f} ms   stats {stats_ms:6.3f} ms")
    for width, rows in SIZES:
        say(f"chart {width:3}x{rows:<2}            {await draw(history, width, rows):8.2f} ms")


if __name__ == "__main__":
    asyncio.run(main())
