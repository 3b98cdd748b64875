"""Beside the engine: what happens goes over the desk into the outbox."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from itertools import takewhile
from typing import TYPE_CHECKING, Final, Protocol, Self

from hotswap_tui.core.text import clean
from hotswap_tui.core.values import Kind, Level, Tell
from hotswap_tui.notify.delivery import INSTALL, deliver, installed
from hotswap_tui.notify.desk import Desk
from hotswap_tui.notify.message import letter
from hotswap_tui.notify.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from pydantic import SecretStr

    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.core.values import Event
    from hotswap_tui.notify.delivery import Parcel

_JUST_NOW_S: Final = 60.0
"""What was told before the notifier is news if the engine started with it, and past if it was there long before."""
_SOONEST_S: Final = 0.5
"""From one look to the next, where nothing happens in between."""


class Source(Protocol):
    """The engine as the notifier needs it; LocalClient is one."""

    def snapshot(self) -> Snapshot:
        """Return the present picture."""
        ...

    def events(self) -> Sequence[Event]:
        """Return the newest events, oldest first."""
        ...

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after each change; return what ends that."""
        ...

    def tell(self, tell: Tell) -> None:
        """Put a sentence into the event list."""
        ...


class Notifier:
    """Tells people at `urls` what happens to the engine behind `client`; an async context manager.

    `host`: the name of this computer in the messages. `send`: how parcels are delivered.
    """

    def __init__(
        self,
        urls: Sequence[SecretStr],
        client: Source,
        *,
        host: str | None = None,
        send: Callable[[Sequence[Parcel]], Awaitable[list[str]]] = deliver,
    ) -> None:
        self._client = client
        self._host = socket.gethostname() if host is None else host
        self._outbox = Outbox(urls, client.tell, send)
        self._changed = asyncio.Event()
        self._last_id = 0
        self._desk: Desk
        self._workers: list[asyncio.Task[None]] = []
        self._unsubscribe: Callable[[], None] = lambda: None

    def readdress(self, urls: Sequence[SecretStr]) -> None:
        """Tell people at `urls` from now on."""
        self._outbox.readdress(urls)

    async def __aenter__(self) -> Self:
        """Begin to follow; nothing is waited for."""
        snapshot, events = self._client.snapshot(), self._client.events()
        past = [event for event in events if not _news(event, snapshot)]
        self._last_id = past[-1].id if past else 0
        self._desk = Desk(past, snapshot.now_s, snapshot.wall_s)
        if not installed():
            text = f"HOTSWAP_NOTIFY_URLS is set, but nobody can be told: {INSTALL}"
            self._client.tell(Tell(Kind.CONFIG, Level.WARNING, text))
            return self
        self._workers = [asyncio.ensure_future(work) for work in (self._outbox.run(), self._follow())]
        for worker in self._workers:
            worker.add_done_callback(self._reap)
        self._unsubscribe = self._client.subscribe(self._heard)
        self._heard()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Give what is queued its last two seconds."""
        self._unsubscribe()
        if not self._workers:
            return
        posting, following = self._workers
        following.cancel()
        await asyncio.wait({following})
        if following.cancelled():  # else it has ended by a mistake, which would meet us here again
            self._take_in()
        await self._outbox.empty(posting)

    def _heard(self) -> None:
        """Wake up if there is something new; called twice for every check."""
        events = self._client.events()
        if events and events[-1].id != self._last_id:
            self._changed.set()

    async def _follow(self) -> None:
        while True:
            self._changed.clear()
            wake_s = self._take_in()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(wake_s):
                    await self._changed.wait()

    def _take_in(self) -> float | None:
        """Take in what is new, send what is due, and return when to look again though nothing may be new."""
        snapshot, events = self._client.snapshot(), self._client.events()
        if events and events[-1].id < self._last_id:
            self._last_id = 0  # another engine, which could not read the journal, counts anew
        last_id = self._last_id
        new = list(takewhile(lambda event: event.id > last_id, reversed(events)))
        for event in reversed(new):
            self._last_id = event.id
            self._desk.hear(event, snapshot)
        for message in self._desk.look(snapshot):
            self._outbox.put(message, letter(message, snapshot.name, self._host))
        wake_s = self._desk.wake_s(snapshot)
        return None if wake_s is None else max(wake_s, snapshot.now_s + _SOONEST_S)

    def _reap(self, worker: asyncio.Task[None]) -> None:
        """Say that our own mistake has ended the notifications: nobody else would notice."""
        error = None if worker.cancelled() else worker.exception()
        if error is not None:
            what = clean(f"{type(error).__name__}: {error}")
            self._client.tell(Tell(Kind.NOTIFY, Level.BAD, f"notifications have stopped: {what}"))


def _news(event: Event, snapshot: Snapshot) -> bool:
    """Say whether an event belongs to the engine that has just started."""
    begun_wall_s = snapshot.wall_s - snapshot.now_s + snapshot.started_s
    return snapshot.now_s - snapshot.started_s <= _JUST_NOW_S and event.wall_s >= begun_wall_s
