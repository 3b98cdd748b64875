"""What a switch asks a server itself: who answers, what keeps it from being drained, and to end that."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from importlib import resources
from string import Template
from typing import TYPE_CHECKING, Final, TypeVar

import asyncpg

from hotswap_tui.core.text import clean
from hotswap_tui.core.traffic import Identity
from hotswap_tui.core.values import Fault
from hotswap_tui.dsn import Address
from hotswap_tui.probes.classify import Diagnosis, classify
from hotswap_tui.probes.connect import Connector
from hotswap_tui.probes.deadline import finished
from hotswap_tui.probes.session import LOST, unexpected
from hotswap_tui.routing.inspection import InspectionError, OpenTransaction

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from hotswap_tui.dsn import Dsn
    from hotswap_tui.probes.session import Row, Session

T = TypeVar("T")

_log = logging.getLogger(__name__)

LONGEST_S: Final = 30.0
"""The server gives up what it is asked by then, when our own deadline has not reached it."""

_SQL = resources.files("hotswap_tui.probes") / "sql"
_IDENTITY = Template((_SQL / "identity.sql").read_text(encoding="utf-8"))
_OPEN_TRANSACTIONS = Template((_SQL / "open_transactions.sql").read_text(encoding="utf-8"))
_TERMINATE = Template((_SQL / "terminate.sql").read_text(encoding="utf-8"))

_IDENTIFIER = "(SELECT system_identifier FROM pg_catalog.pg_control_system())"
_NO_IDENTIFIER = frozenset(
    {
        "0A000",  # feature not supported
        "42501",  # insufficient privilege
        "42883",  # no such function
    }
)
_FORBIDDEN = "42501"
_ANSWER_LIMIT = 1 << 20
"""Bytes; ten thousand transactions fit."""
_ROWS_LIMIT = 16 << 20
"""Bytes; the catalogue of some thousand tables fits."""
_NAME_LIMIT = 63


@dataclass(slots=True)
class _Run:
    """How far one question has come."""

    session: Session | None = None
    abandoned: bool = False
    stage: str = "waiting for its turn"

    def abandon(self) -> Session | None:
        """Name the connection to close."""
        self.abandoned = True
        return self.session


class PostgresInspection:
    """One connection to one server, opened when it is first asked and again when it was lost; questions take turns.

    `pooled`: it leads through PgBouncer, which is sent no startup parameter that it might refuse.
    """

    def __init__(self, dsn: Dsn, *, pooled: bool = False) -> None:
        self._connector = Connector(dsn, LONGEST_S, pooled=pooled)
        self._secrets = [s.get_secret_value() for s in (dsn.password, dsn.tls.key_password) if s is not None]
        self._place = dsn.address
        self._session: Session | None = None
        self._asking = asyncio.Lock()
        self._tells_identifier = True

    async def identify(self, timeout_s: float) -> Identity:
        """Return who answers; the system identifier is None where this role may not ask for it. Raises InspectionError."""
        return await self._ask(self._identify, timeout_s)

    async def open_transactions(self, pids: Sequence[int], timeout_s: float) -> tuple[OpenTransaction, ...]:
        """Return the transactions that the server processes `pids` have open, the oldest first; raises InspectionError.

        A process whose activity is hidden from this role may have one: it comes last, with an empty state and an age of 0.
        """
        query = _OPEN_TRANSACTIONS.substitute(pids=_array(pids))

        async def work(session: Session) -> tuple[OpenTransaction, ...]:
            return tuple(map(_open_transaction, await session.rows(query, _ANSWER_LIMIT)))

        return await self._ask(work, timeout_s) if pids else ()

    async def terminate(self, pids: Sequence[int], timeout_s: float) -> int:
        """End those of the server processes `pids` that serve this database; return how many took it.

        Raises InspectionError, also where one of them belongs to a role whose sessions this one may not end.
        """
        query = _TERMINATE.substitute(pids=_array(pids))

        async def work(session: Session) -> int:
            return _count(await session.rows(query, _ANSWER_LIMIT))

        return await self._ask(work, timeout_s) if pids else 0

    async def rows(self, query: str, timeout_s: float) -> list[Row]:
        """Return what `query`, one statement without a semicolon, selects: each value as the server's text, not cleaned.

        It may be `SELECT setval(…)` as well. Raises InspectionError, also for an answer of more than 16 MiB.
        """
        return await self._ask(lambda session: session.rows(query, _ROWS_LIMIT), timeout_s)

    async def aclose(self) -> None:
        """Close the connection; nothing is left behind. A question under way comes to its end first."""
        async with self._asking:
            self._discard()

    async def _identify(self, session: Session) -> Identity:
        if self._tells_identifier:
            try:
                return _identity(await session.rows(_IDENTITY.substitute(identifier=_IDENTIFIER), _ANSWER_LIMIT))
            except asyncpg.PostgresError as error:
                if error.sqlstate not in _NO_IDENTIFIER:
                    raise
                self._tells_identifier = False
        return _identity(await session.rows(_IDENTITY.substitute(identifier="NULL"), _ANSWER_LIMIT))

    async def _ask(self, work: Callable[[Session], Awaitable[T]], timeout_s: float) -> T:
        run = _Run()
        deadline_s = asyncio.get_running_loop().time() + timeout_s
        task = await finished(self._take_turn(run, work, deadline_s), timeout_s, run.abandon)
        if task is None:
            raise InspectionError(
                _line(Diagnosis(Fault.TIMEOUT, f"no answer within {timeout_s:g} s while {run.stage}"))
            )
        error = task.exception()
        if error is None:
            return task.result()
        diagnosis = classify(error, secrets=self._secrets)
        if diagnosis.fault is Fault.INTERNAL and not isinstance(error, OSError):
            _log.error("a question to %s failed by itself", self._place, exc_info=error)
        raise InspectionError(_line(diagnosis)) from error

    async def _take_turn(self, run: _Run, work: Callable[[Session], Awaitable[T]], deadline_s: float) -> T:
        async with self._asking:
            try:
                return await self._answer(run, work, deadline_s)
            except asyncpg.PostgresError:
                raise  # an answer, too: the connection is as good as before
            except BaseException:
                self._discard()
                raise

    async def _answer(self, run: _Run, work: Callable[[Session], Awaitable[T]], deadline_s: float) -> T:
        session = await self._usable()
        if session is not None:
            run.session, run.stage = session, "waiting for the answer"
            try:
                return await work(session)
            except LOST:
                if run.abandoned:
                    raise
                self._discard()
        run.session, run.stage = None, "connecting"
        session = await self._connector.open(deadline_s - asyncio.get_running_loop().time())
        self._session = run.session = session
        run.stage = "waiting for the answer"
        return await work(session)

    async def _usable(self) -> Session | None:
        # What the server said while the connection lay idle, its end above all, is read first.
        for _ in range(2):
            await asyncio.sleep(0)
        if self._session is not None and not self._session.alive:
            self._discard()
        return self._session

    def _discard(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.terminate()


def _array(pids: Sequence[int]) -> str:
    return "{" + ",".join(str(int(pid)) for pid in pids) + "}"


def _identity(rows: list[Row]) -> Identity:
    try:
        ((identifier, started_us, in_recovery, host, port, database),) = rows
        return Identity(
            system_identifier=None if identifier is None else clean(identifier, _NAME_LIMIT),
            started_at=int(str(started_us)) / 1_000_000,
            in_recovery=in_recovery == "t",
            address=None if host is None else str(Address(clean(host, _NAME_LIMIT), int(str(port)))),
            database=clean(str(database), _NAME_LIMIT),
        )
    except ValueError as error:
        raise unexpected(rows) from error


def _open_transaction(row: Row) -> OpenTransaction:
    try:
        pid, application, state, age_s = row
        return OpenTransaction(
            pid=int(str(pid)),
            application=clean(application or "", _NAME_LIMIT),
            state=clean(state or "", _NAME_LIMIT),
            age_s=max(0.0, float(age_s or 0)),
        )
    except ValueError as error:
        raise unexpected(row) from error


def _count(rows: list[Row]) -> int:
    try:
        ((ended,),) = rows
        return int(str(ended))
    except ValueError as error:
        raise unexpected(rows) from error


def _line(diagnosis: Diagnosis) -> str:
    """Return the class's words and the exact error, without saying the same twice."""
    words = "not allowed" if diagnosis.sqlstate == _FORBIDDEN else diagnosis.fault.words
    detail = diagnosis.detail
    return detail if detail.lower().startswith(words) else f"{words}: {detail}"
