"""Checks one database, and comes back within its deadline with nothing left behind."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hotswap_tui.core.values import Fault, Verdict
from hotswap_tui.probes.classify import Diagnosis, classify, redact
from hotswap_tui.probes.connect import Connector, limits
from hotswap_tui.probes.deadline import finished
from hotswap_tui.probes.session import LOST
from hotswap_tui.probes.stall import LoopWatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap_tui.core.values import Role, ServerFacts
    from hotswap_tui.dsn import Dsn
    from hotswap_tui.probes.session import Session

_log = logging.getLogger(__name__)
_TRIES = 2


@dataclass(slots=True)
class _Run:
    """How far one check has come."""

    session: Session | None = None
    fresh: bool = False
    abandoned: bool = False
    stage: str = "connecting"
    connect_ms: float | None = None
    latency_ms: float | None = None
    facts: ServerFacts | None = None


class PostgresProber:
    """Check one PostgreSQL database over a persistent connection, and over a new one when asked to."""

    def __init__(self, role: Role, dsn: Dsn, *, timeout_s: float, writable: bool, write_check: bool = False) -> None:
        """Prepare; nothing is opened before the first check.

        `writable` says that a read-only server is a fault (on the primary); `write_check` that one row is updated while `serving`.
        """
        self.serving = False
        """Whether this database serves: the write check writes to no other. The engine sets it."""
        self.note = ""
        """Why the write check is not possible, in one line; empty when it is, or is not asked for."""
        self.limits = limits(dsn)
        """What the connection string asks for and a check cannot do, one sentence each, to be told once."""
        self._role = role
        self._timeout_s = timeout_s
        self._writable = writable
        self._write_check = write_check
        self._secrets = [s.get_secret_value() for s in (dsn.password, dsn.tls.key_password) if s is not None]
        self._connector = Connector(dsn, timeout_s)
        self._session: Session | None = None
        self._checking = asyncio.Lock()
        self._listener: Callable[[str], None] | None = None
        self._place = dsn.address

    def on_lost(self, listener: Callable[[str], None]) -> None:
        """Call `listener` with a clean sentence when the idle connection is closed by the other side.

        Not when `aclose` or a check closes it: a check's verdict says what it met.
        """
        self._listener = listener

    async def check(self, *, fresh: bool) -> Verdict:
        """Return a verdict within the time-out; never raise for what a server or network does.

        `fresh` asks for a new login, which then replaces the persistent connection. Checks do not overlap: a second waits.
        """
        async with self._checking:
            return await self._check(fresh=fresh)

    async def aclose(self) -> None:
        """Close the connection and leave nothing behind; a check under way comes to its end first."""
        async with self._checking:
            self._discard(self._session)

    async def _check(self, *, fresh: bool) -> Verdict:
        loop = asyncio.get_running_loop()
        started_s = loop.time()
        run = _Run()
        with LoopWatch() as watch:
            run.session = None if fresh else await self._usable()
            diagnosis = await self._diagnose(run)
        self._settle(run, diagnosis)
        return Verdict(
            role=self._role,
            started_s=started_s,
            finished_s=loop.time(),
            fresh=run.fresh,
            fault=diagnosis.fault if diagnosis else None,
            latency_ms=run.latency_ms,
            connect_ms=run.connect_ms,
            detail=diagnosis.detail if diagnosis else "",
            sqlstate=diagnosis.sqlstate if diagnosis else None,
            facts=run.facts,
            loop_delay_ms=watch.delay_ms,
        )

    async def _diagnose(self, run: _Run) -> Diagnosis | None:
        """Examine within the deadline, which ends it, as a cancellation does."""

        def session() -> Session | None:
            run.abandoned = True
            return run.session

        try:
            task = await finished(self._examine(run), self._timeout_s, session)
        except asyncio.CancelledError:
            self._discard(run.session)
            raise
        if task is None:
            return Diagnosis(Fault.TIMEOUT, f"no answer within {self._timeout_s:g} s while {run.stage}")
        return self._judge(task, run)

    def _judge(self, task: asyncio.Task[None], run: _Run) -> Diagnosis | None:
        error = task.exception()
        if error is None:
            if self._writable and run.facts is not None and run.facts.read_only:
                return Diagnosis(
                    Fault.READ_ONLY, "in recovery" if run.facts.in_recovery else "transactions are read-only"
                )
            return None
        diagnosis = classify(error, secrets=self._secrets)
        if diagnosis.fault is Fault.INTERNAL and not isinstance(error, OSError):
            _log.error("the check of the %s database failed by itself", self._role, exc_info=error)
        return diagnosis

    async def _examine(self, run: _Run) -> None:
        if run.session is None or not await self._ask_persistent(run, run.session):
            await self._log_in(run)
            assert run.session is not None
            await self._ask(run, run.session)
        if run.facts is not None and not run.facts.read_only and (run.fresh or not self.note):
            await self._write(run)

    async def _ask_persistent(self, run: _Run, session: Session) -> bool:
        """Ask the connection that exists; False when it was lost, which says nothing yet: a new login tells."""
        try:
            await self._ask(run, session)
        except LOST:
            if run.abandoned:
                raise
            self._discard(session)
            run.session = None
            return False
        return True

    async def _log_in(self, run: _Run) -> None:
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        run.fresh = True
        run.stage = "connecting"
        run.session = await self._connector.open()
        run.connect_ms = (loop.time() - begun_s) * 1000

    async def _ask(self, run: _Run, session: Session) -> None:
        """Ask, and once more where this process was late and time is left: its own stall is not the server's latency."""
        run.stage = "waiting for the query"
        for _ in range(_TRIES):
            with LoopWatch() as watch:
                begun_s = asyncio.get_running_loop().time()
                run.facts = await session.ask()
                took_ms = (asyncio.get_running_loop().time() - begun_s) * 1000
            run.latency_ms = took_ms if run.latency_ms is None else min(run.latency_ms, took_ms)
            if watch.delay_ms <= took_ms / 2 or took_ms > self._timeout_s * 1000 / 2:
                break

    async def _write(self, run: _Run) -> None:
        if self._write_check and self.serving and run.session is not None:
            run.stage = "waiting for the write check"
            self.note = redact(await run.session.write(self._timeout_s), self._secrets)

    def _settle(self, run: _Run, diagnosis: Diagnosis | None) -> None:
        """Keep the connection that answered, drop the one that failed."""
        if diagnosis is not None and diagnosis.fault is not Fault.READ_ONLY:
            self._discard(run.session)
            if diagnosis.fault in {Fault.TLS, Fault.CREDENTIALS}:
                self._connector.forget_files()
        elif run.session is not None and run.session is not self._session:
            self._discard(self._session)
            self._adopt(run.session)

    async def _usable(self) -> Session | None:
        # What the server said while the connection lay idle, its end above all, is read first.
        for _ in range(2):
            await asyncio.sleep(0)
        if self._session is not None and not self._session.alive:
            self._discard(self._session)
        return self._session

    def _adopt(self, session: Session) -> None:
        self._session = session
        session.on_end(lambda: self._on_end(session))

    def _discard(self, session: Session | None) -> None:
        if session is not None:
            session.terminate()
        if session is self._session:
            self._session = None

    def _on_end(self, session: Session) -> None:
        if session is not self._session or self._checking.locked():
            return
        self._discard(session)
        if self._listener is not None:
            self._listener(f"the idle connection to {self._place} was closed by the other side")
