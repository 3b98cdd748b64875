"""Where a server's write-ahead log stood, and when: from a confirmed position follows how old what has arrived is."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

_MOST: Final = 2048
"""A day of looks, one each minute, and more."""


class Trail:
    """Moments and positions of one server, both growing."""

    def __init__(self) -> None:
        """Begin empty."""
        self._moments_s: list[float] = []
        self._positions: list[int] = []

    def add(self, at_s: float, position: int) -> None:
        """Keep that the server was at `position` when it was asked at `at_s`; one that fell back begins anew."""
        if self._positions and position < self._positions[-1]:
            self._moments_s.clear()
            self._positions.clear()
        if self._positions and position == self._positions[-1]:
            self._moments_s[-1] = at_s  # nothing was written meanwhile
            return
        self._moments_s.append(at_s)
        self._positions.append(position)
        if len(self._positions) > _MOST:
            del self._moments_s[1:-1:2]
            del self._positions[1:-1:2]

    def since_s(self, position: int) -> float | None:
        """Return the last moment at which the server was not beyond `position`; None: before anything that is known."""
        index = bisect_right(self._positions, position)
        return self._moments_s[index - 1] if index else None
