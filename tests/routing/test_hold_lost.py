"""A hold that is lost on the way: somebody resumes, or PgBouncer dies and comes back. Nobody is left on the old database."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import psycopg
import pytest

from hotswap_tui.core.plan import PoolMode, Step, choose
from hotswap_tui.core.traffic import NOBODY
from hotswap_tui.core.values import Fault, Role
from hotswap_tui.routing import moving, target_file
from hotswap_tui.routing.router import SwitchError
from tests.support.bouncer_routers import Steps
from tests.support.until import until, until_sync

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.bouncers import LivePgBouncer

PLANNED = choose(Role.PRIMARY, None, PoolMode.TRANSACTION, (1, 18))
CRASHED = choose(Role.PRIMARY, Fault.REFUSED, PoolMode.TRANSACTION, (1, 18))


def resume(bouncer: LivePgBouncer) -> None:
    bouncer.ask("RESUME")


def restart(bouncer: LivePgBouncer) -> bool:
    bouncer.kill()
    bouncer.start()
    return True


class Worker:
    """A client whose transaction is open from `begin` on."""

    def __init__(self, bouncer: LivePgBouncer, stack: ExitStack) -> None:
        self._bouncer = bouncer
        self._stack = stack
        self._client: psycopg.Connection | None = None

    def begin(self) -> None:
        self._client = psycopg.connect(self._bouncer.url, prepare_threshold=None)
        self._stack.callback(self._client.close)
        self._client.execute("SELECT 1")

    def commit(self) -> str:
        assert self._client is not None
        row = self._client.execute("SELECT name FROM marker").fetchone()
        self._client.commit()
        assert row is not None
        return str(row[0])


@pytest.fixture
def worker(bouncer: LivePgBouncer) -> Iterator[Worker]:
    with ExitStack() as stack:
        yield Worker(bouncer, stack)


async def stays_at_the_primary(bouncer: LivePgBouncer, port: int, text: str) -> None:
    assert target_file.read(bouncer.gateway.target_file) == text
    assert bouncer.port_of_target() == port
    await until(lambda: not bouncer.gateway.hold_note.exists(), 20, "the guard's end")
    assert not bouncer.paused()


@pytest.mark.parametrize("lose", [resume, restart])
async def test_a_planned_switch_is_given_up_when_clients_go_on_before_the_target_is_replaced(
    bouncer, router, server_pair, worker, lose
):
    text = target_file.read(bouncer.gateway.target_file)

    def on_begin(step: Step) -> None:
        if step is Step.PREFLIGHT:
            lose(bouncer)
            worker.begin()

    steps = Steps(on_begin)
    with pytest.raises(SwitchError, match="the hold was lost: PgBouncer was resumed or started anew"):
        await router.switch(Role.SECONDARY, PLANNED, steps)
    assert steps.begun[-1] is Step.REPOINT
    assert worker.commit() == "primary"
    await stays_at_the_primary(bouncer, server_pair.primary.port, text)


async def test_a_planned_switch_is_given_up_when_work_goes_on_although_pgbouncer_is_paused_again(
    bouncer, router, server_pair, worker
):
    text = target_file.read(bouncer.gateway.target_file)
    console = psycopg.connect(bouncer.gateway.console.get_secret_value(), autocommit=True)

    def on_begin(step: Step) -> None:
        if step is Step.PREFLIGHT:
            bouncer.ask("RESUME")
            worker.begin()
            console.pgconn.send_query(b"PAUSE")  # not answered as long as the transaction is open
            until_sync(bouncer.paused)

    with closing(console), pytest.raises(SwitchError, match="the hold was lost: connections in use again: 1"):
        await router.switch(Role.SECONDARY, PLANNED, Steps(on_begin))
    assert worker.commit() == "primary"
    await stays_at_the_primary(bouncer, server_pair.primary.port, text)


async def test_who_begins_in_the_moment_of_the_repoint_is_found_before_the_release(
    bouncer, router, server_pair, worker, monkeypatch
):
    text = target_file.read(bouncer.gateway.target_file)

    class Late(target_file.Staged):
        def commit(self) -> None:
            bouncer.ask("RESUME")
            worker.begin()
            super().commit()

    monkeypatch.setattr(moving, "Staged", Late)
    steps = Steps()
    with pytest.raises(SwitchError, match=r"the hold was lost: connections to primary .* are in use again: 1"):
        await router.switch(Role.SECONDARY, PLANNED, steps)
    assert steps.begun[-1] is Step.SEVER
    assert worker.commit() == "primary"
    await stays_at_the_primary(bouncer, server_pair.primary.port, text)


async def test_a_pgbouncer_that_is_started_anew_during_the_drain_has_drained_nothing(
    bouncer, router, server_pair, worker
):
    text = target_file.read(bouncer.gateway.target_file)
    waited_for: list[str] = []

    def restart_once(step: Step, *, done: bool, detail: str = "") -> None:
        if step is Step.HOLD and not done and not detail:
            worker.begin()
        elif detail and not waited_for:
            waited_for.append(detail)
            restart(bouncer)

    with pytest.raises(SwitchError, match="hold: the hold was lost: PgBouncer has ended meanwhile"):
        await router.switch(Role.SECONDARY, PLANNED, restart_once)
    assert waited_for
    await stays_at_the_primary(bouncer, server_pair.primary.port, text)


async def test_a_pgbouncer_that_is_started_anew_during_a_failover_does_not_stop_it(bouncer, router, server_pair):
    """Whoever goes on at a dead database is cut off after the release."""
    steps = Steps(lambda step: step is Step.PREFLIGHT and restart(bouncer))
    arrival = await router.switch(Role.SECONDARY, CRASHED, steps)
    assert arrival.reading.proven
    assert steps.done == list(CRASHED.steps)
    assert bouncer.port_of_target() == server_pair.secondary.port
    await until(lambda: not bouncer.gateway.hold_note.exists(), 20)


@pytest.mark.parametrize("plan", [PLANNED, CRASHED], ids=["planned", "crashed"])
async def test_a_pgbouncer_that_is_started_anew_after_the_release_follows_the_file(bouncer, router, plan):
    following = plan.steps[plan.steps.index(Step.RELEASE) + 1]
    arrival = await router.switch(Role.SECONDARY, plan, Steps(lambda step: step is following and restart(bouncer)))
    assert arrival.reading.proven
    assert arrival.reading.points_to is Role.SECONDARY
    assert not bouncer.gateway.hold_note.exists()


async def test_a_pgbouncer_that_is_started_anew_within_a_hold_is_paused_again(bouncer, router):
    await router.current()
    await router.hold(10)
    token = bouncer.gateway.hold_note.read_text()
    bouncer.kill()
    assert not (await router.current()).paused
    bouncer.start()
    assert (await router.current()).paused
    assert bouncer.paused()
    assert bouncer.gateway.hold_note.read_text() == token, "the same note, and the same guard"
    await router.release()
    assert not bouncer.paused()
    assert not bouncer.gateway.hold_note.exists()


async def test_a_hold_that_somebody_has_ended_is_over_and_can_be_had_again(bouncer, router):
    await router.hold(10)
    bouncer.ask("RESUME")
    assert not (await router.current()).paused
    assert not bouncer.paused()
    assert not bouncer.gateway.hold_note.exists()
    assert await router.release() == NOBODY
    await router.hold(10)
    assert bouncer.paused()
    assert (await router.current()).paused
    await router.release()
