"""Where latency samples are kept: the newest as they were, older ones summed up in slots of fixed width."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from math import ceil, inf, log2
from typing import NamedTuple

LOWEST_MS = 0.05
BINS_PER_OCTAVE = 8
LAST_BIN = 24 * BINS_PER_OCTAVE
BIN_BITS = 24
"""A histogram is one integer, a field of this width for each bin, so that adding two is one addition; a bin overflows
after 16.7 million samples, which a day reaches with a check every 5 ms."""
_BIN_MASK = (1 << BIN_BITS) - 1
_FAILED = -1.0
"""Stands for the latency of a check that did not pass: below any other, so that min and max tell it apart."""
_NEVER = -(2**62)


class Span(NamedTuple):
    """The checks of a stretch of time."""

    total: int = 0
    lost: int = 0
    max_ms: float | None = None
    """None: no check passed."""


def one_count(latency_ms: float) -> int:
    """Return the histogram of a single sample: eight bins an octave, from 0.05 ms up."""
    if latency_ms <= LOWEST_MS:
        return 1
    return 1 << BIN_BITS * min(int(log2(latency_ms / LOWEST_MS) * BINS_PER_OCTAVE) + 1, LAST_BIN)


def rank(percent: int, count: int) -> int:
    """Return the 1-based nearest rank: the smallest that has at least `percent` of `count` values at or below it."""
    return max(1, ceil(percent * count / 100))


def value_at(histogram: int, nth: int) -> float:
    """Return the `nth` smallest value of `histogram` in ms, within 4.5 % (half a bin) between 0.05 ms and 14 minutes."""
    seen = number = 0
    while histogram:
        seen += histogram & _BIN_MASK
        if seen >= nth:
            break
        histogram >>= BIN_BITS
        number += 1
    return LOWEST_MS if number == 0 else float(LOWEST_MS * 2 ** ((number - 0.5) / BINS_PER_OCTAVE))


class Recent:
    """Keep at least the newest `samples` checks as they were, ordered by time."""

    def __init__(self, samples: int) -> None:
        self._samples = samples
        self._at_s = array("d")
        self._ms = array("d")
        self.since_s = -inf
        """From when on nothing has been forgotten."""

    def add(self, at_s: float, latency_ms: float | None) -> None:
        """Keep a check; one older than what was forgotten is dropped."""
        if at_s < self.since_s:
            return
        late = bool(self._at_s) and at_s < self._at_s[-1]
        place = bisect_right(self._at_s, at_s) if late else len(self._at_s)
        self._at_s.insert(place, at_s)
        self._ms.insert(place, _FAILED if latency_ms is None else latency_ms)
        if len(self._at_s) >= 2 * self._samples:
            del self._at_s[: -self._samples]
            del self._ms[: -self._samples]
            self.since_s = self._at_s[0]

    def span(self, start_s: float, end_s: float) -> Span:
        """Sum up the checks in `[start_s, end_s)`."""
        low = bisect_left(self._at_s, start_s)
        ms = self._ms[low : bisect_left(self._at_s, end_s, low)]
        if not ms:
            return Span()
        lost = ms.count(_FAILED)
        return Span(len(ms), lost, max(ms) if lost < len(ms) else None)

    def after(self, at_s: float, most: int) -> list[tuple[float, float | None]]:
        """Return the newest `most` checks later than `at_s`, oldest first; the latency of a failed one is None."""
        low = max(bisect_right(self._at_s, at_s), len(self._at_s) - most)
        return [
            (at_s, None if ms == _FAILED else ms) for at_s, ms in zip(self._at_s[low:], self._ms[low:], strict=True)
        ]

    def ordered(self, start_s: float, end_s: float) -> tuple[int, list[float]]:
        """Return how many checks in `(start_s, end_s]` failed, and the latencies of the others, lowest first."""
        low, high = bisect_right(self._at_s, start_s), bisect_right(self._at_s, end_s)
        values = sorted(self._ms[low:high])
        lost = bisect_right(values, _FAILED)
        return lost, values[lost:]


class Tier:
    """Keep the newest `slots` slots of `width_s` seconds; what is older is forgotten."""

    def __init__(self, width_s: int, slots: int) -> None:
        self.width_s = width_s
        self._slots = slots
        self._newest = _NEVER
        self._total = array("L", [0]) * slots
        self._lost = array("L", [0]) * slots
        self._max_ms = array("d", [_FAILED]) * slots
        self._histogram = [0] * slots

    @property
    def since_s(self) -> int:
        """Return from when on nothing has been forgotten."""
        return (self._newest - self._slots + 1) * self.width_s

    def add(self, at_s: float, latency_ms: float | None, histogram: int) -> None:
        """Count a check; `histogram` is its `one_count`, 0 for a failed one. What is too old is dropped."""
        number = int(at_s // self.width_s)
        if number > self._newest:
            self._advance(number)
        elif number <= self._newest - self._slots:
            return
        place = number % self._slots
        self._total[place] += 1
        if latency_ms is None:
            self._lost[place] += 1
            return
        self._histogram[place] += histogram
        self._max_ms[place] = max(self._max_ms[place], latency_ms)

    def _advance(self, number: int) -> None:
        """Empty the slots that come into use, in whole stretches: after a long silence they are many."""
        size = min(number - self._newest, self._slots)
        for part in self._stretches(number - size + 1, size):
            length = part.stop - part.start
            self._total[part] = self._lost[part] = array("L", bytes(length * self._total.itemsize))
            self._max_ms[part] = array("d", [_FAILED]) * length
            self._histogram[part] = [0] * length
        self._newest = number

    def span(self, start_s: float, end_s: float) -> Span:
        """Sum up the slots that begin in `[start_s, end_s)`."""
        total = lost = 0
        max_ms = _FAILED
        for part in self._places(start_s, end_s):
            total += sum(self._total[part])
            lost += sum(self._lost[part])
            max_ms = max(max_ms, *self._max_ms[part])
        return Span(total, lost, None if max_ms == _FAILED else max_ms)

    def histogram(self, start_s: float, end_s: float) -> int:
        """Return the added histograms of the slots that begin in `[start_s, end_s)`."""
        return sum(sum(self._histogram[part]) for part in self._places(start_s, end_s))

    def _places(self, start_s: float, end_s: float) -> list[slice]:
        """Return where in the rings those slots are: one stretch, or two around the ends."""
        first = max(ceil(start_s / self.width_s), self._newest - self._slots + 1)
        size = min(ceil(end_s / self.width_s), self._newest + 1) - first
        return self._stretches(first, size) if size > 0 else []

    def _stretches(self, first: int, size: int) -> list[slice]:
        place = first % self._slots
        if place + size <= self._slots:
            return [slice(place, place + size)]
        return [slice(place, self._slots), slice(0, place + size - self._slots)]
