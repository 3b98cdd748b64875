"""Amounts as a person reads them: bytes, rows, and names of which there are more than fit."""

from __future__ import annotations

from math import ceil, floor, log10
from typing import TYPE_CHECKING

from hotswap_tui.core.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNITS = ("kB", "MB", "GB", "TB", "PB")
_STEP = 1024
"""PostgreSQL's own `pg_size_pretty` counts so, and calls it kB."""
NAMED = 3
"""So many examples stand in a sentence; a page shows all that are known."""
_NAME = 60


def size(amount: float) -> str:
    """Return an amount of bytes: `812 B`, `1.2 kB`, `12.4 MB`."""
    value = max(float(amount), 0.0)
    if value < _STEP:
        return f"{int(value)} B"
    for unit in _UNITS:
        value /= _STEP
        if value < _STEP or unit == _UNITS[-1]:
            break
    return f"{value:.1f} {unit}"


def count(many: int, noun: str) -> str:
    """Return `1 row`, `412 rows`, `1,240,000 rows`."""
    return f"{many:,} {noun}" if many == 1 else f"{many:,} {noun}s"


def about(many: float, noun: str) -> str:
    """Return an estimate in two figures, rounded up: `about 40 rows`, `about 1,300 rows`; `no rows` for nothing at all."""
    if many <= 0:
        return f"no {noun}s"
    step = 10 ** max(floor(log10(many)) - 1, 0)
    return f"about {count(ceil(many / step - 1e-9) * step, noun)}"


def named(names: Sequence[str], many: int | None = None, most: int = NAMED) -> str:
    """Return `most` of the names, and how many of `many` are left out: `a, b, c and 4 more`."""
    shown = [clean(name, _NAME) for name in names[:most]]
    more = (len(names) if many is None else max(many, len(names))) - len(shown)
    told = ", ".join(shown)
    if more and told:
        return f"{told} and {more} more"
    return told
