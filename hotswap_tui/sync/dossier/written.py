"""What the statistics say was written since the mark: an illustration, never a proof.

They are told late, count what was rolled back, not what was truncated, and a crash empties them (PostgreSQL's manual, "The
Cumulative Statistics System").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotswap_tui.core.sync import SHOWN, Written
from hotswap_tui.core.text import clean
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.sync.dossier.asking import template

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hotswap_tui.core.sync import Mark
    from hotswap_tui.sync.dossier.asking import Asking

LIMIT: Final = 500
"""Tables; the mark is kept in the journal."""
_NAME_LIMIT: Final = 130
QUERY: Final = template("written").substitute(limit=LIMIT)


def parse(rows: Sequence[Sequence[object]]) -> tuple[str, tuple[Written, ...]]:
    """Return when the statistics began, and their counts, the most written table first; raises ValueError."""
    tables = (
        Written(clean(str(table), _NAME_LIMIT), *(int(str(count)) for count in counts))
        for table, *counts, _ in rows
        if table is not None
    )
    return clean(str(rows[0][-1])) if rows else "", tuple(tables)


async def since(asking: Asking, mark: Mark) -> tuple[int | None, tuple[Written, ...]]:
    """Return how many rows were written since the mark and the tables, most first; None where they cannot be compared."""
    try:
        reset, now = parse(await asking.rows(QUERY))
    except (InspectionError, ValueError):
        return None, ()
    grown = growth(mark.written, now) if reset == mark.stats_reset else None
    if grown is None:
        return None, ()
    return sum(table.rows for table in grown), grown[:SHOWN]


def growth(then: Iterable[Written], now: Iterable[Written]) -> tuple[Written, ...] | None:
    """Return what was added to each table's counts, most first; None when one has shrunk.

    A table that was not among the LIMIT most written ones has no count to compare with, and is left out.
    """
    before = {table.table: table for table in then}
    whole = len(before) < LIMIT
    grown = [
        _grown(before.get(table.table, Written(table.table, 0, 0, 0)), table)
        for table in now
        if whole or table.table in before
    ]
    if any(min(table.inserted, table.updated, table.deleted) < 0 for table in grown):
        return None
    return tuple(sorted((table for table in grown if table.rows), key=lambda table: (-table.rows, table.table)))


def _grown(then: Written, now: Written) -> Written:
    return Written(now.table, now.inserted - then.inserted, now.updated - then.updated, now.deleted - then.deleted)
