"""Print what a `kill -9` of hotswap-tui costs at each step of a switch, and what many switches in a row do to PgBouncer."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

from hotswap_tui.core.plan import PoolMode, choose
from hotswap_tui.core.values import Fault, Role
from hotswap_tui.demo.load import STUCK
from tests.bench.bench_traffic import LONG_S, SETTINGS, begin
from tests.bench.figures import column, mark, row, target
from tests.support.mishaps import Mishap
from tests.support.until import until
from tests.traffic.courses import answered, both_up, bring_about, consistent, serves

if TYPE_CHECKING:
    from hotswap_tui.core.plan import Recipe, Step
    from tests.support.traffic import Stage

FLIPS = 60
IN_ORDER_S = 5.0
"""To be consistent after a restart."""
PLANS = [choose(Role.PRIMARY, fault, PoolMode.TRANSACTION, (1, 18)) for fault in (None, Fault.REFUSED, Fault.TIMEOUT)]


async def killed(stage: Stage, recipe: Recipe, step: Step) -> tuple[float, float, float]:
    """Kill the engine as `step` begins.

    Return the seconds until PgBouncer is as it was without it, until a new one is in order, and the longest wait.
    """
    with stage.engine(**SETTINGS) as engine:
        await begin(stage, engine, Role.PRIMARY)
        await engine.stop()
    async with stage.load() as load:
        with stage.engine(Mishap(step), **SETTINGS) as engine:
            await engine.until(both_up, LONG_S)
            await bring_about(stage, engine, recipe)
            assert await engine.ended(LONG_S) == -signal.SIGKILL
        died_s = time.monotonic()
        await until(stage.undisturbed, LONG_S, f"clients that go on after a kill at {step}")
        released_s = time.monotonic() - died_s
        with stage.engine(**SETTINGS) as engine:
            began_s = time.monotonic()
            await engine.until(consistent, LONG_S)
            in_order_s = time.monotonic() - began_s
        return released_s, in_order_s, load.totals().wait.took_s


async def steps(stage: Stage, runs: int) -> None:
    """Print the figures of each step."""
    print("\nkill -9 of hotswap-tui as a step begins; without a restart nobody is left held, and no time-out altered")
    print(row("median (range)", ("released after, s", "in order after, s", "longest wait, s")))
    for plan in PLANS:
        for step in plan.steps:
            print(row(f"{plan.recipe}: {step}", await _columns(stage, plan.recipe, step, runs)), flush=True)


async def _columns(stage: Stage, recipe: Recipe, step: Step, runs: int) -> list[str]:
    try:
        measured = [await killed(stage, recipe, step) for _ in range(runs)]
    except AssertionError as error:
        return [f"  failed: {error}"]
    times = list(zip(*measured, strict=True))
    return [*map(column, times), target("  in order after, s", max(times[1]), IN_ORDER_S)]


async def flips(stage: Stage, _runs: int) -> None:
    """Switch to and fro, once, under clients that connect, query and close; print what became of them and of PgBouncer."""
    with stage.engine(**SETTINGS) as engine:
        await begin(stage, engine, Role.PRIMARY)
        began_s = time.monotonic()
        async with stage.load(reconnect=True) as load:
            for flip in range(FLIPS):
                target = Role.PRIMARY if flip % 2 else Role.SECONDARY
                assert await engine.switch(target) == ""
                await engine.until(serves(target), LONG_S, f"flip {flip + 1}")
            took_s = time.monotonic() - began_s
            await answered(load)
            totals = load.totals()
    stuck = sum(failure.error == STUCK for failure in totals.failures)
    lives = "lives" if stage.bouncer_lives else "HAS DIED"
    met = mark(met=stage.bouncer_lives and not stuck)
    print(
        f"\n{FLIPS} flips in {took_s:.1f} s under clients that connect, query and close: PgBouncer {lives}, {stuck} stuck, "
        f"{totals.successes} answers, {totals.errors} errors, longest wait {totals.wait.took_s:.3f} s\n"
        f"target: it lives, nobody is stuck: {met}"
    )
