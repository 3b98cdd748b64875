"""Letters on their way: a bounded queue for each service, in order, tried again until they are too old."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.values import Kind, Level, Tell
from hotswap_tui.notify.delivery import Parcel
from hotswap_tui.notify.desk import TOLD
from hotswap_tui.notify.services import UNKNOWN, service_names

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from pydantic import SecretStr

    from hotswap_tui.notify.message import Letter, Message

WAITING: Final = 50
"""So many letters wait for one service; beyond them the oldest are dropped."""
RETRY_S: Final = 5.0
"""After the first failure; doubled by each further one."""
LONGEST_RETRY_S: Final = 300.0
KEPT_S: Final = 3600.0
"""An older letter is given up: what it says is hardly true any more."""
LAST_S: Final = 2.0
"""What is left when this program ends."""


@dataclass(slots=True)
class _Posting:
    """One letter to all services. `given_s` is monotonic."""

    letter: Letter
    message: Message
    given_s: float
    services: int
    open: int
    arrived: int = 0


@dataclass(slots=True)
class _Service:
    url: SecretStr
    name: str
    queue: deque[_Posting] = field(default_factory=deque)
    due_s: float = 0.0
    failures: int = 0
    """In a row."""


class Outbox:
    """Delivers letters to `urls`, a round at a time; `tell` gets what became of them."""

    def __init__(
        self,
        urls: Sequence[SecretStr],
        tell: Callable[[Tell], None],
        deliver: Callable[[Sequence[Parcel]], Awaitable[list[str]]],
    ) -> None:
        self._tell = tell
        self._deliver = deliver
        self._services: list[_Service] = []
        self._given = asyncio.Event()
        self._closing = False
        self.readdress(urls)

    def readdress(self, urls: Sequence[SecretStr]) -> None:
        """Deliver to `urls` from now on; what waits for one that is among them still does."""
        known = {service.url.get_secret_value(): service for service in self._services}
        names = service_names(url.get_secret_value() for url in urls)
        kept = []
        for url, name in zip(urls, names, strict=True):
            service = known.pop(url.get_secret_value(), None)
            kept.append(_Service(url, name) if service is None else service)
            kept[-1].name = name
        for gone in known.values():
            while gone.queue:
                self._settle(gone, arrived=False)
        self._services = kept

    def put(self, message: Message, letter: Letter) -> None:
        """Queue a message, as the letter that it became, for every service; returns at once."""
        now_s = asyncio.get_running_loop().time()
        posting = _Posting(letter, message, now_s, len(self._services), len(self._services))
        for service in self._services:
            service.queue.append(posting)
            if len(service.queue) > WAITING:
                self._settle(service, arrived=False)
        self._given.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            await self._wait()
            await self._round()

    async def empty(self, worker: asyncio.Task[None]) -> None:
        """Try everything at once for the last time, end `worker`, which runs `run`, and tell what is left."""
        self._closing = True
        for service in self._services:
            service.due_s = float("-inf")
        self._given.set()
        if self._pending():
            await asyncio.wait({worker}, timeout=LAST_S)
        worker.cancel()
        await asyncio.wait({worker})
        for posting in _distinct(posting for service in self._services for posting in service.queue):
            text = f"not everybody was told before the end: {posting.message.sentence}"
            self._tell(Tell(Kind.NOTIFY, Level.WARNING, text, data={TOLD: posting.message.topic}))

    def _pending(self) -> bool:
        return any(service.queue for service in self._services)

    async def _wait(self) -> None:
        """Return when a service is due; end the worker when this program ends and nothing is left to try."""
        while True:
            now_s = asyncio.get_running_loop().time()
            due_s = min((service.due_s for service in self._services if service.queue), default=float("inf"))
            if due_s <= now_s:
                return
            if self._closing:
                raise asyncio.CancelledError
            self._given.clear()
            try:
                async with asyncio.timeout(None if due_s == float("inf") else due_s - now_s):
                    await self._given.wait()
            except TimeoutError:
                return

    async def _round(self) -> None:
        """Hand the oldest letter of each service that is due to it."""
        now_s = asyncio.get_running_loop().time()
        due = [service for service in self._services if service.queue and service.due_s <= now_s]
        if not due:
            return
        heads = [service.queue[0] for service in due]
        parcels = [Parcel(service.url, head.letter) for service, head in zip(due, heads, strict=True)]
        why = await self._deliver(parcels)
        for service, head, reason in zip(due, heads, why, strict=True):
            # Meanwhile it may have been dropped: too many wait, or the service is no more.
            if service.queue and service.queue[0] is head:
                self._tried(service, head, reason)

    def _tried(self, service: _Service, head: _Posting, reason: str) -> None:
        now_s = asyncio.get_running_loop().time()
        if not reason:
            if service.failures:
                self._say(Level.INFO, f"{service.name} takes notifications again")
            service.failures, service.due_s = 0, now_s
            self._settle(service, arrived=True)
            return
        service.failures += 1
        service.due_s = now_s + min(RETRY_S * 2 ** min(service.failures - 1, 16), LONGEST_RETRY_S)
        if reason == UNKNOWN:
            service.due_s = now_s
            self._say(Level.WARNING, f"{service.name} cannot be notified: {reason}; see HOTSWAP_NOTIFY_URLS", service)
            self._settle(service, arrived=False)
        elif now_s - head.given_s >= KEPT_S:
            self._say(Level.WARNING, f"{service.name} was not notified within an hour: {reason}; given up")
            self._settle(service, arrived=False)
        else:
            self._say(Level.WARNING, f"{service.name} could not be notified: {reason}; trying again", service)
        if self._closing:
            service.due_s = float("inf")

    def _say(self, level: Level, text: str, service: _Service | None = None) -> None:
        """Tell what happened to a service; of failures in a row, the first."""
        if service is None or service.failures == 1:
            self._tell(Tell(Kind.NOTIFY, level, text))

    def _settle(self, service: _Service, *, arrived: bool) -> None:
        """Take the oldest letter from a queue, and tell what became of it once every service is through with it."""
        posting = service.queue.popleft()
        posting.open -= 1
        posting.arrived += arrived
        if posting.open == 0:
            level = Level.INFO if posting.arrived == posting.services else Level.WARNING
            told = f"notified {posting.arrived} of {posting.services}: {posting.message.sentence}"
            self._tell(Tell(Kind.NOTIFY, level, told, data={TOLD: posting.message.topic}))


def _distinct(postings: Iterable[_Posting]) -> list[_Posting]:
    return list({id(posting): posting for posting in postings}.values())
