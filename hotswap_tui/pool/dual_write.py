"""One write in two databases at once, each in a transaction of its own, as the reference's Promise.all does it.

Nothing ties the two together. What this adds is that both ends are always told apart: done, failed, or a COMMIT without an answer.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, Generic

import psycopg
from psycopg.pq import TransactionStatus
from psycopg_pool.abc import ACT

from hotswap_tui.core.text import clean
from hotswap_tui.core.values import Role
from hotswap_tui.pool.both_writes import BothWrites, Outcome, Statement, Write
from hotswap_tui.pool.course import refusal
from hotswap_tui.pool.errors import GivenUpError
from hotswap_tui.pool.lane import conninfo
from hotswap_tui.pool.sockets import cut
from hotswap_tui.probes.classify import redact

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from psycopg.abc import Params

    from hotswap_tui.dsn import Dsn
    from hotswap_tui.pool.follower import Follower
    from hotswap_tui.pool.lane import Lane
    from hotswap_tui.pool.options import PoolOptions
    from hotswap_tui.pool.sources import Source

STANDBY_CONNECTIONS: Final = 4
"""At the same time, to the database that does not serve; each is made for one write and closed with it."""
_ERRORS: Final = (psycopg.Error, OSError, TimeoutError)


class DualWriter(Generic[ACT]):
    """Writes to both databases: over the pool's connections to the one that serves, over new ones to the other."""

    def __init__(self, source: Source, options: PoolOptions[ACT], follower: Follower[ACT]) -> None:
        self._source = source
        self._options = options
        self._follower = follower
        self._standby_slots = asyncio.Semaphore(STANDBY_CONNECTIONS)

    async def write(self, query: Statement, params: Params | None, limit_s: float) -> BothWrites:
        """Begin both halves together and return when both have ended; whoever cancels this ends both at once."""
        deadline_s = asyncio.get_running_loop().time() + limit_s
        halves = [_Half[ACT](role, query, params, deadline_s, limit_s) for role in Role]
        tasks = [asyncio.ensure_future(self._carry_out(half)) for half in halves]
        try:
            await asyncio.wait(tasks)
        except asyncio.CancelledError:
            for half, task in zip(halves, tasks, strict=True):
                if not half.cut():
                    task.cancel()
            await asyncio.wait(tasks)
            raise
        faults = [task.exception() for task in tasks]
        for fault in faults:
            if fault is not None:
                raise fault
        return BothWrites(*(task.result() for task in tasks))

    async def _carry_out(self, half: _Half[ACT]) -> Write:
        dsn = self._source.dsns.get(half.role)
        if dsn is None:
            return half.failed(f"no connection string for {half.role} is set here")
        lane = self._follower.lane_to(half.role)
        try:
            if lane is not None:
                async with self._lent(lane, half) as connection:
                    return await half.transact(connection)
            if why := self._refusal(half.role):
                return half.failed(why)
            async with self._made(dsn, half) as connection:
                return await half.transact(connection)
        except _ERRORS as error:
            return half.told(error, dsn)

    def _refusal(self, role: Role) -> str:
        client = self._follower.client
        now_s = asyncio.get_running_loop().time()
        return refusal(client.snapshot(), role, now_s, silent=self._follower.silent)

    @asynccontextmanager
    async def _lent(self, lane: Lane[ACT], half: _Half[ACT]) -> AsyncIterator[ACT]:
        """Give one of the pool's connections; unlike the pool's callers, nobody here is led on to the other database."""
        try:
            connection = await lane.borrow(half.left_s)
        except psycopg.OperationalError as error:
            raise self._follower.in_vain(error, half.limit_s) from None
        if connection is None:
            raise psycopg.OperationalError(self._refusal(lane.role) or f"{lane.role} is being given up")
        try:
            with half.using(connection):
                yield connection
        except psycopg.OperationalError as error:
            if lane.severed:
                raise GivenUpError(lane.role, error) from error
            raise
        finally:
            await lane.give_back(connection)

    @asynccontextmanager
    async def _made(self, dsn: Dsn, half: _Half[ACT]) -> AsyncIterator[ACT]:
        """Connect for this write only: an idle connection would keep a cloud database awake."""
        make: Any = self._options.get("connection_class", psycopg.AsyncConnection)
        login = conninfo(dsn, self._source.timeout_s)
        configure = self._options.get("configure")
        async with asyncio.timeout_at(half.deadline_s) as waiting:
            async with self._standby_slots:
                connection: ACT = await make.connect(login, **self._options.get("kwargs", {}))
                waiting.reschedule(None)
                try:
                    with half.using(connection):
                        if configure is not None:
                            await configure(connection)
                        yield connection
                finally:
                    await connection.close()


class _Half(Generic[ACT]):
    """One database's transaction, and how far it has come."""

    def __init__(self, role: Role, query: Statement, params: Params | None, deadline_s: float, limit_s: float) -> None:
        self.role = role
        self.deadline_s = deadline_s
        self.limit_s = limit_s
        self._query = query
        self._params = params
        self._connection: ACT | None = None
        self._late = False
        self._committing = False

    @property
    def left_s(self) -> float:
        """Return the seconds until the deadline."""
        return max(0.0, self.deadline_s - asyncio.get_running_loop().time())

    @contextmanager
    def using(self, connection: ACT) -> Iterator[None]:
        """Cut `connection` off at the deadline, or when the caller is cancelled, until the context ends.

        To cancel the task would make psycopg ask the server to cancel, for seconds where that hangs.
        """
        self._connection = connection
        overdue = asyncio.get_running_loop().call_at(self.deadline_s, self._expire)
        try:
            yield
        finally:
            overdue.cancel()
            self._connection = None

    def cut(self) -> bool:
        """End at once; return False where no connection is in use yet, or any more."""
        if self._connection is None:
            return False
        cut(self._connection)
        return True

    def _expire(self) -> None:
        self._late = self.cut()

    async def transact(self, connection: ACT) -> Write:
        """Execute and commit; raises what psycopg does."""
        autocommit = connection.autocommit
        await connection.set_autocommit(False)
        try:
            rows = (await connection.execute(self._query, self._params)).rowcount
            self._committing = True
            if not _is(connection, TransactionStatus.INTRANS):
                raise psycopg.ProgrammingError("the query has ended its transaction itself")
            await connection.commit()
        except psycopg.Error:
            with suppress(psycopg.Error):
                await connection.rollback()
            raise
        finally:
            if _is(connection, TransactionStatus.IDLE):
                await connection.set_autocommit(autocommit)
        return Write(self.role, Outcome.DONE, rows)

    def failed(self, why: str) -> Write:
        """Return that nothing was sent, because of `why`."""
        return Write(self.role, Outcome.FAILED, error=clean(why))

    def told(self, error: BaseException, dsn: Dsn) -> Write:
        """Return what `error` means: after COMMIT was sent, only what the server says of it is an answer."""
        diagnosis = error.diag if isinstance(error, psycopg.Error) else None
        answered = diagnosis is not None and diagnosis.severity_nonlocalized == "ERROR"
        unknown = self._committing and not answered
        why = f"no answer within {self.limit_s:.2f} s" if self._late or isinstance(error, TimeoutError) else str(error)
        secrets = [s.get_secret_value() for s in (dsn.password, dsn.tls.key_password) if s is not None]
        line = clean(redact(f"not known whether it was committed: {why}" if unknown else why, secrets))
        outcome = Outcome.UNKNOWN if unknown else Outcome.FAILED
        return Write(self.role, outcome, error=line, sqlstate=getattr(error, "sqlstate", None))


def _is(connection: psycopg.AsyncConnection[Any], status: TransactionStatus) -> bool:
    return connection.info.transaction_status is status
