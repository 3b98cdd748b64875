"""One client of the gateway, as an application is one: libpq, a connection, one read-only question at a time."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg.conninfo import make_conninfo

if TYPE_CHECKING:
    from hotswap_tui.dsn import Dsn

QUESTION: Final = "SELECT extract(epoch FROM pg_postmaster_start_time())::float8::text"
"""Which server answers, asked of any server by any user, and with any pooling: when its postmaster started."""
STUCK_S: Final = 20.0
"""Far beyond every wait that a switch may cause: who waits longer waits for ever."""
STUCK: Final = "stuck"
ERRORS: Final = (psycopg.Error, OSError)
"""What servers, poolers and networks make of a question."""
APPLICATION_NAME: Final = "hotswap-tui drill"


class StuckError(OSError):
    """No answer came within STUCK_S."""


class Client:
    """Connect when it is needed, and drop the connection after any error."""

    def __init__(self, dsn: Dsn) -> None:
        keywords = {**dsn.conninfo(), "application_name": APPLICATION_NAME}
        keywords["connect_timeout"] = keywords.get("connect_timeout") or round(STUCK_S)
        self._conninfo = make_conninfo("", **keywords)
        self._connection: psycopg.AsyncConnection[Any] | None = None

    async def ask(self) -> str:
        """Return when the server that answers was started, seconds since 1970; raises one of ERRORS.

        The driver, told to stop, would wait for seconds for the server's word: its connection is shut down instead.
        """
        asking = asyncio.create_task(self._ask())
        try:
            return await _in_time(asking)
        except BaseException:
            self._shut_down()
            if not asking.done() and self._connection is None:
                asking.cancel()
            with suppress(*ERRORS, asyncio.CancelledError):
                await asking
            self._finish()
            raise

    async def close(self) -> None:
        """Say goodbye; no question is under way."""
        if self._connection is not None:
            with suppress(*ERRORS):
                await self._connection.close()
        self._finish()

    async def _ask(self) -> str:
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(
                self._conninfo, autocommit=True, prepare_threshold=None
            )
        row = await (await self._connection.execute(QUESTION)).fetchone()
        return str(row[0]) if row else ""

    def _shut_down(self) -> None:
        connection = self._connection
        if connection is not None and not connection.closed:
            with suppress(OSError), socket.socket(fileno=socket.dup(connection.pgconn.socket)) as twin:
                twin.shutdown(socket.SHUT_RDWR)

    def _finish(self) -> None:
        if self._connection is not None:
            self._connection.pgconn.finish()
            self._connection = None


async def _in_time(asking: asyncio.Task[str]) -> str:
    await asyncio.wait({asking}, timeout=STUCK_S)
    if not asking.done():
        raise StuckError(f"no answer within {STUCK_S:g} s")
    return asking.result()


def kind(error: Exception) -> str:
    """Return the error's class, with its SQLSTATE where it has one."""
    if isinstance(error, StuckError):
        return STUCK
    sqlstate = getattr(error, "sqlstate", None)
    return f"{type(error).__name__} {sqlstate}" if sqlstate else type(error).__name__
