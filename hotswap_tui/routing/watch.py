"""Reading back once a second, over one connection: PgBouncer logs every login, and an SD card wears out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.values import RouterReading
from hotswap_tui.routing import readings
from hotswap_tui.routing.console import ConsoleError, UnreachableError, now_s
from hotswap_tui.routing.holding import QUERY_WAIT_S

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotswap_tui.core.plan import PoolMode
    from hotswap_tui.core.traffic import Traffic
    from hotswap_tui.core.values import Role
    from hotswap_tui.routing.console import Console, Line, Rows
    from hotswap_tui.routing.readings import Place, Pointing

TIMEOUT_S: Final = 2.0
_SHOWS_STATE: Final = (1, 19)
"""Earlier ones do not know SHOW STATE, and log that they were asked."""
_SUSPICIOUS_S: Final = 1.0
"""Clients wait and no connection is busy, for so long: only then is asked whether PgBouncer is paused, which it logs."""


@dataclass(slots=True)
class _Connection:
    """What stays true as long as one connection lasts."""

    line: Line
    version: tuple[int, ...]
    pool_mode: PoolMode | None
    shows_state: bool


class Watch:
    """Reads one gateway's PgBouncer back. Concurrent readers take turns."""

    def __init__(self, console: Console, database: str, places: Mapping[Role, Place]) -> None:
        self._console = console
        self._database = database
        self._places = places
        self._connection: _Connection | None = None
        self._turn = asyncio.Lock()
        self._rates = readings.Rates()
        self._stuck_since_s: float | None = None
        self.query_wait_s = QUERY_WAIT_S

    async def reading(self, *, held: bool = False) -> RouterReading:
        """Return what PgBouncer says within two seconds; never raises for what it does.

        `held`: it should be paused, so it is asked whether it is.
        """
        async with self._turn:
            try:
                return await self._read(now_s() + TIMEOUT_S, held=held)
            except ConsoleError as error:
                self.drop()
                return RouterReading(routed=True, error=str(error), paused=held)
            except asyncio.CancelledError:
                self.drop()
                raise

    async def pointing(self, deadline_s: float) -> Pointing:
        """Ask on a connection of its own where PgBouncer points; raises ConsoleError."""
        return self._found(await self._console.run("SHOW DATABASES", deadline_s))

    def drop(self) -> None:
        """Close the connection; the next reading opens another."""
        if self._connection is not None:
            self._connection.line.drop()
            self._connection = None

    async def _read(self, deadline_s: float, *, held: bool) -> RouterReading:
        connection = self._connection or await self._connect(deadline_s)
        ask = connection.line.ask
        databases = await ask("SHOW DATABASES", deadline_s)
        pools = await ask("SHOW POOLS", deadline_s)
        traffic = readings.traffic(pools, await ask("SHOW STATS_TOTALS", deadline_s), self._database, now_s())
        found = self._found(databases)
        return RouterReading(
            routed=True,
            points_to=readings.role_of(found.place, self._places),
            address=found.place.address,
            version=connection.version,
            pool_mode=readings.pool_mode(pools, self._database) or found.pool_mode or connection.pool_mode,
            paused=found.paused or await self._paused(connection, traffic, deadline_s, held=held),
            traffic=self._rates.add(traffic),
        )

    async def _connect(self, deadline_s: float) -> _Connection:
        line = await self._console.open(deadline_s)
        try:
            version = readings.version(await line.ask("SHOW VERSION", deadline_s))
            config = await line.ask("SHOW CONFIG", deadline_s)
        except BaseException:
            line.drop()
            raise
        self.query_wait_s = readings.query_wait_s(config)
        mode = readings.configured_pool_mode(config)
        self._connection = _Connection(line, version, mode, version >= _SHOWS_STATE)
        return self._connection

    async def _paused(self, connection: _Connection, traffic: Traffic, deadline_s: float, *, held: bool) -> bool:
        if connection.shows_state:
            try:
                state = await connection.line.ask("SHOW STATE", deadline_s)
            except UnreachableError:
                raise
            except ConsoleError:
                connection.shows_state = False
            else:
                return any(row.get("key") in {"paused", "suspended"} and row.get("value") == "yes" for row in state)
        if held:
            return await self._console.paused(connection.line, deadline_s)
        if not traffic.clients_waiting or traffic.servers_active:
            self._stuck_since_s = None
            return False
        since_s = self._stuck_since_s = traffic.at_s if self._stuck_since_s is None else self._stuck_since_s
        return traffic.at_s - since_s >= _SUSPICIOUS_S and await self._console.paused(connection.line, deadline_s)

    def _found(self, databases: Rows) -> Pointing:
        found = readings.pointing(databases, self._database)
        if found is None:
            raise ConsoleError(f"PgBouncer at {self._console.address} does not know the database {self._database}")
        return found
