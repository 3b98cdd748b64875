"""A switch moves everybody: whoever is answered after it, is answered by the database that serves now."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from hotswap_tui.core.plan import Recipe
from hotswap_tui.core.values import Role
from hotswap_tui.demo.load import STUCK
from tests.traffic.courses import FAST, answered, both_up, bring_about, serves

if TYPE_CHECKING:
    from hotswap_tui.demo.load import Load


def markers_since(load: Load, moment_s: float) -> set[str]:
    return {attempt.marker for attempt in load.timeline() if attempt.at_s > moment_s and attempt.marker}


@pytest.mark.parametrize("recipe", Recipe)
async def test_no_client_is_left_on_the_database_that_was_given_up(stage, recipe):
    """Neither after the way there nor after the way back; a frozen server that thaws finds its sessions gone."""
    with stage.engine(**FAST) as engine:
        await engine.until(serves(Role.PRIMARY))
        async with stage.load() as load:
            await answered(load, "primary")
            await engine.until(both_up)
            await bring_about(stage, engine, recipe)
            await engine.until(serves(Role.SECONDARY))
            away_s = time.monotonic()
            await answered(load, "secondary")
            assert markers_since(load, away_s) == {"secondary"}

            await asyncio.to_thread(stage.heal)
            await stage.nobody_on(Role.PRIMARY)
            await engine.until(both_up)
            errors = load.totals().errors
            assert await engine.failback() == ""
            await engine.until(serves(Role.PRIMARY))
            back_s = time.monotonic()
            await answered(load, "primary")
            assert markers_since(load, away_s) == {"secondary", "primary"}
            assert markers_since(load, back_s) == {"primary"}
            await stage.nobody_on(Role.SECONDARY)
            assert load.totals().errors == errors, "a failback costs nobody an error"
            assert recipe is not Recipe.PLANNED or errors == 0, "nor does a planned switch"
            assert STUCK not in {failure.error for failure in load.totals().failures}
    assert stage.undisturbed()
