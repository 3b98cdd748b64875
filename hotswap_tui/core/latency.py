"""A day of latencies in bounded memory: every recent check, and thinned tiers behind it.

The recent past is exact; beyond it a tier of 1 s (half an hour), 5 s (seven hours) or 60 s (a day) answers. Failed
checks, totals and maxima are exact everywhere; percentiles out of a tier are within 4.5 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, inf, isfinite, log10

from hotswap_tui.core.latency_tiers import Recent, Tier, one_count, rank, value_at

RAW_SAMPLES = 8192
"""At least this many checks are kept as they were: 2.2 h at one a second, 6.8 min at twenty a second."""
RAW_WINDOW_S = 400.0
"""A window up to this long is served from the checks themselves, whatever the interval from 50 ms up."""
TIERS = ((1, 2048), (5, 5120), (60, 1600))
"""Width in seconds and number of slots."""


@dataclass(frozen=True, slots=True)
class Buckets:
    """Checks gathered into equal steps, oldest first; bucket i begins at `(first + i) * step_s`.

    `per_cell` neighbours share one cell of a screen, and the last cell is the one of now, so that a picture scrolls by
    whole cells. Buckets in `[begin, end)` lie between the first check ever and now; the others are empty.
    """

    first: int
    step_s: float
    per_cell: int
    begin: int
    end: int
    max_ms: tuple[float | None, ...]
    """The highest latency of a passed check; None: none passed."""
    failed: tuple[bool, ...]
    """Whether any check in it failed."""
    checked: tuple[bool, ...]
    """Whether a check was made in it; False with a value or a failure: an earlier check still stands."""

    @property
    def cells(self) -> int:
        """Return how many cells they fill."""
        return len(self.max_ms) // self.per_cell

    def cell_of(self, at_s: float) -> int:
        """Return the cell that shows `at_s`; negative or past the last one when none does."""
        return (int(at_s // self.step_s) - self.first) // self.per_cell


@dataclass(frozen=True, slots=True)
class Stats:
    """What the checks of a window say. Percentiles are by nearest rank over the checks that passed; None without any."""

    p50_ms: float | None
    p95_ms: float | None
    max_ms: float | None
    lost: int
    total: int
    ok_percent: float | None


def step_for(window_s: float, points: int) -> float:
    """Return a step in seconds with which `points` buckets cover `window_s`, rounded up so that tiers answer exactly."""
    least_s = window_s / points
    if window_s <= RAW_WINDOW_S:
        quantum_s = 10.0 ** (floor(log10(least_s)) - 1)
    else:
        quantum_s = next((width for width, slots in TIERS if window_s <= width * slots), TIERS[-1][0])
    return round(ceil(least_s / quantum_s - 1e-9) * quantum_s, 9)


class LatencyHistory:
    """The latencies of one database's checks."""

    def __init__(self) -> None:
        self._first_s = inf
        self._recent = Recent(RAW_SAMPLES)
        self._tiers = tuple(Tier(width, slots) for width, slots in TIERS)

    def add(self, at_s: float, latency_ms: float | None) -> None:
        """Keep a check made at monotonic `at_s`; None: it failed. Late ones find their place.

        Raises ValueError for a latency that is negative or not finite.
        """
        if latency_ms is not None and not (isfinite(latency_ms) and latency_ms >= 0):
            raise ValueError(f"latency_ms must be finite and at least 0, not {latency_ms}")
        self._first_s = min(self._first_s, at_s)
        self._recent.add(at_s, latency_ms)
        histogram = 0 if latency_ms is None else one_count(latency_ms)
        for tier in self._tiers:
            tier.add(at_s, latency_ms, histogram)

    def after(self, at_s: float, most: int = RAW_SAMPLES) -> list[tuple[float, float | None]]:
        """Return the newest `most` checks later than `at_s`, oldest first, as they were added."""
        return self._recent.after(at_s, most)

    def buckets(self, end_s: float, step_s: float, count: int, *, per_cell: int = 1, hold_s: float = 0.0) -> Buckets:
        """Return `count` buckets aligned to multiples of `step_s`, `end_s` being in the last `per_cell` of them.

        A check stands for up to `hold_s` seconds where no other follows it: without it, checks rarer than buckets would
        leave blanks that look like checks not made. Raises ValueError when `count` does not fill whole cells.
        """
        if count < 1 or per_cell < 1 or count % per_cell:
            raise ValueError(f"{count} buckets do not fill cells of {per_cell}")
        last = int(end_s // step_s)
        first = (last // per_cell + 1) * per_cell - count
        lead = ceil(hold_s / step_s)
        source = self._source((first - lead) * step_s, step_s)
        spans = [source.span(n * step_s, (n + 1) * step_s) for n in range(first - lead, last + 1)]
        checked = [span.total > 0 for span in spans]
        standing = _held(checked, int(hold_s // step_s), lead)[lead:]
        ahead = first + count - last - 1
        end = count - ahead
        begin = end if self._first_s == inf else min(max(int(self._first_s // step_s) - first, 0), end)
        return Buckets(
            first,
            step_s,
            per_cell,
            begin,
            end,
            tuple(spans[n].max_ms for n in standing) + (None,) * ahead,
            tuple(spans[n].lost > 0 for n in standing) + (False,) * ahead,
            tuple(checked[lead:]) + (False,) * ahead,
        )

    def _source(self, start_s: float, step_s: float) -> Recent | Tier:
        """Return the cheapest that answers exactly from `start_s` on; failing that, the one that reaches back best."""
        reaching = [tier for tier in self._tiers if tier.since_s <= start_s]
        exact = [tier for tier in reaching if step_s % tier.width_s == 0]
        if exact:
            return exact[-1]
        if self._recent.since_s <= start_s:
            return self._recent
        return reaching[0] if reaching else self._tiers[-1]

    def stats(self, now_s: float, window_s: float) -> Stats:
        """Sum up the checks in `(now_s - window_s, now_s]`; from a tier, the whole slots that overlap it."""
        start_s = now_s - window_s
        if self._recent.since_s <= start_s:
            return self._exact_stats(start_s, now_s)
        tier = next((tier for tier in self._tiers if tier.since_s <= start_s), self._tiers[-1])
        start_s = start_s // tier.width_s * tier.width_s
        end_s = (now_s // tier.width_s + 1) * tier.width_s
        total, lost, max_ms = tier.span(start_s, end_s)
        if max_ms is None:
            return _no_pass(lost)
        histogram = tier.histogram(start_s, end_s)
        p50, p95 = (min(value_at(histogram, rank(percent, total - lost)), max_ms) for percent in (50, 95))
        return Stats(p50, p95, max_ms, lost, total, 100 * (total - lost) / total)

    def _exact_stats(self, start_s: float, now_s: float) -> Stats:
        lost, values = self._recent.ordered(start_s, now_s)
        if not values:
            return _no_pass(lost)
        p50, p95 = (values[rank(percent, len(values)) - 1] for percent in (50, 95))
        total = lost + len(values)
        return Stats(p50, p95, values[-1], lost, total, 100 * len(values) / total)


def _no_pass(lost: int) -> Stats:
    return Stats(None, None, None, lost, lost, 0.0 if lost else None)


def _held(checked: list[bool], reach: int, reach_now: int) -> list[int]:
    """Return for each bucket the one whose checks stand in it: itself, or the last one checked within `reach`.

    For the last bucket that is `reach_now`: it has only begun, and its check may not be due yet.
    """
    standing: list[int] = []
    source = -len(checked)
    for number, here in enumerate(checked):
        if here:
            source = number
        allowed = reach_now if number == len(checked) - 1 else reach
        standing.append(source if number - source <= allowed else number)
    return standing
