"""The client in the engine's process and the attached one behave alike: the same cases for both."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack, asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from hotswap_tui.api.attached import AttachedClient
from hotswap_tui.api.client import read_history
from hotswap_tui.api.peer import Peer
from hotswap_tui.api.sockets import control_path
from hotswap_tui.config import load
from hotswap_tui.core.errors import RefusedError, StaleRequestError
from hotswap_tui.core.events import (
    ArmRequest,
    CancelRequest,
    CheckRequest,
    DisarmRequest,
    DrillRequest,
    EndDrillRequest,
    FailbackRequest,
    RepairRequest,
    SwitchRequest,
)
from hotswap_tui.core.values import Fault, Health, Kind, Role, State
from hotswap_tui.engine.assembly import assemble
from hotswap_tui.engine.local import LocalClient
from tests.api.control_world import QUICK, SLOW, control_socket, control_world
from tests.support.until import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hotswap_tui.core.events import Request
    from hotswap_tui.demo.servers import Server
    from hotswap_tui.engine.client import EngineClient
    from tests.api.control_world import ControlWorld

BY = f"{Peer(0, os.geteuid(), frozenset()).user}@tty1"
REAL = {
    "DB_HEALTH_CHECK_INTERVAL": "100",
    "DB_FAILURE_RETRY_INTERVAL": "50",
    "DB_STANDBY_CHECK_INTERVAL": "100",
    "DB_PRIMARY_RETRY_INTERVAL": "100",
    "DB_FAILURE_THRESHOLD": "2",
    "DB_FAILBACK": "manual",
}


@pytest.fixture(params=["local", "attached"])
def reach(request):
    """Return what reaches a world's engine in the one way or the other."""

    @asynccontextmanager
    async def reached(world: ControlWorld) -> AsyncIterator[EngineClient]:
        async with AsyncExitStack() as stack:
            attached = request.param == "attached"
            yield await stack.enter_async_context(AttachedClient(world.path)) if attached else world.local

    return reached


@pytest.fixture
async def quick(tmp_path, reach) -> AsyncIterator[tuple[ControlWorld, EngineClient]]:
    async with control_world(tmp_path, QUICK) as world:
        await world.settled()
        async with reach(world) as client:
            yield world, client


@pytest.fixture
async def calm(tmp_path, reach) -> AsyncIterator[tuple[ControlWorld, EngineClient]]:
    """Nothing happens by itself here, so that versions stay what they are."""
    async with control_world(tmp_path, SLOW) as world:
        await world.settled()
        async with reach(world) as client:
            yield world, client


async def test_the_picture_is_the_engines(quick):
    world, client = quick
    first, own = client.snapshot(), world.local.snapshot()
    assert (first.pid, first.name, first.state) == (own.pid, "cc", State.PRIMARY)
    assert (first.active, first.policy, first.started_s) == (Role.PRIMARY, own.policy, own.started_s)
    assert client.silence is None
    await until(lambda: client.snapshot().primary.passes > first.primary.passes + 3, what="later pictures")


async def test_a_database_that_is_not_configured_is_not_there(tmp_path, reach):
    async with control_world(tmp_path, QUICK, roles=(Role.PRIMARY,)) as world:
        await until(lambda: world.local.snapshot().state is State.PRIMARY)
        async with reach(world) as client:
            assert client.snapshot().secondary is None
            await until(lambda: client.latency(Role.PRIMARY).stats(client.snapshot().now_s, 60).total > 1)
            with pytest.raises(KeyError):
                client.latency(Role.SECONDARY)


async def test_events_come_in_order_and_once(quick):
    world, client = quick
    world.probers[Role.SECONDARY].fault = Fault.REFUSED
    await until(lambda: any(event.kind is Kind.STANDBY_DOWN for event in client.events()), what="the news")
    world.probers[Role.SECONDARY].fault = None
    await until(lambda: any(event.kind is Kind.STANDBY_UP for event in client.events()), what="the good news")
    ids = [event.id for event in client.events()]
    assert ids == list(range(1, len(ids) + 1))
    assert list(client.events()) == list(world.local.events())[: len(ids)]


async def test_latencies_are_those_of_the_checks(quick):
    world, client = quick
    await until(lambda: client.latency(Role.PRIMARY).stats(client.snapshot().now_s, 60).total > 5)
    world.probers[Role.PRIMARY].fault = Fault.TOO_MANY
    await until(lambda: client.latency(Role.PRIMARY).stats(client.snapshot().now_s, 60).lost > 2)
    end_s = client.snapshot().now_s - 0.2
    mine, own = (reached.latency(Role.PRIMARY).after(end_s - 60) for reached in (client, world.local))
    same = min(len(mine), len(own))
    assert [ms for _, ms in mine][:same] == [ms for _, ms in own][:same]
    assert [at_s for at_s, _ in mine][:same] == pytest.approx([at_s for at_s, _ in own][:same], abs=0.001)


async def test_listeners_hear_of_each_change_until_they_have_enough(quick):
    _world, client = quick
    heard: list[State] = []
    enough = client.subscribe(lambda: heard.append(client.snapshot().state))
    await until(lambda: len(heard) > 2, what="changes")
    enough()
    await asyncio.sleep(0)  # what was on its way
    count, passes = len(heard), client.snapshot().primary.passes
    await until(lambda: client.snapshot().primary.passes > passes + 3)
    assert len(heard) == count


async def test_a_failover_is_seen(quick):
    world, client = quick
    world.probers[Role.PRIMARY].fault = Fault.REFUSED
    await until(lambda: client.snapshot().active is Role.SECONDARY, what="the failover")
    await until(lambda: client.snapshot().last_switch is not None)
    ended = client.snapshot().last_switch
    assert ended is not None
    assert (ended.result, ended.switch.automatic) == ("done", True)
    await until(lambda: any(event.kind is Kind.SWITCHED for event in client.events()))


async def test_a_person_moves_traffic_there_and_back(calm):
    world, client = calm
    await client.request(SwitchRequest(BY, Role.SECONDARY, client.snapshot().version))
    await until(lambda: client.snapshot().state is State.SECONDARY, what="the switch")
    assert world.router.points_to is Role.SECONDARY
    assert client.snapshot().mode.by == BY
    await client.request(FailbackRequest(BY, client.snapshot().version))
    await until(lambda: client.snapshot().state is State.PRIMARY, what="the way back")
    await until(
        lambda: [kept.switch.by for kept in world.journal.switches if kept.result] == [BY, BY], what="the journal"
    )


async def test_automation_is_turned_off_and_on(calm):
    _world, client = calm
    await client.request(DisarmRequest(BY, "new cables", 3600.0))
    await until(lambda: not client.snapshot().mode.armed)
    mode = client.snapshot().mode
    assert (mode.by, mode.why, mode.until_s) == (BY, "new cables", pytest.approx(mode.since_s + 3600))
    await client.request(ArmRequest(BY))
    await until(lambda: client.snapshot().mode.armed)


async def test_a_check_is_made_now(calm):
    world, client = calm
    before = {role: len(prober.checks) for role, prober in world.probers.items()}
    await client.request(CheckRequest(BY))
    await until(lambda: all(len(prober.checks) > before[role] for role, prober in world.probers.items()))


async def test_a_drill_begins_and_ends(calm):
    _world, client = calm
    await client.request(DrillRequest(BY, client.snapshot().version, 60.0))
    await until(lambda: client.snapshot().drill is not None)
    await client.request(EndDrillRequest(BY))
    await until(lambda: client.snapshot().drill is None)


async def test_a_switch_is_cancelled(calm):
    world, client = calm
    world.router.took_s = 5.0
    await client.request(SwitchRequest(BY, Role.SECONDARY, client.snapshot().version))
    await until(lambda: client.snapshot().switch is not None)
    await client.request(CancelRequest(BY))
    await until(lambda: client.snapshot().last_switch is not None, what="the end of the switch")
    ended = client.snapshot().last_switch
    assert ended is not None
    assert (ended.result, ended.switch.cancelled_by) == ("cancelled", BY)


async def test_what_disagrees_is_repaired(tmp_path, reach):
    async with control_world(tmp_path, QUICK) as world:
        await world.settled()
        async with reach(world) as client:
            world.router.points_to = Role.SECONDARY
            await until(lambda: client.snapshot().disagrees, what="the disagreement")
            await client.request(RepairRequest(BY, client.snapshot().version))
            await until(lambda: world.router.points_to is Role.PRIMARY, what="the repair")
            await until(lambda: not client.snapshot().disagrees)


REFUSED = [
    (lambda version: SwitchRequest(BY, Role.PRIMARY, version), "primary is the active database already"),
    (lambda _: CancelRequest(BY), "no switch is in progress"),
    (lambda _: ArmRequest(BY), "automatic switching is on already"),
    (lambda version: RepairRequest(BY, version), "nothing to repair"),
]


@pytest.mark.parametrize(("made", "sentence"), REFUSED, ids=["switch", "cancel", "arm", "repair"])
async def test_a_refusal_is_the_engines_own_sentence_and_changes_nothing(calm, made, sentence):
    world, client = calm
    version = client.snapshot().version
    request: Request = made(version)
    with pytest.raises(RefusedError, match=sentence) as caught:
        await client.request(request)
    assert not isinstance(caught.value, StaleRequestError)
    assert world.local.snapshot().version == version
    await until(lambda: any(event.text == f"{BY}: refused: {caught.value}" for event in client.events()))


@pytest.mark.parametrize(
    "made",
    [
        lambda version: SwitchRequest(BY, Role.SECONDARY, version),
        lambda version: FailbackRequest(BY, version),
        lambda version: DrillRequest(BY, version, 60.0),
        lambda version: RepairRequest(BY, version),
    ],
    ids=["switch", "failback", "drill", "repair"],
)
async def test_a_request_on_an_old_picture_is_stale(calm, made):
    world, client = calm
    seen = client.snapshot().version
    await world.local.request(DisarmRequest("somebody else"))
    with pytest.raises(StaleRequestError, match="look again"):
        await client.request(made(seen))
    assert world.router.points_to is Role.PRIMARY


# -- over real servers and a real journal -----------------------------------------------------------


async def test_over_real_servers_the_two_tell_the_same(tmp_path, server_pair, reach):
    """A failover, a person's way back, the journal's history, and what another life remembers."""
    urls = {"DATABASE_URL": server_pair.primary.url, "DATABASE_URL_SECONDARY": server_pair.secondary.url}
    loaded = load({}, {**urls, **REAL, "HOTSWAP_STATE_DIR": str(tmp_path / "state")}, [], tmp_path, None)
    path = control_path(tmp_path, {})
    faults: list[str] = []
    for life in (1, 2):
        async with assemble(loaded, lambda _: None) as engine, control_socket(LocalClient(engine), path, faults.append):
            world = SimpleNamespace(local=LocalClient(engine), path=path)
            async with reach(world) as client:
                await until(lambda: client.snapshot().state is State.PRIMARY, what="the first check")
                own, mine = (reached.latency(Role.PRIMARY).after(0.0) for reached in (world.local, client))
                assert [ms for _, ms in mine] == pytest.approx([ms for _, ms in own][: len(mine)], abs=0.001)
                if life == 1:
                    await _there_and_back(client, server_pair.primary)
                assert [event.id for event in client.events()] == list(range(1, len(client.events()) + 1))
                assert sum(event.kind is Kind.SWITCHED for event in client.events()) == 2
                told = await read_history(path, 10)
                assert [(past["to"], past["by"]) for past in told] == [("primary", BY), ("secondary", None)]
    assert faults == []


async def _there_and_back(client: EngineClient, primary: Server) -> None:
    await asyncio.to_thread(primary.crash)
    await until(lambda: client.snapshot().active is Role.SECONDARY, what="the failover")
    await asyncio.to_thread(primary.start)
    await until(lambda: client.snapshot().primary.health is Health.UP, what="the primary's return")
    await client.request(FailbackRequest(BY, client.snapshot().version))
    await until(lambda: client.snapshot().state is State.PRIMARY, what="the way back")
