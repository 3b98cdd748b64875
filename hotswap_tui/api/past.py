"""The latencies of the last day for who begins to listen: the last hour as it was, what lies before it out of the journal."""

from __future__ import annotations

import asyncio
from math import inf
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.values import Role
from hotswap_tui.engine.ports import JournalError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotswap_tui.api.samples import Samples
    from hotswap_tui.engine.local import LocalClient
    from hotswap_tui.engine.ports import Sample

_EXACT_S: Final = 3600.0
"""Percentiles of windows up to this are those that the engine's own process shows."""
_MOST_EXACT: Final = 4000
_SAME_S: Final = 0.01
"""The journal rounds, and the clocks that it is read by run apart: a sample within this of memory's first is that one."""
_PATIENCE_S: Final = 1.0
"""A disk that hangs keeps nobody from the picture."""


class Past:
    """Puts together what the journal and the memory of an engine know."""

    def __init__(self, client: LocalClient) -> None:
        self._client = client

    def roles(self) -> tuple[Role, ...]:
        """Return which databases there are."""
        return tuple(Role) if self._client.snapshot().secondary is not None else (Role.PRIMARY,)

    def newest(self) -> dict[Role, Samples]:
        """Return the last sample of each database that has any."""
        return {role: self._client.latency(role).after(-inf, 1) for role in self.roles()}

    async def day(self) -> dict[Role, Samples]:
        """Return the samples of a day, those of memory alone when the journal cannot be read in time."""
        journal = await self._journal()
        picture = self._client.snapshot()
        offset_s = picture.wall_s - picture.now_s
        told: dict[Role, Samples] = {}
        for role in self.roles():
            exact = self._client.latency(role).after(picture.now_s - _EXACT_S, _MOST_EXACT)
            from_s = exact[0][0] - _SAME_S if exact else inf
            older = ((s.wall_s - offset_s, s.latency_ms) for s in journal if s.role is role)
            told[role] = [*(sample for sample in older if sample[0] < from_s), *exact]
        return told

    async def _journal(self) -> Sequence[Sample]:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await self._client.samples()
        except (JournalError, TimeoutError):
            return ()
