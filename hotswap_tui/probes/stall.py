"""How late this process itself is."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

_FIRST_TICK_S = 0.005
_GROWTH = 0.1


class LoopWatch:
    """Measure how late the event loop runs its timers while a block of code waits.

    The ticks grow sparser with the time that has passed: none in a quick check, about seventy in five seconds, and a stall that
    matters against the time measured is always longer than the gap.
    """

    def __init__(self) -> None:
        """Prepare for the running loop."""
        self._loop = asyncio.get_running_loop()
        self._started_s = self._loop.time()
        self._due_s = self._started_s
        self._worst_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def delay_ms(self) -> float:
        """Return the longest delay so far, one that still lasts included."""
        return max(self._worst_s, self._loop.time() - self._due_s, 0.0) * 1000

    def __enter__(self) -> Self:
        """Start to tick."""
        self._schedule()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and keep what was measured."""
        self._worst_s = self.delay_ms / 1000
        self._due_s = math.inf
        if self._timer is not None:
            self._timer.cancel()

    def _tick(self) -> None:
        self._worst_s = max(self._worst_s, self._loop.time() - self._due_s)
        self._schedule()

    def _schedule(self) -> None:
        now_s = self._loop.time()
        self._due_s = now_s + max(_FIRST_TICK_S, (now_s - self._started_s) * _GROWTH)
        self._timer = self._loop.call_at(self._due_s, self._tick)
