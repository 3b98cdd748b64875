"""The event list as Server-Sent Events, with replay.

The engine's own list of its newest events is the buffer of all streams: each only knows how far it has come. So a client that
reads slowly holds nothing back; one that has fallen behind the list's beginning is closed and may come again, and one that does
not read at all is cut off by its connection.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from hotswap_tui.api.json_answers import error
from hotswap_tui.api.places import BEGINNING, follows, newest, parse_place, place_of, unseen
from hotswap_tui.api.query import single
from hotswap_tui.engine.log import json_line

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from hotswap_tui.api.places import Place
    from hotswap_tui.core.values import Event
    from hotswap_tui.engine.client import EngineClient

MOST_STREAMS: Final = 16
HEARTBEAT_S: Final = 15.0
AT_ONCE: Final = 100
"""Events that are written together."""
RETRY_MS: Final = 2000
"""After which time a browser that has lost the stream comes again."""
HEADER: Final = "last-event-id"
PARAMETER: Final = "last_event_id"
_HEADERS: Final = {"content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no"}
_RESET: Final = json.dumps({"why": "what came after your last event is not kept any more; all that is kept follows"})


class Streams:
    """The streams of one application."""

    def __init__(self, client: EngineClient) -> None:
        self.client = client
        self.open = 0

    async def endpoint(self, request: Request) -> ASGIApp:
        """Return the stream that `request` asks for; raises HTTPException for a place that makes no sense."""
        place = _asked(request)
        if request.method == "HEAD":
            return Response(headers=_HEADERS)
        if self.open >= MOST_STREAMS:
            return error(503, f"{MOST_STREAMS} streams are open already: close one", {"Retry-After": "5"})
        return _Stream(self, place or newest(self.client.events()))


def _asked(request: Request) -> Place | None:
    """Return the place that a browser remembers, or that the first request names; None for neither."""
    text = request.headers.get(HEADER) or single(request, PARAMETER)
    try:
        return None if text is None else parse_place(text)
    except ValueError:
        raise HTTPException(400, f"{PARAMETER} must be the id of an event, or 0 for all that are kept") from None


class _Stream:
    """One client's stream, an application for one request."""

    def __init__(self, streams: Streams, place: Place) -> None:
        self._streams = streams
        self._client = streams.client
        self._place = place
        self._last: Event | None = None
        """The newest event, when the client has seen all."""
        self._wake = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        ending = scope["state"]["ending"]
        with ExitStack() as stack:
            self._streams.open += 1
            stack.callback(self._close)
            stack.callback(self._client.subscribe(self._changed))
            stack.callback(ending.subscribe(self._wake.set))
            gone = asyncio.create_task(self._until_gone(receive))
            stack.callback(gone.cancel)
            headers = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            told: bytes | None = self._opening()
            while told is not None and not ending.begun and not gone.done():
                if told:
                    await send({"type": "http.response.body", "body": told, "more_body": True})
                    await asyncio.sleep(0)  # who is ready to take more does not make others wait
                self._wake.clear()
                told = self._next()
                if told == b"":
                    told = await self._nothing()
            await send({"type": "http.response.body"})

    def _close(self) -> None:
        self._streams.open -= 1

    def _changed(self) -> None:
        kept = self._client.events()
        if kept and kept[-1] is not self._last:
            self._wake.set()

    async def _until_gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._wake.set()

    def _opening(self) -> bytes:
        """Return what comes before the events: when to come again, and whether any were missed."""
        lines = f"retry: {RETRY_MS}\n\n"
        if not follows(self._place, self._client.events()):
            self._place = BEGINNING
            lines += f"event: reset\ndata: {_RESET}\n\n"
        return lines.encode()

    def _next(self) -> bytes | None:
        """Return events that the client has not seen, empty when there are none; None when it has fallen behind the list."""
        kept = self._client.events()
        if not kept or kept[-1] is self._last:
            return b""
        if not follows(self._place, kept):
            return None
        told = unseen(self._place, kept)[:AT_ONCE]
        self._last = told[-1] if told else kept[-1]
        self._place = place_of(self._last)
        return b"".join(map(_message, told))

    async def _nothing(self) -> bytes:
        """Wait for something new; return a comment, which keeps the connection alive, when nothing comes."""
        try:
            async with asyncio.timeout(HEARTBEAT_S):
                await self._wake.wait()
        except TimeoutError:
            return b":\n\n"
        return b""


def _message(event: Event) -> bytes:
    return f"id: {place_of(event)}\ndata: {json_line(event)}\n\n".encode()
