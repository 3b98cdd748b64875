"""Ask the engine behind a control socket, one question at a time. Imports neither a server nor settings: commands start with it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from hotswap_tui.api import wire
from hotswap_tui.api.errors import EngineFailedError, NoEngineError, NotAllowedError, UnansweredError
from hotswap_tui.api.exchange import SILENT, exchange
from hotswap_tui.api.following import Update, updates
from hotswap_tui.api.refusals import content
from hotswap_tui.api.wire import WireError
from hotswap_tui.core.snapshot import Snapshot
from hotswap_tui.core.values import Event

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from pathlib import Path

    from hotswap_tui.core.events import Request

T = TypeVar("T")

__all__ = [
    "EngineFailedError",
    "NoEngineError",
    "NotAllowedError",
    "UnansweredError",
    "Update",
    "WireError",
    "follow",
    "read_events",
    "read_history",
    "read_snapshot",
    "send",
]

PATIENCE_S: Final = 5.0
"""A request waits up to a second for the disk; an engine that needs longer than this does not answer."""
MOST: Final = 1000
"""More an engine does not tell at once."""
SILENT_AFTER_S: Final = 3.0
"""An engine says something at least every two seconds to whoever listens."""


async def read_snapshot(path: Path, *, patience_s: float = PATIENCE_S) -> Snapshot:
    """Return the engine's present picture; raises NoEngineError, NotAllowedError, WireError."""
    plain = await _get(path, "/snapshot", patience_s)
    return _read(Snapshot, plain, plain.get("snapshot"))


async def read_events(path: Path, limit: int, *, patience_s: float = PATIENCE_S) -> list[Event]:
    """Return the newest `limit` events, at most a thousand, oldest first; raises as `read_snapshot` does."""
    plain = await _get(path, f"/events?limit={min(limit, MOST)}", patience_s)
    return [_read(Event, plain, event) for event in plain.get("events", ())]


async def read_history(path: Path, limit: int, *, patience_s: float = PATIENCE_S) -> list[dict[str, Any]]:
    """Return the newest `limit` switches, at most a thousand, newest first, as `hotswap-tui history --json` prints them.

    Raises as `read_snapshot` does, and EngineFailedError when the journal cannot be read.
    """
    return list((await _get(path, f"/history?limit={min(limit, MOST)}", patience_s)).get("history", ()))


async def send(path: Path, request: Request, *, patience_s: float = PATIENCE_S) -> Snapshot:
    """Have the engine decide on a person's request; return its picture after that.

    The engine replaces the user in `by` by the one that it sees; the terminal is believed. Raises RefusedError with a sentence,
    StaleRequestError when the situation has changed meanwhile, NoEngineError when nothing was asked, UnansweredError when it is
    not known whether it was carried out, NotAllowedError, WireError.
    """
    from hotswap_tui.api.requests import request_name  # noqa: PLC0415 - most commands only look

    body = wire.dumps(wire.to_plain(request))
    named = f"/{request_name(request)}"
    async with (
        _within(path, patience_s, UnansweredError),
        exchange(path, "POST", named, body, lost=UnansweredError) as answer,
    ):
        plain = await content(path, answer)
    return _read(Snapshot, plain, plain.get("snapshot"))


async def follow(path: Path) -> AsyncGenerator[Update, None]:
    """Yield the picture with the newest thousand events, then each change with the events that are new.

    A pause is never longer than two seconds. Raises NoEngineError when the engine ends or falls silent, NotAllowedError, WireError.
    """
    async with AsyncExitStack() as stack:
        async with _within(path, SILENT_AFTER_S):
            heard = await stack.enter_async_context(updates(path, with_samples=False))
        while True:
            async with _within(path, SILENT_AFTER_S):
                update = await heard.next()
            yield update


async def _get(path: Path, target: str, patience_s: float) -> dict[str, Any]:
    async with _within(path, patience_s), exchange(path, "GET", target) as answer:
        return await content(path, answer)


@asynccontextmanager
async def _within(path: Path, patience_s: float, lost: type[NoEngineError] = NoEngineError) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(patience_s):
            yield
    except TimeoutError:
        raise lost(path, SILENT) from None


def _read(kind: type[T], answer: dict[str, Any], plain: Any) -> T:
    try:
        return wire.from_plain(kind, plain)
    except wire.MalformedError as error:
        raise wire.other_version(str(answer.get("version", ""))) from error
