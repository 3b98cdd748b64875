"""Where open sessions need not end by themselves, they end before the data is brought over: no row is written behind its back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from pydantic import SecretStr

from hotswap_tui.core.plan import DataPlan, PoolMode, Step, choose
from hotswap_tui.core.values import Role
from hotswap_tui.dsn import parse
from hotswap_tui.probes.inspection import PostgresInspection
from hotswap_tui.routing.handover import Secured
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.routing.router import Arrival, SwitchError
from tests.support.bouncer_routers import Steps, router_of
from tests.support.until import until

if TYPE_CHECKING:
    from hotswap_tui.core.plan import Plan
    from tests.support.traffic import Stage

WHO = b"SELECT name FROM marker"


class Seeing:
    """A handover that only looks who has a session at the source when it is asked."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.seen: list[list[str]] = []

    def rehearsal(self, _target):
        return ()

    async def catch_up(self, _inspect, source, _target, _timeout_s, _waits):
        self.seen.append(await writers(self.stage, source))
        return "everything has arrived"

    async def secure(self, _inspect, source, _target, _timeout_s, *, sequences, alive):
        assert (sequences, alive) == (True, True)
        self.seen.append(await writers(self.stage, source))
        return Secured(words="everything has arrived")


class Refused(PostgresInspection):
    """A server that lets nobody end its sessions."""

    async def terminate(self, pids, timeout_s):
        raise InspectionError(f"not allowed to end {pids} within {timeout_s} s")


async def writers(stage: Stage, role: Role) -> list[str]:
    return [each for each in await stage.sessions(role) if "writer" in each]


async def moved(
    stage: Stage, seeing: Any, data: DataPlan, *, inspection: type = PostgresInspection
) -> tuple[Plan, Steps, Arrival | SwitchError]:
    """Switch to the secondary while `writer` has a session at the primary."""
    urls = {role: stage.server(role).url for role in Role}
    router = router_of(
        stage.gateway, urls, inspect=lambda role: inspection(parse(SecretStr(urls[role]))), handover=seeing
    )
    plan, steps = choose(Role.PRIMARY, None, PoolMode.SESSION, (1, 18), data=data), Steps()
    try:
        await until(lambda: writers(stage, Role.PRIMARY), 10.0, "the writer's session")
        return plan, steps, await router.switch(Role.SECONDARY, plan, steps)
    except SwitchError as error:
        return plan, steps, error
    finally:
        await router.aclose()


@pytest.mark.parametrize("stage", [PoolMode.SESSION], indirect=True)
@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (DataPlan(catch_up=True, must_catch_up=True), [True, False]),  # first without a hold, then when it is in force
        (DataPlan(sequences=True), [False]),
    ],
    ids=["catch up", "sequences"],
)
async def test_sessions_end_before_the_data_is_brought_over(stage, data, seen):
    """Also idle ones, which may write at any time: one disconnect, and the next connection leads to the target."""
    seeing = Seeing(stage)
    async with stage.open_transaction("writer"), await idler(stage) as idle:
        plan, steps, arrival = await moved(stage, seeing, data)
        assert isinstance(arrival, Arrival)
        assert [bool(each) for each in seeing.seen] == seen
        assert arrival.severed == 2
        assert arrival.secured.words == "everything has arrived"
        assert steps.done == list(plan.steps)
        with pytest.raises(psycopg.OperationalError):
            await idle.execute(WHO)
    async with await idler(stage) as again:
        assert await (await again.execute(WHO)).fetchone() == ("secondary",)
    assert stage.undisturbed()


@pytest.mark.parametrize("stage", [PoolMode.SESSION], indirect=True)
async def test_a_session_that_cannot_be_ended_stops_what_must_bring_over_everything(stage):
    """It goes on at the source, and nobody waits any more."""
    seeing = Seeing(stage)
    async with await idler(stage) as idle:
        _, steps, stopped = await moved(stage, seeing, DataPlan(catch_up=True, must_catch_up=True), inspection=Refused)
        assert isinstance(stopped, SwitchError)
        assert stopped.step == steps.begun[-1] == Step.CATCH_UP
        assert stopped.error.startswith("sessions that were to end may still write: 1 connection still in use; ")
        assert len(seeing.seen) == 1, "only before clients were held"
        assert await (await idle.execute(WHO)).fetchone() == ("primary",)
    assert stage.undisturbed()


async def idler(stage: Stage) -> psycopg.AsyncConnection[Any]:
    """Return a client with a session of its own and no transaction."""
    client = await psycopg.AsyncConnection.connect(
        stage.application_url, autocommit=True, prepare_threshold=None, application_name="idle writer"
    )
    await client.execute(WHO)
    return client
