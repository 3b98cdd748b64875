"""hotswap-tui is killed as each step of a switch begins: nobody stays held, and its next start puts everything in order."""

from __future__ import annotations

import signal

import pytest

from hotswap_tui.core.plan import PoolMode, Recipe, Step, choose
from hotswap_tui.core.values import Fault, Role
from hotswap_tui.engine.journal import SqliteJournal
from tests.support.until import until
from tests.traffic.courses import FAST, answered, both_up, bring_about, consistent

PLANNED = choose(Role.PRIMARY, None, PoolMode.TRANSACTION, (1, 18))
CRASHED = choose(Role.PRIMARY, Fault.REFUSED, PoolMode.TRANSACTION, (1, 18))
CASES = [(plan.recipe, step) for plan in (PLANNED, CRASHED) for step in plan.steps]
PULSE = "SET idle_transaction_timeout"
"""Within `sever`: now both time-outs are altered."""


def test_every_step_has_its_case():
    assert {step for _, step in CASES} == set(Step)


async def remembered(stage):
    journal = SqliteJournal(stage.home / "state")
    try:
        return await journal.load()
    finally:
        await journal.aclose()


@pytest.mark.parametrize(("recipe", "moment"), [*CASES, (Recipe.HUNG, PULSE)])
async def test_killed_at_a_moment_of_a_switch(stage, recipe, moment):
    """Without a restart clients go on, where a database is left. Router, engine and journal agree after the restart."""
    async with stage.load(clients=2, period_s=0.02) as load:
        with stage.engine(moment, **FAST) as engine:
            await answered(load)
            await engine.until(both_up)
            await bring_about(stage, engine, recipe)
            assert await engine.ended() == -signal.SIGKILL
        await until(stage.undisturbed, 20.0, "PgBouncer as it was, without a restart")
        if recipe is Recipe.PLANNED:
            await answered(load)
        with stage.engine(**FAST) as engine:
            picture = await engine.until(consistent)
            await answered(load, picture.active)
            picture = await engine.snapshot()
            assert consistent(picture)
            await engine.stop()
    after = await remembered(stage)
    assert after.unfinished is None
    assert after.memory is not None
    assert after.memory.active is picture.active
    assert stage.undisturbed()
