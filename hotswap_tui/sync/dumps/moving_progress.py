"""How far a dump, a restore or a copy is; told to whoever wants to show it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    Tell = Callable[["Moved"], None]

_EARLY_S: Final = 1.0
_NEARLY: Final = 0.99


@dataclass(frozen=True, slots=True)
class Moved:
    """What has been done until now."""

    stage: str
    bytes: int
    elapsed_s: float
    expected_bytes: float | None = None
    """About how many bytes there will be; None: nobody knows."""

    @property
    def rate_bytes_s(self) -> float:
        """Return the mean rate."""
        return self.bytes / self.elapsed_s if self.elapsed_s > 0 else 0.0

    @property
    def done(self) -> float | None:
        """Return the share that is done, below 1 as long as it goes on; None when nobody knows."""
        return min(self.bytes / self.expected_bytes, _NEARLY) if self.expected_bytes else None

    @property
    def left_s(self) -> float | None:
        """Return about how many seconds are left; None in the first second and where nobody knows."""
        if self.expected_bytes is None or self.elapsed_s < _EARLY_S or not self.bytes:
            return None
        return max(self.expected_bytes - self.bytes, 0.0) / self.rate_bytes_s


class Meter:
    """Times one work and tells how far it is."""

    def __init__(self, tell: Tell, expected_bytes: float | None = None) -> None:
        """Begin now."""
        self._tell = tell
        self._begun_s = time.monotonic()
        self._expected_bytes = expected_bytes
        self.bytes = 0
        self.stage = ""

    @property
    def elapsed_s(self) -> float:
        """Return the seconds since it began."""
        return time.monotonic() - self._begun_s

    def at(self, done: int) -> None:
        """Say that `done` bytes have passed."""
        self.bytes = done
        self.tick()

    def then(self, stage: str) -> None:
        """Say that everything has passed, and what is done now, of which nobody knows how long it takes."""
        self.stage, self._expected_bytes = stage, None
        self.tick()

    def tick(self) -> None:
        """Say that time has passed."""
        self._tell(Moved(self.stage, self.bytes, self.elapsed_s, self._expected_bytes))
