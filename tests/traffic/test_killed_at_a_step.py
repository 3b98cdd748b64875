"""hotswap-tui is killed as each step of a switch begins: nobody stays held, and its next start puts everything in order."""

from __future__ import annotations

import signal
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import pytest

from hotswap_tui.core.plan import DataPlan, Plan, PoolMode, Recipe, choose
from hotswap_tui.core.values import Fault, Role
from hotswap_tui.engine.journal import SqliteJournal
from tests.support.engine_process import EngineGoneError
from tests.support.mishaps import Mishap
from tests.support.until import until
from tests.traffic.courses import FAST, answered, both_up, bring_about, consistent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap_tui.core.plan import Step
    from hotswap_tui.engine.ports import Restored
    from tests.support.traffic import Stage

VERSIONS = ((), (1, 18), (1, 19), (1, 21), (1, 23), (1, 25, 2))
FAULTS = {Recipe.PLANNED: None, Recipe.CRASHED: Fault.REFUSED, Recipe.HUNG: Fault.TIMEOUT}
UNRELATED = DataPlan(mark=True)
"""Nothing replicates between these databases. A catch-up changes nothing, so that a death in it is one in `hold`."""
HASTY = FAST | {"DB_FAILURE_THRESHOLD": "2"}
PULSE = "SET idle_transaction_timeout"
"""Within `sever`: now both time-outs are altered."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a plan comes about: what becomes of the primary, or that a person asks and perhaps insists."""

    recipe: Recipe
    pool_mode: PoolMode = PoolMode.TRANSACTION
    force: bool = False

    @property
    def plan(self) -> Plan:
        return choose(Role.PRIMARY, FAULTS[self.recipe], self.pool_mode, VERSIONS[1], firm=self.force, data=UNRELATED)

    def __str__(self) -> str:
        return f"{'forced' if self.force else self.recipe}, {self.pool_mode}"


WAYS = (
    *(Way(recipe, mode) for mode in (PoolMode.TRANSACTION, PoolMode.SESSION) for recipe in Recipe),
    Way(Recipe.PLANNED, force=True),
)
CASES: list[tuple[PoolMode, Way, Step | str]] = [(way.pool_mode, way, step) for way in WAYS for step in way.plan.steps]
CASES.append((PoolMode.TRANSACTION, Way(Recipe.HUNG), PULSE))


def every_plan() -> Iterator[Plan]:
    """Give what is chosen for all that can be asked."""
    for asked in product(Role, (None, *Fault), (None, *PoolMode), VERSIONS, (False, True)):
        plan = choose(*asked[:4], firm=asked[4], data=UNRELATED)
        if not plan.obstacle:
            yield plan


def test_every_step_of_every_plan_has_its_case():
    assert {(way.plan, moment) for _, way, moment in CASES if moment != PULSE} == {
        (plan, step) for plan in every_plan() for step in plan.steps
    }


async def remembered(stage: Stage) -> Restored:
    journal = SqliteJournal(stage.home / "state")
    try:
        return await journal.load()
    finally:
        await journal.aclose()


async def kill(stage: Stage, way: Way, moment: Step | str) -> None:
    """Let an engine begin that switch, and die in it."""
    with stage.engine(Mishap(moment), **HASTY) as engine:
        await engine.until(both_up)
        with suppress(EngineGoneError):
            await bring_about(stage, engine, way.recipe, force=way.force)
        assert await engine.ended() == -signal.SIGKILL
        died_in = engine.mishap_in
    # A machine that is slow enough makes a crash look like a hang, and the steps are the same.
    assert moment == PULSE or (died_in is not None and died_in.steps == way.plan.steps)
    assert died_in is None or died_in.must_drain is way.plan.must_drain


@pytest.mark.parametrize(("stage", "way", "moment"), CASES, indirect=["stage"], ids=str)
async def test_killed_at_a_moment_of_a_switch(stage, way, moment):
    """Without a restart clients go on, where a database is left. Router, engine and journal agree after the restart."""
    async with stage.load(clients=2, period_s=0.02) as load:
        await answered(load)
        await kill(stage, way, moment)
        await until(stage.undisturbed, 20.0, "PgBouncer as it was, without a restart")
        if way.recipe is Recipe.PLANNED:
            await answered(load)
        with stage.engine(**HASTY) as engine:
            picture = await engine.until(consistent)
            await answered(load, picture.active)
            picture = await engine.snapshot()
            assert consistent(picture)
            await engine.stop()
    after = await remembered(stage)
    assert after.unfinished is None
    assert after.memory is not None
    assert after.memory.active is picture.active
    # The guard of the one that was killed may still be ending what hangs on the database that was left.
    await until(stage.undisturbed, 20.0, "PgBouncer as it was")
