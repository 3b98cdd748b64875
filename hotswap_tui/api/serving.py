"""Serve an application with uvicorn inside this program: in its event loop, on its socket, and as its guest.

uvicorn's own `serve` takes over signals and wakes ten times a second; only its parts are used. A guest also may not crowd its
host: connections are counted, and one that dawdles with a request or does not read its answer is cut off.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager, suppress
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, Final

import h11

from hotswap_tui.api import lean_uvicorn as _lean_uvicorn  # noqa: F401 - before anything of uvicorn's
from hotswap_tui.api.connection import Connection
from hotswap_tui.core.text import clean

# isort: split
from uvicorn.config import Config
from uvicorn.server import Server

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Connection", "Ending", "serving"]

KEEP_ALIVE_S: Final = 15
_REQUEST_BYTES: Final = 16_384
_BACKLOG: Final = 64
_FINISH_S: Final = 0.3
"""How long answers may take to end when the server does; streams end at once."""
_ABORT_S: Final = 0.3
_MOST_FAULTS: Final = 50
_SILENT: Final = logging.CRITICAL + 1


class Ending:
    """Tells those who answer without end that the server ends; it is `scope["state"]["ending"]`."""

    def __init__(self) -> None:
        self.begun = False
        self._listeners: set[Callable[[], None]] = set()

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` when it begins; return what ends the subscription."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    def begin(self) -> None:
        """Tell them."""
        self.begun = True
        for listener in tuple(self._listeners):
            listener()


class _Front:
    """Dates every answer, and makes one line of what goes wrong behind it."""

    def __init__(self, app: ASGIApp, name: str, tell: Callable[[str], None]) -> None:
        self._app = app
        self._name = name
        self._tell = tell
        self._told: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def dated(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message.get("headers", ()), (b"date", formatdate(usegmt=True).encode())]
            await send(message)

        try:
            await self._app(scope, receive, dated)
        except Exception as error:  # noqa: BLE001 - the supervisor: a fault of one answer ends nothing else
            self._tell_once(clean(f"{self._name}: {scope['method']} {scope['path']}: {type(error).__name__}: {error}"))
            if not started:
                await _fail(dated)

    def _tell_once(self, line: str) -> None:
        """Tell a fault when it is new: who asks every second would fill the event list with it."""
        if line not in self._told and len(self._told) < _MOST_FAULTS:
            self._told.add(line)
            self._tell(line)


async def _fail(send: Send) -> None:
    body = b'{"error": "internal error"}\n'
    length = str(len(body)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", length)]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _ignore(_line: str) -> None:
    pass


@asynccontextmanager
async def serving(
    app: ASGIApp,
    sock: socket.socket,
    *,
    http: type[asyncio.Protocol] | None = None,
    name: str,
    tell: Callable[[str], None] = _ignore,
) -> AsyncIterator[None]:
    """Serve `app` on `sock`, which is bound and listens (Unix or TCP), until the context ends; that takes under a second.

    No signal handler is installed and nothing is printed. `http` is the class of the connections, one derived from
    `Connection`; `tell` gets one line, beginning with `name`, for each new fault inside the application, which answers 500.
    `scope["state"]["ending"]` is an `Ending`. The socket is closed at the end. Raises OSError when it cannot be listened on.
    """
    server = Server(_config(_Front(app, name, tell), http or Connection))
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    ending = server.lifespan.state["ending"] = Ending()
    await server.startup(sockets=[sock])
    try:
        yield
    finally:
        await _end(server, ending)


def _config(app: Any, http: type[asyncio.Protocol]) -> Config:
    return Config(
        app,
        http=http,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level=_SILENT,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        workers=1,
        backlog=_BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        h11_max_incomplete_event_size=_REQUEST_BYTES,
    )


async def _end(server: Server, ending: Ending) -> None:
    """Take no more connections, let answers end, and cut off what is left."""
    state = server.server_state
    for listener in server.servers:
        listener.close()
    for connection in tuple(state.connections):
        with suppress(h11.LocalProtocolError):
            connection.shutdown()
    ending.begin()
    if state.tasks:
        await asyncio.wait(tuple(state.tasks), timeout=_FINISH_S)
    for connection in tuple(state.connections):
        connection.transport.abort()
    for task in tuple(state.tasks):
        task.cancel()
    if state.tasks:
        await asyncio.wait(tuple(state.tasks), timeout=_ABORT_S)
    await asyncio.sleep(0)
