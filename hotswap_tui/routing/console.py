"""PgBouncer's console: commands under deadlines, each on a connection that nothing else can block.

The console speaks the simple protocol only and knows no parameters. A query that waits is never cancelled, which may take many
seconds there: its connection is shut down, and the driver sees the end of it.
"""

from __future__ import annotations

import asyncio
import importlib
import select
import socket
import sys
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from hotswap_tui.core.text import clean
from hotswap_tui.dsn import parse
from hotswap_tui.routing.layout import owner_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import AsyncConnection

    from hotswap_tui.routing.layout import Gateway

Row: TypeAlias = "Mapping[str, Any]"
Rows: TypeAlias = "Sequence[Row]"

_ALREADY: Final = ("already suspended/paused", "pooler is not paused/suspended")
_DENIED: Final = "permission denied"
_PROBE: Final = "PAUSE pgbouncer"
"""Changes nothing: refused as already paused where everything is, else because the console itself cannot be paused."""


class ConsoleError(Exception):
    """PgBouncer did not do what it was asked, or does not answer; one clean line without secrets."""


class UnreachableError(ConsoleError):
    """No connection to PgBouncer could be had, or it was lost, or nothing came back in time."""


class AlreadySoError(ConsoleError):
    """`PAUSE` of what is paused, `RESUME` of what is not."""


def now_s() -> float:
    """Return the event loop's time, in which deadlines are given."""
    return asyncio.get_running_loop().time()


class Line:
    """One connection to the console, for one command at a time."""

    def __init__(self, connection: AsyncConnection[dict[str, Any]], address: str) -> None:
        self._connection = connection
        self._address = address
        self._task: asyncio.Task[Rows] | None = None

    async def ask(self, command: str, deadline_s: float) -> Rows:
        """Return the rows of the answer. Raises ConsoleError, and drops the line when there was no answer."""
        task = self.send(command)
        try:
            await asyncio.wait({task}, timeout=max(0.0, deadline_s - now_s()))
        except asyncio.CancelledError:
            self.drop()
            raise
        if task.done():
            return task.result()
        self.drop()
        raise UnreachableError(f"PgBouncer at {self._address} does not answer {command.partition('=')[0]} in time")

    def send(self, command: str) -> asyncio.Task[Rows]:
        """Send a command whose answer may take for ever; raises as `ask` does. End it with `drop`."""
        self._task = asyncio.create_task(self._execute(command))
        self._task.add_done_callback(_retrieve)
        return self._task

    @property
    def ended(self) -> bool:
        """Say whether PgBouncer has closed the connection, or is about to: it says nothing unasked but that."""
        if self._connection.closed:
            return True
        if self._task is not None and not self._task.done():
            return False
        watch = select.poll()
        watch.register(self._connection.pgconn.socket, select.POLLIN)
        return bool(watch.poll(0))

    def drop(self) -> None:
        """Close the connection at once, whatever it waits for."""
        if self._task is None or self._task.done():
            self._connection.pgconn.finish()
            return
        # Not closed here: the driver still watches the descriptor, whose number the next connection would be given.
        with suppress(OSError), socket.socket(fileno=socket.dup(self._connection.pgconn.socket)) as twin:
            twin.shutdown(socket.SHUT_RDWR)
        self._task.add_done_callback(lambda _: self._connection.pgconn.finish())

    async def _execute(self, command: str) -> Rows:
        import psycopg  # noqa: PLC0415 - see Console.open

        try:
            cursor = await self._connection.execute(command.encode())
            return await cursor.fetchall() if cursor.description else ()
        except psycopg.Error as error:
            text = _line(error)
            if error.sqlstate is None:
                self._connection.pgconn.finish()
                raise UnreachableError(f"PgBouncer at {self._address} closed the connection: {text}") from None
            raise (AlreadySoError if text in _ALREADY else ConsoleError)(f"PgBouncer: {text}") from None


class Console:
    """Opens lines to one PgBouncer's console, ahead of need where that saves clients a wait."""

    def __init__(self, gateway: Gateway) -> None:
        dsn = parse(gateway.console)
        self._keywords = dsn.conninfo()
        self.address = dsn.address
        self._owner = owner_of(Path(dsn.addresses[0].host)) if dsn.addresses[0].is_socket else "another user"
        self._remedy = (
            "is it running?" if gateway.adopted else f"start it with hotswap-tui gateway run --dir {gateway.directory}"
        )
        self._spare: deque[Line] = deque()

    async def open(self, deadline_s: float) -> Line:
        """Log in; raises ConsoleError."""
        if "psycopg" not in sys.modules:
            # A tenth of this program's start that only a gateway needs; in a thread, so that nothing else waits for it.
            await asyncio.to_thread(importlib.import_module, "psycopg")
        import psycopg  # noqa: PLC0415

        try:
            async with asyncio.timeout_at(deadline_s):
                connection = await psycopg.AsyncConnection.connect(
                    psycopg.conninfo.make_conninfo("", **self._keywords),
                    autocommit=True,
                    prepare_threshold=None,
                    row_factory=psycopg.rows.dict_row,
                )
        except TimeoutError:
            raise UnreachableError(f"PgBouncer does not answer at {self.address} in time") from None
        except psycopg.Error as error:
            raise UnreachableError(self._not_opened(_line(error))) from None
        return Line(connection, self.address)

    async def prepare(self, lines: int, deadline_s: float) -> None:
        """Open `lines` lines for the commands that follow; raises ConsoleError."""
        opened = await asyncio.gather(*(self.open(deadline_s) for _ in range(lines)), return_exceptions=True)
        self._spare.extend(line for line in opened if isinstance(line, Line))
        for failure in opened:
            if isinstance(failure, BaseException):
                raise failure

    def discard(self) -> None:
        """Close the lines that were opened ahead."""
        while self._spare:
            self._spare.popleft().drop()

    async def line(self, deadline_s: float) -> Line:
        """Return a line that nobody uses, opened now or ahead; raises ConsoleError."""
        return self._spare.popleft() if self._spare else await self.open(deadline_s)

    async def run(self, command: str, deadline_s: float) -> Rows:
        """Give one command, on a connection of its own; raises ConsoleError."""
        if self._spare:
            # One that was opened ahead may have been lost meanwhile; every command here may be given twice.
            with suppress(UnreachableError):
                return await self._once(self._spare.popleft(), command, deadline_s)
        return await self._once(await self.open(deadline_s), command, deadline_s)

    async def paused(self, line: Line, deadline_s: float) -> bool:
        """Say whether PgBouncer holds everybody, whoever asked for that; raises ConsoleError.

        No SHOW tells it before 1.19. PgBouncer logs a line for each question.
        """
        try:
            await line.ask(_PROBE, deadline_s)
        except AlreadySoError:
            return True
        except UnreachableError:
            raise
        except ConsoleError:
            return False
        return False

    async def _once(self, line: Line, command: str, deadline_s: float) -> Rows:
        try:
            return await line.ask(command, deadline_s)
        finally:
            line.drop()

    def _not_opened(self, reason: str) -> str:
        if reason.startswith("FATAL:"):
            return f"PgBouncer at {self.address} refuses the console's login: {reason.removeprefix('FATAL:').strip()}"
        if reason == _DENIED:
            return f"PgBouncer at {self.address} cannot be reached: {reason}; run this as root or as {self._owner}"
        return f"PgBouncer does not answer at {self.address}: {reason}; {self._remedy}"


def _line(error: Exception) -> str:
    """Return the reason as one line: libpq puts the place before it, and advice after."""
    diag = getattr(error, "diag", None)
    text = (diag.message_primary if diag is not None else None) or str(error).partition("\n")[0]
    reason = clean(text.rpartition("failed: ")[2])
    return reason if reason.startswith("FATAL") else reason[:1].lower() + reason[1:]


def _retrieve(task: asyncio.Task[Rows]) -> None:
    if not task.cancelled():
        task.exception()
