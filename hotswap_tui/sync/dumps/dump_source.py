"""The snapshot that a dump is taken from: one moment of the source, in which its rows are counted, too.

A transaction of our own exports the snapshot and stays open for as long as the dump takes, so that VACUUM keeps the rows
that it sees (PostgreSQL's manual, "Snapshot Synchronization Functions").
"""

from __future__ import annotations

import os
import socket
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import sql

from hotswap_tui.sync.connecting import connect, explained
from hotswap_tui.sync.dumps.dump_manifest import Count
from hotswap_tui.sync.errors import SyncError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future

    from hotswap_tui.dsn import Dsn

_SQL: Final = resources.files("hotswap_tui.sync") / "sql"
_TABLES: Final = (_SQL / "dump_tables.sql").read_text(encoding="utf-8")
_FACTS: Final = (_SQL / "database_facts.sql").read_text(encoding="utf-8")
_NO_LIMITS: Final = """\
SELECT pg_catalog.set_config(name, CASE name WHEN 'lock_timeout' THEN '60s' ELSE '0' END, false)
FROM pg_catalog.pg_settings
WHERE name IN ('transaction_timeout', 'idle_session_timeout', 'lock_timeout')"""
_CANCEL_S: Final = 5.0

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a database is."""

    database: str
    major: int
    in_recovery: bool
    incarnation: str
    """Equal for two connections to one database only."""
    extensions: tuple[str, ...]
    subscriptions: tuple[str, ...]
    publications: tuple[str, ...]
    consumed: bool
    """A logical slot takes changes from here."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table with rows of its own."""

    schema: str
    name: str
    size_bytes: int = 0


def read_facts(connection: Connection) -> Facts:
    """Return what the database is. Raises psycopg.Error."""
    row = connection.execute(_FACTS).fetchone()
    assert row is not None
    name, major, in_recovery, incarnation, extensions, subscriptions, publications, consumed = row
    return Facts(
        name, major, in_recovery, incarnation, tuple(extensions), tuple(subscriptions), tuple(publications), consumed
    )


def lift_limits(connection: Connection) -> None:
    """Let transactions of this session last as long as they need, and wait for a lock for a minute. Raises psycopg.Error."""
    connection.execute(_NO_LIMITS)


def count_rows(connection: Connection, tables: Sequence[Table]) -> tuple[Count, ...]:
    """Count the rows of `tables`, in the connection's own transaction. Raises psycopg.Error."""
    query = sql.SQL("SELECT pg_catalog.count(*) FROM ONLY {}")
    counts = []
    for table in tables:
        row = connection.execute(query.format(sql.Identifier(table.schema, table.name))).fetchone()
        assert row is not None
        counts.append(Count(table.schema, table.name, int(row[0])))
    return tuple(counts)


class Source:
    """One moment of a database, until it is closed."""

    def __init__(self, dsn: Dsn, connection: Connection) -> None:
        """Export the snapshot of a transaction that begins now. Raises psycopg.Error."""
        self._dsn = dsn
        self._connection = connection
        lift_limits(connection)
        # Where row security would hide rows, pg_dump fails, and so does the count.
        connection.execute("SET row_security = off")
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        row = connection.execute("SELECT pg_catalog.pg_export_snapshot()").fetchone()
        assert row is not None
        self.snapshot: str = row[0]
        self.facts = read_facts(connection)
        self.tables = tuple(Table(*found) for found in connection.execute(_TABLES))
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="count")
        self._counted: Future[tuple[Count, ...]] | None = None

    @property
    def size_bytes(self) -> int:
        """Return the size of all tables, without indexes."""
        return sum(table.size_bytes for table in self.tables)

    def begin_count(self) -> None:
        """Begin to count the rows while something else is done."""
        self._counted = self._executor.submit(count_rows, self._connection, self.tables)

    def counting(self) -> bool:
        """Say whether the count goes on."""
        return self._counted is not None and not self._counted.done()

    def counts(self) -> tuple[Count, ...]:
        """Return the rows of every table at the snapshot's moment, waiting for the count; raises SyncError."""
        if self._counted is None:
            return ()
        with explained(self._dsn):
            return self._counted.result()

    def close(self) -> None:
        """End the count, the transaction and the connection."""
        if self._counted is not None and self.counting():
            with suppress(psycopg.Error):
                self._connection.cancel_safe(timeout=_CANCEL_S)
            if not wait({self._counted}, timeout=_CANCEL_S).done:
                self._cut()
        self._executor.shutdown()
        self._connection.close()

    def _cut(self) -> None:
        """End a count on a server that hangs."""
        with suppress(OSError), socket.socket(fileno=os.dup(self._connection.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)


@contextmanager
def opened(dsn: Dsn) -> Iterator[Source]:
    """Give one moment of the database; raises SyncError."""
    with explained(dsn), connect(dsn, application_name="hotswap-tui dump") as connection:
        try:
            source = Source(dsn, connection)
        except psycopg.errors.InsufficientPrivilege as error:
            raise SyncError(f"{dsn.address}: {error.diag.message_primary}") from None
        try:
            yield source
        finally:
            source.close()
