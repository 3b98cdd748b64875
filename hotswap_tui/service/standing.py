"""A context that a task of its own keeps open, so that several end at the same time, and each can be replaced alone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager


class Standing:
    """At most one context, open from `open` to `close`."""

    def __init__(self) -> None:
        self._end = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def open(self, context: AbstractAsyncContextManager[object]) -> None:
        """Return when `context` is open; raises what opening it raises."""
        opened = asyncio.get_running_loop().create_future()
        self._end.clear()
        self._task = asyncio.ensure_future(self._keep(context, opened))
        await asyncio.wait({self._task, opened}, return_when=asyncio.FIRST_COMPLETED)
        if not opened.done():
            await self.close()

    async def close(self) -> None:
        """Close it and raise what that raises; nothing happens when nothing is open."""
        task, self._task = self._task, None
        self._end.set()
        if task is not None:
            await task

    async def _keep(self, context: AbstractAsyncContextManager[object], opened: asyncio.Future[None]) -> None:
        async with context:
            opened.set_result(None)
            await self._end.wait()
