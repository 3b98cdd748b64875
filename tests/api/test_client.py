"""Asking an engine one question at a time, whatever is at the other end."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from contextlib import aclosing, asynccontextmanager, closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hotswap_tui.api import client, wire
from hotswap_tui.api.client import (
    EngineFailedError,
    NoEngineError,
    UnansweredError,
    WireError,
    follow,
    read_events,
    read_history,
    read_snapshot,
    send,
)
from hotswap_tui.core.errors import RefusedError
from hotswap_tui.core.events import CheckRequest, DisarmRequest, SwitchRequest
from hotswap_tui.core.values import Kind, Role
from hotswap_tui.engine.ports import JournalError
from tests.api.control_world import SLOW, control_world
from tests.support.pictures import snapshot

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.api.control_world import ControlWorld

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def world(tmp_path) -> AsyncIterator[ControlWorld]:
    async with control_world(tmp_path, SLOW) as made:
        await made.settled()
        yield made


@asynccontextmanager
async def stranger(path: Path, answer: bytes, *, closes: bool = True) -> AsyncIterator[None]:
    """Listen at `path`, say `answer` to whoever has said something, and hang up."""

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(answer)
        if not closes:
            await reader.read()
        writer.close()

    server = await asyncio.start_unix_server(reply, path)
    try:
        yield
    finally:
        server.close()
        await server.wait_closed()


def http(status: str, body: bytes) -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status.encode(), len(body), body)


def test_commands_start_with_it_so_it_imports_little():
    program = "import sys, hotswap_tui.api.client; print(*sorted({n.partition('.')[0] for n in sys.modules}))"
    found = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    heavy = {"pydantic", "starlette", "uvicorn", "anyio", "sqlite3", "dotenv", "asyncpg", "psycopg", "click"}
    assert not heavy & set(found.stdout.split())


async def test_what_an_engine_knows_can_be_read(world):
    assert (await read_snapshot(world.path)).started_s == world.local.snapshot().started_s
    assert await read_events(world.path, 1) == list(world.local.events())[-1:]
    assert await read_events(world.path, 1_000_000) == list(world.local.events())
    assert await read_history(world.path, 1_000_000) == []


async def test_a_request_returns_the_picture_after_it(world):
    after = await send(world.path, DisarmRequest("x@pts/1", "cables", 60.0))
    assert (after.mode.armed, after.mode.why) == (False, "cables")
    assert after.mode.by.endswith("@pts/1")


async def test_what_makes_no_sense_is_refused(world):
    with pytest.raises(RefusedError, match="for_s must be a positive number of seconds"):
        await send(world.path, DisarmRequest("x", for_s=-1.0))


async def test_what_the_engine_could_not_do_is_its_own_sentence(world, monkeypatch):
    async def fail(_limit: int) -> None:
        raise JournalError("journal.db: the disk is full")

    monkeypatch.setattr(world.journal, "history", fail)
    with pytest.raises(EngineFailedError, match=r"could not do it: journal\.db: the disk is full"):
        await read_history(world.path, 5)


# -- nobody there -----------------------------------------------------------------------------------


async def test_nobody_has_ever_listened(tmp_path):
    with pytest.raises(NoEngineError) as caught:
        await read_snapshot(tmp_path / "control.sock")
    assert (caught.value.path, caught.value.why) == (tmp_path / "control.sock", "nobody listens there")
    assert str(caught.value) == f"no engine at {tmp_path}/control.sock: nobody listens there"
    assert isinstance(caught.value, OSError)


async def test_the_engine_has_died(tmp_path):
    path = tmp_path / "control.sock"
    with closing(socket.socket(socket.AF_UNIX)) as dead:
        dead.bind(str(path))
    with pytest.raises(NoEngineError, match="connection refused"):
        await send(path, CheckRequest("x"))


async def test_the_engine_hangs(tmp_path):
    """What was only asked is not known; what was to be done may be done yet."""
    path = tmp_path / "control.sock"
    with closing(socket.socket(socket.AF_UNIX)) as hung:
        hung.bind(str(path))
        hung.listen(8)
        with pytest.raises(NoEngineError, match="no answer") as looked:
            await read_snapshot(path, patience_s=0.05)
        with pytest.raises(UnansweredError, match="whether it did what was asked is not known: look"):
            await send(path, SwitchRequest("x", Role.SECONDARY, 1), patience_s=0.05)
    assert not isinstance(looked.value, UnansweredError)


async def test_the_queue_of_a_hung_engine_is_full(tmp_path):
    path = tmp_path / "control.sock"
    with closing(socket.socket(socket.AF_UNIX)) as hung, closing(socket.socket(socket.AF_UNIX)) as waiting:
        hung.bind(str(path))
        hung.listen(0)
        waiting.connect(str(path))
        with pytest.raises(NoEngineError, match="no answer"):
            await read_snapshot(path)


@pytest.mark.parametrize(
    "answer", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", http("200 OK", b"{}")[:-1], b"HTTP/1.1 200 OK\r\n"]
)
async def test_the_engine_ends_in_the_middle(tmp_path, answer):
    path = tmp_path / "control.sock"
    async with stranger(path, answer):
        with pytest.raises(NoEngineError, match="connection closed"):
            await read_snapshot(path)
        with pytest.raises(UnansweredError, match="connection closed"):
            await send(path, CheckRequest("x"))


async def test_a_long_path_is_no_obstacle(tmp_path):
    async with control_world(tmp_path / ("x" * 120), SLOW) as world:
        assert (await read_snapshot(world.path)).name == "cc"


# -- another version --------------------------------------------------------------------------------


UNKNOWN_STATE = wire.to_plain(snapshot()) | {"state": "ECLIPSE"}
OTHERS = [
    (http("200 OK", wire.dumps({"wire": 99, "version": "9.9"})), r"\(9\.9, this is"),
    (http("200 OK", wire.dumps({**wire.STAMP, "version": "0.7", "snapshot": UNKNOWN_STATE})), r"\(0\.7, this is"),
    (http("200 OK", wire.dumps({**wire.STAMP})), "another version"),
    (http("200 OK", b"<html>"), r"\(unknown, this is"),
    (http("200 OK", b"[]"), r"\(unknown, this is"),
    (http("404 Not Found", b'{"error": "there is nothing at this path"}'), "another version"),
]


@pytest.mark.parametrize(("answer", "message"), OTHERS)
async def test_an_engine_of_another_version_is_said(tmp_path, answer, message):
    async with stranger(tmp_path / "control.sock", answer):
        with pytest.raises(WireError, match=message):
            await read_snapshot(tmp_path / "control.sock")


async def test_a_failure_without_a_sentence_has_its_number(tmp_path):
    async with stranger(tmp_path / "control.sock", http("500 Internal Server Error", b"")):
        with pytest.raises(EngineFailedError, match="status 500"):
            await read_snapshot(tmp_path / "control.sock")


# -- following --------------------------------------------------------------------------------------


async def test_following_begins_with_everything_and_goes_on_with_what_is_new(world):
    async with aclosing(follow(world.path)) as updates:
        first = await anext(updates)
        assert [event.id for event in first.events] == [event.id for event in world.local.events()]
        await send(world.path, DisarmRequest("x@tty1"))
        second = await anext(updates)
        assert [event.kind for event in second.events] == [Kind.DISARMED]
        assert not second.snapshot.mode.armed


async def test_following_ends_with_the_engine(tmp_path):
    async with control_world(tmp_path, SLOW) as world:
        updates = follow(world.path)
        await anext(updates)
    with pytest.raises(NoEngineError, match="connection closed"):
        _ = [update async for update in updates]


async def test_following_a_silent_engine_ends(world, monkeypatch):
    monkeypatch.setattr("hotswap_tui.api.feed._BEAT_S", 600.0)
    monkeypatch.setattr(client, "SILENT_AFTER_S", 0.1)
    updates = follow(world.path)
    await anext(updates)
    with pytest.raises(NoEngineError, match="no answer"):
        await anext(updates)


async def test_following_what_is_no_engine_says_so(tmp_path):
    async with stranger(tmp_path / "control.sock", http("200 OK", b"{}\n")):
        with pytest.raises(WireError):
            await anext(follow(tmp_path / "control.sock"))
    async with stranger(tmp_path / "control.sock", http("400 Bad Request", b'{"error": "what?"}')):
        with pytest.raises(WireError):
            await anext(follow(tmp_path / "control.sock"))
