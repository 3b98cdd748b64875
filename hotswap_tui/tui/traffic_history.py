"""The data plane's readings that this dashboard has seen, and bars out of them."""

from __future__ import annotations

from collections import deque
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hotswap_tui.core.traffic import Traffic

KEPT = 600
"""Readings: ten minutes at one a second."""
SHOWN_S = 300
_LEVELS = " ▁▂▃▄▅▆▇█"
_NOT_READ = "·"


class TrafficHistory:
    """The newest readings, each once."""

    def __init__(self) -> None:
        self._readings: deque[Traffic] = deque(maxlen=KEPT)

    def add(self, traffic: Traffic | None) -> None:
        """Keep a reading that is newer than the newest."""
        if traffic is not None and (not self._readings or traffic.at_s > self._readings[-1].at_s):
            self._readings.append(traffic)

    def readings(self) -> tuple[Traffic, ...]:
        """Return what is kept, oldest first."""
        return tuple(self._readings)


def series(
    readings: Sequence[Traffic],
    value: Callable[[Traffic], float | None],
    joined: Callable[[list[float]], float],
    now_s: float,
    cells: int,
) -> list[float | None]:
    """Return `value` joined over each of `cells` equal spans that end at `now_s`; None where nothing was read.

    Spans are aligned to their own length, so that a bar keeps its shape as it moves.
    """
    step_s = max(ceil(SHOWN_S / cells), 1)
    newest = int(now_s // step_s)
    spans: list[list[float]] = [[] for _ in range(cells)]
    for reading in readings:
        cell, found = cells - 1 - (newest - int(reading.at_s // step_s)), value(reading)
        if 0 <= cell < cells and found is not None:
            spans[cell].append(found)
    return [joined(span) if span else None for span in spans]


def bars(values: Sequence[float | None], height: int) -> list[str]:
    """Return `height` lines, the top one first: zero is a foot, nothing read is `·`."""
    top = max((value for value in values if value is not None), default=0.0)
    return ["".join(_cell(value, top, height, line) for value in values) for line in reversed(range(height))]


def _cell(value: float | None, top: float, height: int, line: int) -> str:
    if value is None:
        return " " if line else _NOT_READ
    eighths = max(round(value / top * height * 8), 1) if top > 0 else 1
    return _LEVELS[min(max(eighths - line * 8, 0), 8)]
