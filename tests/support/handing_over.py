"""Clients insert through PgBouncer while traffic moves between replicated servers, and what became of their rows."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import psycopg
from pydantic import SecretStr

from hotswap_tui.core.plan import DataPlan, PoolMode, choose
from hotswap_tui.core.sync import behind_s
from hotswap_tui.core.values import Fault, Role
from hotswap_tui.dsn import parse
from hotswap_tui.engine.ports import SyncQuestion
from hotswap_tui.sync.handover.handover import PairHandover
from hotswap_tui.sync.known import Known
from hotswap_tui.sync.look.reader import PairReader
from tests.support.bouncer_routers import Steps, router_of
from tests.support.bouncers import LivePgBouncer
from tests.support.inserting import Inserting, lost, written
from tests.support.until import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from hotswap_tui.core.sync import SyncReading
    from hotswap_tui.routing.router import Arrival
    from tests.support.inserting import Confirmed
    from tests.support.replicated import Replicated

GAP = 1000
_LONG_S = 60.0


class Moving:
    """Traffic between a replicated pair, moved by the router with everything that concerns the data."""

    def __init__(self, pair: Replicated, bouncer: LivePgBouncer) -> None:
        self.pair = pair
        self.known = Known()
        self.bouncer = bouncer
        self.urls = {Role.PRIMARY: pair.url(pair.primary), Role.SECONDARY: pair.url(pair.secondary)}
        handover = PairHandover(self.known, GAP, time.time)
        self.router = router_of(bouncer.gateway, self.urls, handover=handover)
        self.steps = Steps()
        self.reader = PairReader({role: parse(SecretStr(url)) for role, url in self.urls.items()}, self.known)

    async def switch(self, target: Role, fault: Fault | None = None) -> Arrival:
        """Move traffic as the engine would under logical replication."""
        data = DataPlan(catch_up=True, must_catch_up=fault is None, sequences=True, mark=target is Role.SECONDARY)
        self.steps = Steps()
        return await self.router.switch(
            target, choose(target.other, fault, PoolMode.TRANSACTION, (1, 18), data=data), self.steps
        )

    async def look(self) -> SyncReading:
        """Look at the pair as the engine does, while the primary serves."""
        return await self.reader.read(SyncQuestion(Role.PRIMARY, frozenset(Role)))


@asynccontextmanager
async def moving(pair: Replicated) -> AsyncIterator[Moving]:
    """Give a PgBouncer that points to the primary, and what moves its traffic."""
    with LivePgBouncer(pair.primary, pair.secondary) as bouncer:
        moving = Moving(pair, bouncer)
        try:
            yield moving
        finally:
            await moving.router.aclose()
            await moving.reader.aclose()


@dataclass(slots=True)
class There:
    """A planned switch to the secondary and back."""

    load: Inserting
    words: list[str] = field(default_factory=list)
    lost: list[Confirmed] = field(default_factory=list)
    unequal: int = 0
    """Rows that one server has and the other has not."""
    doubled: int = 0
    keys_doubled: int = 0


async def there_and_back(pair: Replicated, rows: int, rate: float) -> There:
    """Insert `rows`, switching after a third of them and failing back after two; everything is counted on both servers."""
    async with moving(pair) as move:
        async with Inserting(move.bouncer.url, rate, rows=rows) as load:
            course = There(load)
            for target, share in ((Role.SECONDARY, 1), (Role.PRIMARY, 2)):
                await until(partial(load.has, rows * share // 3), _LONG_S * 2, "rows")
                secured = (await move.switch(target)).secured
                course.words.append(f"{target}: {secured.words}{secured.problem and f' [{secured.problem}]'}")
            await load.finished()
        for server in (pair.primary, pair.secondary):
            await asyncio.to_thread(pair.await_caught_up, server)
        on_primary, on_secondary = written(pair, pair.primary), written(pair, pair.secondary)
    course.lost = lost(load, on_primary) + lost(load, on_secondary)
    course.unequal = len(set(on_primary) ^ set(on_secondary))
    course.doubled = len(on_primary) - len({row for row, _ in on_primary})
    course.keys_doubled = len(on_primary) - len({key for _, key in on_primary})
    return course


@dataclass(slots=True)
class Crash:
    """A failover from a primary that was killed under load, and its return."""

    load: Inserting
    words: str = ""
    took_s: float = 0.0
    stale: list[Confirmed] = field(default_factory=list)
    """What was confirmed before the crash and was not on the secondary at the failover."""
    behind_s: float = 0.0
    """The last lag that a look had measured, and its age at the crash."""
    within: int = 0
    """Rows confirmed in that time: so many may be lost."""
    for_good: list[Confirmed] = field(default_factory=list)
    """What is still missing after the old primary has come back."""
    conflicts: int = 0


@contextmanager
def _locked(pair: Replicated, *, wanted: bool) -> Iterator[None]:
    """Keep the secondary from applying anything; it falls behind."""
    if not wanted:
        yield
        return
    with psycopg.connect(pair.superuser_url(pair.secondary)) as connection:
        connection.execute("LOCK TABLE transactions IN SHARE MODE")
        yield
        connection.rollback()


async def crash(pair: Replicated, rate: float, rows: int, *, behind: bool = False) -> Crash:
    """Kill the primary after `rows` at full load, fail over, go on for as many rows, and let the old primary return.

    `behind`: the secondary has stopped to apply after a quarter of the rows.
    """
    async with moving(pair) as move:
        async with Inserting(move.bouncer.url, rate) as load:
            course = Crash(load)
            await until(lambda: len(load.confirmed) >= rows // 4, _LONG_S, "rows")
            await move.look()
            with _locked(pair, wanted=behind):
                await until(lambda: len(load.confirmed) >= rows // 2, _LONG_S, "rows")
                flow = (await move.look()).flow(Role.PRIMARY)
                await until(lambda: len(load.confirmed) >= rows, _LONG_S, "rows")
                await asyncio.to_thread(pair.primary.crash)
            crashed_s, before = time.monotonic(), list(load.confirmed)
            measured_s = behind_s(flow, crashed_s)
            assert measured_s is not None, "the lag has been measured"
            course.behind_s = measured_s
            course.within = sum(each.at_s >= crashed_s - measured_s for each in before)
            arrival = await move.switch(Role.SECONDARY, Fault.REFUSED)
            course.took_s = time.monotonic() - crashed_s
            course.words = arrival.secured.words + (arrival.secured.problem and f" [{arrival.secured.problem}]")
            there = set(written(pair, pair.secondary))
            course.stale = [each for each in before if (each.row, each.key) not in there]
            await until(lambda: len(load.confirmed) >= len(before) + rows, _LONG_S, "rows after the failover")
            await asyncio.to_thread(pair.primary.start)
            await asyncio.to_thread(pair.await_caught_up, pair.primary)
            await until(lambda: len(load.confirmed) >= len(before) + rows * 3 // 2, _LONG_S, "rows after the return")
        course.for_good = lost(load, written(pair, pair.secondary))
        # A connection that breaks counts as an error, too.
        query = "SELECT sum(confl_insert_exists) FROM pg_stat_subscription_stats"
        ((conflicts,),) = pair.execute(pair.secondary, query)
        course.conflicts = int(conflicts)
    return course
