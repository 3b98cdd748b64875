"""What of a way exists already, read from the two servers' own catalogues: whatever interrupted a setup, the next one goes on."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from string import Template
from typing import TYPE_CHECKING, Final

from psycopg.conninfo import conninfo_to_dict

if TYPE_CHECKING:
    from hotswap_tui.sync.replication.statements import Connection, Table
    from hotswap_tui.sync.replication.ways import Way

_SQL = resources.files("hotswap_tui.sync") / "sql"
_SOURCE: Final = (_SQL / "setup_source.sql").read_text(encoding="utf-8")
_TARGET: Final = Template((_SQL / "setup_target.sql").read_text(encoding="utf-8"))
_CONNINFO: Final = """\
SELECT s.subconninfo FROM pg_catalog.pg_subscription AS s JOIN pg_catalog.pg_database AS d ON d.oid = s.subdbid
WHERE d.datname = pg_catalog.current_database() AND s.subname = %(subscription)s
"""
_MAY_READ_CONNINFO: Final = (
    "SELECT pg_catalog.has_column_privilege('pg_catalog.pg_subscription', 'subconninfo', 'SELECT')"
)
ORIGIN_FROM: Final = 160_000
READY: Final = "r"
INITIAL: Final = "i"
"""The states of a table's copy that is complete, and of one that has not begun (pg_subscription_rel)."""


@dataclass(frozen=True, slots=True)
class Publication:
    """A publication of the way's name."""

    all_tables: bool
    whole: bool
    """It publishes every kind of write, of each partition itself."""
    owned: bool
    tables: frozenset[Table] = frozenset()
    """With the partitions instead of the tables that they are parts of."""
    listed: frozenset[Table] = frozenset()


@dataclass(frozen=True, slots=True)
class FoundSlot:
    """A slot of the way's name."""

    fits: bool
    active: bool
    lost: bool


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription of the way's name."""

    oid: int
    enabled: bool
    slot: str | None
    publications: tuple[str, ...]
    two_way: bool
    """It leaves out what came from elsewhere (`origin = none`)."""
    states: tuple[tuple[Table, str], ...] = ()
    """Of each table's copy, as in pg_subscription_rel."""
    stale_route: bool = False
    """It reaches its source in another way than it is to; False, too, where this role may not read that."""

    @property
    def tables(self) -> frozenset[Table]:
        """Return the tables that it knows."""
        return frozenset(table for table, _ in self.states)

    @property
    def waiting(self) -> tuple[Table, ...]:
        """Return the tables whose copy is not complete."""
        return tuple(table for table, state in self.states if state != READY)


@dataclass(frozen=True, slots=True)
class Found:
    """What there is of one way."""

    publication: Publication | None = None
    slot: FoundSlot | None = None
    subscription: Subscription | None = None


def find(way: Way, source: Connection | None, target: Connection | None) -> Found:
    """Return what there is; of a server that cannot be asked nothing. psycopg's errors are raised."""
    publication, slot = _on_source(way, source) if source else (None, None)
    return Found(publication, slot, _on_target(way, target) if target else None)


def _on_source(way: Way, connection: Connection) -> tuple[Publication | None, FoundSlot | None]:
    row = connection.execute(_SOURCE.encode(), {"publication": way.publication, "slot": way.slot}).fetchone()
    publication, tables, listed, slot = row or (None, [], [], None)
    return (
        Publication(**publication, tables=frozenset(map(tuple, tables)), listed=frozenset(map(tuple, listed)))
        if publication
        else None,
        FoundSlot(**slot) if slot else None,
    )


def _on_target(way: Way, connection: Connection) -> Subscription | None:
    origin = "s.suborigin" if connection.info.server_version >= ORIGIN_FROM else "'any'"
    query = _TARGET.substitute(origin=origin).encode()
    row = connection.execute(query, {"subscription": way.subscription}).fetchone()
    if row is None:
        return None
    oid, enabled, slot, publications, kept_origin, states = row
    return Subscription(
        oid,
        enabled,
        slot,
        tuple(publications),
        kept_origin == "none",
        tuple(((schema, name), state) for schema, name, state in states),
        _is_stale(way, connection),
    )


def _is_stale(way: Way, connection: Connection) -> bool:
    if connection.execute(_MAY_READ_CONNINFO.encode()).fetchone() != (True,):
        return False
    row = connection.execute(_CONNINFO.encode(), {"subscription": way.subscription}).fetchone()
    wanted = conninfo_to_dict(way.conninfo().get_secret_value())
    return row is not None and conninfo_to_dict(row[0]) != wanted
