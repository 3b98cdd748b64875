"""The clocks of this computer, apart from the event loop's own."""

from __future__ import annotations

import time


class SystemClock:
    """Linux clocks. Where there is no CLOCK_BOOTTIME, suspension goes unnoticed."""

    def wall_s(self) -> float:
        """Return seconds since 1970."""
        return time.time()

    def suspended_s(self) -> float:
        """Return how long this machine has been suspended since boot."""
        if not hasattr(time, "CLOCK_BOOTTIME"):
            return 0.0
        return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)
