"""What is told to everybody who listens at the control socket: composed once, at most ten times a second, for all of them.

Changes that come together are told together, and without any change something is told every second and a half, so that whoever
listens can tell silence from calm. Nobody listens: nothing is done.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from hotswap_tui.api import samples, wire
from hotswap_tui.api.bulk import Bulks, Marks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hotswap_tui.core.values import Event, Role
    from hotswap_tui.engine.local import LocalClient

_GATHER_S: Final = 0.02
"""Both databases are checked at the same moment and answer within this, as a rule."""
_APART_S: Final = 0.1
_BEAT_S: Final = 1.5
_MOST_LINES: Final = 100
"""A reader that is further behind than this is dropped: it may come back and begin anew."""


class Reader:
    """The lines that one listener has yet to take."""

    def __init__(self, cut: Callable[[], None]) -> None:
        self._cut = cut
        self._lines: deque[bytes] = deque()
        self._come = asyncio.Event()
        self._ended = False

    def put(self, line: bytes) -> None:
        """Add a line; cut a listener off that takes none."""
        self._lines.append(line)
        self._come.set()
        if len(self._lines) > _MOST_LINES:
            self.end()
            self._cut()

    def end(self) -> None:
        """Let `next` return what says that there is no more."""
        self._ended = True
        self._come.set()

    async def next(self) -> bytes | None:
        """Wait for everything that has come since the last call; None: no more comes."""
        await self._come.wait()
        if self._ended:
            return None
        self._come.clear()
        lines = b"".join(self._lines)
        self._lines.clear()
        return lines


class Feed:
    """Tells what an engine in this process does."""

    def __init__(self, client: LocalClient) -> None:
        self._client = client
        self._bulks = Bulks(client)
        self._readers: set[Reader] = set()
        self._leave_engine: Callable[[], None] = lambda: None
        self._timer: asyncio.TimerHandle | None = None
        self._soon = False
        """Whether the timer is set for a change, not for calm."""
        self._told_s = 0.0
        self._marks = Marks()

    async def join(self, cut: Callable[[], None], *, with_samples: bool) -> Reader:
        """Return a reader whose first line tells everything; `cut` ends its connection when it does not keep up."""
        bulk = await self._bulks.get(with_samples=with_samples)
        # From here on nothing can come between: what is told now, no later line tells again.
        if self._readers:
            self._tell()
        else:
            self._begin()
        reader = Reader(cut)
        reader.put(_line({**wire.STAMP, "snapshot": wire.to_plain(self._client.snapshot())}, bulk.members))
        if since := self._since(bulk.marks.copy()):
            reader.put(_line({"snapshot": wire.to_plain(self._client.snapshot()), **since}))
        self._readers.add(reader)
        return reader

    def leave(self, reader: Reader) -> None:
        """Forget a reader."""
        self._readers.discard(reader)
        if not self._readers:
            self._leave_engine()
            self._leave_engine = lambda: None
            self._bulks.forget()
            if self._timer is not None:
                self._timer.cancel()

    def _begin(self) -> None:
        self._leave_engine()
        self._leave_engine = self._client.subscribe(self._changed)
        self._marks = self._bulks.marks()
        self._plan(_BEAT_S, soon=False)

    def _changed(self) -> None:
        if not self._soon:
            since_s = asyncio.get_running_loop().time() - self._told_s
            self._plan(max(_GATHER_S, _APART_S - since_s), soon=True)

    def _plan(self, in_s: float, *, soon: bool) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(in_s, self._tell)
        self._soon = soon

    def _tell(self) -> None:
        self._plan(_BEAT_S, soon=False)
        self._bulks.tidy()
        self._told_s = asyncio.get_running_loop().time()
        line = _line({"snapshot": wire.to_plain(self._client.snapshot()), **self._since(self._marks)})
        for reader in tuple(self._readers):
            reader.put(line)

    def _since(self, marks: Marks) -> dict[str, Any]:
        """Return what is newer than `marks`, and move them."""
        plain: dict[str, Any] = {}
        if events := _newer(self._client.events(), marks.event):
            plain["events"] = wire.to_plain(tuple(events))
            marks.event = events[-1].id
        if new := {role: kept for role in self._bulks.roles() if (kept := self._newer_samples(role, marks))}:
            plain["samples"] = samples.pack(new)
            marks.sample_s.update((role, kept[-1][0]) for role, kept in new.items())
        return plain

    def _newer_samples(self, role: Role, marks: Marks) -> samples.Samples:
        return self._client.latency(role).after(marks.sample_s.get(role, float("-inf")))


def _newer(events: Sequence[Event], number: int) -> Sequence[Event]:
    new = 0
    while new < len(events) and events[-1 - new].id > number:
        new += 1
    return events[len(events) - new :]


def _line(plain: dict[str, Any], members: bytes = b"") -> bytes:
    """Return one line of JSON; `members` are further ones of the object, composed already."""
    head = wire.dumps(plain)
    return head[:-1] + b"," + members + b"}\n" if members else head + b"\n"
