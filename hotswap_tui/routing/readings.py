"""What PgBouncer's tables say. Columns are read by name, since versions add some; nothing here asks anything."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from hotswap_tui.core.plan import PoolMode
from hotswap_tui.core.text import clean
from hotswap_tui.core.traffic import Traffic, Waited
from hotswap_tui.dsn import Address
from hotswap_tui.routing import target_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hotswap_tui.core.values import Role
    from hotswap_tui.dsn import Dsn
    from hotswap_tui.routing.console import Row, Rows

_POOL_MODES: Final = {mode.value: mode for mode in PoolMode}
_SHORTEST_S: Final = 0.5
"""Rates over less time than this tell more about chance than about traffic."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a database is, as PgBouncer and a connection string can both say it."""

    host: str
    port: int
    database: str
    user: str

    @property
    def address(self) -> str:
        """Return `host:port`."""
        return str(Address(self.host, self.port))


@dataclass(frozen=True, slots=True)
class Pointing:
    """A row of SHOW DATABASES."""

    place: Place
    pool_mode: PoolMode | None
    """None: as PgBouncer's configuration says."""
    paused: bool
    """By PAUSE with this database's name; the global one does not show here."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """A server connection to a database that PgBouncer does not point to any more."""

    key: str
    """Tells it from others."""
    pid: int
    """The server's process; 0 before it has logged in."""
    state: str

    @property
    def ends_by_itself(self) -> bool:
        """Say whether PgBouncer closes it within its third of a second: no client is linked to it."""
        return self.state in {"idle", "used"}


def place_of(dsn: Dsn) -> Place:
    """Return where `dsn` leads, as PgBouncer shows it once it points there. Raises DsnError when there is no user."""
    address = target_file.place_of(dsn)
    return Place(address.host, address.port, dsn.login_database(), dsn.login_user())


def role_of(place: Place, places: Mapping[Role, Place]) -> Role | None:
    """Return which of the two databases `place` is."""
    return next((role for role, known in places.items() if known == place), None)


def pointing(databases: Rows, database: str) -> Pointing | None:
    """Return where PgBouncer leads `database`, None when it does not know it."""
    row = next(_of(databases, database, column="name"), None)
    if row is None:
        return None
    place = Place(_text(row, "host"), _number(row, "port"), _text(row, "database"), _text(row, "force_user"))
    return Pointing(place, _pool_mode(row), bool(_number(row, "paused")))


def pool_mode(pools: Rows, database: str) -> PoolMode | None:
    """Return what the pools of `database` do; None while there are none."""
    return next((mode for row in _of(pools, database) if (mode := _pool_mode(row))), None)


def configured_pool_mode(config: Rows) -> PoolMode | None:
    """Return what SHOW CONFIG says."""
    return _POOL_MODES.get(settings(config, ("pool_mode",)).get("pool_mode", ""))


def query_wait_s(config: Rows) -> float:
    """Return how long SHOW CONFIG lets clients wait before they are given up; infinite where it sets no limit."""
    told = settings(config, ("query_wait_timeout",)).get("query_wait_timeout", "")
    return (float(told) if re.fullmatch(r"\d+(?:\.\d+)?", told) else 0.0) or math.inf


def settings(config: Rows, names: Iterable[str]) -> dict[str, str]:
    """Return these of the settings in SHOW CONFIG, as they are written there."""
    wanted = set(names)
    return {row["key"]: str(row["value"] or "") for row in config if row.get("key") in wanted}


def version(rows: Rows) -> tuple[int, ...]:
    """Return the version; empty when it is not written as expected."""
    found = re.search(r"\d+(?:\.\d+)+", _text(rows[0], "version")) if rows else None
    return tuple(map(int, found[0].split("."))) if found else ()


def waited(pools: Rows, database: str) -> Waited:
    """Return who waits in `database` at present."""
    rows = list(_of(pools, database))
    return Waited(sum(_number(row, "cl_waiting") for row in rows), max(map(_max_wait_s, rows), default=0.0))


def leftovers(servers: Rows, database: str) -> tuple[Leftover, ...]:
    """Return the connections of SHOW SERVERS that PgBouncer closes as soon as it can."""
    rows = (row for row in _of(servers, database) if _number(row, "close_needed"))
    return tuple(Leftover(_text(row, "ptr"), _number(row, "remote_pid"), _text(row, "state")) for row in rows)


def busy(servers: Rows, database: str) -> tuple[int, ...]:
    """Return the servers' processes that a client is linked to; 0 stands for one whose number a pooler behind it hides."""
    return tuple(_number(row, "remote_pid") for row in _of(servers, database) if _text(row, "state") == "active")


def logins(pools: Rows, database: str) -> int:
    """Return how many connections of `database` are logging in to its server."""
    return sum(_number(row, "sv_login") for row in _of(pools, database))


def spare(pools: Rows, database: str) -> bool:
    """Say whether each of its pools has a connection that nobody uses, or no client."""
    rows = [row for row in _of(pools, database) if _number(row, "cl_active") + _number(row, "cl_waiting")]
    return all(_number(row, "sv_idle") + _number(row, "sv_used") for row in rows)


def traffic(pools: Rows, totals: Rows, database: str, at_s: float) -> Traffic:
    """Return the present figures of `database`, without rates."""
    rows = list(_of(pools, database))
    counters = list(_of(totals, database))
    waiting = waited(pools, database)
    return Traffic(
        at_s=at_s,
        clients_active=sum(_number(row, "cl_active") for row in rows),
        clients_waiting=waiting.clients,
        servers_active=sum(_number(row, "sv_active") for row in rows),
        servers_idle=sum(_number(row, "sv_idle") + _number(row, "sv_used") for row in rows),
        max_wait_s=waiting.longest_s,
        queries=sum(_number(row, "query_count") for row in counters),
        query_time_us=sum(_number(row, "query_time") for row in counters),
    )


class Rates:
    """Turns counters into rates, from one reading to a later one."""

    def __init__(self) -> None:
        self._base: Traffic | None = None
        self._latest: Traffic | None = None

    def add(self, reading: Traffic) -> Traffic:
        """Return `reading` with its rates; soon after another one, those of that."""
        base, latest = self._base, self._latest
        if base is not None and latest is not None and reading.at_s - base.at_s < _SHORTEST_S:
            return replace(reading, queries_per_s=latest.queries_per_s, mean_query_ms=latest.mean_query_ms)
        rated = reading if base is None else _with_rates(base, reading)
        self._base, self._latest = reading, rated
        return rated


def _with_rates(before: Traffic, after: Traffic) -> Traffic:
    queries, time_us = after.queries - before.queries, after.query_time_us - before.query_time_us
    if queries < 0 or time_us < 0:
        return after  # PgBouncer was started anew and counts from zero
    mean_ms = time_us / queries / 1000 if queries else None
    return replace(after, queries_per_s=queries / (after.at_s - before.at_s), mean_query_ms=mean_ms)


def _of(rows: Rows, database: str, column: str = "database") -> Iterator[Row]:
    return (row for row in rows if row.get(column) == database)


def _pool_mode(row: Row) -> PoolMode | None:
    return _POOL_MODES.get(_text(row, "pool_mode"))


def _max_wait_s(row: Row) -> float:
    return _number(row, "maxwait") + _number(row, "maxwait_us") / 1_000_000


def _number(row: Row, column: str) -> int:
    value: Any = row.get(column)
    return int(value) if value else 0


def _text(row: Row, column: str) -> str:
    value: Any = row.get(column)
    return "" if value is None else clean(str(value))
