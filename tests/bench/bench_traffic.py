"""Print what clients feel of each fault: 8 clients, a transaction every 10 ms, 1 s checks, 3 failures, 50 ms retry interval."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hotswap_tui.core.plan import Recipe
from hotswap_tui.core.values import Kind, Role
from tests.bench import figures
from tests.bench.figures import Felt, felt
from tests.traffic.courses import both_up, bring_about, serves

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from tests.support.engine_process import EngineProcess
    from tests.support.traffic import Stage

SETTINGS: Mapping[str, str] = {
    "DB_HEALTH_CHECK_INTERVAL": "1000",
    "DB_FAILURE_THRESHOLD": "3",
    "DB_FAILURE_RETRY_INTERVAL": "50",
    "DB_CONNECTION_TIMEOUT": "500",
    "DB_PRIMARY_RETRY_INTERVAL": "1000",
    "DB_FAILBACK": "manual",
    "DB_MAX_SWITCHES_PER_HOUR": "1000",
}
UNNOTICED: Mapping[str, float] = {"errors": 0, "wait_s": 0.1}
IN_FLIGHT: Mapping[str, float] = {"worst_errors": 1}
"""Only transactions in flight fail: a client has one at a time."""
HANGS: Mapping[str, float] = {"outage_s": 3.0, **IN_FLIGHT}
BEFORE_S = 1.0
AFTER_S = 2.0
LONG_S = 30.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happens under load; `targets`: the most of some figures; `from_secondary`: the secondary serves before."""

    name: str
    happens: Callable[[Stage, EngineProcess], Awaitable[object]]
    targets: Mapping[str, float]
    from_secondary: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)


def leaves(recipe: Recipe) -> Callable[[Stage, EngineProcess], Awaitable[object]]:
    """Return what makes traffic leave the primary by that recipe."""

    async def happens(stage: Stage, engine: EngineProcess) -> object:
        await bring_about(stage, engine, recipe)
        return await engine.until(serves(Role.SECONDARY), LONG_S, "the secondary serving")

    return happens


async def _failback(_: Stage, engine: EngineProcess) -> object:
    assert await engine.failback() == ""
    return await engine.until(serves(Role.PRIMARY), LONG_S, "the failback")


async def _restart(stage: Stage, engine: EngineProcess) -> object:
    await asyncio.to_thread(stage.primary.restart)
    return await engine.until(serves(Role.PRIMARY), LONG_S, "the end of the alarm")


SCENARIOS = (
    Scenario("planned switch", leaves(Recipe.PLANNED), UNNOTICED),
    Scenario("failback", _failback, UNNOTICED, from_secondary=True),
    Scenario("kill -9 primary", leaves(Recipe.CRASHED), {"outage_s": 0.4, **IN_FLIGHT}),
    Scenario("SIGSTOP primary", leaves(Recipe.HUNG), HANGS),
    Scenario("false alarm", _restart, {"switches": 0, **IN_FLIGHT}, settings={"DB_FAILURE_RETRY_INTERVAL": "1000"}),
)


async def begin(stage: Stage, engine: EngineProcess, role: Role) -> None:
    """Bring both databases to life and traffic to `role`."""
    await asyncio.to_thread(stage.heal)
    picture = await engine.until(both_up, LONG_S, "two healthy databases")
    if picture.active is not role:
        asked = engine.failback() if role is Role.PRIMARY else engine.switch(role)
        assert await asked == ""
    await engine.until(serves(role), LONG_S, f"the {role} serving")


async def run_once(stage: Stage, engine: EngineProcess, scenario: Scenario) -> Felt:
    """Let it happen once under load."""
    await begin(stage, engine, Role.SECONDARY if scenario.from_secondary else Role.PRIMARY)
    told = len(await engine.events(Kind.SWITCHED))
    async with stage.load() as load:
        await asyncio.sleep(BEFORE_S)
        began_s = time.monotonic()
        await scenario.happens(stage, engine)
        await asyncio.sleep(AFTER_S)
        ended_s = time.monotonic()
        # From a moment before, since an outage begins with the last answer.
        attempts = [attempt for attempt in load.timeline() if attempt.at_s >= began_s - BEFORE_S / 4]
    moved = len(await engine.events(Kind.SWITCHED)) - told
    last = (await engine.snapshot()).last_switch
    return felt(attempts, ended_s, switches=moved, moved_s=last.took_s if last and moved else 0.0)


async def measure(stage: Stage, scenario: Scenario, runs: int) -> str:
    """Let it happen `runs` times; return its line."""
    with stage.engine(**{**SETTINGS, **scenario.settings}) as engine:
        try:
            measured = [await run_once(stage, engine, scenario) for _ in range(runs)]
            return figures.line(scenario.name, measured, scenario.targets)
        except AssertionError as error:
            return f"{scenario.name:<{figures.NAME_WIDTH}}failed: {error}"


async def main(stage: Stage, runs: int, scenarios: Sequence[Scenario]) -> None:
    """Print the figures of these scenarios."""
    for scenario in scenarios:
        print(await measure(stage, scenario, runs), flush=True)


def heading(runs: int) -> str:
    """Return what stands above the figures."""
    machine = f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} before; {runs} runs each"
    return f"{machine}\n{figures.LEGEND}\n{figures.heading()}"
