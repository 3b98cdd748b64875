"""Spans of time as a person types them: 90s, 30m, 2h, 1d, 1h30m."""

from __future__ import annotations

import argparse
import re
from typing import Final

_UNITS_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_PIECE: Final = re.compile(r"(\d{1,7})([smhd])", re.ASCII)
_LONGEST_S: Final = 366 * 86_400


def span_s(text: str) -> float:
    """Return the seconds that `text` means, for argparse: 1 s to 366 days."""
    pieces = _PIECE.findall(text)
    seconds = float(sum(int(number) * _UNITS_S[unit] for number, unit in pieces))
    if "".join(number + unit for number, unit in pieces) != text or not 1 <= seconds <= _LONGEST_S:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration like 90s, 30m, 2h or 1d")
    return seconds


def span_words(seconds: float) -> str:
    """Return `seconds` as they are typed: 2h, 1h30m."""
    rest, told = int(seconds), ""
    for unit in "dhms":
        count, rest = divmod(rest, _UNITS_S[unit])
        told += f"{count}{unit}" if count else ""
    return told or "0s"
