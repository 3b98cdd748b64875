"""How far the first copy of the tables is, from the target's catalogue and the sizes on the source."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from string import Template
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.text import clean
from hotswap_tui.sync.replication.found import READY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotswap_tui.sync.replication.statements import Connection, Table
    from hotswap_tui.sync.replication.ways import Way

_SQL = resources.files("hotswap_tui.sync") / "sql"
_SIZES: Final = (_SQL / "setup_sizes.sql").read_text(encoding="utf-8")
_COPY: Final = Template((_SQL / "setup_copy.sql").read_text(encoding="utf-8"))
_WORKERS: Final = Template((_SQL / "setup_workers.sql").read_text(encoding="utf-8"))
_PROGRESS: Final = """\
LEFT JOIN pg_catalog.pg_stat_progress_copy AS p
    ON p.relid = r.srrelid AND p.datname = pg_catalog.current_database() AND p.command = 'COPY FROM' AND p.type = 'CALLBACK'"""
_ERRORS: Final = """\
(SELECT apply_error_count + sync_error_count FROM pg_catalog.pg_stat_subscription_stats WHERE subid = %(oid)s)"""
_PROGRESS_FROM: Final = 140_000
_ERRORS_FROM: Final = 150_000
_BEFORE: Final = frozenset({"i", "d"})
"""States in which a table's rows are not all there."""
_EARLIEST_S: Final = 2.0
"""An estimate of the time left is a guess before that."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is of one table."""

    bytes: int
    rows: int | None
    """The planner's estimate; None: never analysed."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the copy is, all tables together; bytes are those on the source's disk."""

    tables: int
    ready: int
    copied_rows: int
    rows: int
    """At least: tables that were never analysed are not counted before they are copied."""
    copied_bytes: int
    bytes: int
    waiting: tuple[str, ...] = ()
    """Tables that are not ready, cleaned."""
    working: bool = True
    """The subscription's main worker lives."""
    errors: int = 0
    """How often its workers have failed, ever."""
    left_s: float | None = None

    @property
    def complete(self) -> bool:
        """Say whether every table is ready."""
        return self.ready == self.tables

    @property
    def share(self) -> float:
        """Return the part that is copied, from 0 to 1."""
        if self.bytes:
            return self.copied_bytes / self.bytes
        return self.ready / self.tables if self.tables else 1.0


def read_sizes(way: Way, source: Connection) -> dict[Table, Size]:
    """Return how much there is of each table that is published."""
    rows = source.execute(_SIZES.encode(), {"publication": way.publication}).fetchall()
    return {(schema, name): Size(size or 0, None if tuples < 0 else tuples) for schema, name, size, tuples in rows}


def read_progress(oid: int, target: Connection, sizes: Mapping[Table, Size]) -> Progress:
    """Return how far the subscription of this oid is."""
    version = target.info.server_version
    told = version >= _PROGRESS_FROM
    query = _COPY.substitute(
        rows="p.tuples_processed" if told else "NULL::pg_catalog.int8",
        bytes="p.bytes_processed" if told else "NULL::pg_catalog.int8",
        progress=_PROGRESS if told else "",
    )
    rows = target.execute(query.encode(), {"oid": oid}).fetchall()
    errors = _ERRORS if version >= _ERRORS_FROM else "0"
    working, failed = target.execute(_WORKERS.substitute(errors=errors).encode(), {"oid": oid}).fetchone() or (False, 0)
    parts = [_part(state, sizes.get((schema, name), Size(0, None)), done) for schema, name, state, *done in rows]
    return Progress(
        tables=len(rows),
        ready=sum(row[2] == READY for row in rows),
        copied_rows=sum(part[0] for part in parts),
        rows=sum(part[1] for part in parts),
        copied_bytes=sum(part[2] for part in parts),
        bytes=sum(part[3] for part in parts),
        waiting=tuple(clean(f"{row[0]}.{row[1]}") for row in rows if row[2] != READY),
        working=working,
        errors=failed or 0,
    )


def left_s(first: Progress, now: Progress, elapsed_s: float) -> float | None:
    """Return how long the rest takes at the rate since `first`, `elapsed_s` ago; None while nobody can say."""
    gained = now.copied_bytes - first.copied_bytes
    if elapsed_s < _EARLIEST_S or gained <= 0:
        return None
    return (now.bytes - now.copied_bytes) * elapsed_s / gained


def _part(state: str, size: Size, done: list[int | None]) -> tuple[int, int, int, int]:
    """Return rows copied, rows, bytes copied and bytes of one table."""
    rows, sent = (value or 0 for value in done)
    if state not in _BEFORE:
        return size.rows or 0, size.rows or 0, size.bytes, size.bytes
    share = rows / size.rows if size.rows else sent / size.bytes if size.bytes else 0.0
    return rows, max(size.rows or 0, rows), round(size.bytes * min(1.0, share)), size.bytes
