"""The connections to one database for as long as it serves: a psycopg pool, and how to leave it.

psycopg's pool neither tells which connections it has made nor lets go of who waits in it while its workers connect, so this
keeps account of both.
"""

from __future__ import annotations

import asyncio
import logging
from itertools import count
from typing import TYPE_CHECKING, Any, Final, Generic, cast
from weakref import WeakSet

from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout
from psycopg_pool.abc import ACT

from hotswap_tui.core.text import clean
from hotswap_tui.pool.sockets import cut, part, spoken_to

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from hotswap_tui.core.values import Role
    from hotswap_tui.dsn import Dsn
    from hotswap_tui.pool.options import PoolOptions

_log = logging.getLogger("hotswap_tui.pool")

_CLOSE_S: Final = 1.0
"""What a worker of the pool may take beyond the connection that it is making."""
_PACE_S: Final = 0.1
"""Between connections that are refused although all of them are new."""


def conninfo(dsn: Dsn, timeout_s: float) -> str:
    """Return what libpq takes, with a limit for logins where `dsn` gives none; raises DsnError and psycopg.ProgrammingError."""
    keywords = dsn.conninfo()
    return make_conninfo("", **{**keywords, "connect_timeout": keywords["connect_timeout"] or max(1, round(timeout_s))})


class Lane(Generic[ACT]):
    """Connections to the database `role`; `doubtful` is asked whenever one is given.

    A login may take `timeout_s`, where the connection string says nothing else.
    """

    def __init__(
        self, role: Role, dsn: Dsn, options: PoolOptions[ACT], timeout_s: float, doubtful: Callable[[], bool]
    ) -> None:
        self.role = role
        self.severed = False
        """Whether connections in use were cut off."""
        self._doubtful = doubtful
        self._patience_s = dsn.connect_timeout_s or timeout_s
        self._own_check = options.get("check")
        self._own_configure = options.get("configure")
        self._connections: WeakSet[ACT] = WeakSet()
        self._borrowed: set[ACT] = set()
        self._trying: set[asyncio.Task[Any]] = set()
        self._chores: set[asyncio.Task[Any]] = set()
        self.left = False
        """Whether the database was given up."""
        self._turned_away = asyncio.get_running_loop().create_future()
        self._empty = asyncio.Event()
        self._empty.set()
        self._pool = self._make(dsn, options)

    def _make(self, dsn: Dsn, options: PoolOptions[ACT]) -> AsyncConnectionPool[ACT]:
        given = {name: value for name, value in options.items() if name not in {"check", "configure"}}
        return AsyncConnectionPool(
            conninfo(dsn, self._patience_s),
            open=False,
            configure=self._configure,
            **cast("dict[str, Any]", {**given, "name": f"{options.get('name', 'hotswap')}-{self.role}"}),
        )

    async def open(self) -> None:
        """Begin to connect."""
        await self._pool.open()

    @property
    def troubled(self) -> bool:
        """Say whether a login has failed: psycopg's pool waits longer after each one, also when the database is back."""
        return self._pool.get_stats().get("connections_errors", 0) > 0

    @property
    def stats(self) -> dict[str, int]:
        """Return psycopg's figures."""
        return self._pool.get_stats()

    @property
    def over(self) -> bool:
        """Say whether nothing is left of it."""
        return self.left and not self._chores and not self._borrowed

    # -- borrowing ----------------------------------------------------------------------------------

    async def borrow(self, timeout_s: float) -> ACT | None:
        """Return a connection, None for who was turned away meanwhile; raises psycopg_pool.PoolTimeout.

        The pool is asked in a task: who waits there while a server hangs could neither leave nor be cancelled in time.
        """
        if self.left:
            return None
        turned_away = self._turned_away
        asking = asyncio.ensure_future(self._ask(asyncio.get_running_loop().time() + timeout_s))
        try:
            await asyncio.wait({asking, turned_away}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self._abandon(asking)
            raise
        if turned_away.done():
            self._abandon(asking)
            return None
        if not asking.done():
            self._abandon(asking)
            raise PoolTimeout(f"couldn't get a connection after {timeout_s:.2f} sec")
        connection = asking.result()
        self._borrowed.add(connection)
        self._empty.clear()
        return connection

    async def _ask(self, deadline_s: float) -> ACT:
        """Return a connection that is fit for use.

        psycopg's pool would pause longer after each one that is not, and after a server's restart none is.
        """
        myself = asyncio.current_task()
        assert myself is not None
        for tries in count(1):
            if self.left:
                raise PoolClosed(f"{self.role} has been given up")
            connection = await self._pool.getconn(deadline_s - asyncio.get_running_loop().time())
            self._trying.add(myself)
            try:
                if await self._fit(connection):
                    return connection
                await connection.close()
                await self._pool.putconn(connection)
            except BaseException:
                self._spawn(self._pool.putconn(connection))
                raise
            finally:
                self._trying.discard(myself)
            if tries > self._pool.max_size:
                await asyncio.sleep(_PACE_S)
        raise AssertionError

    async def _fit(self, connection: ACT) -> bool:
        """Say whether the server is still there; in doubt it must answer first."""
        try:
            if self._doubtful() or spoken_to(connection):
                await self._check(connection)
            if self._own_check is not None:
                await self._own_check(connection)
        except Exception as error:  # noqa: BLE001 - whatever the application's check raises, as in psycopg's pool
            _log.info("a connection to %s is not fit for use: %s", self.role, clean(str(error)))
            return False
        return not self.left

    async def _check(self, connection: ACT) -> None:
        """Have the server answer; one that is silent for as long as a login may take has forgotten this connection."""
        overdue = asyncio.get_running_loop().call_later(self._patience_s, cut, connection)
        try:
            await AsyncConnectionPool.check_connection(connection)
        finally:
            overdue.cancel()

    async def give_back(self, connection: ACT) -> None:
        """Return a borrowed connection; it is closed when the database was given up."""
        self._borrowed.discard(connection)
        try:
            await self._pool.putconn(connection)
        finally:
            if not self._borrowed:
                self._empty.set()

    def _abandon(self, asking: asyncio.Task[ACT]) -> None:
        if asking not in self._trying:
            asking.cancel()
        self._chores.add(asking)
        asking.add_done_callback(self._unwanted)

    def _unwanted(self, asked: asyncio.Task[ACT]) -> None:
        self._chores.discard(asked)
        if not asked.cancelled() and asked.exception() is None:
            self._spawn(self._pool.putconn(asked.result()))

    async def _configure(self, connection: ACT) -> None:
        self._connections.add(connection)
        if self.left or self._own_configure is None:
            return
        try:
            await self._own_configure(connection)
        except BaseException:
            await connection.close()
            raise

    # -- leaving --------------------------------------------------------------------------------------

    async def emptied(self) -> None:
        """Return when nobody has a connection that works."""
        await self._empty.wait()

    def turn_away(self) -> None:
        """Let nobody wait here any longer."""
        self._turned_away.set_result(None)
        self._turned_away = asyncio.get_running_loop().create_future()

    def leave(self) -> None:
        """Give nothing from now on, and close what is not in use."""
        if not self.left:
            self.left = True
            self.turn_away()
            self._spawn(self._close())

    def sever(self) -> int:
        """Leave, and cut off every connection at once, those in use too; return how many of these there were."""
        self.leave()
        if self.severed:
            return 0
        self.severed = True
        self._empty.set()
        for connection in self._connections:
            cut(connection)
        return len(self._borrowed)

    async def _close(self) -> None:
        for connection in [*self._connections]:
            if connection not in self._borrowed:
                await part(connection)
        await self._pool.close(self._patience_s + _CLOSE_S)

    async def closed(self) -> None:
        """Wait until everything has ended that was begun here; borrowed connections are their borrowers'."""
        while self._chores:
            await asyncio.wait(self._chores)

    def _spawn(self, chore: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(chore)
        self._chores.add(task)
        task.add_done_callback(self._reap)

    def _reap(self, task: asyncio.Task[None]) -> None:
        self._chores.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.warning("leaving %s: %s", self.role, error)
