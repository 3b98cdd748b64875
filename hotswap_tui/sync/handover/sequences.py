"""Sequences, which logical replication does not carry: where they stand, and which are behind."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from importlib import resources
from itertools import groupby
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.sync import SequenceDrift
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.sync.handover.sequence_state import Column, SequenceState, is_behind, matched
from hotswap_tui.sync.quoting import identifier, qualified

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hotswap_tui.routing.inspection import Inspection

__all__ = ["SequenceState", "Sequences", "drift", "read", "read_sequences"]

_QUERY: Final = (resources.files("hotswap_tui.sync") / "sql" / "sequences.sql").read_text(encoding="utf-8")
_AT_ONCE: Final = 500
"""Questions of one statement: the parser goes down one level for each."""


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
    unseen: bool
    """It has given no value yet, and the catalogue does not tell where it starts."""
    used: bool
    """Whether this role may insert where its values go: an identity column's needs no right of its own."""


async def read_sequences(inspection: Inspection, timeout_s: float) -> tuple[SequenceState, ...]:
    """Return the sequences that this role may read, in two round trips at most; raises InspectionError."""
    return (await read(inspection, timeout_s)).states


async def read(inspection: Inspection, timeout_s: float, *, keys: bool = False) -> Sequences:
    """Return where every sequence stands, in two round trips at most; raises InspectionError.

    `keys`: with the highest key of its columns. Where that takes more than half of the time, it is left out.
    """
    deadline_s = _now_s() + timeout_s
    found = _catalogue(await inspection.rows(_QUERY, timeout_s))
    hidden = tuple(each.state.shown for each in found if each.used and not each.visible)
    seen = [each for each in found if each.visible]
    if keys:
        try:
            return Sequences(await _completed(inspection, seen, (deadline_s + _now_s()) / 2, keys=True), hidden)
        except InspectionError:
            pass  # a table may be locked; what else is known has to do
    return Sequences(await _completed(inspection, seen, deadline_s, keys=False), hidden)


def drift(serving: Iterable[SequenceState], other: Iterable[SequenceState]) -> tuple[SequenceDrift, ...]:
    """Return the sequences of the `serving` database whose values the `other` one would give again, or does not have."""
    there = matched(other)
    pairs = ((state, there.get(state.key)) for state in serving)
    return tuple(
        SequenceDrift(state.shown, state.last_value, None if own is None else own.last_value)
        for state, own in pairs
        if own is None or is_behind(own, state)
    )


def _catalogue(rows: Sequence[Sequence[str | None]]) -> list[_Found]:
    return [_described(list(group)) for _, group in groupby(rows, key=lambda row: row[0])]


def _described(rows: list[Sequence[str | None]]) -> _Found:
    """Read the rows of one sequence: one for each column that uses it."""
    oid, schema, name, last, start, increment, minimum, maximum, cycle, visible, readable, settable = map(
        str, rows[0][:12]
    )
    given = rows[0][3] is not None
    owners = [_column(row) for row in rows if row[15] == "t"]
    state = SequenceState(
        schema,
        name,
        int(last if given else start),
        given,
        int(increment),
        int(minimum),
        int(maximum),
        cycle == "t",
        owners[0] if owners else None,
        int(oid),
        settable == "t",
        tuple(_column(row) for row in rows if row[16] == "t"),
    )
    used = any(row[17] == "t" for row in rows)
    return _Found(state, visible == "t", not given and readable == "t", used)


def _column(row: Sequence[str | None]) -> Column:
    return Column(str(row[12]), str(row[13]), str(row[14]))


async def _completed(
    inspection: Inspection, found: list[_Found], deadline_s: float, *, keys: bool
) -> tuple[SequenceState, ...]:
    """Return the states with what the catalogue does not tell: the place of an unused sequence, and highest keys."""
    questions = [
        question
        for number, each in enumerate(found)
        for question in (*_place(number, each), *_keys(number, each, keys))
    ]
    states = [each.state for each in found]
    for first in range(0, len(questions), _AT_ONCE):
        query = "\nUNION ALL ".join(questions[first : first + _AT_ONCE])
        for number, value, called in await inspection.rows(query, deadline_s - _now_s()):
            at = int(str(number))
            states[at] = _completed_by(states[at], value, called)
    return tuple(states)


def _completed_by(state: SequenceState, value: str | None, called: str | None) -> SequenceState:
    if value is None:
        return state
    if called is not None:
        return replace(state, last_value=int(value), is_called=called == "true")
    furthest = max if state.increment > 0 else min
    known = int(value) if state.highest is None else furthest(int(value), state.highest)
    return replace(state, highest=known)


def _place(number: int, found: _Found) -> list[str]:
    if not found.unseen:
        return []
    name = qualified(found.state.schema, found.state.name)
    return [f"SELECT {number}, last_value::pg_catalog.text, is_called::pg_catalog.text FROM {name}"]  # noqa: S608 - quoted


def _keys(number: int, found: _Found, wanted: bool) -> list[str]:  # noqa: FBT001 - as it is asked for
    furthest = "pg_catalog.max" if found.state.increment > 0 else "pg_catalog.min"
    return [
        f"SELECT {number}, {furthest}({identifier(column)})::pg_catalog.text, NULL FROM {qualified(schema, table)}"  # noqa: S608
        for schema, table, column in (found.state.columns if wanted else ())
    ]


def _now_s() -> float:
    return asyncio.get_running_loop().time()
