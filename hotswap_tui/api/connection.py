"""One HTTP/1.1 connection of uvicorn's, as a guest in this program has it: counted, and cut off when it dawdles."""

from __future__ import annotations

import json
import socket
from email.utils import formatdate
from typing import TYPE_CHECKING, Final

import h11

from hotswap_tui.api import lean_uvicorn as _lean_uvicorn  # noqa: F401 - before anything of uvicorn's

# isort: split
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

MOST_CONNECTIONS: Final = 64
"""More are closed at once: the checks of the databases need descriptors, too."""
REQUEST_S: Final = 10.0
"""How long a request may take to arrive."""
READ_S: Final = 20.0
"""How long a client may leave an answer unread."""
_COMING: Final = frozenset({h11.IDLE, h11.SEND_BODY})
_UNANSWERED: Final = frozenset({h11.IDLE, h11.SEND_RESPONSE})


class Connection(H11Protocol):
    """uvicorn's HTTP/1.1 connection, which may neither crowd nor dawdle. Protocols for `serving` derive from it."""

    _arrival: asyncio.TimerHandle | None = None
    _reading: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for a request, or close the connection when there are too many."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
            return
        own = transport.get_extra_info("socket")
        if own is not None and own.family != socket.AF_UNIX:
            # a client whose machine is gone answers nothing at all: the kernel gives up as early as we would
            own.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(READ_S * 1000))
        self._watch_arrival()

    def data_received(self, data: bytes) -> None:
        """Take in a part of a request."""
        super().data_received(data)
        self._watch_arrival()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        for timer in (self._arrival, self._reading):
            if timer is not None:
                timer.cancel()

    def pause_writing(self) -> None:
        """Give the client some time to read."""
        super().pause_writing()
        self._reading = self.loop.call_later(READ_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: the client has read."""
        super().resume_writing()
        if self._reading is not None:
            self._reading.cancel()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP; where an answer has begun already, there is nothing left to say."""
        if self.conn.our_state not in _UNANSWERED:
            self.transport.abort()
            return
        if self.conn.our_state is h11.SEND_RESPONSE:
            # the application has not begun yet, and nobody waits for its answer any more
            self.cycle.disconnected = True
        self.transport.write(self._refusal(json.dumps({"error": msg}).encode() + b"\n"))
        self.transport.close()

    def _refusal(self, body: bytes) -> bytes:
        headers = [
            ("content-type", "application/json"),
            ("content-length", str(len(body))),
            ("date", formatdate(usegmt=True)),
            ("connection", "close"),
        ]
        parts = (h11.Response(status_code=400, headers=headers), h11.Data(data=body), h11.EndOfMessage())
        return b"".join(self.conn.send(part) or b"" for part in parts)

    def _watch_arrival(self) -> None:
        """Cut the connection off unless the request that has begun to arrive is complete in time."""
        if self.conn.their_state not in _COMING:
            if self._arrival is not None:
                self._arrival.cancel()
                self._arrival = None
        elif self._arrival is None:
            self._arrival = self.loop.call_later(REQUEST_S, self.transport.abort)
