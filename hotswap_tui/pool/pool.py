"""A pool of connections that always leads to the database that serves."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Self, Unpack, cast

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolClosed
from psycopg_pool.abc import ACT

from hotswap_tui.config import load
from hotswap_tui.core.plan import DRAIN_S
from hotswap_tui.core.values import Role
from hotswap_tui.pool.dual_write import DualWriter
from hotswap_tui.pool.errors import GivenUpError
from hotswap_tui.pool.follower import TIMEOUT_S, Follower
from hotswap_tui.pool.lane import conninfo
from hotswap_tui.pool.own_engine import own_engine
from hotswap_tui.pool.running_engine import running_engine
from hotswap_tui.pool.sources import settings_given

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from psycopg.abc import Params
    from pydantic import SecretStr

    from hotswap_tui.config import Loaded, Profile
    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.engine.client import EngineClient
    from hotswap_tui.pool.both_writes import BothWrites, Statement
    from hotswap_tui.pool.moved import Moved
    from hotswap_tui.pool.options import PoolOptions
    from hotswap_tui.pool.sources import Source


class HotSwapPool(Generic[ACT]):
    """Connections to whichever of two databases serves; an async context manager, used in one event loop.

    ::

        async with HotSwapPool(DATABASE_URL, DATABASE_URL_SECONDARY) as pool:
            async with pool.connection() as connection:
                await connection.execute("INSERT …")

    The engine that decides runs in this process; `from_env` takes its settings from the environment, `attached` follows an
    engine that runs on this machine already. `settings` are the variables of the program (`{"DB_FAILURE_THRESHOLD": 2}`),
    `options` the keyword arguments of psycopg_pool.AsyncConnectionPool. With `control` the engine answers on a control socket in
    its state directory, so that the dashboard, the commands and the pools of other processes can attach to it.

    After a switch no connection to the database that was given up is given, used or kept. Where that database answers, as in a
    planned switch, connections in use may come back for `drain_s` seconds, and nobody is given one meanwhile; where it does not,
    all of them are cut off at once, so that nobody waits for a server that hangs, and their users get GivenUpError.

    Raises SettingsError and ValueError for what was given; entering raises EngineElsewhereError where another engine controls the
    state directory, and JournalError or LockUnavailableError where that cannot be used.
    """

    def __init__(
        self,
        primary: str | SecretStr,
        secondary: str | SecretStr | None = None,
        *,
        settings: Mapping[str, object] | None = None,
        control: bool = True,
        drain_s: float = DRAIN_S,
        **options: Unpack[PoolOptions[ACT]],
    ) -> None:
        self._set_up(own_engine(settings_given(primary, secondary, settings), control=control), drain_s, options)

    @classmethod
    def from_env(
        cls,
        *,
        env_files: Sequence[Path] = (),
        profile: Profile | None = None,
        control: bool = True,
        drain_s: float = DRAIN_S,
        **options: Unpack[PoolOptions[ACT]],
    ) -> Self:
        """Return a pool with an engine of its own; settings as for the program: environment, `env_files`, the project's files."""
        return cls._over(own_engine(_from_env(env_files, profile), control=control), drain_s, options)

    @classmethod
    def attached(
        cls,
        *,
        socket: Path | None = None,
        env_files: Sequence[Path] = (),
        drain_s: float = DRAIN_S,
        **options: Unpack[PoolOptions[ACT]],
    ) -> Self:
        """Return a pool that follows an engine on this machine, found at `socket` or where the program looks for it.

        The connection strings come from the environment and files, as for the engine: its socket never carries secrets. While the
        engine says nothing, connections stay with the database that served last. Entering raises NoEngineError when there is no
        engine, NotAllowedError when it is not for this user, PairError when it watches the databases in exchanged roles.
        """
        loaded = _from_env(env_files, None)
        return cls._over(running_engine(loaded, socket), drain_s, options)

    @classmethod
    def _over(cls, source: Source, drain_s: float, options: PoolOptions[ACT]) -> Self:
        pool = cls.__new__(cls)
        pool._set_up(source, drain_s, options)  # noqa: SLF001 - one's own
        return pool

    def _set_up(self, source: Source, drain_s: float, options: PoolOptions[ACT]) -> None:
        # What is wrong is said here, and not when that database serves for the first time.
        AsyncConnectionPool(open=False, **cast("dict[str, Any]", options))
        for dsn in source.dsns.values():
            conninfo(dsn, source.timeout_s)
        self._source = source
        self._drain_s = drain_s
        self._options = options
        self._stack = AsyncExitStack()
        self._opened: Follower[ACT] | None = None

    # -- life -------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Start or find the engine; databases are not waited for. Nothing is left behind when that fails."""
        follower = Follower(self._source, self._options, self._drain_s)
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(self._source.follow(follower.lost))
            follower.start(client)
            stack.push_async_callback(follower.aclose)
            self._writer = DualWriter(self._source, self._options, follower)
            self._stack, self._opened = stack.pop_all(), follower
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close every connection that is not in use, and end or leave the engine."""
        await self.close()

    async def close(self) -> None:
        """Do what leaving the context does; whoever waits for a connection gets psycopg_pool.PoolClosed.

        Connections in use are closed when they come back. It may take as long as a login to a database that hangs.
        """
        await self._stack.aclose()

    # -- connections --------------------------------------------------------------------------------------

    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncIterator[ACT]:  # noqa: ASYNC109 - psycopg_pool's name
        """Give a connection to the database that serves, and end its transaction as psycopg_pool's `connection` does.

        While none serves, or traffic is on its way, this waits up to `timeout` seconds (None: the option `timeout`). While the engine
        suspects a failure a connection is given only after it has just answered. Raises NoDatabaseError with the
        situation in a sentence, psycopg_pool.PoolTimeout where all connections are in use, PoolClosed, and GivenUpError for work
        that was cut off.
        """
        lane, connection = await self._follower.borrow(timeout)
        try:
            async with connection:
                yield connection
        except psycopg.OperationalError as error:
            if lane.severed and not isinstance(error, GivenUpError):
                raise GivenUpError(lane.role, error) from error
            raise
        finally:
            await lane.give_back(connection)

    async def write_both(
        self,
        query: Statement,
        params: Params | None = None,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - psycopg_pool's name
    ) -> BothWrites:
        """Execute `query` in both databases, each in a transaction of its own, and return what has become of it in each.

        Not recommended, as in the reference ("Option 3"): nothing ties the two transactions together. One database may have the row
        and the other not, nothing is then taken back, two writes may arrive in exchanged order, sequences, `now()` and
        `random()` give each database values of its own, and a second try duplicates what the first has done. Logical
        replication (`hotswap-tui sync setup`) has none of these faults.

        Both halves begin together and end by themselves, after `timeout` seconds at the latest (None: the option `timeout`). Look at
        `complete`, `failed` and `unknown`: what a database, a login or the network refuses is told there and not
        raised. A database that failed its last check, or is being given up in a switch, is not tried. The one that serves is
        written over the pool's connections, the other over at most 4 made for one write each. Cancelling cuts both halves off; what
        had been committed by then stays. Raises PoolClosed.
        """
        self._follower.check_open()
        limit_s = self._options.get("timeout", TIMEOUT_S) if timeout is None else timeout
        return await self._writer.write(query, params, limit_s)

    @property
    def _follower(self) -> Follower[ACT]:
        if self._opened is None:
            raise PoolClosed("the pool is not open yet; use it in `async with`")
        return self._opened

    @property
    def serving(self) -> Role | None:
        """Return whose connections are given now; None while none serves, or traffic is on its way."""
        return self._follower.serving

    async def wait_for(self, role: Role | str, timeout: float | None = None) -> None:  # noqa: ASYNC109 - psycopg_pool's name
        """Return when connections lead to `role`; raises TimeoutError after `timeout` seconds (None: the option `timeout`)."""
        limit_s = self._options.get("timeout", TIMEOUT_S) if timeout is None else timeout
        async with asyncio.timeout(limit_s):
            await self._follower.reached(Role(role))

    def on_switch(self, listener: Callable[[Moved], None]) -> Callable[[], None]:
        """Call `listener` on the event loop each time connections lead elsewhere, the first time included.

        Returns what ends that.
        """
        return self._follower.on_switch(listener)

    def get_stats(self) -> dict[str, int]:
        """Return psycopg_pool's figures of the connections to the database that serves."""
        return self._follower.stats

    # -- the engine -----------------------------------------------------------------------------------------

    @property
    def engine(self) -> EngineClient:
        """Return the engine that is followed: its events, and what a person can ask of it."""
        return self._follower.client

    def snapshot(self) -> Snapshot:
        """Return the engine's picture; while it says nothing, the last one."""
        return self._follower.client.snapshot()


def _from_env(env_files: Sequence[Path], profile: Profile | None) -> Loaded:
    return load({}, os.environ, env_files, Path.cwd(), profile)
