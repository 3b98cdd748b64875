"""Switches that fail: before the release everything is put back, after it nobody claims anything."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from pydantic import SecretStr

from hotswap_tui.core.plan import PoolMode, Step, choose
from hotswap_tui.core.values import Fault, Role
from hotswap_tui.demo.load import READ, Load
from hotswap_tui.dsn import parse
from hotswap_tui.probes.inspection import PostgresInspection
from hotswap_tui.routing import moving, target_file
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.routing.router import OutcomeUnknownError, SwitchError
from tests.support.bouncer_routers import Steps, router_of
from tests.support.until import until

if TYPE_CHECKING:
    from tests.support.bouncers import LivePgBouncer

PLANNED = choose(Role.PRIMARY, None, PoolMode.TRANSACTION, (1, 18))
CRASHED = choose(Role.PRIMARY, Fault.REFUSED, PoolMode.TRANSACTION, (1, 18))
HUNG = choose(Role.PRIMARY, Fault.TIMEOUT, PoolMode.TRANSACTION, (1, 18))


@pytest.fixture
async def untouched(bouncer: LivePgBouncer, server_pair):
    """Check after the test that PgBouncer is as it was before."""
    text = target_file.read(bouncer.gateway.target_file)
    yield
    assert target_file.read(bouncer.gateway.target_file) == text
    assert bouncer.port_of_target() == server_pair.primary.port
    assert not bouncer.paused()
    assert {bouncer.setting("query_timeout"), bouncer.setting("idle_transaction_timeout")} == {"0"}
    assert not bouncer.gateway.hold_note.exists()
    with psycopg.connect(bouncer.url, prepare_threshold=None) as client:
        assert client.execute("SELECT name FROM marker").fetchone() == ("primary",)


class Refuses:
    """An inspection that fails; `hangs` until cancelled instead."""

    def __init__(self, *, hangs: bool = False) -> None:
        self.asked = asyncio.Event()
        self.closed = False
        self._hangs = hangs

    async def identify(self, timeout_s: float):
        self.asked.set()
        if self._hangs:
            await asyncio.sleep(timeout_s)
        raise InspectionError("connection refused")

    async def open_transactions(self, *_):
        raise InspectionError("connection refused")

    async def terminate(self, *_):
        raise InspectionError("connection refused")

    async def aclose(self) -> None:
        self.closed = True


@pytest.mark.usefixtures("untouched")
async def test_open_transactions_are_named_and_stop_a_planned_switch(bouncer, router):
    url = f"{bouncer.url}?application_name=an%20editor"
    with psycopg.connect(url, prepare_threshold=None) as client:
        steps = Steps(lambda step: step is Step.HOLD and client.execute("SELECT 1"))
        with pytest.raises(SwitchError) as caught:
            await router.switch(Role.SECONDARY, replace(PLANNED, drain_s=0.8), steps)
    assert caught.value.step == "hold"
    assert caught.value.error.startswith("after 0.8 s 1 transaction still open: an editor (pid ")
    assert ") idle in transaction for " in caught.value.error
    assert caught.value.error.endswith(f"traffic stays where it was, at primary (127.0.0.1:{_port(router)})")
    assert steps.begun == [Step.WAKE, Step.HOLD]
    assert any("an editor" in detail for detail in steps.details)


@pytest.mark.usefixtures("untouched")
async def test_a_transaction_that_is_older_than_the_drain_stops_a_planned_switch_before_anybody_is_held(
    bouncer, router
):
    """Otherwise a switch that automation repeats would hold everybody again and again."""
    url = f"{bouncer.url}?application_name=an%20editor"
    with psycopg.connect(url, prepare_threshold=None) as client:
        client.execute("SELECT 1")
        steps = Steps()
        with pytest.raises(SwitchError, match=r"a transaction of an editor \(pid \d+\) has been open for") as caught:
            await router.switch(Role.SECONDARY, replace(PLANNED, drain_s=0.001), steps)
    assert caught.value.step == "wake"
    assert "; nobody was held; traffic stays where it was" in caught.value.error
    assert steps.begun == [Step.WAKE]


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("plan", [PLANNED, CRASHED], ids=["planned", "crashed"])
async def test_a_target_that_pgbouncer_cannot_follow_stops_it_before_the_first_step(bouncer, server_pair, plan):
    port = server_pair.secondary.port
    several = server_pair.secondary.url.replace(f"@127.0.0.1:{port}", f"@127.0.0.1:1,127.0.0.1:{port}")
    router = router_of(bouncer.gateway, {Role.PRIMARY: server_pair.primary.url, Role.SECONDARY: several})
    steps = Steps()
    with pytest.raises(SwitchError, match="PgBouncer follows one address, not several; name the one"):
        await router.switch(Role.SECONDARY, plan, steps)
    assert steps.begun == []
    await router.aclose()


@pytest.mark.usefixtures("untouched")
async def test_whom_a_switch_that_failed_kept_waiting_is_told(bouncer, make_router):
    refusal = Refuses()
    router = make_router(bouncer, inspect=lambda _: refusal)
    async with Load(bouncer.url, clients=2, period_s=0.02, statement=READ) as clients:
        await until(lambda: clients.totals().successes > 2)
        await router.hold(10)
        await until(lambda: all(each.waiting_s > 0.1 for each in clients.totals().clients))
        with pytest.raises(SwitchError) as caught:
            await router.switch(Role.SECONDARY, CRASHED, Steps())
    assert caught.value.waited.clients == 2
    assert caught.value.waited.longest_s > 0.05


def _port(router):
    return router._tools.places[Role.PRIMARY].port


@pytest.mark.usefixtures("untouched")
async def test_a_transaction_that_ends_in_time_does_not_stop_it(bouncer, router):
    async with await psycopg.AsyncConnection.connect(bouncer.url, prepare_threshold=None) as client:
        await client.execute("SELECT 1")
        steps = Steps()
        switching = asyncio.create_task(router.switch(Role.SECONDARY, replace(PLANNED, drain_s=30), steps))
        await until(lambda: steps.details)
        await client.rollback()
        await switching
    await router.switch(Role.PRIMARY, PLANNED, Steps())


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("plan", [PLANNED, CRASHED], ids=["planned", "crashed"])
async def test_a_target_that_does_not_answer_stops_it(bouncer, make_router, plan):
    refusal = Refuses()
    router = make_router(bouncer, inspect=lambda _: refusal)
    with pytest.raises(SwitchError, match="connection refused; traffic stays") as caught:
        await router.switch(Role.SECONDARY, plan, Steps())
    assert caught.value.step == ("wake" if plan is PLANNED else "preflight")
    assert refusal.closed


@pytest.mark.usefixtures("untouched")
async def test_a_target_file_that_pgbouncer_refuses_is_put_back(bouncer, router, monkeypatch):
    """RELOAD answers success, and the old target stays: only reading back tells."""
    monkeypatch.setattr(target_file, "render", lambda *_: "[databases]\nthis is no line\n")
    steps = Steps()
    with pytest.raises(SwitchError, match=r"PgBouncer points to 127.0.0.1:\d+ after the RELOAD|RELOAD failed"):
        await router.switch(Role.SECONDARY, PLANNED, steps)
    assert Step.RELEASE not in steps.begun


@pytest.mark.usefixtures("untouched")
async def test_a_target_file_that_cannot_be_written_stops_it(router, monkeypatch):
    def fail(path, _text):
        raise target_file.TargetFileError(f"{path} cannot be replaced: no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(moving, "Staged", fail)
        with pytest.raises(SwitchError, match="no space left on device; traffic stays"):
            await router.switch(Role.SECONDARY, PLANNED, Steps())


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("step", [Step.WAKE, Step.HOLD, Step.PREFLIGHT])
async def test_a_cancelled_switch_puts_everything_back(router, step):
    task: asyncio.Task[Any] = asyncio.create_task(
        router.switch(Role.SECONDARY, PLANNED, Steps(lambda begun: begun is step and task.cancel()))
    )
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.usefixtures("untouched")
async def test_a_cancellation_after_the_last_step_before_the_repoint_still_counts(router):
    def cancel_soon(step: Step, *, done: bool, detail: str = "") -> None:
        if step is Step.PREFLIGHT and done and not detail:
            asyncio.get_running_loop().call_soon(task.cancel)

    task: asyncio.Task[Any] = asyncio.create_task(router.switch(Role.SECONDARY, PLANNED, cancel_soon))
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("step", [Step.REPOINT, Step.CANARY])
async def test_from_the_repoint_on_a_switch_is_not_cancelled_and_says_that_it_arrived(
    bouncer, router, server_pair, step
):
    task: asyncio.Task[Any] = asyncio.create_task(
        router.switch(Role.SECONDARY, PLANNED, Steps(lambda begun: begun is step and task.cancel()))
    )
    assert (await task).reading.points_to is Role.SECONDARY
    assert task.cancelling() == 0
    assert bouncer.port_of_target() == server_pair.secondary.port
    assert not bouncer.paused()
    assert not bouncer.gateway.hold_note.exists()


@pytest.mark.parametrize("plan", [PLANNED, HUNG], ids=["planned", "hung"])
async def test_a_canary_without_an_answer_makes_the_outcome_unknown(
    bouncer, make_router, server_pair, monkeypatch, plan
):
    """Traffic has moved, and nothing is rolled back."""
    monkeypatch.setattr("hotswap_tui.routing.moving.CANARY_S", 0.2)
    router = make_router(bouncer, canary=Refuses)
    with pytest.raises(OutcomeUnknownError, match=r"^canary: connection refused$"):
        await router.switch(Role.SECONDARY, plan, Steps())
    assert bouncer.port_of_target() == server_pair.secondary.port
    assert not bouncer.paused()
    assert not bouncer.gateway.hold_note.exists()


async def test_another_server_behind_the_canary_makes_the_outcome_unknown(bouncer, make_router, server_pair):
    elsewhere = parse(SecretStr(server_pair.primary.url))
    router = make_router(bouncer, canary=lambda: PostgresInspection(elsewhere))
    with pytest.raises(OutcomeUnknownError, match="another server answers through PgBouncer: "):
        await router.switch(Role.SECONDARY, PLANNED, Steps())


async def test_a_pgbouncer_that_hangs_at_the_release_leaves_the_outcome_unknown_and_is_released_later(
    bouncer, router, server_pair, monkeypatch
):
    monkeypatch.setattr("hotswap_tui.routing.holding.RELEASE_S", 0.3)
    with pytest.raises(OutcomeUnknownError, match=r"^release: PgBouncer .*does not answer .*in time$"):
        await router.switch(Role.SECONDARY, PLANNED, Steps(lambda step: step is Step.RELEASE and bouncer.freeze()))
    bouncer.thaw()
    await until(lambda: not bouncer.gateway.hold_note.exists(), 20)
    assert not bouncer.paused()
    assert bouncer.port_of_target() == server_pair.secondary.port


async def test_a_dead_pgbouncer_fails_the_switch_before_anything_is_touched(bouncer, router):
    text = target_file.read(bouncer.gateway.target_file)
    bouncer.kill()
    with pytest.raises(SwitchError, match=r"does not answer at .*; start it with hotswap-tui gateway run --dir"):
        await router.switch(Role.SECONDARY, PLANNED, Steps())
    assert target_file.read(bouncer.gateway.target_file) == text


async def test_a_pgbouncer_that_dies_before_the_reload_leaves_the_outcome_unknown(bouncer, router):
    """The old file is put back, but nobody reads it: what a restarted PgBouncer follows is the file."""
    text = target_file.read(bouncer.gateway.target_file)
    with pytest.raises(OutcomeUnknownError, match="could not be put back"):
        await router.switch(Role.SECONDARY, CRASHED, Steps(lambda step: step is Step.REPOINT and bouncer.kill()))
    assert target_file.read(bouncer.gateway.target_file) == text
