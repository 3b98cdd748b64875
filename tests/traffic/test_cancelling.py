"""A person cancels automation's switch while clients are held: they go on at once, where they were."""

from __future__ import annotations

import asyncio

import psycopg

from hotswap_tui.core.plan import Step
from hotswap_tui.core.values import Role
from hotswap_tui.demo.load import READ
from tests.support.mishaps import Mishap
from tests.support.until import until
from tests.traffic.courses import FAST, answered, both_up

WRITABLE = "ALTER SYSTEM RESET default_transaction_read_only"
GUARDED_S = 15.0
"""DB_HOLD_MAX: after that a hold is ended by its guard, at the latest."""
READ_ONLY = "ALTER SYSTEM SET default_transaction_read_only = on"


def configure(server, change):
    with psycopg.connect(server.superuser_url, autocommit=True) as connection:
        connection.execute(change)
        connection.execute("SELECT pg_reload_conf()")


async def test_before_its_first_step(stage):
    """The disk does not say that the intent is written, and clients are held on suspicion."""
    with stage.engine(Mishap(disk_hangs=True), **FAST) as engine:
        await engine.until(both_up)
        await asyncio.to_thread(stage.primary.crash)
        await engine.until(lambda picture: picture.switch is not None)
        await until(lambda: stage.paused, what="a hold on suspicion")
        assert await engine.cancel() == ""
        await until(lambda: not stage.paused, GUARDED_S / 2, "clients that go on")
        picture = await engine.until(lambda picture: picture.last_switch)
        assert picture.last_switch.result == "cancelled"
        assert picture.active is Role.PRIMARY
        assert not picture.mode.armed
    assert stage.undisturbed()


async def test_while_open_transactions_are_waited_for(stage):
    """The primary has become read-only and lives, so the failover lets its transactions end."""
    try:
        with stage.engine(**FAST) as engine:
            await engine.until(both_up)
            async with stage.load(clients=2, period_s=0.02, statement=READ) as load, stage.open_transaction("payroll"):
                await answered(load, "primary")
                await asyncio.to_thread(configure, stage.primary, READ_ONLY)
                await engine.until(lambda picture: picture.switch and picture.switch.step is Step.HOLD)
                assert await engine.cancel() == ""
                await until(lambda: not stage.paused, GUARDED_S / 2, "clients that go on")
                await answered(load, "primary")
                picture = await engine.until(lambda picture: picture.last_switch)
                assert picture.last_switch.result == "cancelled"
                assert load.totals().errors == 0
    finally:
        await asyncio.to_thread(configure, stage.primary, WRITABLE)
    assert stage.undisturbed()
