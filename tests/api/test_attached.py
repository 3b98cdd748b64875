"""An engine in another process comes, falls silent, dies and comes back; who is attached sees it all and needs nobody's help."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack, asynccontextmanager, closing
from contextvars import ContextVar
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from hotswap_tui.api import attached, wire
from hotswap_tui.api.attached import AttachedClient
from hotswap_tui.api.client import NoEngineError, NotAllowedError, WireError
from hotswap_tui.api.peer import Door
from hotswap_tui.core.events import CheckRequest, DisarmRequest
from hotswap_tui.core.values import Kind, Role, State
from tests.api.control_process import ControlProcess
from tests.api.control_world import QUICK, SLOW, build, control_world, listening
from tests.support.until import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


DASHBOARDS = 10


def why(client: AttachedClient) -> str:
    return client.silence.why if client.silence is not None else ""


@asynccontextmanager
async def many(path: Path) -> AsyncIterator[list[AttachedClient]]:
    async with AsyncExitStack() as stack:
        clients = [AttachedClient(path) for _ in range(DASHBOARDS)]
        await asyncio.gather(*(stack.enter_async_context(client) for client in clients))
        yield clients


# -- coming in -----------------------------------------------------------------------------------


async def test_nobody_is_there(tmp_path):
    with pytest.raises(NoEngineError, match="nobody listens there"):
        await AttachedClient(tmp_path / "control.sock").__aenter__()


async def test_one_may_not(tmp_path, monkeypatch):
    monkeypatch.setattr(Door, "admits", lambda *_: False)
    async with control_world(tmp_path, SLOW) as world:
        with pytest.raises(NotAllowedError, match="this engine is not for"):
            await AttachedClient(world.path).__aenter__()


async def test_an_engine_of_another_version_is_not_attached_to(tmp_path, monkeypatch):
    async with control_world(tmp_path, SLOW) as world:
        monkeypatch.setattr("hotswap_tui.api.feed.wire.STAMP", {"wire": 99, "version": "9.9"})
        with pytest.raises(WireError, match=r"another version \(9\.9,"):
            await AttachedClient(world.path).__aenter__()


async def test_an_engine_that_says_nothing_is_not_waited_for_long(tmp_path, monkeypatch):
    monkeypatch.setattr(attached, "PATIENCE_S", 0.1)
    with closing(socket.socket(socket.AF_UNIX)) as silent:
        silent.bind(str(tmp_path / "control.sock"))
        silent.listen(1)
        with pytest.raises(NoEngineError, match="no answer"):
            await AttachedClient(tmp_path / "control.sock").__aenter__()


async def test_what_an_engine_remembers_of_its_latencies_comes_along(tmp_path):
    async with control_world(tmp_path, QUICK) as world:
        await until(lambda: len(world.local.latency(Role.PRIMARY).after(0.0)) > 5)
        async with AttachedClient(world.path) as client:
            assert client.latency(Role.PRIMARY).stats(client.snapshot().now_s, 60).total > 5
            assert not client.owner


# -- losing it -----------------------------------------------------------------------------------


async def test_an_engine_that_ends_is_told_and_its_last_picture_stays(tmp_path):
    async with AsyncExitStack() as stack:
        async with control_world(tmp_path, SLOW) as world:
            await world.settled()
            client = await stack.enter_async_context(AttachedClient(world.path))
            heard: list[str] = []
            client.subscribe(lambda: heard.append(why(client)))
            picture = client.snapshot()
        await until(lambda: "nobody listens there" in heard, what="the silence and its reason")
        silence = client.silence
        assert silence is not None
        assert picture.now_s <= silence.since_s <= asyncio.get_running_loop().time()
        assert client.snapshot().started_s == picture.started_s
        with pytest.raises(NoEngineError, match="nobody listens there"):
            await client.request(CheckRequest("x"))


async def test_another_engine_is_taken_anew(tmp_path):
    async with AsyncExitStack() as stack:
        async with control_world(tmp_path, SLOW) as world:
            await world.settled()
            client = await stack.enter_async_context(AttachedClient(world.path))
            await world.local.request(CheckRequest("x"))
            before = client.snapshot()
        await until(lambda: client.silence is not None)
        async with control_world(tmp_path, SLOW) as world:
            await until(lambda: client.silence is None, what="the other engine")
            assert client.snapshot().started_s > before.started_s
            await until(lambda: list(client.events()) == list(world.local.events()), what="its events only")
            own, mine = world.local.latency(Role.PRIMARY), client.latency(Role.PRIMARY)
            await until(lambda: len(mine.after(0.0)) == len(own.after(0.0)) > 0, what="its latencies only")


async def test_a_socket_that_was_gone_for_a_moment_is_found_again(tmp_path):
    world = build(tmp_path, SLOW)
    async with world.engine:
        async with listening(world):
            client = await AttachedClient(world.path).__aenter__()
        await until(lambda: client.silence is not None)
        async with listening(world):
            await until(lambda: client.silence is None)
        await client.__aexit__()


async def test_an_engine_that_says_nothing_any_more_is_called_silent_and_listened_to(tmp_path, monkeypatch):
    monkeypatch.setattr("hotswap_tui.api.feed._BEAT_S", 600.0)
    monkeypatch.setattr(attached, "SILENT_AFTER_S", 0.1)
    async with control_world(tmp_path, SLOW) as world:
        await world.settled()
        async with AttachedClient(world.path) as client:
            await until(lambda: why(client) == "no answer")
            await world.local.request(CheckRequest("x"))
            await until(lambda: client.silence is None, what="something heard again")


async def test_a_connection_on_which_nothing_ever_comes_is_made_anew(tmp_path, monkeypatch):
    monkeypatch.setattr("hotswap_tui.api.feed._BEAT_S", 600.0)
    monkeypatch.setattr(attached, "SILENT_AFTER_S", 0.05)
    monkeypatch.setattr(attached, "_GIVEN_UP_AFTER_S", 0.1)
    async with control_world(tmp_path, SLOW) as world, AttachedClient(world.path) as client:
        first = client.snapshot()
        await until(lambda: client.silence is not None)
        await until(lambda: client.silence is None)
        assert client.snapshot().now_s > first.now_s


async def test_an_engine_that_comes_back_in_another_version_is_said(tmp_path, monkeypatch):
    async with AsyncExitStack() as stack:
        async with control_world(tmp_path, SLOW) as world:
            client = await stack.enter_async_context(AttachedClient(world.path))
        monkeypatch.setattr("hotswap_tui.api.feed.wire.STAMP", {"wire": 99, "version": "9.9"})
        async with control_world(tmp_path, SLOW):
            await until(lambda: why(client) == "it is of another version; restart this program")
            monkeypatch.setattr("hotswap_tui.api.feed.wire.STAMP", {**wire.STAMP, "wire": wire.VERSION})
            await until(lambda: client.silence is None)


def test_pauses_grow_up_to_a_limit_and_are_never_quite_the_same():
    pauses = list(islice(attached._pauses_s(), 8))
    assert pauses == pytest.approx([0.25, 0.5, 1, 2, 4, 5, 5, 5], rel=0.21)
    assert pauses != list(islice(attached._pauses_s(), 8))


# -- listeners -----------------------------------------------------------------------------------


async def test_listeners_are_called_in_the_context_of_their_subscription(tmp_path):
    """Textual finds its app there."""
    app: ContextVar[str] = ContextVar("app")
    async with control_world(tmp_path, QUICK) as world, AttachedClient(world.path) as client:
        app.set("the dashboard")
        heard: list[str] = []
        client.subscribe(lambda: heard.append(app.get()))
        await until(lambda: heard)
        assert heard[0] == "the dashboard"


async def test_what_was_asked_is_seen_at_once(tmp_path):
    async with control_world(tmp_path, SLOW) as world, AttachedClient(world.path) as client:
        await world.settled()
        await client.request(DisarmRequest("x"))
        assert not client.snapshot().mode.armed


# -- many, over processes ------------------------------------------------------------------------


async def test_ten_dashboards_survive_the_death_of_their_engine(tmp_path):
    path = tmp_path / "control" / "control.sock"
    with ControlProcess(tmp_path) as engine:
        await engine.ready()
        async with many(path) as clients:
            assert {client.snapshot().pid for client in clients} == {engine.pid}
            engine.kill()
            await until(lambda: all(client.silence for client in clients), what="the silence of all")
            await until(lambda: {why(client) for client in clients} == {"connection refused"}, what="its reason")
            with ControlProcess(tmp_path) as second:
                await second.ready()
                await until(lambda: not any(client.silence for client in clients), what="the return of all")
                assert {client.snapshot().pid for client in clients} == {second.pid}
                for client in clients:
                    assert client.snapshot().state is State.PRIMARY
                    assert next(event.kind for event in client.events()) is Kind.STARTED


async def test_an_engine_that_hangs_is_seen_to_be_silent_and_goes_on_where_it_was(tmp_path):
    path = tmp_path / "control" / "control.sock"
    with ControlProcess(tmp_path) as engine:
        await engine.ready()
        async with many(path) as clients:
            engine.stop()
            begun_s = asyncio.get_running_loop().time()
            await until(lambda: all(why(client) == "no answer" for client in clients), what="the silence of all")
            assert asyncio.get_running_loop().time() - begun_s > 1.0
            engine.go_on()
            await until(lambda: not any(client.silence for client in clients), what="the return of all")
            assert {client.snapshot().pid for client in clients} == {engine.pid}
