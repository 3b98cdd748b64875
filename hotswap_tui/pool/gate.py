"""Where callers wait while no database serves, or traffic is on its way to another."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

from psycopg_pool import PoolClosed

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Gate(Generic[T]):
    """Leads to one thing at a time, or to none."""

    def __init__(self) -> None:
        self._way: T | None = None
        self._closed = False
        self._turned = asyncio.Event()
        self._shut_s = asyncio.get_running_loop().time()
        self.waited_s = 0.0
        """How long it led nowhere when it last opened."""

    @property
    def way(self) -> T | None:
        """Return where it leads now."""
        return None if self._closed else self._way

    def check_open(self) -> None:
        """Raise psycopg_pool.PoolClosed where everybody is sent away."""
        if self._closed:
            raise PoolClosed("the pool is closed")

    def lead(self, way: T | None) -> None:
        """Lead to `way` from now on, None for nowhere."""
        if way is self._way:
            return
        now_s = asyncio.get_running_loop().time()
        if way is None:
            self._shut_s = now_s
        elif self._way is None:
            self.waited_s = now_s - self._shut_s
        self._way = way
        self._turn()

    def close(self) -> None:
        """Send everybody away, now and in the future."""
        self._closed = True
        self._turn()

    async def passed(self, wanted: Callable[[T], bool] = lambda _way: True) -> T:
        """Return where it leads as soon as that is `wanted`; raises psycopg_pool.PoolClosed."""
        while True:
            self.check_open()
            if self._way is not None and wanted(self._way):
                return self._way
            await self._turned.wait()

    def _turn(self) -> None:
        # Wakes everybody who waits now, and nobody who comes later.
        self._turned.set()
        self._turned.clear()
