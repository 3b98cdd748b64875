"""What is told to those who listen: everything once, and composed once for all who come together."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from hotswap_tui.api import bulk
from hotswap_tui.api.attached import AttachedClient
from hotswap_tui.api.feed import Feed
from hotswap_tui.api.past import Past
from hotswap_tui.core.events import ArmRequest, CheckRequest, DisarmRequest
from hotswap_tui.core.latency import LatencyHistory
from hotswap_tui.core.values import Role
from hotswap_tui.engine.ports import JournalError, Sample
from tests.api.control_world import SLOW, control_world
from tests.support.pictures import NOW_S, WALL_S, snapshot
from tests.support.until import until

if TYPE_CHECKING:
    from hotswap_tui.core.snapshot import Snapshot
    from tests.api.control_world import ControlWorld


async def knows_all(client: AttachedClient, world: ControlWorld) -> None:
    """Wait until the client knows what the engine does, and check that it knows every event and every latency once."""
    await until(lambda: len(client.events()) >= len(world.local.events()), what="all events")
    assert list(client.events()) == list(world.local.events())
    for role in Role:
        own = [ms for _, ms in world.local.latency(role).after(0.0)]
        await until(partial(knows_as_many, client, role, len(own)), what="all latencies")
        assert [ms for _, ms in client.latency(role).after(0.0)] == own


def knows_as_many(client: AttachedClient, role: Role, count: int) -> bool:
    return len(client.latency(role).after(0.0)) >= count


async def something_happens(world: ControlWorld) -> None:
    checks = len(world.local.latency(Role.PRIMARY).after(0.0))
    for request in (DisarmRequest("x"), ArmRequest("x"), CheckRequest("x")):
        await world.local.request(request)
    await until(lambda: len(world.local.latency(Role.PRIMARY).after(0.0)) > checks)


async def test_who_comes_later_gets_what_the_others_got_and_everything_since_once(tmp_path):
    async with control_world(tmp_path, SLOW) as world, AsyncExitStack() as stack:
        await world.settled()
        clients = []
        for _ in range(3):
            clients.append(await stack.enter_async_context(AttachedClient(world.path)))
            await something_happens(world)
        for client in clients:
            await knows_all(client, world)


async def test_those_who_come_together_have_the_journal_read_once(tmp_path, monkeypatch):
    reads = 0

    async def samples() -> list[Sample]:
        nonlocal reads
        reads += 1
        return []

    async with control_world(tmp_path, SLOW) as world, AsyncExitStack() as stack:
        await world.settled()
        monkeypatch.setattr(world.journal, "samples", samples)
        clients = [AttachedClient(world.path) for _ in range(10)]
        await asyncio.gather(*(stack.enter_async_context(client) for client in clients))
        assert reads == 1
        for client in clients:
            await knows_all(client, world)
        monkeypatch.setattr(bulk, "_SHARED_S", 0.0)
        await stack.enter_async_context(AttachedClient(world.path))
        assert reads == 2


async def test_what_was_composed_is_not_kept_for_nobody(tmp_path):
    async with control_world(tmp_path, SLOW) as world:
        await world.settled()
        feed = Feed(world.local)
        reader = await feed.join(lambda: None, with_samples=True)
        assert feed._bulks._kept
        feed.leave(reader)
        assert feed._bulks._kept == {}


async def test_without_samples_the_past_is_not_asked_for(tmp_path, monkeypatch):
    async with control_world(tmp_path, SLOW) as world:
        await world.settled()
        monkeypatch.setattr(world.journal, "samples", pytest.fail)
        async with AttachedClient(world.path, latencies=False) as client:
            assert client.latency(Role.PRIMARY).after(0.0) == []
            joined_s = asyncio.get_running_loop().time()
            await something_happens(world)
            await until(lambda: client.latency(Role.PRIMARY).after(0.0), what="new ones")
            assert all(at_s > joined_s - 0.1 for at_s, _ in client.latency(Role.PRIMARY).after(0.0))


# -- a day of latencies ----------------------------------------------------------------------------


class Teller:
    """An engine whose memory goes back 90 minutes and whose journal a day."""

    def __init__(self, *, journal: Exception | None = None) -> None:
        self._journal = journal
        self._histories = {role: LatencyHistory() for role in Role}
        for ago_s in range(5400, 0, -10):
            for number, role in enumerate(Role):
                self._histories[role].add(NOW_S - ago_s, 1.0 + number)

    def snapshot(self) -> Snapshot:
        return snapshot()

    def latency(self, role: Role) -> LatencyHistory:
        return self._histories[role]

    async def samples(self) -> list[Sample]:
        if self._journal is not None:
            raise self._journal
        times = [WALL_S - ago_s + 0.0004 for ago_s in range(86400, 0, -60)]
        return [Sample(role, wall_s, 9.0) for wall_s in times for role in Role]


async def test_the_last_hour_is_memorys_and_what_lies_before_it_the_journals():
    teller: Any = Teller()
    day = await Past(teller).day()
    for number, role in enumerate(Role):
        exact = [(at_s, ms) for at_s, ms in day[role] if ms == 1.0 + number]
        older = [at_s for at_s, ms in day[role] if ms == 9.0]
        assert [at_s for at_s, _ in exact] == [NOW_S - ago_s for ago_s in range(3590, 0, -10)]
        assert older[0] == pytest.approx(NOW_S - 86400, abs=0.01)
        assert len(older) == 1381
        assert older[-1] < exact[0][0] - 5
        assert [at_s for at_s, _ in day[role]] == sorted(at_s for at_s, _ in day[role])


async def test_a_journal_that_cannot_be_read_leaves_the_hour():
    teller: Any = Teller(journal=JournalError("the disk fails"))
    day = await Past(teller).day()
    assert [len(day[role]) for role in Role] == [359, 359]


async def test_a_sample_that_both_know_is_told_once():
    history = LatencyHistory()
    history.add(NOW_S - 5.0002, 3.0)
    journal = [Sample(Role.PRIMARY, WALL_S - 5.0006, 3.0), Sample(Role.PRIMARY, WALL_S - 4000, 2.0)]

    async def samples() -> list[Sample]:
        return journal

    only: Any = SimpleNamespace(snapshot=lambda: snapshot(secondary=None), latency=lambda _: history, samples=samples)
    assert [ms for _, ms in (await Past(only).day())[Role.PRIMARY]] == [2.0, 3.0]
