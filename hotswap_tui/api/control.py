"""The application on the control socket: what an engine tells to who may ask, and what persons ask of it.

It speaks with `peer.guarded` connections only, so whoever is heard here is allowed; nothing of it exists on TCP.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route

from hotswap_tui.api import wire
from hotswap_tui.api.feed import Feed
from hotswap_tui.api.json_answers import ERROR_HANDLERS, Json, error
from hotswap_tui.api.peer import ABORT, peer_in
from hotswap_tui.api.query import count
from hotswap_tui.api.requests import REQUESTS
from hotswap_tui.core.errors import RefusedError, StaleRequestError
from hotswap_tui.core.events import DisarmRequest, DrillRequest
from hotswap_tui.core.text import clean
from hotswap_tui.engine.history_document import fields as switch_fields
from hotswap_tui.engine.ports import JournalError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from hotswap_tui.api.peer import Peer
    from hotswap_tui.core import events
    from hotswap_tui.engine.local import LocalClient

_LONGEST_BODY: Final = 16 * 1024
_MOST: Final = 1000
_DEFAULT: Final = 100
_LONGEST_S: Final = 366 * 86_400
"""As long as the commands take; a moment far beyond that is none that a calendar knows."""
_NOT_IN_A_TERMINAL: Final = re.compile(r"[^A-Za-z0-9/._:-]")
_LONGEST_TERMINAL: Final = 32


def control_app(client: LocalClient) -> Starlette:
    """Return the application over an engine in this process."""
    feed = Feed(client)
    app = Starlette(
        routes=[
            Route("/snapshot", _Looking(client).snapshot, methods=["GET"]),
            Route("/events", _Looking(client).events, methods=["GET"]),
            Route("/history", _Looking(client).history, methods=["GET"]),
            Route("/watch", _Watching(feed), methods=["GET"]),
            *(Route(f"/{name}", _asking(client, kind), methods=["POST"]) for name, kind in REQUESTS.items()),
        ],
        exception_handlers={**ERROR_HANDLERS, wire.MalformedError: _malformed, JournalError: _unreadable},
    )
    app.router.redirect_slashes = False
    return app


def _count(request: Request) -> int:
    return count(request, "limit", _DEFAULT, _MOST)


class _Looking:
    """Answers from what the engine knows."""

    def __init__(self, client: LocalClient) -> None:
        self._client = client

    async def snapshot(self, _request: Request) -> Response:
        return Json({**wire.STAMP, "snapshot": wire.to_plain(self._client.snapshot())})

    async def events(self, request: Request) -> Response:
        newest = self._client.events()[-_count(request) :]
        return Json({**wire.STAMP, "events": wire.to_plain(tuple(newest))})

    async def history(self, request: Request) -> Response:
        told = await self._client.history(_count(request))
        return Json({**wire.STAMP, "history": [switch_fields(past) for past in told]})


class _Watching:
    """Tells a listener everything and then what is new, a line of JSON each, until either side ends."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        state = scope["state"]
        with_samples = b"samples=0" not in scope["query_string"].split(b"&")
        reader = await self._feed.join(state.get(ABORT, lambda: None), with_samples=with_samples)
        leave_server = state["ending"].subscribe(reader.end)
        gone = asyncio.ensure_future(_gone(receive))
        gone.add_done_callback(lambda _: reader.end())
        try:
            headers = [(b"content-type", b"application/x-ndjson")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            while (lines := await reader.next()) is not None:
                await send({"type": "http.response.body", "body": lines, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()
            leave_server()
            self._feed.leave(reader)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _asking(client: LocalClient, kind: type[events.Request]) -> Callable[[Request], Awaitable[Response]]:
    """Return what has the engine decide on requests of one kind; the end of a switch is not waited for."""

    async def ask(request: Request) -> Response:
        fields = await _fields(request)
        asked = _checked(wire.from_plain(kind, {**fields, "by": _by(peer_in(request.state), fields.get("by"))}))
        try:
            await client.request(asked)
        except StaleRequestError as refusal:
            return Json({"error": str(refusal), "status": wire.to_plain(client.snapshot())}, 409)
        except RefusedError as refusal:
            return error(409, str(refusal))
        return Json({**wire.STAMP, "snapshot": wire.to_plain(client.snapshot())})

    return ask


async def _fields(request: Request) -> dict[str, Any]:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _LONGEST_BODY:
            raise HTTPException(413, f"a request has at most {_LONGEST_BODY // 1024} kB")
    fields = wire.loads(body or b"{}")
    if not isinstance(fields, dict):
        raise wire.MalformedError("a request must be a JSON object")
    return fields


def _by(peer: Peer, said: object) -> str:
    """Return who asks: the user as the kernel knows it, at the terminal that the other side names."""
    _, at, terminal = said.rpartition("@") if isinstance(said, str) else ("", "", "")
    terminal = _NOT_IN_A_TERMINAL.sub("", terminal)[:_LONGEST_TERMINAL]
    return f"{peer.user}@{terminal}" if at and terminal else peer.user


def _checked(asked: events.Request) -> events.Request:
    """Return what is asked with clean text; raises MalformedError for a time that means nothing."""
    for_s = asked.for_s if isinstance(asked, DisarmRequest | DrillRequest) else None
    if for_s is not None and not 0 < for_s <= _LONGEST_S:
        raise wire.MalformedError(f"for_s must be a positive number of seconds, at most {_LONGEST_S}")
    return replace(asked, why=clean(asked.why)) if isinstance(asked, DisarmRequest) else asked


async def _malformed(_request: Request, problem: Exception) -> Response:
    return error(400, str(problem))


async def _unreadable(_request: Request, problem: Exception) -> Response:
    return error(503, str(problem))
