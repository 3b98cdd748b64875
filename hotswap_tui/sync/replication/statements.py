"""Statements that are shown before they run, without their secrets, and sent so that no server writes the secrets down."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

import psycopg

from hotswap_tui.core.text import clean
from hotswap_tui.dsn.secret import SecretStr
from hotswap_tui.sync.connecting import deadline, line_of
from hotswap_tui.sync.errors import SyncError
from hotswap_tui.sync.quoting import identifier, literal, qualified

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hotswap_tui.core.values import Role
    from hotswap_tui.dsn import Dsn
    from hotswap_tui.sync.replication.ways import Way

Connection = psycopg.Connection[tuple[Any, ...]]
Table = tuple[str, str]
"""Schema and name."""

_SQL = resources.files("hotswap_tui.sync") / "sql"
_QUIET: Final = (_SQL / "quiet_log.sql").read_text(encoding="utf-8")
_HIDDEN: Final = (_SQL / "run_hidden.sql").read_text(encoding="utf-8")

LONGEST_S: Final = 120.0
"""A slot waits for the transactions that are open when it begins, and says so before that."""
_SERVER_GIVES_UP_S: Final = 90
_SHOWN: Final = 4000


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement on the server of `role`."""

    role: Role
    shown: str
    """For people, in one line, every secret masked."""
    secret: SecretStr | None = field(default=None, repr=False)
    """The statement itself where it holds a secret."""
    sql: str = field(default="", repr=False)
    """The statement itself where it holds none."""
    drops_slot: str = ""
    """The slot that goes, if one does; nobody may use it then."""
    begins_back: bool = False
    """From here on the secondary's writes come back, and what was written before to tables that are to be copied never does."""

    @property
    def is_slot(self) -> bool:
        """Say whether it makes or moves a slot."""
        return "replication_slot" in self.shown


def plain(role: Role, sql: str) -> Statement:
    """Return a statement without secrets."""
    return Statement(role, clean(sql, _SHOWN), sql=sql)


def create_publication(way: Way, tables: Iterable[Table] | None) -> Statement:
    """Publish `tables`, None: all that there are and will be."""
    return plain(way.source, _publication(way, tables))


def list_tables(way: Way, tables: Iterable[Table]) -> Statement:
    """Publish `tables` instead of all, at once: in one transaction, so that no write ever finds the publication missing."""
    return plain(way.source, f"DROP PUBLICATION {identifier(way.publication)}; {_publication(way, tables)}")


def add_tables(way: Way, tables: Iterable[Table]) -> Statement:
    """Publish further tables."""
    return plain(way.source, f"ALTER PUBLICATION {identifier(way.publication)} ADD TABLE {_listed(tables)}")


def leave_out_tables(way: Way, tables: Iterable[Table]) -> Statement:
    """Publish some tables no more."""
    return plain(way.source, f"ALTER PUBLICATION {identifier(way.publication)} DROP TABLE {_listed(tables)}")


def drop_publication(way: Way) -> Statement:
    """Publish nothing any more."""
    return plain(way.source, f"DROP PUBLICATION IF EXISTS {identifier(way.publication)}")


def create_slot(way: Way) -> Statement:
    """Keep what is written from now on, before anything is copied."""
    call = f"pg_create_logical_replication_slot({literal(way.slot)}, 'pgoutput')"
    return plain(way.source, f"SELECT pg_catalog.{call}")


def skip_written(way: Way) -> Statement:
    """Leave out what was written on the source until now, while nobody reads its slot."""
    call = f"pg_replication_slot_advance({literal(way.slot)}, pg_catalog.pg_current_wal_insert_lsn())"
    return plain(way.source, f"SELECT pg_catalog.{call}")


def drop_slot(role: Role, slot: str) -> Statement:
    """Keep nothing any more for whoever read the slot, if it is there."""
    call = "SELECT pg_catalog.pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots"
    return replace(plain(role, f"{call} WHERE slot_name = {literal(slot)}"), drops_slot=slot)


def create_subscription(way: Way, options: Mapping[str, str]) -> Statement:
    """Take the writes of the source."""
    head = f"CREATE SUBSCRIPTION {identifier(way.subscription)} CONNECTION "
    listed = ", ".join(f"{name} = {value}" for name, value in options.items())
    return _with_conninfo(way, head, f" PUBLICATION {identifier(way.publication)} WITH ({listed})")


def alter_connection(way: Way) -> Statement:
    """Reach the source in another way, or with another password."""
    return _with_conninfo(way, f"ALTER SUBSCRIPTION {identifier(way.subscription)} CONNECTION ", "")


def alter_subscription(way: Way, what: str) -> Statement:
    """Change the subscription: ENABLE, DISABLE, REFRESH PUBLICATION and so on."""
    return plain(way.target, f"ALTER SUBSCRIPTION {identifier(way.subscription)} {what}")


def drop_subscription(way: Way) -> Statement:
    """Take nothing any more."""
    return plain(way.target, f"DROP SUBSCRIPTION IF EXISTS {identifier(way.subscription)}")


def _with_conninfo(way: Way, head: str, tail: str) -> Statement:
    shown = head + literal(way.masked_conninfo()).lstrip() + tail
    return Statement(
        way.target,
        clean(shown, _SHOWN),
        SecretStr(head + literal(way.conninfo().get_secret_value()) + tail),
    )


def _publication(way: Way, tables: Iterable[Table] | None) -> str:
    scope = "" if tables is not None else " FOR ALL TABLES"
    if listed := _listed(tables or ()):
        scope = f" FOR TABLE {listed}"
    return f"CREATE PUBLICATION {identifier(way.publication)}{scope}"


def _listed(tables: Iterable[Table]) -> str:
    return ", ".join(qualified(*table) for table in tables)


def run(connection: Connection, statement: Statement, dsns: Iterable[Dsn], timeout_s: float = LONGEST_S) -> None:
    """Run one statement; raises SyncError, without the secrets of `dsns`."""
    try:
        with deadline(connection, timeout_s):
            _send(connection, statement)
    except psycopg.Error as error:
        raise SyncError(f"the {statement.role} refused it: {line_of(error, dsns)}{_about(error, statement)}") from None


def quietly(connection: Connection, sql: SecretStr) -> None:
    """Run a statement with a secret, which stands in no log, no list of activity and no error; psycopg's errors are raised.

    As a parameter of a call it is not part of any statement's text; what runs it reports the error's message alone.
    """
    connection.execute(_QUIET.encode())
    connection.execute("SELECT pg_catalog.set_config('hotswap_tui.statement', %s, false)", (sql.get_secret_value(),))
    try:
        connection.execute(_HIDDEN.encode())
    finally:
        if not connection.broken and connection.info.transaction_status != psycopg.pq.TransactionStatus.INERROR:
            connection.execute("SELECT pg_catalog.set_config('hotswap_tui.statement', '', false)")


def _send(connection: Connection, statement: Statement) -> None:
    limit = f"{_SERVER_GIVES_UP_S}s"
    connection.execute("SELECT pg_catalog.set_config('statement_timeout', %s, false)", (limit,))
    if statement.secret is not None:
        quietly(connection, statement.secret)
    else:
        connection.execute(statement.sql.encode())


def _about(error: psycopg.Error, statement: Statement) -> str:
    if not isinstance(error, psycopg.errors.QueryCanceled):
        return ""
    if "pg_create_logical_replication_slot" in statement.shown:
        return (
            ": a slot waits for the transactions that are open there (pg_stat_activity); end them, or try again later"
        )
    return ": it took too long"
