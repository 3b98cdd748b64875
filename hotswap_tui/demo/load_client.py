"""One client of a load: a connection, and one short transaction at a time."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from hotswap_tui.probes.connect import Target, connect_arguments
from hotswap_tui.probes.session import AnswerError, Session

if TYPE_CHECKING:
    from hotswap_tui.dsn import Dsn

APPLICATION_NAME: Final = "hotswap-tui load"
ERRORS: Final = (
    OSError,
    AnswerError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresError,
    asyncpg.ProtocolError,
)
"""What servers, poolers and networks make of a transaction; anything else is our own mistake."""
_CLOSE_S: Final = 1.0
_ANSWER_LIMIT: Final = 4096


class Client:
    """Connect when it is needed, run `statement` in a transaction of its own, and drop the connection after any error."""

    def __init__(self, dsn: Dsn, statement: str) -> None:
        self._dsn = dsn
        self._statement = statement
        self._connection: Any = None
        self._session: Session | None = None

    async def transact(self) -> str:
        """Run one transaction and return the marker that it was answered with; raises one of ERRORS."""
        try:
            session = await self._connected()
            await self._connection.execute("BEGIN")
            rows = await session.rows(self._statement, _ANSWER_LIMIT)
            await self._connection.execute("COMMIT")
        except BaseException:
            self._drop()
            raise
        return str(rows[0][0]) if rows else ""

    async def _connected(self) -> Session:
        if self._session is None:
            place = Target(self._dsn.addresses[0].host, self._dsn.addresses[0])
            settings = {"application_name": APPLICATION_NAME}
            self._connection = await asyncpg.connect(**connect_arguments(self._dsn, place, None, settings))
            self._session = Session(self._connection)
        return self._session

    def _drop(self) -> None:
        # Before the loop goes round again: the driver has begun to ask the server on another connection to cancel the
        # query, without any time limit, and closing ends that.
        if self._session is not None:
            self._session.terminate()
        self._connection = self._session = None

    async def close(self) -> None:
        """Say goodbye; there is no transaction under way."""
        try:
            if self._connection is not None:
                with suppress(*ERRORS):
                    await self._connection.close(timeout=_CLOSE_S)
        finally:
            self._drop()


def kind(error: Exception) -> str:
    """Return the error's class, with its SQLSTATE where it has one."""
    sqlstate = getattr(error, "sqlstate", None)
    return f"{type(error).__name__} {sqlstate}" if sqlstate else type(error).__name__
