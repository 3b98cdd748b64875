"""The public HTTP API. It only reads: whoever reaches this port may look, and nobody can act.

Acting is the control socket's, another application on a Unix socket; a test lists the routes of both.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Route

from hotswap_tui import __version__
from hotswap_tui.api.access import Guard
from hotswap_tui.api.documents import status_document
from hotswap_tui.api.events import Streams
from hotswap_tui.api.health import alive_document, health_document, role_document
from hotswap_tui.api.json_answers import ERROR_HANDLERS, Json, error
from hotswap_tui.api.query import count
from hotswap_tui.core.values import Role
from hotswap_tui.engine.history_document import fields
from hotswap_tui.engine.ports import JournalError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request

    from hotswap_tui.api.access import Access
    from hotswap_tui.api.metrics import Metrics
    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.engine.local import LocalClient

HISTORY_DEFAULT: Final = 20
HISTORY_MOST: Final = 1000
ENDPOINTS: Final[Mapping[str, str]] = {
    "/": "this list",
    "/api/health": "whether a database serves, and which: the document that applications know",
    "/api/status": "everything that the engine knows, in one document",
    "/api/events": "what happens, as Server-Sent Events; Last-Event-ID replays",
    "/api/history": f"the last switches, newest first; ?limit=1..{HISTORY_MOST}",
    "/metrics": "for Prometheus",
    "/healthz": "200 while the engine itself works",
    "/primary": "200 while the primary serves",
    "/secondary": "200 while the secondary serves",
    "/openapi.json": "the description of this API",
}


def public_app(client: LocalClient, access: Access) -> Starlette:
    """Return the application: GET and HEAD, read-only. `serving` serves it."""
    public = _Public(client)
    endpoints: Mapping[str, Callable[[Request], Awaitable[Any]]] = {
        "/": public.index,
        "/api/health": public.health,
        "/api/status": public.in_turn(public.status),
        "/api/events": Streams(client).endpoint,
        "/api/history": public.in_turn(public.history),
        "/metrics": public.in_turn(public.metrics),
        "/healthz": public.alive,
        "/primary": public.primary,
        "/secondary": public.secondary,
        "/openapi.json": public.in_turn(public.openapi),
    }
    app = Starlette(
        routes=[Route(path, endpoint, methods=["GET"]) for path, endpoint in endpoints.items()],
        middleware=[Middleware(Guard, access=access)],
        exception_handlers=dict(ERROR_HANDLERS),
    )
    app.router.redirect_slashes = False
    return app


class _Public:
    """The endpoints."""

    def __init__(self, client: LocalClient) -> None:
        self._client = client
        self._metrics: Metrics | None = None

    @staticmethod
    def in_turn(endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """Return `endpoint`, of which one answer is composed at a time: between two of them the engine has its loop.

        Otherwise a crowd that asks at the same moment holds up the checks for as long as all of its answers take.
        """
        turn = asyncio.Lock()

        async def answer(request: Request) -> Response:
            async with turn:
                return await endpoint(request)

        return answer

    async def index(self, _request: Request) -> Response:
        return Json({"program": "hotswap-tui", "version": __version__, "endpoints": dict(ENDPOINTS)})

    async def health(self, _request: Request) -> Response:
        return self._told(health_document)

    async def alive(self, _request: Request) -> Response:
        return self._told(alive_document)

    async def primary(self, _request: Request) -> Response:
        return self._told(lambda snapshot: role_document(snapshot, Role.PRIMARY))

    async def secondary(self, _request: Request) -> Response:
        return self._told(lambda snapshot: role_document(snapshot, Role.SECONDARY))

    def _told(self, document: Callable[[Snapshot], tuple[int, dict[str, Any]]]) -> Response:
        status, content = document(self._client.snapshot())
        return Json(content, status)

    async def status(self, _request: Request) -> Response:
        return Json(status_document(self._client.snapshot()))

    async def history(self, request: Request) -> Response:
        limit = count(request, "limit", HISTORY_DEFAULT, HISTORY_MOST)
        try:
            switches = await self._client.history(limit)
        except JournalError as problem:
            return error(503, f"the journal cannot be read: {problem}")
        told = []
        for past in switches:
            told.append(json.dumps(fields(past)))
            await asyncio.sleep(0)  # a thousand at once would hold up the checks
        return Response(f"[{', '.join(told)}]\n", media_type=Json.media_type)

    async def metrics(self, _request: Request) -> Response:
        from hotswap_tui.api import metrics  # noqa: PLC0415 - who is not scraped does not pay for it

        if self._metrics is None:
            self._metrics = metrics.Metrics(self._client)
        return Response(self._metrics.text(), media_type=metrics.CONTENT_TYPE)

    async def openapi(self, _request: Request) -> Response:
        from hotswap_tui.api.openapi import openapi_document  # noqa: PLC0415 - asked for once in a while

        return Json(openapi_document())
