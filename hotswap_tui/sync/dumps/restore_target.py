"""The database that a dump is to be loaded into: what it is, what it holds, and what forbids it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Final

from psycopg import sql

from hotswap_tui.core.amount_words import count, named
from hotswap_tui.sync.connecting import connect, explained
from hotswap_tui.sync.dumps import dump_manifest
from hotswap_tui.sync.dumps.dump_source import Facts, Table, count_rows, lift_limits, read_facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotswap_tui.dsn import Dsn
    from hotswap_tui.sync.dumps.dump_manifest import Count, Difference

_SQL: Final = resources.files("hotswap_tui.sync") / "sql"
_CONTENTS: Final = (_SQL / "contents.sql").read_text(encoding="utf-8")
_ENTRIES: Final = (_SQL / "target_entries.sql").read_text(encoding="utf-8")
_TEARDOWN: Final = "end the replication first (hotswap-tui sync teardown)"


@dataclass(frozen=True, slots=True)
class Content:
    """A table, view or sequence that somebody has made."""

    schema: str
    name: str
    estimated_rows: int

    def __str__(self) -> str:
        """Return `public.users`."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class Target:
    """A database before something is loaded into it."""

    facts: Facts
    contents: tuple[Content, ...]
    attached: frozenset[str] = frozenset()
    """Indexes and constraints of partitions that belong to the partitioned table's: `INDEX public a_idx`, `CONSTRAINT public a a_pkey`."""
    brought: frozenset[str] = frozenset()
    """The rows of extensions' own tables: `TABLE DATA public spatial_ref_sys`."""

    def obstacle(self) -> str:
        """Return why nothing can be loaded into it and what to do; empty when something can."""
        facts = self.facts
        if facts.in_recovery:
            return "it is in recovery, a standby that takes its data from its own primary; promote it, or load into that one"
        if facts.subscriptions:
            return f"its subscription {named(facts.subscriptions)} would write at the same time; {_TEARDOWN}"
        if facts.publications and facts.consumed:
            return f"its publication {named(facts.publications)} would send everything on to who takes its changes; {_TEARDOWN}"
        return ""

    def holds(self) -> str:
        """Return what it holds, for a person: `6 relations (public.users, … and 3 more), an estimated 68 rows`; empty when there is nothing."""
        if not self.contents:
            return ""
        rows = sum(content.estimated_rows for content in self.contents)
        known = f", an estimated {count(rows, 'row')}" if rows else ""
        return f"{count(len(self.contents), 'relation')} ({named([str(content) for content in self.contents])}){known}"


def look_at(dsn: Dsn) -> Target:
    """Return what the database is and holds; raises SyncError."""
    with explained(dsn), connect(dsn) as connection:
        facts = read_facts(connection)
        entries = connection.execute(_ENTRIES).fetchall()
        return Target(
            facts,
            tuple(Content(*found) for found in connection.execute(_CONTENTS)),
            attached=frozenset(entry for entry, attached in entries if attached),
            brought=frozenset(entry for entry, attached in entries if not attached),
        )


def verify(dsn: Dsn, expected: Sequence[Count]) -> tuple[Difference, ...]:
    """Count the rows of what was loaded, and have the planner's statistics made; return what differs. Raises SyncError."""
    with explained(dsn), connect(dsn) as connection:
        lift_limits(connection)
        with connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            connection.execute("SET LOCAL row_security = off")
            names = {(schema, name) for schema, name, _ in connection.execute(_CONTENTS)}
            there = [Table(each.schema, each.table) for each in expected if (each.schema, each.table) in names]
            found = count_rows(connection, there)
        for table in there:
            connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table.schema, table.name)))
    return tuple(dump_manifest.differences(expected, found))
