"""What is told first to who begins to listen: a thousand events and a day of samples, composed once for those who come together.

Composing takes tens of milliseconds, so it is done in pieces: the engine's loop has other things to do.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from hotswap_tui.api import samples, wire
from hotswap_tui.api.past import Past

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hotswap_tui.core.values import Event, Role
    from hotswap_tui.engine.local import LocalClient

_SHARED_S: Final = 5.0
"""Dashboards that come back after a restart come within this."""
_PIECE: Final = 100


@dataclass(slots=True)
class Marks:
    """How far has been told: the event's number, and the time of the newest sample of each database."""

    event: int = 0
    sample_s: dict[Role, float] = field(default_factory=dict)

    def copy(self) -> Marks:
        """Return others that can be moved."""
        return replace(self, sample_s=dict(self.sample_s))


@dataclass(frozen=True, slots=True)
class Bulk:
    """Events and samples up to `marks`, as the members of a JSON object."""

    members: bytes
    marks: Marks
    composed_s: float


class Bulks:
    """Composes, and keeps what was composed for a moment."""

    def __init__(self, client: LocalClient) -> None:
        self._client = client
        self._past = Past(client)
        self._composing = asyncio.Lock()
        self._kept: dict[bool, Bulk] = {}

    def roles(self) -> tuple[Role, ...]:
        """Return which databases there are."""
        return self._past.roles()

    async def get(self, *, with_samples: bool) -> Bulk:
        """Return one that is at most some seconds old; who comes second waits for what the first one composes."""
        async with self._composing:
            self.tidy()
            if with_samples not in self._kept:
                self._kept[with_samples] = await self._composed(with_samples=with_samples)
            return self._kept[with_samples]

    def marks(self) -> Marks:
        """Return how far there is something to tell now."""
        return _marks(self._client.events(), self._past.newest())

    def forget(self) -> None:
        """Keep nothing: nobody listens any more."""
        self._kept.clear()

    def tidy(self) -> None:
        """Keep nothing that those who come later would not get."""
        now_s = asyncio.get_running_loop().time()
        for kind, bulk in tuple(self._kept.items()):
            if now_s - bulk.composed_s > _SHARED_S:
                del self._kept[kind]

    async def _composed(self, *, with_samples: bool) -> Bulk:
        kept = await self._past.day() if with_samples else self._past.newest()
        events = tuple(self._client.events())
        marks = _marks(events, kept)
        members = b'"events":[' + await _array(events) + b"]"
        if with_samples:
            members += b',"samples":' + wire.dumps(samples.pack(kept))
        return Bulk(members, marks, asyncio.get_running_loop().time())


def _marks(events: Sequence[Event], kept: Mapping[Role, samples.Samples]) -> Marks:
    return Marks(events[-1].id if events else 0, {role: told[-1][0] for role, told in kept.items() if told})


async def _array(events: tuple[Event, ...]) -> bytes:
    pieces = []
    for first in range(0, len(events), _PIECE):
        pieces.append(wire.dumps(wire.to_plain(events[first : first + _PIECE]))[1:-1])
        await asyncio.sleep(0)
    return b",".join(pieces)
