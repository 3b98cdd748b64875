"""A client that sits in an open transaction: it is named and waited for, and nobody else pays for it again and again."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from hotswap_tui.core.plan import Recipe, Step
from hotswap_tui.core.values import Kind, Role
from hotswap_tui.demo.load import READ
from tests.support.until import until
from tests.traffic.courses import FAST, answered, both_up, bring_about, serves

IDLER = "payroll"
AUTOMATIC = {"DB_FAILBACK": "auto", "DB_PRIMARY_RETRY_INTERVAL": "200"}
ATTEMPTS = 3


async def test_a_switch_that_a_person_asks_for_names_it_and_puts_everything_back(stage):
    """The transaction goes on; when it has ended, the switch is made."""
    with stage.engine(**FAST) as engine:
        await engine.until(both_up)
        async with stage.load(clients=2, period_s=0.02) as load, stage.open_transaction(IDLER) as idler:
            await answered(load, "primary")
            assert await engine.switch(Role.SECONDARY) == ""
            picture = await engine.until(lambda picture: picture.last_switch)
            assert picture.last_switch.result == "failed"
            assert IDLER in picture.last_switch.error
            assert picture.mode.armed
            await engine.until(serves(Role.PRIMARY))
            await answered(load, "primary")
            assert stage.undisturbed()
            assert await (await idler.execute(READ)).fetchone() == ("primary",)
            await idler.commit()

            assert await engine.switch(Role.SECONDARY) == ""
            await engine.until(serves(Role.SECONDARY))
            await answered(load, "secondary")
            await stage.nobody_on(Role.PRIMARY)
            assert load.totals().errors == 0


async def test_automation_waits_for_it_without_holding_everybody_again_and_again(stage):
    """Of all attempts to go back at most the first holds anybody; traffic returns when the transaction has ended."""
    with stage.engine(**FAST | AUTOMATIC) as engine:
        await engine.until(both_up)
        await asyncio.to_thread(stage.primary.crash)
        await engine.until(serves(Role.SECONDARY))
        async with stage.load(clients=2, period_s=0.02) as load, stage.open_transaction(IDLER) as idler:
            await asyncio.to_thread(stage.heal)

            async def tried() -> list[str]:
                told = await engine.events(Kind.SWITCH_FAILED)
                return [str(event.data["step"]) for event in told] if len(told) >= ATTEMPTS else []

            steps = await until(tried, 30.0, "attempts to fail back")
            assert set(steps[1:]) == {Step.WAKE}, "only a transaction that may end in time is waited for with a hold"
            await answered(load, "secondary")
            assert await (await idler.execute(READ)).fetchone() == ("secondary",)
            await idler.commit()
            await engine.until(serves(Role.PRIMARY))
            await answered(load, "primary")
            await stage.nobody_on(Role.SECONDARY)
            assert load.totals().errors == 0
    assert stage.undisturbed()


@pytest.mark.parametrize("recipe", [Recipe.CRASHED, Recipe.HUNG])
async def test_it_ends_with_the_database_that_is_left(stage, recipe):
    """Its client gets an error, and no answer of the other database within the transaction; nobody waits for it."""
    with stage.engine(**FAST) as engine:
        await engine.until(both_up)
        async with stage.load(clients=2, period_s=0.02) as load, stage.open_transaction(IDLER) as idler:
            await answered(load, "primary")
            await bring_about(stage, engine, recipe)
            await engine.until(serves(Role.SECONDARY))
            await answered(load, "secondary")
            with pytest.raises(psycopg.Error):
                await idler.execute(READ)
            await asyncio.to_thread(stage.heal)
            await stage.nobody_on(Role.PRIMARY)
    assert stage.undisturbed()
