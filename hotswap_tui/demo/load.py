"""A small load: clients that each run a short transaction every period, and note what they meet."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final, Self

from hotswap_tui.core.text import clean
from hotswap_tui.demo.load_client import ERRORS, Client, kind
from hotswap_tui.drill.ledger import Ledger
from hotswap_tui.drill.totals import Attempt, ClientTotals, Longest, Seen, Totals
from hotswap_tui.dsn import parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import SecretStr

    from hotswap_tui.drill.ledger import Tally

__all__ = ["BEAT", "READ", "Attempt", "ClientTotals", "Load", "Longest", "Seen", "Totals"]

READ: Final = "SELECT name FROM marker"
"""Ask the server for its marker."""
BEAT: Final = (
    "INSERT INTO heartbeats VALUES ({client}, 1) ON CONFLICT (client) DO UPDATE SET beats = heartbeats.beats + 1 "
    "RETURNING (SELECT name FROM marker)"
)
"""Write, in a row of the client's own, and ask for the marker: over all servers, the beats are at least the successes."""
STUCK_S: Final = 20.0
"""Far beyond every outage that is to be measured: who waits longer waits for ever."""
STUCK: Final = "stuck"


class Load:
    """Run `clients` clients against one connection string while the context lasts; an async context manager.

    Each begins a transaction every `period_s`, or as soon as the one before has ended, and connects anew after an error; with
    `reconnect` it connects for every transaction. A transaction is BEGIN, `statement`, COMMIT; `statement` returns one row with
    one text, the server's marker, and `{client}` in it stands for the client's number. An attempt that takes `stuck_s` is
    ended and counts as the error `stuck`. The newest `timeline` attempts are kept one by one. The connection
    string names one server or PgBouncer, over TCP or a Unix socket; TLS is not used. Raises DsnError.
    """

    def __init__(
        self,
        url: str | SecretStr,
        *,
        clients: int = 8,
        period_s: float = 0.01,
        statement: str = BEAT,
        reconnect: bool = False,
        stuck_s: float = STUCK_S,
        timeline: int = 0,
    ) -> None:
        self._dsn = parse(url)
        self._period_s = period_s
        self._statement = statement
        self._reconnect = reconnect
        self._stuck_s = stuck_s
        self._ledger = Ledger(clients, timeline, time.monotonic())
        self._tasks: list[asyncio.Task[None]] = []
        self._ending = False
        self._flowing = asyncio.Event()
        self._flowing.set()

    async def __aenter__(self) -> Self:
        """Start the clients, evenly over the first period; nobody waits until they are connected."""
        self._tasks = [asyncio.create_task(self._run(tally)) for tally in self._ledger.tallies]
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the clients and return when their connections are closed; raises what one of them died of, our own mistake."""
        self._ending = True  # should the driver take a cancellation for itself, the client still ends
        for task in self._tasks:
            task.cancel()
        outcomes = await asyncio.gather(*self._tasks, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    def pause(self, *, paused: bool) -> None:
        """Begin no more transactions, or go on."""
        if paused:
            self._flowing.clear()
        else:
            self._flowing.set()

    def totals(self) -> Totals:
        """Return what the clients have met from the beginning."""
        return self._ledger.totals(time.monotonic())

    def lap(self) -> Totals:
        """Return what they have met since the last lap, or the beginning, and begin another."""
        return self._ledger.lap(time.monotonic())

    def timeline(self) -> Sequence[Attempt]:
        """Return the newest attempts, in the order in which they ended."""
        return self._ledger.timeline()

    async def _run(self, tally: Tally) -> None:
        client = Client(self._dsn, self._statement.format(client=tally.client))
        due_s = time.monotonic() + self._period_s * tally.client / len(self._ledger.tallies)
        try:
            while not self._ending:
                await asyncio.sleep(due_s - time.monotonic())
                await self._flowing.wait()
                due_s = max(due_s + self._period_s, time.monotonic())
                self._ledger.add(await self._attempt(client, tally))
                if self._reconnect:
                    await client.close()
        finally:
            tally.stop()
            await client.close()

    async def _attempt(self, client: Client, tally: Tally) -> Attempt:
        tally.begin(time.monotonic())
        limit = asyncio.timeout(self._stuck_s)
        try:
            async with limit:
                marker = await client.transact()
        except ERRORS as error:
            error_kind = STUCK if limit.expired() else kind(error)
            return tally.fail(time.monotonic(), error_kind, clean(str(error)))
        return tally.succeed(time.monotonic(), marker)
