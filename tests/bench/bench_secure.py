"""Print what it adds to a crash failover that the target's sequences are moved ahead and that it is noted where it stands."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

from pydantic import SecretStr

from hotswap_tui.core.plan import DataPlan, PoolMode, Step, choose
from hotswap_tui.core.values import Fault, Role
from hotswap_tui.demo.tcp_proxy import TcpProxy
from hotswap_tui.dsn import parse
from hotswap_tui.probes.inspection import PostgresInspection
from hotswap_tui.sync.handover.handover import PairHandover
from hotswap_tui.sync.handover.sequences import read_sequences
from hotswap_tui.sync.known import Known
from tests.bench.figures import column, mark
from tests.support.bouncer_routers import router_of
from tests.support.bouncers import LivePgBouncer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from hotswap_tui.routing.pgbouncer import PgBouncerRouter
    from hotswap_tui.sync.handover.sequence_state import SequenceState
    from tests.support.replicated import Replicated

GAP = 1000
ROUND_TRIP_MS = 80.0
"""To a distant secondary: 40 ms each way."""
CONFIRMED_S = 0.5
"""A failure is confirmed by three checks in so long, clients held meanwhile."""
NEAR_MS = 20.0
"""What it may cost the servers themselves."""
QUESTIONS = 2
"""Round trips that it may add where the secondary is far away: what there is, and what becomes of it."""
PLANS = {
    "nothing": DataPlan(),
    "mark": DataPlan(mark=True),
    "sequences and mark": DataPlan(sequences=True, mark=True),
}
"""As chosen without any guard, for an unrelated pair, and under logical replication."""
_NAME, _WIDTH = 22, 26
_HOLD_S = 15.0


class Run(NamedTuple):
    """One failover: the milliseconds of each step, and until clients went on."""

    steps: dict[Step, float]
    served: float


class Watch:
    """Listens to a switch with a clock."""

    def __init__(self) -> None:
        self.began_s = time.perf_counter()
        self.released_s = 0.0
        self.steps: dict[Step, float] = {}
        self._step_s = 0.0

    def __call__(self, step: Step, *, done: bool, detail: str = "") -> None:
        """Note when a step begins and ends; a `detail` is neither."""
        now_s = time.perf_counter()
        if not done and not detail:
            self._step_s = now_s
        elif done:
            self.steps[step] = (now_s - self._step_s) * 1000
            if step is Step.RELEASE:
                self.released_s = now_s

    @property
    def run(self) -> Run:
        """Return what was measured."""
        return Run(self.steps, (self.released_s - self.began_s) * 1000)


@asynccontextmanager
async def _routed(pair: Replicated, round_trip_ms: float) -> AsyncIterator[PgBouncerRouter]:
    async with TcpProxy(pair.secondary.port, delay_ms=round_trip_ms) as proxy:
        far = pair.url(pair.secondary)
        urls = {Role.PRIMARY: pair.url(pair.primary), Role.SECONDARY: proxy.url(far) if round_trip_ms else far}
        known = Known({Role.PRIMARY: await _sequences(urls[Role.PRIMARY])})
        with LivePgBouncer(pair.primary, pair.secondary) as bouncer:
            router = router_of(bouncer.gateway, urls, handover=PairHandover(known, GAP, time.time))
            try:
                yield router
            finally:
                await router.aclose()


async def _sequences(url: str) -> tuple[SequenceState, ...]:
    """Return what the last look knows of the primary's."""
    inspection = PostgresInspection(parse(SecretStr(url)))
    try:
        return await read_sequences(inspection, _HOLD_S)
    finally:
        await inspection.aclose()


async def _failover(pair: Replicated, router: PgBouncerRouter, data: DataPlan) -> Run:
    """Kill the primary and move traffic away from it, then bring both back."""
    await router.current()
    await asyncio.to_thread(pair.primary.crash)
    await router.hold(_HOLD_S)
    await router.current()
    await asyncio.sleep(CONFIRMED_S)
    plan, watch = choose(Role.PRIMARY, Fault.REFUSED, PoolMode.TRANSACTION, (1, 18), data=data), Watch()
    await router.switch(Role.SECONDARY, plan, watch)
    await asyncio.to_thread(pair.primary.start)
    await router.switch(Role.PRIMARY, choose(Role.SECONDARY, None, PoolMode.TRANSACTION, (1, 18)), Watch())
    return watch.run


async def main(pair: Replicated, runs: int) -> None:
    """Print it for a secondary that is near and one that is far away; the three ways take turns."""
    for round_trip_ms in (0.0, ROUND_TRIP_MS):
        where = f"{round_trip_ms:g} ms away (round trip)" if round_trip_ms else "on loopback"
        print(
            f"\n{runs} crash failovers each, the secondary {where}; load average {os.getloadavg()[0]:.1f}; ms, median (range)"
        )
        measured: dict[str, list[Run]] = {name: [] for name in PLANS}
        async with _routed(pair, round_trip_ms) as router:
            for _ in range(runs):
                for name, data in PLANS.items():
                    measured[name].append(await _failover(pair, router, data))
        _print(measured)
        limit_ms = NEAR_MS + QUESTIONS * round_trip_ms
        for name in list(PLANS)[1:]:
            added_ms = _middle(measured[name]) - _middle(measured["nothing"])
            print(
                f"  {name}: adds {added_ms:.1f} ms; target: ≤ {limit_ms:g} ms {mark(met=added_ms <= limit_ms)}",
                flush=True,
            )


def _middle(runs: Sequence[Run]) -> float:
    return statistics.median(run.served for run in runs)


def _print(measured: dict[str, list[Run]]) -> None:
    print(f"{'':<{_NAME}}" + "".join(f"{name:>{_WIDTH}}" for name in measured))
    for step in (step for step in Step if any(step in run.steps for runs in measured.values() for run in runs)):
        texts = (
            column([run.steps[step] for run in runs if step in run.steps], 1) if step in runs[0].steps else "-"
            for runs in measured.values()
        )
        print(f"{step:<{_NAME}}" + "".join(f"{text:>{_WIDTH}}" for text in texts))
    texts = (column([run.served for run in runs], 1) for runs in measured.values())
    print(f"{'until clients go on':<{_NAME}}" + "".join(f"{text:>{_WIDTH}}" for text in texts))
