"""What an application would notice: two clients that ask through the gateway while traffic moves.

One keeps its connection and asks ten times a second; the other connects anew for every question, once a second. Answers, errors
and waits are counted as the demo counts those of its own load.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.text import clean
from hotswap_tui.drill.client import ERRORS, Client, kind
from hotswap_tui.drill.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from hotswap_tui.drill.ledger import Tally
    from hotswap_tui.drill.totals import Attempt, Totals
    from hotswap_tui.dsn import Dsn

KEPT_S: Final = 0.1
ANEW_S: Final = 1.0


class Clients:
    """The books of both."""

    def __init__(self) -> None:
        now_s = time.monotonic()
        self._kept = Ledger(1, 0, now_s)
        self._anew = Ledger(1, 0, now_s)
        self._answered = asyncio.Event()

    def kept(self) -> Totals:
        """Return what the client that keeps its connection has met."""
        return self._kept.totals(time.monotonic())

    def anew(self) -> Totals:
        """Return what the client that connects for every question has met."""
        return self._anew.totals(time.monotonic())

    async def answered(self, count: int, patience_s: float) -> None:
        """Wait for so many more answers to the client that keeps its connection, so that the books say who answers now."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                for _ in range(count):
                    self._answered.clear()
                    await self._answered.wait()

    async def ask_on(self, dsn: Dsn) -> None:
        """Let both ask until this is cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(_run(Client(dsn), self._kept, self._answered.set))
            group.create_task(_run(Client(dsn), self._anew, None))


@asynccontextmanager
async def asking(dsn: Dsn) -> AsyncIterator[Clients]:
    """Let two clients ask while the context lasts; the driver's errors are counted, not raised."""
    clients = Clients()
    task = asyncio.create_task(clients.ask_on(dsn))
    try:
        yield clients
    finally:
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error


async def first_answer(dsn: Dsn, patience_s: float = 5.0) -> str:
    """Return why the gateway does not answer an application even before anything moves; empty when it does."""
    client = Client(dsn)
    try:
        async with asyncio.timeout(patience_s):
            await client.ask()
    except TimeoutError:
        return f"no answer within {patience_s:g} s"
    except ERRORS as error:
        return clean(str(error)) or kind(error)
    await client.close()
    return ""


async def _run(client: Client, ledger: Ledger, keeping: Callable[[], None] | None) -> None:
    """Ask again and again, anew each time unless `keeping`, which is called after each answer."""
    tally, period_s = ledger.tallies[0], KEPT_S if keeping else ANEW_S
    due_s = time.monotonic()
    try:
        while True:
            await asyncio.sleep(due_s - time.monotonic())
            due_s = max(due_s + period_s, time.monotonic())
            attempt = await _attempt(client, tally)
            ledger.add(attempt)
            if keeping is None:
                await client.close()
            elif not attempt.error:
                keeping()
    finally:
        tally.stop()
        await client.close()


async def _attempt(client: Client, tally: Tally) -> Attempt:
    tally.begin(time.monotonic())
    try:
        marker = await client.ask()
    except ERRORS as error:
        return tally.fail(time.monotonic(), kind(error), clean(str(error)))
    return tally.succeed(time.monotonic(), marker)
