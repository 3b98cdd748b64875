"""The tables of both databases: estimates of their rows, and which of them a subscription does not carry. Mostly pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hotswap_tui.core.sync import SHOWN, TableRows
from hotswap_tui.core.text import clean
from hotswap_tui.sync.books import MIGRATION_BOOKS
from hotswap_tui.sync.look import questions
from hotswap_tui.sync.look.facts import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hotswap_tui.sync.look.facts import Facts, Subscription, TableName

_USUAL: Final = "public"
_NAME_LIMIT: Final = 130


@dataclass(frozen=True, slots=True)
class Table:
    """An ordinary table."""

    rows: int | None
    """An estimate; None: never analysed."""
    ancestors: tuple[TableName, ...] = ()
    """The partitioned tables that it is a part of."""


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of one database."""

    found: Mapping[TableName, Table]
    published: Mapping[str, frozenset[TableName]]
    """What each publication that was asked for carries."""


@dataclass(frozen=True, slots=True)
class Estimates:
    """What `SyncReading` says of rows."""

    primary: int | None
    secondary: int | None
    tables: tuple[TableRows, ...]


async def read_tables(rows: Callable[[str], Any], publications: Iterable[str]) -> Tables:
    """Read the tables of one database, and what `publications` carry; raises InspectionError."""
    return read(lambda answer: _tables(json.loads(str(answer[0][0]))), await rows(questions.tables(publications)))


def _tables(found: dict[str, Any]) -> Tables:
    published: dict[str, set[TableName]] = {}
    for publication, schema, table in found["published"] or ():
        published.setdefault(publication, set()).add((schema, table))
    return Tables(
        {
            (schema, name): Table(rows, tuple((up, above) for up, above in ancestors or ()))
            for schema, name, rows, ancestors in found["tables"] or ()
        },
        {publication: frozenset(names) for publication, names in published.items()},
    )


def not_carried(tables: Tables, subscription: Subscription) -> list[TableName]:
    """Return the source's tables that are not published, or that the subscription has not taken up, in order.

    A partition is carried under its own name or under that of a table above it. What migration tools note of one database is
    better not carried to another.
    """
    published: set[TableName] = set()
    for publication in subscription.publications:
        published |= tables.published.get(publication, frozenset())
    carried = published & {(schema, name) for schema, name, _ in subscription.tables}
    return sorted(
        name
        for name, table in tables.found.items()
        if name[1] not in MIGRATION_BOOKS and name not in carried and not carried.intersection(table.ancestors)
    )


def estimates(primary: Tables, secondary: Tables) -> Estimates:
    """Return the rows of both: sums over the tables known of both, and the tables that differ most."""
    names = sorted(primary.found.keys() | secondary.found.keys())
    tables = [TableRows(shown(name), _rows(primary, name), _rows(secondary, name)) for name in names]
    counted = [(table.primary, table.secondary) for table in tables]
    both = [(here, there) for here, there in counted if here is not None and there is not None]
    alone = {shown(name) for name in primary.found.keys() ^ secondary.found.keys()}
    different = sorted(
        (table for table in tables if table.name in alone or _difference(table)), key=_difference, reverse=True
    )
    return Estimates(
        sum(here for here, _ in both) if both else None,
        sum(there for _, there in both) if both else None,
        tuple(different[:SHOWN]),
    )


def write_rate(now: Facts | None, before: Facts | None) -> float | None:
    """Return the rows written per second between two readings; None where the statistics do not tell."""
    if now is None or before is None or now.written is None or before.written is None:
        return None
    passed_s = now.read_s - before.read_s
    same = (now.stats_reset, now.server.started_us) == (before.stats_reset, before.server.started_us)
    if not same or passed_s <= 0 or now.written < before.written:
        return None
    return (now.written - before.written) / passed_s


def shown(name: TableName) -> str:
    """Return a table's name for a person: cleaned, without the schema where that is `public`."""
    schema, table = name
    return clean(table if schema == _USUAL else f"{schema}.{table}", _NAME_LIMIT)


def _rows(tables: Tables, name: TableName) -> int | None:
    table = tables.found.get(name)
    return None if table is None else table.rows


def _difference(table: TableRows) -> int:
    """Return by how many rows a table differs; one that was never analysed tells nothing."""
    known = table.primary is not None and table.secondary is not None
    return abs((table.primary or 0) - (table.secondary or 0)) if known else 0
