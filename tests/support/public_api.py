"""The public API over a scripted engine, on a real uvicorn, and a plain HTTP client for it."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, cast

import h11

from hotswap_tui.api.access import Access
from hotswap_tui.api.public import public_app
from hotswap_tui.api.serving import serving
from hotswap_tui.engine.tally import Tally
from tests.support.scripted_client import ScriptedClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from starlette.types import ASGIApp

    from hotswap_tui.engine.journal_codec import PastSwitch
    from hotswap_tui.engine.local import LocalClient
    from hotswap_tui.engine.ports import JournalError

LOCAL = Access(token=None, hosts=(), local=True)
NOTHING_COUNTED = Tally({}, {}, {}, 0, 0.0)
_DEADLINE_S = 20.0


class ScriptedLocal(ScriptedClient):
    """What `LocalClient` does, with a tally and a past that the test sets."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.counted = NOTHING_COUNTED
        self.past: Sequence[PastSwitch] | JournalError = ()
        self.limits: list[int] = []

    @property
    def local(self) -> LocalClient:
        """Return this client in the type that the API asks for."""
        return cast("LocalClient", self)

    def tally(self) -> Tally:
        """Return what the test chose."""
        return self.counted

    async def history(self, limit: int) -> Sequence[PastSwitch]:
        """Return what the test chose, or raise it."""
        self.limits.append(limit)
        if isinstance(self.past, Exception):
            raise self.past
        return self.past[:limit]


@dataclass(frozen=True)
class Answer:
    """One HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


@dataclass
class Message:
    """One Server-Sent Event, or a comment."""

    fields: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Return the id, empty without one."""
        return self.fields.get("id", "")

    @property
    def event(self) -> dict[str, Any]:
        """Return the data."""
        told: dict[str, Any] = json.loads(self.fields["data"])
        return told


class Exchange:
    """One connection with one request; a context manager."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.CLIENT)
        self._text = ""
        self.begun = False
        """Whether the answer has begun to arrive."""

    @classmethod
    async def open(cls, port: int, host: str = "127.0.0.1") -> Self:
        """Connect."""
        return cls(*await asyncio.open_connection(host, port))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Cut the connection."""
        self._writer.transport.abort()
        with suppress(OSError):
            await self._writer.wait_closed()

    def send(self, target: str, method: str, headers: Sequence[tuple[str, str]], body: bytes = b"") -> None:
        """Send a request; a Host header that says localhost is added where there is none."""
        named = headers if any(name.lower() == "host" for name, _ in headers) else [("Host", "localhost"), *headers]
        sized = [*named, ("Content-Length", str(len(body)))] if body else list(named)
        request = h11.Request(method=method, target=target, headers=sized)
        data = (self._http.send(part) for part in (request, h11.Data(data=body), h11.EndOfMessage()))
        self._writer.write(b"".join(part or b"" for part in data))

    async def event(self) -> type[h11.NEED_DATA | h11.PAUSED] | h11.Event:
        """Return the next part of the answer; raises ConnectionError when it ends before its end."""
        async with asyncio.timeout(_DEADLINE_S):
            try:
                while (event := self._http.next_event()) is h11.NEED_DATA:
                    self._http.receive_data(await self._reader.read(65536))
                    self.begun = True
            except h11.RemoteProtocolError as error:
                raise ConnectionError(str(error)) from None
            return event

    async def answer(self) -> Answer:
        """Return the whole answer."""
        head = await self.event()
        assert isinstance(head, h11.Response)
        body = b""
        while isinstance(part := await self.event(), h11.Data):
            body += part.data
        return Answer(head.status_code, {name.decode(): value.decode() for name, value in head.headers}, body)

    async def message(self) -> Message | None:
        """Return the next message of a stream, None after the last."""
        while "\n\n" not in self._text:
            part = await self.event()
            if isinstance(part, h11.EndOfMessage | h11.ConnectionClosed):
                return None
            if isinstance(part, h11.Data):
                self._text += part.data.decode()
        block, _, self._text = self._text.partition("\n\n")
        return Message(dict(line.partition(": ")[::2] for line in block.splitlines()))


@dataclass(frozen=True)
class Served:
    """An application that is served on loopback."""

    port: int
    faults: list[str]

    async def ask(
        self, target: str, method: str = "GET", headers: Sequence[tuple[str, str]] = (), body: bytes = b""
    ) -> Answer:
        """Return the answer to a request on a connection of its own."""
        async with await Exchange.open(self.port) as exchange:
            exchange.send(target, method, headers, body)
            return await exchange.answer()

    async def stream(self, target: str = "/api/events", headers: Sequence[tuple[str, str]] = ()) -> Exchange:
        """Return a stream whose first message, the time to come again after, is read already."""
        exchange = await Exchange.open(self.port)
        exchange.send(target, "GET", headers)
        head = await exchange.event()
        assert isinstance(head, h11.Response)
        assert head.status_code == 200
        first = await exchange.message()
        assert first is not None
        assert first.fields == {"retry": "2000"}
        return exchange


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[Served]:
    """Serve an application on a free port of loopback."""
    faults: list[str] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as sock:
        port = sock.getsockname()[1]
        async with serving(app, sock, name="test", tell=faults.append):
            yield Served(port, faults)


@asynccontextmanager
async def public(client: ScriptedLocal, access: Access = LOCAL) -> AsyncIterator[Served]:
    """Serve the public application over `client`."""
    async with served(public_app(client.local, access)) as api:
        yield api
