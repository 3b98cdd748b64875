"""The application on the control socket, as whoever speaks HTTP sees it."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from hotswap_tui.api import feed, wire
from hotswap_tui.api.access import Access
from hotswap_tui.api.control import control_app
from hotswap_tui.api.peer import Peer
from hotswap_tui.api.public import public_app
from hotswap_tui.api.requests import REQUESTS
from hotswap_tui.core.values import Role
from hotswap_tui.engine.ports import JournalError
from tests.api.control_world import QUICK, SLOW, control_world
from tests.support.until import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.applications import Starlette

    from tests.api.control_world import ControlWorld

USER = Peer(0, os.geteuid(), frozenset()).user


@dataclass
class Answer:
    status: int
    body: bytes

    @property
    def plain(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        assert list(self.plain) == ["error"]
        return str(self.plain["error"])


async def ask(path: Path, method: str, target: str, body: bytes = b"") -> Answer:
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        head = f"{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        head_read, _, rest = (await asyncio.wait_for(reader.read(), 10)).partition(b"\r\n\r\n")
        return Answer(int(head_read.split()[1]), rest)
    finally:
        writer.close()


@pytest.fixture
async def world(tmp_path) -> AsyncIterator[ControlWorld]:
    async with control_world(tmp_path, SLOW) as made:
        await made.settled()
        yield made


async def test_the_routes_are_these(world):
    routes = routes_of(control_app(world.local))
    looking = {(f"/{name}", "GET", "HEAD") for name in ("snapshot", "events", "history", "watch")}
    acting = {(f"/{name}", "POST") for name in REQUESTS}
    assert routes == looking | acting


async def test_nothing_of_it_is_on_tcp(world):
    """There only GET and HEAD exist, and no path of the control socket does."""
    public = routes_of(public_app(world.local, Access(None, (), local=True)))
    assert {method for _, *methods in public for method in methods} == {"GET", "HEAD"}
    assert not {path for path, *_ in public} & {path for path, *_ in routes_of(control_app(world.local))}


def routes_of(app: Starlette) -> set[tuple[str, ...]]:
    return {(route.path, *sorted(route.methods or ())) for route in app.routes}  # type: ignore[attr-defined]


async def test_every_first_answer_says_who_speaks(world):
    for target in ("/snapshot", "/events", "/history"):
        plain = (await ask(world.path, "GET", target)).plain
        assert (plain["wire"], plain["version"]) == (wire.VERSION, wire.STAMP["version"])


async def test_events_are_the_newest(world):
    await ask(world.path, "POST", "/disarm")
    plain = (await ask(world.path, "GET", "/events?limit=1")).plain
    assert [event["kind"] for event in plain["events"]] == ["disarmed"]


async def test_history_is_what_the_history_command_prints(world):
    version = world.local.snapshot().version
    body = wire.dumps({"target": "secondary", "version": version, "by": "x@tty1"})
    assert (await ask(world.path, "POST", "/switch", body)).status == 200
    await until(lambda: any(kept.result for kept in world.journal.switches), what="the switch")
    (newest, *_) = (await ask(world.path, "GET", "/history")).plain["history"]
    assert (newest["to"], newest["by"], newest["result"]) == ("secondary", f"{USER}@tty1", "done")


async def test_a_journal_that_cannot_be_read_is_said(world, monkeypatch):
    async def fail(_limit: int) -> None:
        raise JournalError("state/journal.db: the disk fails (I/O error)")

    monkeypatch.setattr(world.journal, "history", fail)
    answer = await ask(world.path, "GET", "/history")
    assert (answer.status, answer.error) == (503, "state/journal.db: the disk fails (I/O error)")


FOR_S = "for_s must be a positive number of seconds, at most 31622400"
MALFORMED = [
    ("POST", "/switch", b'{"target": "secondary"}', 400, "version is missing"),
    ("POST", "/switch", b'{"target": "moon", "version": 1}', 400, "target must be one of primary, secondary"),
    ("POST", "/switch", b'{"target": "secondary", "version": "1"}', 400, "version must be a whole number"),
    ("POST", "/switch", b'{"target": "secondary", "version": 1, "force": 1}', 400, "force must be true or false"),
    ("POST", "/disarm", b"[]", 400, "a request must be a JSON object"),
    ("POST", "/disarm", b"{", 400, "it is not JSON"),
    ("POST", "/disarm", b'{"for_s": -1}', 400, FOR_S),
    ("POST", "/disarm", b'{"for_s": {"float": "inf"}}', 400, FOR_S),
    ("POST", "/disarm", b'{"for_s": {"float": "nan"}}', 400, FOR_S),
    ("POST", "/disarm", b'{"for_s": 1e300}', 400, FOR_S),
    ("POST", "/drill", b'{"version": 1, "for_s": 0}', 400, FOR_S),
    ("POST", "/drill", b'{"version": 1, "for_s": 31622401}', 400, FOR_S),
    ("POST", "/disarm", b'{"why": "' + b"x" * 20_000 + b'"}', 413, "a request has at most 16 kB"),
    ("GET", "/events?limit=0", b"", 400, "limit must be a whole number from 1 to 1000"),
    ("GET", "/history?limit=1e3", b"", 400, "limit must be a whole number from 1 to 1000"),
    ("GET", "/moon", b"", 404, "there is nothing at this path"),
    ("POST", "/switch/", b"{}", 404, "there is nothing at this path"),
    ("GET", "/switch", b"", 405, "this cannot be done here; Allow says what can"),
]


@pytest.mark.parametrize(
    ("method", "target", "body", "status", "sentence"), MALFORMED, ids=lambda value: str(value)[:30]
)
async def test_what_makes_no_sense_is_refused_in_one_sentence(world, method, target, body, status, sentence):
    version = world.local.snapshot().version
    answer = await ask(world.path, method, target, body)
    assert (answer.status, answer.error) == (status, sentence)
    assert world.local.snapshot().version == version


async def test_a_refusal_is_a_conflict_and_a_stale_one_shows_the_present(world):
    refused = await ask(world.path, "POST", "/cancel")
    assert (refused.status, refused.error) == (409, "no switch is in progress")
    stale = await ask(world.path, "POST", "/switch", b'{"target": "secondary", "version": -1}')
    assert stale.status == 409
    assert set(stale.plain) == {"error", "status"}
    assert stale.plain["status"]["version"] == world.local.snapshot().version


WHO = [
    ("pi@pts/0", f"{USER}@pts/0"),
    ("ad\\someone@corp@tty1", f"{USER}@tty1"),
    ("pi", USER),
    ("", USER),
    ("pi@", USER),
    ("pi@\x1b[2J rm -rf <b>", f"{USER}@2Jrm-rfb"),
    ("pi@" + "x" * 500, f"{USER}@{'x' * 32}"),
    (None, USER),
    (["root"], USER),
]


@pytest.mark.parametrize(("said", "by"), WHO, ids=lambda value: repr(value)[:20])
async def test_the_user_is_the_kernels_word_and_the_terminal_the_clients(world, said, by):
    answer = await ask(world.path, "POST", "/disarm", json.dumps({"by": said, "why": "a\x1b[31m \n b"}).encode())
    assert answer.status == 200
    assert (world.local.snapshot().mode.by, world.local.snapshot().mode.why) == (by, "a b")


async def test_the_end_of_a_switch_is_not_waited_for(world):
    world.router.took_s = 60.0
    body = wire.dumps({"target": Role.SECONDARY.value, "version": world.local.snapshot().version})
    answer = await ask(world.path, "POST", "/switch", body)
    assert (answer.status, answer.plain["snapshot"]["switch"]["target"]) == (200, "secondary")
    await ask(world.path, "POST", "/cancel")


# -- watching -------------------------------------------------------------------------------------


async def watch(path: Path, target: str = "/watch") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a stream whose lines can be read, between the sizes of its chunks."""
    reader, writer = await asyncio.open_unix_connection(path, limit=2**24)
    writer.write(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def line(reader: asyncio.StreamReader) -> Any:
    async with asyncio.timeout(10):
        while not (text := (await reader.readline()).lstrip(b" ")).startswith(b"{"):
            assert text
    return json.loads(text)


async def test_the_first_line_is_everything_and_the_next_what_is_new(world):
    reader, writer = await watch(world.path)
    hello = await line(reader)
    assert set(hello) == {"wire", "version", "snapshot", "events", "samples"}
    assert set(hello["samples"]) == {"primary", "secondary"}
    await ask(world.path, "POST", "/disarm")
    update = await line(reader)
    assert [event["kind"] for event in update["events"]] == ["disarmed"]
    assert update["snapshot"]["mode"]["armed"] is False
    assert "samples" not in update
    writer.close()


async def test_something_is_said_when_nothing_happens(world, monkeypatch):
    monkeypatch.setattr("hotswap_tui.api.feed._BEAT_S", 0.05)
    reader, writer = await watch(world.path, "/watch?samples=0")
    hello = await line(reader)
    assert "samples" not in hello
    beats = [await line(reader) for _ in range(3)]
    times = [beat["snapshot"]["now_s"] for beat in beats]
    assert times == sorted(times)
    assert times[0] > hello["snapshot"]["now_s"]
    writer.close()


async def test_a_burst_is_told_in_few_lines(tmp_path):
    async with control_world(tmp_path, QUICK) as world:
        await world.settled()
        reader, writer = await watch(world.path)
        hello = await line(reader)
        begun_s = hello["snapshot"]["now_s"]
        lines = 0
        while (await line(reader))["snapshot"]["now_s"] < begun_s + 1.0:
            lines += 1
        assert 1 <= lines <= 12
        writer.close()


async def test_who_does_not_read_is_dropped_and_the_others_are_not(tmp_path, monkeypatch):
    compose = feed._line
    monkeypatch.setattr(feed, "_line", lambda *told: b" " * 200_000 + compose(*told))
    monkeypatch.setattr(feed, "_MOST_LINES", 3)
    async with control_world(tmp_path, QUICK) as world:
        await world.settled()
        deaf, deaf_writer = await watch(world.path)
        deaf_writer.transport.pause_reading()  # type: ignore[attr-defined]
        reader, writer = await watch(world.path)
        assert len(listeners_of(world)) == 2
        async with asyncio.timeout(30):
            while len(listeners_of(world)) > 1:
                await line(reader)
        assert "snapshot" in await line(reader)
        deaf_writer.transport.resume_reading()  # type: ignore[attr-defined]
        await deaf.read()
        assert deaf.at_eof()
        deaf_writer.close()
        writer.close()


def listeners_of(world: ControlWorld) -> set[Any]:
    """Return who listens now, by the one subscription that they share."""
    (subscribed,) = world.engine._listeners
    (told,) = subscribed.args  # type: ignore[attr-defined]
    return set(told.__self__._readers)


async def test_nobody_listens_nothing_is_done(world):
    reader, writer = await watch(world.path)
    await line(reader)
    assert len(world.engine._listeners) == 1
    writer.close()
    await until(lambda: world.engine._listeners == [], what="the end of the subscription")


async def test_a_disk_that_hangs_keeps_nobody_from_the_picture(world, monkeypatch):
    async def hang() -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(world.journal, "samples", hang)
    monkeypatch.setattr("hotswap_tui.api.past._PATIENCE_S", 0.05)
    reader, writer = await watch(world.path)
    assert len((await line(reader))["samples"]["primary"]["us"]) == len(world.probers[Role.PRIMARY].checks)
    writer.close()
