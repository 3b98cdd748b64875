"""Print what eight tasks of one application feel of faults, with HotSwapPool and without: python -m tests.bench.bench_pool RUNS.

Without it they have psycopg's own pool over a connection string with both hosts and target_session_attrs=read-write.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from contextlib import asynccontextmanager, closing
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from psycopg_pool import AsyncConnectionPool

from hotswap_tui.core.events import SwitchRequest
from hotswap_tui.core.values import Role
from hotswap_tui.dsn import parse
from hotswap_tui.pool import HotSwapPool
from tests.bench.bench_traffic import SETTINGS
from tests.bench.figures import Felt, column, felt, row
from tests.pool.workers import working
from tests.support.clusters import Clusters, ServerPair

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from tests.pool.workers import Pool

BEFORE_S: Final = 0.7
AFTER_S: Final = 3.0
HEADINGS: Final = ("outage, s", "errors", "longest wait, s", "gap, worst, s")


async def _killed(pair: ServerPair, _pool: object) -> None:
    await asyncio.to_thread(pair.primary.crash)


async def _frozen(pair: ServerPair, _pool: object) -> None:
    await asyncio.to_thread(pair.primary.freeze)


async def _planned(pair: ServerPair, pool: object) -> None:
    """Switch where that is known; without it, shut the primary down in order, which is all there is."""
    if isinstance(pool, HotSwapPool):
        await pool.engine.request(SwitchRequest("bench", Role.SECONDARY, pool.snapshot().version))
    else:
        await asyncio.to_thread(pair.primary.stop)


FAULTS: Final[Mapping[str, Callable[[ServerPair, object], Awaitable[None]]]] = {
    "kill -9": _killed,
    "SIGSTOP": _frozen,
    "planned": _planned,
}


@asynccontextmanager
async def with_it(pair: ServerPair) -> AsyncIterator[Pool]:
    """Give our pool."""
    with TemporaryDirectory() as state:
        settings = {**SETTINGS, "HOTSWAP_STATE_DIR": state}
        async with HotSwapPool(pair.primary.url, pair.secondary.url, settings=settings, min_size=8) as pool:
            await pool.wait_for(Role.PRIMARY)
            yield pool


@asynccontextmanager
async def without_it(pair: ServerPair) -> AsyncIterator[Pool]:
    """Give psycopg's pool over both hosts."""
    dsns = [parse(server.url) for server in pair]
    keywords: dict[str, Any] = {**dsns[0].conninfo(), "target_session_attrs": "read-write", "connect_timeout": 2}
    keywords |= {"host": ",".join("127.0.0.1" for _ in pair), "port": ",".join(str(server.port) for server in pair)}
    with NamedTemporaryFile("w") as passfile:
        for server, dsn in zip(pair, dsns, strict=True):
            assert dsn.password is not None
            passfile.write(f"127.0.0.1:{server.port}:*:*:{dsn.password.get_secret_value()}\n")
        passfile.flush()
        keywords |= {"password": "", "passfile": passfile.name}
        async with AsyncConnectionPool("", kwargs=keywords, min_size=8, open=False) as pool:
            await pool.wait()
            yield pool


async def measure(pair: ServerPair, make: Callable[[ServerPair], Any], fault: str) -> Felt:
    """Return what the tasks felt of one fault."""
    await asyncio.to_thread(pair.heal)
    async with make(pair) as pool, working(pool) as workers:
        await asyncio.sleep(BEFORE_S)
        await FAULTS[fault](pair, pool)
        await asyncio.sleep(AFTER_S)
        until_s, attempts = time.monotonic(), [*workers.attempts]
        # Who hangs could otherwise be ended with the server's help only.
        await asyncio.to_thread(pair.heal)
    return felt(attempts, until_s)


async def main(runs: int) -> None:
    """Print the figures."""
    with closing(Clusters()) as clusters:
        pair = ServerPair(clusters.make("primary"), clusters.make("secondary"))
        try:
            print(row("median (range)", HEADINGS))
            for fault in FAULTS:
                for name, make in {"HotSwapPool": with_it, "psycopg, both hosts": without_it}.items():
                    found = [await measure(pair, make, fault) for _ in range(runs)]
                    fields = ("outage_s", "errors", "wait_s", "gap_s")
                    print(row(f"{fault}: {name}", (column([getattr(f, n) for f in found]) for n in fields)), flush=True)
        finally:
            for server in pair:
                server.remove()


if __name__ == "__main__":
    logging.disable()
    asyncio.run(main(int(sys.argv[1])))
