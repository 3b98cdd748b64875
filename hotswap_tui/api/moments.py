"""Moments of a picture, which are monotonic, as programs read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hotswap_tui.core.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Moments:
    """Translate the monotonic seconds of one picture.

    The offset is taken to a hundredth of a second, so that the same moment reads the same in the next picture, whose two clocks
    were read some microseconds apart.
    """

    now_s: float
    offset_s: float

    @classmethod
    def of(cls, snapshot: Snapshot) -> Moments:
        """Return those of `snapshot`."""
        return cls(snapshot.now_s, round(snapshot.wall_s - snapshot.now_s, 2))

    def local(self, at_s: float | None) -> str | None:
        """Return ISO 8601 with the local offset and milliseconds; None for a moment that never was."""
        return None if at_s is None or not isfinite(at_s) else local_iso(at_s + self.offset_s)

    def zulu(self, at_s: float) -> str:
        """Return UTC as the reference writes it: 2025-11-14T10:30:00.000Z."""
        return zulu_iso(at_s + self.offset_s)

    def wall_s(self, at_s: float) -> float:
        """Return seconds since 1970, in milliseconds' steps."""
        return round(at_s + self.offset_s, 3)

    def ago_s(self, at_s: float) -> float:
        """Return the seconds since `at_s`."""
        return round(max(0.0, self.now_s - at_s), 3)

    def until_s(self, at_s: float) -> float | None:
        """Return the seconds until `at_s`, 0 for what is due; None for never."""
        return round(max(0.0, at_s - self.now_s), 3) if at_s != float("inf") else None


def local_iso(wall_s: float) -> str:
    """Return seconds since 1970 as ISO 8601 with the local offset and milliseconds."""
    return datetime.fromtimestamp(wall_s, UTC).astimezone().isoformat(timespec="milliseconds")


def zulu_iso(wall_s: float) -> str:
    """Return seconds since 1970 as the reference writes them, in UTC with milliseconds and a Z."""
    return datetime.fromtimestamp(wall_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
