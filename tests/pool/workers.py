"""Tasks of one application that write through a pool, each attempt kept."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol

import psycopg

from hotswap_tui.drill.totals import Attempt
from tests.support.until import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

BEAT: Final = (
    "INSERT INTO heartbeats (client, beats) VALUES (%s, %s) ON CONFLICT (client) DO UPDATE SET beats = excluded.beats "
    "RETURNING (SELECT name FROM marker)"
)
"""Leaves when it was sent, nanoseconds of the monotonic clock, and says who has it."""
_TIMES: Final = "SELECT coalesce(max(beats), 0) FROM heartbeats"


class Pool(Protocol):
    """What gives connections: ours, or psycopg's."""

    def connection(self) -> AbstractAsyncContextManager[psycopg.AsyncConnection[Any]]:
        """Give one."""
        ...


async def beat(pool: Pool, client: int = 0) -> str:
    """Write in a transaction of its own; return who has it."""
    async with pool.connection() as connection:
        rows = await connection.execute(BEAT, [client, time.monotonic_ns()])
        row = await rows.fetchone()
    assert row is not None
    return str(row[0])


class Workers:
    """Write with `clients` tasks, each every `period_s`, while the context lasts."""

    def __init__(self, pool: Pool, clients: int = 8, period_s: float = 0.01) -> None:
        self.attempts: list[Attempt] = []
        self._pool = pool
        self._clients = clients
        self._period_s = period_s

    @property
    def errors(self) -> list[str]:
        """Return what went wrong, oldest first."""
        return [attempt.error for attempt in self.attempts if attempt.error]

    async def answered(self, marker: str) -> None:
        """Wait until every client has had an answer from `marker` that it began to ask for after this call."""
        now_s = time.monotonic()

        def everybody() -> bool:
            heard = {a.client for a in self.attempts if a.marker == marker and a.at_s - a.took_s > now_s}
            return len(heard) == self._clients

        await until(everybody, what=f"every client's answer from the {marker}")

    async def _work(self, client: int) -> None:
        while True:
            began_s = time.monotonic()
            marker = error = ""
            try:
                marker = await beat(self._pool, client)
            except psycopg.Error as failure:
                error = type(failure).__name__
            ended_s = time.monotonic()
            self.attempts.append(Attempt(ended_s, client, ended_s - began_s, marker, error))
            await asyncio.sleep(max(0.0, began_s + self._period_s - ended_s))


@asynccontextmanager
async def working(pool: Pool, clients: int = 8, period_s: float = 0.01) -> AsyncIterator[Workers]:
    """Let workers write while the context lasts."""
    workers = Workers(pool, clients, period_s)
    tasks = [asyncio.create_task(workers._work(client)) for client in range(clients)]
    try:
        yield workers
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def newest_beat_s(url: str) -> float:
    """Return when the newest of the beats was sent that a server has; monotonic seconds, 0 when it has none."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        row = await (await connection.execute(_TIMES)).fetchone()
    assert row is not None
    return float(row[0]) / 1e9
