"""The latency axis: a 1-2-5 top that rises at once and falls slowly, from zero or logarithmic."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, floor, log10
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hotswap_tui.core.latency import Buckets

FALL_AFTER_S = 10.0
"""The axis falls by one step of 1-2-5 after it has been too high for so long, again and again."""
LOWEST_TOP_MS = 0.1
HIGHEST_TOP_MS = 1e6
OUTLIER_AFTER = 10
"""From so many checks on, the single highest never sets the axis, even where it is the 98th percentile."""
MIDDLE_TICK_ROWS = 7


@dataclass(frozen=True, slots=True)
class Scale:
    """What the foot and the top of a graph stand for; a foot above zero makes it logarithmic."""

    top_ms: float = 10.0
    foot_ms: float = 0.0
    slack_since_s: float | None = field(default=None, compare=False)
    """Since when the top has been higher than it need be."""

    @property
    def log(self) -> bool:
        """Say whether equal heights are equal ratios."""
        return self.foot_ms > 0

    def height(self, latency_ms: float, steps: int) -> int:
        """Return how many of `steps` a value fills: at least one, since a check was made; all of them above the top."""
        if latency_ms >= self.top_ms:
            return steps
        if self.log:
            share = log10(max(latency_ms, self.foot_ms) / self.foot_ms) / log10(self.top_ms / self.foot_ms)
        else:
            share = latency_ms / self.top_ms
        return min(max(ceil(share * steps - 1e-9), 1), steps)

    def ticks(self, rows: int) -> list[tuple[int, str]]:
        """Return the rows, counted from the foot, that carry a label, and the labels."""
        ticks = {0: label_ms(self.foot_ms), rows - 1: label_ms(self.top_ms)}
        if rows >= MIDDLE_TICK_ROWS:
            ticks |= {row: label for row, label in self._between(rows) if 0 < row < rows - 1}
        return sorted(ticks.items())

    def _between(self, rows: int) -> list[tuple[int, str]]:
        if not self.log:
            return [((rows - 1) // 2, label_ms(self.top_ms / 2))]
        decades = round(log10(self.top_ms / self.foot_ms))
        return [
            (round((rows - 1) * decade / decades), label_ms(self.foot_ms * 10**decade)) for decade in range(1, decades)
        ]


def label_ms(ms: float) -> str:
    """Return a latency for the axis: at most six characters."""
    if ms == 0:
        return "0"
    return f"{ms:g}ms" if ms < 1000 else f"{ms / 1000:g}s"


def one_two_five(ms: float) -> float:
    """Return the lowest of 1, 2, 5, 10, 20, 50 … that is not below `ms`, within what the axis can show."""
    ms = min(max(ms, LOWEST_TOP_MS), HIGHEST_TOP_MS)
    decade = 10.0 ** floor(log10(ms))
    return round(next(step * decade for step in (1, 2, 5, 10) if ms <= step * decade * (1 + 1e-9)), 6)


def next_scale(previous: Scale | None, buckets: Buckets, now_s: float, *, log: bool = False) -> Scale:
    """Return the axis for `buckets`; hand in None after the window changed, else the one before.

    A linear top comes from the 98th percentile (nearest rank) of the buckets in which a check was made; a logarithmic
    axis spans the decades of all of them.
    """
    values = sorted(
        ms for ms, checked in zip(buckets.max_ms, buckets.checked, strict=True) if checked and ms is not None
    )
    if previous is not None and previous.log is not log:
        previous = None
    if not values:
        return previous or (Scale(foot_ms=1.0) if log else Scale())
    wanted = _decades(values) if log else Scale(_linear_top(values))
    return wanted if previous is None else _fall(previous, wanted, now_s)


def shared(one: Scale, other: Scale) -> Scale:
    """Return the axis that two graphs can share."""
    return Scale(max(one.top_ms, other.top_ms), min(one.foot_ms, other.foot_ms))


def _linear_top(values: list[float]) -> float:
    rank = ceil(0.98 * len(values))
    if len(values) >= OUTLIER_AFTER:
        rank = min(rank, len(values) - 1)
    return one_two_five(values[rank - 1])


def _decades(values: list[float]) -> Scale:
    foot = 10.0 ** floor(log10(min(max(values[0], LOWEST_TOP_MS / 10), HIGHEST_TOP_MS / 10)))
    top = 10.0 ** ceil(log10(min(max(values[-1], foot * 10), HIGHEST_TOP_MS)))
    return Scale(top, foot)


def _fall(previous: Scale, wanted: Scale, now_s: float) -> Scale:
    """Return `wanted` where it is wider, and approach it step by step where it is narrower."""
    top, foot = max(previous.top_ms, wanted.top_ms), min(previous.foot_ms, wanted.foot_ms)
    if (top, foot) == (wanted.top_ms, wanted.foot_ms):
        return wanted
    since_s = previous.slack_since_s
    if since_s is None or (top, foot) != (previous.top_ms, previous.foot_ms):
        return Scale(top, foot, now_s)
    if now_s - since_s < FALL_AFTER_S:
        return previous
    if wanted.log:
        return Scale(max(wanted.top_ms, top / 10), min(wanted.foot_ms, foot * 10), now_s)
    return Scale(max(wanted.top_ms, one_two_five(top / 2.6)), foot, now_s)
