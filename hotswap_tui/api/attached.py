"""An engine in another process, as its front ends see it: what it tells is kept, and what is asked goes to it.

The picture comes to this process; nothing here asks for it. An engine that ends is looked for again, with growing pauses; one
that only says nothing is listened to further, since it goes on where it was when it is let go on. Either way `silence` says
since when and why, and the last picture stays.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import AsyncExitStack, suppress
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from random import uniform
from typing import TYPE_CHECKING, Final, Self

from hotswap_tui.api.client import PATIENCE_S, SILENT_AFTER_S, send
from hotswap_tui.api.errors import NoEngineError
from hotswap_tui.api.exchange import SILENT
from hotswap_tui.api.following import updates
from hotswap_tui.api.wire import WireError
from hotswap_tui.core.latency import LatencyHistory
from hotswap_tui.core.values import Role
from hotswap_tui.engine.client import Silence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from hotswap_tui.api.following import Update, Updates
    from hotswap_tui.core.events import Request
    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.core.values import Event

_FIRST_PAUSE_S: Final = 0.25
_LONGEST_PAUSE_S: Final = 5.0
_JITTER: Final = 0.2
"""Ten dashboards do not knock at the same moment."""
_GIVEN_UP_AFTER_S: Final = 30.0
"""A connection on which nothing has come for this long is made anew."""
_PIECE: Final = 500
"""A day of samples takes long to add up; a screen wants to move meanwhile."""
_KEPT_EVENTS: Final = 1000
"""As many as the engine keeps."""


class AttachedClient:
    """EngineClient over the control socket at `path`; a context manager. Without `latencies` those of the past are not asked for.

    Entering raises NoEngineError when no engine answers, NotAllowedError when it is not for this user, WireError when it is of
    another version.
    """

    owner = False

    def __init__(self, path: Path, *, latencies: bool = True) -> None:
        self._path = path
        self._latencies = latencies
        self._listeners: list[Callable[[], None]] = []
        self._silence: Silence | None = None
        self._snapshot: Snapshot
        self._events: deque[Event] = deque(maxlen=_KEPT_EVENTS)
        self._latency: dict[Role, LatencyHistory] = {}
        self._heard_s = 0.0
        self._connection = AsyncExitStack()
        self._listening: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        """Connect and take over everything that the engine tells."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                heard = await self._connect()
                await self._begin(await heard.next())
        except TimeoutError:
            await self._connection.aclose()
            raise NoEngineError(self._path, SILENT) from None
        except BaseException:
            await self._connection.aclose()
            raise
        self._listening = asyncio.create_task(self._listen(heard))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let go of the engine, which goes on."""
        self._listening.cancel()
        await asyncio.wait((self._listening,))
        await self._connection.aclose()
        if not self._listening.cancelled():
            self._listening.result()

    @property
    def silence(self) -> Silence | None:
        """Return since when and why nothing is heard of the engine, None while it answers."""
        return self._silence

    def snapshot(self) -> Snapshot:
        """Return the picture that was told last."""
        return self._snapshot

    def latency(self, role: Role) -> LatencyHistory:
        """Return the latencies of the checks of `role`; another engine begins another history."""
        return self._latency[role]

    def events(self) -> Sequence[Event]:
        """Return the newest events, oldest first."""
        return tuple(self._events)

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after each change, in the context of this call; return what ends the subscription."""
        call = partial(copy_context().run, listener)
        self._listeners.append(call)
        return lambda: self._listeners.remove(call)

    async def request(self, request: Request) -> None:
        """Have the engine decide on a person's request.

        Raises RefusedError with a sentence, StaleRequestError when the situation has changed meanwhile, NoEngineError or another
        OSError when the engine cannot be reached; UnansweredError when it is not known what it did.
        """
        snapshot = await send(self._path, request)
        if self._silence is None and snapshot.pid == self._snapshot.pid and snapshot.now_s > self._snapshot.now_s:
            self._snapshot = snapshot
            self._notify()

    # -- listening ------------------------------------------------------------------------------

    async def _connect(self) -> Updates:
        await self._connection.aclose()
        return await self._connection.enter_async_context(updates(self._path, with_samples=self._latencies))

    async def _listen(self, heard: Updates) -> None:
        """Keep everything up to date for good."""
        while True:
            try:
                while True:
                    self._take(await self._next(heard))
            except OSError as error:
                self._fall_silent(error)
            heard = await self._reconnect()

    async def _reconnect(self) -> Updates:
        pauses_s = _pauses_s()
        while True:
            await asyncio.sleep(next(pauses_s))
            try:
                heard = await self._connect()
                await self._begin(await self._next(heard))
            except OSError as error:
                self._fall_silent(error)
            else:
                return heard

    async def _next(self, heard: Updates) -> Update:
        """Return what comes next; an engine that says nothing is called silent, and waited for."""
        deadline_s = asyncio.get_running_loop().time() + _GIVEN_UP_AFTER_S
        with suppress(TimeoutError):
            async with asyncio.timeout(SILENT_AFTER_S):
                return await heard.next()
        self._fall_silent(NoEngineError(self._path, SILENT))
        try:
            async with asyncio.timeout_at(deadline_s):
                return await heard.next()
        except TimeoutError:
            raise NoEngineError(self._path, SILENT) from None

    async def _begin(self, update: Update) -> None:
        """Take everything anew."""
        latency = {role: LatencyHistory() for role in Role if update.snapshot.database(role) is not None}
        for role in latency.keys() & update.samples.keys():
            for number, sample in enumerate(update.samples[role]):
                latency[role].add(*sample)
                if number % _PIECE == 0:
                    await asyncio.sleep(0)
        self._latency = latency
        self._events.clear()
        self._take(replace(update, samples={}))

    def _take(self, update: Update) -> None:
        self._heard_s = asyncio.get_running_loop().time()
        self._silence = None
        self._snapshot = update.snapshot
        self._events.extend(update.events)
        for role in self._latency.keys() & update.samples.keys():
            for sample in update.samples[role]:
                self._latency[role].add(*sample)
        self._notify()

    def _fall_silent(self, error: OSError) -> None:
        since_s = self._heard_s if self._silence is None else self._silence.since_s
        silence = Silence(since_s, _why(error))
        if silence != self._silence:
            self._silence = silence
            self._notify()

    def _notify(self) -> None:
        loop = asyncio.get_running_loop()
        for listener in self._listeners:
            loop.call_soon(listener)


def _pauses_s() -> Iterator[float]:
    """Yield how long to wait before each attempt; without end."""
    pause_s = _FIRST_PAUSE_S
    while True:
        yield pause_s * uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - no secret
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


def _why(error: OSError) -> str:
    if isinstance(error, NoEngineError):
        return error.why
    return "it is of another version; restart this program" if isinstance(error, WireError) else str(error)
