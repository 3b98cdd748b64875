"""What `sync setup` has to know of a server before it changes anything."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

import psycopg

from hotswap_tui.core.text import clean
from hotswap_tui.sync.books import MIGRATION_BOOKS
from hotswap_tui.sync.connecting import is_pooled
from hotswap_tui.sync.quoting import literal, qualified

if TYPE_CHECKING:
    from hotswap_tui.core.values import Role
    from hotswap_tui.sync.replication.statements import Connection, Table

_SQL = resources.files("hotswap_tui.sync") / "sql"
_SERVER: Final = (_SQL / "setup_server.sql").read_text(encoding="utf-8")
_TABLES: Final = (_SQL / "setup_tables.sql").read_text(encoding="utf-8")
_EXTRAS: Final = (_SQL / "setup_extras.sql").read_text(encoding="utf-8")
_UNREADABLE: Final = (_SQL / "setup_unreadable.sql").read_text(encoding="utf-8")
_IDENTIFIER: Final = "SELECT system_identifier::pg_catalog.text FROM pg_catalog.pg_control_system()"
HEARTBEAT: Final = "hotswap_heartbeat"


@dataclass(frozen=True, slots=True)
class TableFacts:
    """One table. Names are as the server has them, not cleaned."""

    table: Table
    partitioned: bool
    partition: bool
    unlogged: bool
    identified: bool
    """An UPDATE and a DELETE say which row they mean."""
    owned: bool
    extension: bool
    """It belongs to an extension."""
    columns: tuple[str, ...]
    """Name and type, without generated ones, by name."""

    @property
    def shown(self) -> str:
        """Return its name for people."""
        return clean(".".join(self.table))


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """One server, and the database that we look at."""

    role: Role
    version: int
    """As server_version_num: 160004."""
    database: str
    user: str
    started_us: int
    system_identifier: str | None
    in_recovery: bool
    read_only: bool
    wal_level: str
    slots_allowed: int
    slots: int
    senders_allowed: int
    senders: int
    workers_allowed: int
    processes_allowed: int
    subscriptions: int
    origins_allowed: int
    wal_kept_at_most: str
    superuser: bool
    may_replicate: bool
    may_create: bool
    provider: str
    pooled: bool = False
    sequences: int = 0
    large_objects: int = 0
    tables: tuple[TableFacts, ...] = ()

    @property
    def major(self) -> int:
        """Return the major version."""
        return self.version // 10_000

    def carried(self, *, all_tables: bool) -> tuple[TableFacts, ...]:
        """Return the tables with rows of their own that a publication of all tables, or of those to be listed, carries."""
        return tuple(t for t in self.tables if not (t.unlogged or t.partitioned) and (all_tables or _own(t)))

    def listed(self) -> tuple[Table, ...]:
        """Return the tables to name where not all are to be published; a partitioned one stands for its partitions."""
        return tuple(t.table for t in self.tables if not (t.unlogged or t.partition) and _own(t))

    def books(self) -> tuple[Table, ...]:
        """Return the tables in which migration tools note what they have done to this database."""
        return tuple(t.table for t in self.tables if t.table[1] in MIGRATION_BOOKS and not t.unlogged)


def _own(facts: TableFacts) -> bool:
    """Say whether it is the application's: not our heartbeat nor a migration tool's, which each server has for itself, nor an extension's."""
    return not facts.extension and facts.table[1] != HEARTBEAT and facts.table[1] not in MIGRATION_BOOKS


def read_server(role: Role, connection: Connection) -> ServerFacts:
    """Ask a server about itself; psycopg's errors are raised."""
    (facts,) = _one(connection, _SERVER)
    sequences, large_objects = _one(connection, _EXTRAS)
    return ServerFacts(
        role=role,
        **facts,
        system_identifier=_identifier(connection),
        pooled=is_pooled(connection),
        sequences=sequences,
        large_objects=large_objects,
        tables=read_tables(connection),
    )


def read_tables(connection: Connection) -> tuple[TableFacts, ...]:
    """Return the tables of the database, by name."""
    rows = connection.execute(_TABLES.encode()).fetchall()
    return tuple(
        TableFacts((row[0], row[1]), row[2], row[3], row[4], row[5], row[6], row[7], tuple(row[8])) for row in rows
    )


def filled(connection: Connection, tables: tuple[Table, ...]) -> tuple[Table, ...]:
    """Return those of `tables` that have at least one row."""
    if not tables:
        return ()
    asked = (
        f"SELECT {literal(schema)}, {literal(name)} WHERE EXISTS (SELECT FROM {qualified(schema, name)})"  # noqa: S608 - quoted
        for schema, name in tables
    )
    return tuple((row[0], row[1]) for row in connection.execute(" UNION ALL ".join(asked).encode()).fetchall())


def unreadable(connection: Connection, role: str) -> tuple[Table, ...]:
    """Return the tables that the server's `role` may not read."""
    rows = connection.execute(_UNREADABLE.encode(), {"role": role}).fetchall()
    return tuple((row[0], row[1]) for row in rows)


def _identifier(connection: Connection) -> str | None:
    try:
        return str(_one(connection, _IDENTIFIER)[0])
    except psycopg.Error as error:
        if error.sqlstate in {"0A000", "42501", "42883"}:
            return None
        raise


def _one(connection: Connection, query: str) -> tuple[Any, ...]:
    row = connection.execute(query.encode()).fetchone()
    return row or ()
