"""Switches under live clients: what each fault and pool mode costs them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hotswap_tui.core.plan import PoolMode, Step, choose
from hotswap_tui.core.values import Fault, Role
from hotswap_tui.demo.load import READ, Load
from tests.support.bouncer_routers import Steps
from tests.support.until import until

if TYPE_CHECKING:
    from hotswap_tui.routing.router import Arrival
    from tests.support.bouncers import LivePgBouncer

VERSION = (1, 18)
CLIENTS = 4


def load(bouncer: LivePgBouncer, **others) -> Load:
    return Load(bouncer.url, clients=CLIENTS, period_s=0.02, statement=READ, **others)


async def serves(clients: Load, marker: str) -> None:
    """Wait until every client is answered by `marker`."""
    await until(lambda: {each.marker for each in clients.totals().clients} == {marker}, 10, f"answers of {marker}")


async def is_as_before(bouncer: LivePgBouncer) -> None:
    assert bouncer.alive
    assert not bouncer.paused()
    assert {bouncer.setting("query_timeout"), bouncer.setting("idle_transaction_timeout")} == {"0"}
    assert sorted(path.name for path in bouncer.directory.iterdir() if "hold" in path.name) == []


def proves(arrival: Arrival, role: Role, port: int) -> None:
    assert (arrival.reading.points_to, arrival.reading.proven) == (role, True)
    assert f"127.0.0.1:{port}, database cc_financial, started " in arrival.proof
    assert arrival.reading.proof == arrival.proof


@pytest.mark.parametrize("reconnect", [False, True], ids=["kept connections", "a connection each"])
async def test_a_planned_switch_and_its_way_back_cost_no_error(bouncer, router, server_pair, reconnect):
    async with load(bouncer, reconnect=reconnect) as clients:
        await serves(clients, "primary")
        for role in (Role.SECONDARY, Role.PRIMARY):
            steps, plan = Steps(), choose(role.other, None, PoolMode.TRANSACTION, VERSION)
            proves(await router.switch(role, plan, steps), role, getattr(server_pair, role).port)
            assert steps.begun == steps.done == list(plan.steps)
            await serves(clients, role)
        assert clients.totals().errors == 0
    await is_as_before(bouncer)


async def test_nobody_is_answered_by_the_old_server_after_done(bouncer, router):
    async with load(bouncer, timeline=10_000) as clients:
        await serves(clients, "primary")
        await router.switch(Role.SECONDARY, choose(Role.PRIMARY, None, PoolMode.TRANSACTION, VERSION), Steps())
        done_s = asyncio.get_running_loop().time()
        await serves(clients, "secondary")
    assert not [each for each in clients.timeline() if each.marker == "primary" and each.at_s - each.took_s > done_s]


async def test_a_planned_switch_costs_sessions_one_disconnect(make_bouncer, make_router):
    bouncer = make_bouncer(PoolMode.SESSION)
    router, steps = make_router(bouncer), Steps()
    assert (await router.current()).pool_mode is PoolMode.SESSION
    async with load(bouncer) as clients:
        await serves(clients, "primary")
        arrival = await router.switch(Role.SECONDARY, choose(Role.PRIMARY, None, PoolMode.SESSION, VERSION), steps)
        await serves(clients, "secondary")
        assert max(each.errors for each in clients.totals().clients) <= 1
    assert arrival.severed <= CLIENTS
    await is_as_before(bouncer)


@pytest.mark.parametrize("pool_mode", [PoolMode.TRANSACTION, PoolMode.SESSION])
async def test_a_crashed_database_is_left(make_bouncer, make_router, server_pair, pool_mode):
    bouncer = make_bouncer(pool_mode)
    router = make_router(bouncer)
    async with load(bouncer) as clients:
        await serves(clients, "primary")
        await asyncio.to_thread(server_pair.primary.crash)
        arrival = await router.switch(Role.SECONDARY, choose(Role.PRIMARY, Fault.REFUSED, pool_mode, VERSION), Steps())
        proves(arrival, Role.SECONDARY, server_pair.secondary.port)
        await serves(clients, "secondary")
    await is_as_before(bouncer)


@pytest.mark.parametrize("pool_mode", [PoolMode.TRANSACTION, PoolMode.SESSION])
async def test_a_hung_database_is_left_and_each_client_errs_at_most_once(
    make_bouncer, make_router, server_pair, pool_mode
):
    bouncer = make_bouncer(pool_mode)
    router = make_router(bouncer)
    async with load(bouncer) as clients:
        await serves(clients, "primary")
        await asyncio.to_thread(server_pair.primary.freeze)
        await until(lambda: len(bouncer.ask("SHOW SERVERS")) > 0 and clients.totals().waiting_s > 0.1)
        arrival = await router.switch(Role.SECONDARY, choose(Role.PRIMARY, Fault.TIMEOUT, pool_mode, VERSION), Steps())
        await serves(clients, "secondary")
        assert max(each.errors for each in clients.totals().clients) <= 1
    assert 0 < arrival.severed <= CLIENTS
    await is_as_before(bouncer)


async def test_who_is_held_while_a_database_hangs_is_served_before_the_pulse(bouncer, router, server_pair):
    """The pulse ends whoever has queued for half a second, so it comes after the release: only work in flight is lost."""
    async with load(bouncer) as in_flight:
        await serves(in_flight, "primary")
        await asyncio.to_thread(server_pair.primary.freeze)
        await until(lambda: in_flight.totals().waiting_s > 0.1)
        await router.hold(15)
        async with Load(bouncer.url, clients=3, period_s=0.02, statement=READ) as held:
            await until(lambda: held.totals().waiting_s > 0.7)
            arrival = await router.switch(
                Role.SECONDARY, choose(Role.PRIMARY, Fault.TIMEOUT, PoolMode.TRANSACTION, VERSION), Steps()
            )
            await serves(held, "secondary")
            await serves(in_flight, "secondary")
            assert held.totals().errors == 0
    assert arrival.waited.clients >= 3
    assert arrival.waited.longest_s > 0.5
    await is_as_before(bouncer)


async def test_a_login_that_hangs_does_not_keep_the_new_target_waiting(make_bouncer, make_router, server_pair):
    bouncer = make_bouncer(PoolMode.SESSION)
    router = make_router(bouncer)
    await asyncio.to_thread(server_pair.primary.freeze)
    async with load(bouncer, stuck_s=8) as clients:
        await until(lambda: any(row["state"] == "new" for row in bouncer.ask("SHOW SERVERS")))
        await router.switch(Role.SECONDARY, choose(Role.PRIMARY, Fault.TIMEOUT, PoolMode.SESSION, VERSION), Steps())
        await serves(clients, "secondary")
        assert clients.totals().errors == 0


async def test_transactions_that_stay_open_are_cut_off_when_a_person_forces_the_switch(bouncer, router, server_pair):
    plan = choose(Role.PRIMARY, None, PoolMode.TRANSACTION, VERSION, firm=True)
    async with Load(bouncer.url, clients=1, statement="SELECT pg_sleep(30)::text") as clients:
        await until(lambda: any(row["state"] == "active" for row in bouncer.ask("SHOW SERVERS")))
        arrival = await router.switch(Role.SECONDARY, replace(plan, drain_s=0.2), Steps())
        await until(lambda: clients.totals().errors == 1)
    assert arrival.severed == 1
    proves(arrival, Role.SECONDARY, server_pair.secondary.port)
    await is_as_before(bouncer)


async def test_many_switches_under_clients_that_connect_and_close(bouncer, router):
    """KILL would end PgBouncer within a few: nobody is stuck, and it lives."""
    async with load(bouncer, reconnect=True) as clients:
        await serves(clients, "primary")
        for role in (Role.SECONDARY, Role.PRIMARY) * 3:
            await router.switch(role, choose(role.other, None, PoolMode.TRANSACTION, VERSION), Steps())
        await serves(clients, "primary")
        assert clients.totals().errors == 0
    assert "KILL" not in bouncer.said()
    await is_as_before(bouncer)


async def test_every_step_is_told_in_order(bouncer, router):
    steps = Steps()
    await router.switch(Role.SECONDARY, choose(Role.PRIMARY, Fault.TIMEOUT, PoolMode.TRANSACTION, VERSION), steps)
    assert steps.done == [
        Step.HOLD,
        Step.PREFLIGHT,
        Step.REPOINT,
        Step.READ_BACK,
        Step.RELEASE,
        Step.SEVER,
        Step.CANARY,
    ]
