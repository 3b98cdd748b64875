"""Sequences, which logical replication does not carry: where they stand, and which are behind."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from importlib import resources
from itertools import groupby
from string import Template
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.sync import SequenceDrift
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.sync.handover.sequence_state import Column, SequenceState, is_behind, matched

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hotswap_tui.routing.inspection import Inspection

__all__ = ["SequenceState", "Sequences", "drift", "read", "read_sequences"]

_QUERY: Final = Template((resources.files("hotswap_tui.sync") / "sql" / "sequences.sql").read_text(encoding="utf-8"))
_WITH_KEYS: Final = _QUERY.substitute(keys="true")
PLACES: Final = _QUERY.substitute(keys="false")
"""Reads where the sequences stand, and no table."""


@dataclass(frozen=True, slots=True)
class Sequences:
    """The sequences of one database."""

    states: tuple[SequenceState, ...]
    hidden: tuple[str, ...] = ()
    """Those whose place this role may not see, but into whose columns it may insert; names for a person."""


@dataclass(frozen=True, slots=True)
class _Found:
    """One sequence as the catalogue describes it."""

    state: SequenceState
    visible: bool
    used: bool
    """Whether this role may insert where its values go: an identity column's needs no right of its own."""


async def read_sequences(inspection: Inspection, timeout_s: float) -> tuple[SequenceState, ...]:
    """Return the sequences that this role may read, in one round trip; raises InspectionError."""
    return (await read(inspection, timeout_s)).states


async def read(inspection: Inspection, timeout_s: float, *, keys: bool = False) -> Sequences:
    """Return where every sequence stands, in one round trip; raises InspectionError.

    `keys`: with the highest key of its columns. Where that takes more than half of the time, it is left out.
    """
    deadline_s = _now_s() + timeout_s
    if keys:
        try:
            return _sequences(await inspection.rows(_WITH_KEYS, timeout_s / 2))
        except InspectionError:
            pass  # a table may be locked; what else is known has to do
    return _sequences(await inspection.rows(PLACES, deadline_s - _now_s()))


def drift(serving: Iterable[SequenceState], other: Iterable[SequenceState]) -> tuple[SequenceDrift, ...]:
    """Return the sequences of the `serving` database whose values the `other` one would give again, or does not have."""
    there = matched(other)
    pairs = ((state, there.get(state.key)) for state in serving)
    return tuple(
        SequenceDrift(state.shown, state.last_value, None if own is None else own.last_value)
        for state, own in pairs
        if own is None or is_behind(own, state)
    )


def _sequences(rows: Sequence[Sequence[str | None]]) -> Sequences:
    found = [_described(list(group)) for _, group in groupby(rows, key=lambda row: row[0])]
    hidden = tuple(each.state.shown for each in found if each.used and not each.visible)
    return Sequences(tuple(each.state for each in found if each.visible), hidden)


def _described(rows: list[Sequence[str | None]]) -> _Found:
    """Read the rows of one sequence: one for each column that uses it."""
    oid, schema, name, last, start, increment, minimum, maximum, cycle, visible, settable = map(str, rows[0][:11])
    last_value, is_called = (int(start), False) if rows[0][3] is None else (int(last), True)
    if rows[0][11] is not None:
        place, _, called = rows[0][11].partition(" ")
        last_value, is_called = int(place), called == "t"
    owners = [_column(row) for row in rows if row[15] == "t"]
    state = SequenceState(
        schema,
        name,
        last_value,
        is_called,
        int(increment),
        int(minimum),
        int(maximum),
        cycle == "t",
        owners[0] if owners else None,
        int(oid),
        settable == "t",
        tuple(_column(row) for row in rows if row[16] == "t"),
        _highest(rows, descending=int(increment) < 0),
    )
    return _Found(state, visible == "t", any(row[17] == "t" for row in rows))


def _highest(rows: Iterable[Sequence[str | None]], *, descending: bool) -> int | None:
    keys = [int(row[18]) for row in rows if row[18] is not None]
    return (min if descending else max)(keys, default=None)


def _column(row: Sequence[str | None]) -> Column:
    return Column(str(row[12]), str(row[13]), str(row[14]))


def _now_s() -> float:
    return asyncio.get_running_loop().time()
