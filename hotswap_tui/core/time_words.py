"""Spans of time as a person reads them, each in as few characters as its place has."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo

_MINUTE_S = 60
_HOUR_S = 3600
_DAY_S = 86400
_TENTHS_BELOW_S = 10.0
_DUE_BELOW_S = 0.05


def duration(seconds: float) -> str:
    """Return `00:02:31`, from a day on `3d 04:12`."""
    whole = max(int(seconds), 0)
    hours, minutes = whole // _HOUR_S, whole // _MINUTE_S % _MINUTE_S
    if whole < _DAY_S:
        return f"{hours:02}:{minutes:02}:{whole % _MINUTE_S:02}"
    return f"{whole // _DAY_S}d {hours % 24:02}:{minutes:02}"


def age(seconds: float | None) -> str:
    """Return at most four characters: `0.4s`, `42s`, `12m`, `31h`, `12d`; `-` for None."""
    if seconds is None:
        return "-"
    value = max(seconds, 0.0)
    if value < _TENTHS_BELOW_S - 0.05:
        return f"{value:.1f}s"
    for unit_s, sign, until_s in ((1, "s", 100), (_MINUTE_S, "m", 100 * _MINUTE_S), (_HOUR_S, "h", 100 * _HOUR_S)):
        if value < until_s:
            return f"{int(value) // unit_s}{sign}"
    return f"{int(value) // _DAY_S}d"


def remaining(seconds: float) -> str:
    """Return the time left: `1.0s`, `42s`, `1:23`, `1:02:03`."""
    value = max(seconds, 0.0)
    if value < _TENTHS_BELOW_S - 0.05:
        return f"{value:.1f}s"
    whole = round(value)
    if whole < _MINUTE_S:
        return f"{whole}s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S}:{whole % _MINUTE_S:02}"
    return f"{whole // _HOUR_S}:{whole // _MINUTE_S % _MINUTE_S:02}:{whole % _MINUTE_S:02}"


def coming(seconds: float) -> str:
    """Return when something is due: `in 1.0s`, `in 1:23`, and `now` once no tenth of a second is left."""
    return "now" if seconds < _DUE_BELOW_S else f"in {remaining(seconds)}"


def clock_time(wall_s: float, zone: tzinfo | None, form: str = "%H:%M:%S") -> str:
    """Return the time of day of a moment in seconds since 1970, in `zone`, local when None."""
    return datetime.fromtimestamp(wall_s, UTC).astimezone(zone).strftime(form)
