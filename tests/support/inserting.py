"""Clients that insert rows with keys of the server's own at a steady rate, and remember what was confirmed to them."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

import psycopg

if TYPE_CHECKING:
    from hotswap_tui.demo.servers import Server
    from tests.support.replicated import Replicated

_INSERT: Final = (
    "INSERT INTO transactions (account_id, payee, category, amount_cents)"
    " SELECT min(id), %s, 'inserting', 1 FROM accounts RETURNING id"
)
_WRITTEN: Final = "SELECT payee, id FROM transactions WHERE category = 'inserting'"
_ANSWER_S: Final = 15.0
_AGAIN_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A row that a client was told to be committed."""

    row: str
    key: int
    at_s: float
    """Monotonic seconds."""


@dataclass(slots=True)
class Inserting:
    """Insert `rate` rows a second through `clients` connections, `rows` in all (None: until left); a context manager."""

    url: str
    rate: float
    clients: int = 8
    rows: int | None = None
    confirmed: list[Confirmed] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    longest_s: float = 0.0
    """The longest that a client has waited for one row."""
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _begun: int = 0

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._client(number)) for number in range(self.clients)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def finished(self) -> None:
        """Wait until all rows have been tried."""
        await asyncio.gather(*self._tasks)

    def has(self, rows: int) -> bool:
        """Tell whether so many rows have been confirmed."""
        return len(self.confirmed) >= rows

    @property
    def collisions(self) -> list[str]:
        """Return the errors about keys that exist."""
        return [error for error in self.errors if "duplicate key" in error]

    async def _client(self, number: int) -> None:
        period_s, due_s = self.clients / self.rate, time.monotonic() + number / self.rate
        connection: psycopg.AsyncConnection[tuple[int]] | None = None
        try:
            while self.rows is None or self._begun < self.rows:
                self._begun += 1
                row = f"{number}-{self._begun}"
                await asyncio.sleep(max(0.0, due_s - time.monotonic()))
                due_s = max(due_s + period_s, time.monotonic() - period_s)
                connection = await self._try(connection, row)
        finally:
            if connection is not None:
                connection.pgconn.finish()

    async def _try(
        self, connection: psycopg.AsyncConnection[tuple[int]] | None, row: str
    ) -> psycopg.AsyncConnection[tuple[int]] | None:
        """Insert one row; return the connection for the next one, None where a new one is needed."""
        began_s = time.monotonic()
        try:
            async with asyncio.timeout(_ANSWER_S):
                if connection is None:
                    connection = await psycopg.AsyncConnection.connect(
                        self.url, autocommit=True, prepare_threshold=None
                    )
                found = await (await connection.execute(_INSERT, [row])).fetchone()
        except (psycopg.Error, TimeoutError) as error:
            self.errors.append(str(error).strip() or type(error).__name__)
            if connection is not None:
                with suppress(psycopg.Error):
                    connection.pgconn.finish()
            await asyncio.sleep(_AGAIN_S)
            return None
        ended_s = time.monotonic()
        self.longest_s = max(self.longest_s, ended_s - began_s)
        assert found is not None
        self.confirmed.append(Confirmed(row, found[0], ended_s))
        return connection


def written(pair: Replicated, server: Server) -> list[tuple[str, int]]:
    """Return the rows on a server with their keys."""
    return [(str(row), int(key)) for row, key in pair.execute(server, _WRITTEN)]


def lost(load: Inserting, rows: list[tuple[str, int]]) -> list[Confirmed]:
    """Return what was confirmed and is not among `rows`, with the key that was told."""
    there = set(rows)
    return [each for each in load.confirmed if (each.row, each.key) not in there]
