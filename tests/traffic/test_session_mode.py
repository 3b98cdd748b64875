"""Session pooling: a client keeps its server connection, so a switch must end it; once is enough, and nobody is left behind."""

from __future__ import annotations

import asyncio

import pytest

from hotswap_tui.core.plan import PoolMode, Recipe
from hotswap_tui.core.values import Role
from hotswap_tui.demo.load import STUCK
from tests.traffic.courses import FAST, answered, both_up, bring_about, serves


def most_errors(load):
    return max(client.errors for client in load.totals().clients)


@pytest.mark.parametrize("stage", [PoolMode.SESSION], indirect=True, ids=str)
@pytest.mark.parametrize("recipe", Recipe)
async def test_no_session_stays_on_the_database_that_was_given_up(stage, recipe):
    """A planned switch disconnects each client at most once, and so does the way back."""
    with stage.engine(**FAST) as engine:
        await engine.until(both_up)
        async with stage.load(clients=4, period_s=0.02) as load:
            await answered(load, "primary")
            await bring_about(stage, engine, recipe)
            await engine.until(serves(Role.SECONDARY))
            await answered(load, "secondary")
            assert recipe is not Recipe.PLANNED or most_errors(load) <= 1
            await asyncio.to_thread(stage.heal)
            await stage.nobody_on(Role.PRIMARY)

            await engine.until(both_up)
            load.lap()
            assert await engine.failback() == ""
            await engine.until(serves(Role.PRIMARY))
            await answered(load, "primary")
            assert max(client.errors for client in load.lap().clients) <= 1
            await stage.nobody_on(Role.SECONDARY)
            assert STUCK not in {failure.error for failure in load.totals().failures}
    assert stage.undisturbed()
