"""Clients wait, and go on again; whoever dies or forgets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg
import pytest

from hotswap_tui.core.plan import PoolMode, Step, choose
from hotswap_tui.core.traffic import NOBODY
from hotswap_tui.core.values import Fault, Role
from hotswap_tui.demo.load import READ, Load
from hotswap_tui.routing import holding, note
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.routing.router import HoldError, SwitchError
from tests.support.bouncer_routers import Steps
from tests.support.until import until

if TYPE_CHECKING:
    from tests.support.bouncers import LivePgBouncer

PLANNED = choose(Role.PRIMARY, None, PoolMode.TRANSACTION, (1, 18))
CRASHED = choose(Role.PRIMARY, Fault.REFUSED, PoolMode.TRANSACTION, (1, 18))


def is_free(bouncer: LivePgBouncer) -> bool:
    return not bouncer.paused() and not bouncer.gateway.hold_note.exists()


async def test_who_waits_is_told_and_goes_on_without_an_error(bouncer, router):
    async with Load(bouncer.url, clients=3, period_s=0.02, statement=READ) as clients:
        await until(lambda: {each.marker for each in clients.totals().clients} == {"primary"})
        await router.hold(10)
        assert (await router.current()).paused
        await until(lambda: all(each.waiting_s > 0.1 for each in clients.totals().clients))
        waited = await router.release()
        before = clients.totals().successes
        await until(lambda: clients.totals().successes > before)
        assert clients.totals().errors == 0
    assert waited.clients == 3
    assert 0.05 < waited.longest_s < 10
    assert not (await router.current()).paused
    assert is_free(bouncer)


async def test_a_hold_does_not_wait_for_open_transactions_and_lets_them_go_on(bouncer, router):
    async with await psycopg.AsyncConnection.connect(bouncer.url, prepare_threshold=None) as client:
        await client.execute("SELECT 1")
        await router.hold(10)
        await client.execute("SELECT 1")
        await client.commit()
        await router.release()


async def test_holding_twice_and_releasing_twice_is_no_mistake(bouncer, router):
    assert await router.release() == NOBODY
    await router.hold(10)
    await router.hold(10)
    await router.release()
    assert await router.release() == NOBODY
    assert is_free(bouncer)


async def test_what_somebody_else_has_paused_counts_as_held_and_is_released(bouncer, router):
    bouncer.ask("PAUSE")
    await router.hold(10)
    await router.release()
    assert is_free(bouncer)


async def test_a_planned_switch_finds_out_itself_that_nothing_is_open_where_somebody_else_has_paused(bouncer, router):
    bouncer.ask("PAUSE")
    arrival = await router.switch(Role.SECONDARY, PLANNED, Steps())
    assert arrival.reading.points_to is Role.SECONDARY
    assert is_free(bouncer)


async def test_closing_the_router_releases_whom_it_holds(bouncer, make_router):
    router = make_router(bouncer)
    await router.hold(10)
    await router.aclose()
    assert is_free(bouncer)


async def test_a_hold_that_is_in_force_is_taken_over_by_a_switch_and_ended(bouncer, router):
    """With a guard of its own, since a switch may outlast the budget of the hold."""
    await router.hold(10)
    tokens = [token_of(bouncer)]

    def note_token(step: Step) -> None:
        if step is Step.PREFLIGHT:
            tokens.append(token_of(bouncer))

    arrival = await router.switch(Role.SECONDARY, PLANNED, Steps(note_token))
    assert len(set(tokens)) == 2
    assert arrival.reading.proven
    assert not arrival.reading.paused
    assert is_free(bouncer)


def token_of(bouncer: LivePgBouncer) -> str:
    found = note.read(bouncer.gateway.hold_note)
    assert found is not None
    assert found.held
    return found.token


async def test_a_hold_that_its_guard_has_ended_is_not_taken_for_one(bouncer, router, monkeypatch):
    """This program may have been stopped meanwhile: clients go on, and a switch holds them again."""
    monkeypatch.setattr(holding, "_MARGIN_S", 0.0)
    await router.hold(1)
    await until(lambda: not bouncer.gateway.hold_note.exists(), 20)
    assert not bouncer.paused()
    assert not (await router.current()).paused
    assert await router.release() == NOBODY
    await router.hold(10)
    assert bouncer.paused()
    await router.release()
    assert is_free(bouncer)


async def test_a_dead_pgbouncer_cannot_hold(bouncer, router):
    bouncer.kill()
    with pytest.raises(HoldError, match=r"^clients could not be held: PgBouncer does not answer at"):
        await router.hold(10)


async def test_a_pgbouncer_that_was_started_anew_is_not_taken_for_held(bouncer, router):
    await router.hold(10)
    bouncer.kill()
    bouncer.start()
    seen: list[bool] = []

    def look(step: Step) -> None:
        if step is Step.PREFLIGHT:
            seen.append(bouncer.paused())

    await router.switch(Role.SECONDARY, PLANNED, Steps(look))
    assert seen == [True]
    assert is_free(bouncer)


async def test_a_release_that_fails_is_left_to_the_guard(bouncer, router):
    await router.hold(10)
    bouncer.kill()
    with pytest.raises(HoldError, match="their guard will try again: PgBouncer does not answer at"):
        await router.release()
    bouncer.start()
    await until(lambda: is_free(bouncer), 20)


async def test_a_release_is_not_claimed_while_nobody_knows(bouncer, router, monkeypatch):
    """The one before has failed, and its guard cannot help either as long as PgBouncer hangs."""
    monkeypatch.setattr(holding, "RELEASE_S", 0.2)
    await router.hold(10)
    bouncer.freeze()
    for _ in range(2):
        with pytest.raises(HoldError):
            await router.release()
    bouncer.thaw()
    monkeypatch.setattr(holding, "RELEASE_S", 3.0)
    await router.release()
    assert not bouncer.paused()
    assert await router.release() == NOBODY
    await until(lambda: is_free(bouncer), 20)


async def test_a_switch_keeps_to_the_end_of_the_hold_that_it_takes_over(bouncer, router, monkeypatch):
    """Who has waited since the suspicion is served, or let go, before PgBouncer gives clients up."""
    await router.current()
    router._tools.watch.query_wait_s = 12.0
    await router.hold(3)
    held, since_s = router._tools.holding, router._tools.holding._since_s
    assert held.until_s == since_s + 3
    ends: dict[Step, float] = {}
    await router.switch(Role.SECONDARY, PLANNED, Steps(lambda step: ends.update({step: held.until_s})))
    assert ends[Step.PREFLIGHT] == since_s + 12 - 6
    assert is_free(bouncer)


async def test_a_switch_that_comes_when_the_time_of_its_hold_is_over_lets_clients_go(bouncer, router, monkeypatch):
    monkeypatch.setattr(holding, "_SPARE_S", 30.0)
    router._tools.watch.query_wait_s = 0.0
    with pytest.raises(SwitchError, match="clients have waited for as long as they may"):
        await router.switch(Role.SECONDARY, CRASHED, Steps())
    assert not bouncer.paused()


async def test_a_target_that_sleeps_is_not_woken_while_clients_wait(bouncer, make_router):
    asked: list[float] = []

    class Asleep:
        async def identify(self, timeout_s: float):
            asked.append(timeout_s)
            raise InspectionError("no answer")

        async def aclose(self) -> None:
            pass

    router = make_router(bouncer, inspect=lambda _: Asleep())
    await router.hold(10)
    with pytest.raises(SwitchError, match="preflight: no answer"):
        await router.switch(Role.SECONDARY, PLANNED, Steps())
    assert len(asked) == 1
    assert asked[0] <= 5
    assert is_free(bouncer)


async def test_a_cancelled_hold_is_not_half_a_hold(bouncer, router):
    held = asyncio.create_task(router.hold(10))
    await asyncio.sleep(0)
    held.cancel()
    with pytest.raises(asyncio.CancelledError):
        await held
    await router.release()
    assert is_free(bouncer)
