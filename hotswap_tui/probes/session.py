"""One connection of a probe, and what it asks."""

from __future__ import annotations

import asyncio
import gc
import re
import socket
from contextlib import suppress
from importlib import resources
from typing import TYPE_CHECKING, TypeAlias

import asyncpg

from hotswap_tui.core.text import clean
from hotswap_tui.core.values import ServerFacts

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

Row: TypeAlias = tuple[str | None, ...]

_SQL = resources.files("hotswap_tui.probes") / "sql"
_CHECK = (_SQL / "check.sql").read_text(encoding="utf-8")
_HEARTBEAT = (_SQL / "heartbeat.sql").read_text(encoding="utf-8")
_HEARTBEAT_CREATE = (_SQL / "heartbeat_create.sql").read_text(encoding="utf-8")
_HEARTBEAT_AGE = (_SQL / "heartbeat_age.sql").read_text(encoding="utf-8")
_HEARTBEAT_UPGRADE = (_SQL / "heartbeat_upgrade.sql").read_text(encoding="utf-8")
_UNCOUNTED = (_SQL / "heartbeat_uncounted.sql").read_text(encoding="utf-8")
_UNCOUNTED_ROW = (_SQL / "heartbeat_uncounted_row.sql").read_text(encoding="utf-8")
_VERSION_LIMIT = 60
_ANSWER_LIMIT = 4096
_ESCAPED = re.compile(r"\\(.)")
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}

_NOT_THERE = "42P01"
_NO_COLUMN = "42703"
_NO_COUNT = frozenset({_NO_COLUMN, "42501"})
_NOT_POSSIBLE = frozenset(
    {
        "42501",  # insufficient privilege
        "3F000",  # no schema to create the table in
        _NO_COLUMN,  # somebody else's table of that name
        "42809",  # a view of that name
        "55P03",  # somebody holds a lock on it
    }
)

_REFUSALS = (
    asyncpg.InsufficientPrivilegeError,  # somebody else's
    asyncpg.LockNotAvailableError,
)

LOST = (asyncpg.ConnectionDoesNotExistError, asyncpg.InterfaceError, asyncpg.InternalClientError, ConnectionError)
"""A connection that was ended while it lay idle shows in one of these ways when it is used."""


class AnswerError(Exception):
    """The server answered the check's query with something else than the one row it describes."""


class _Connection(asyncpg.Connection):  # type: ignore[misc] # asyncpg has no types
    """The driver's connection, with its socket."""

    def __init__(self, protocol: object, transport: asyncio.Transport, *rest: object) -> None:
        super().__init__(protocol, transport, *rest)
        self.socket: socket.socket = transport.get_extra_info("socket")
        self.tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object")


class Session:
    """Ask one connection. Everything goes as one simple-protocol message, so poolers in transaction mode serve it too."""

    driver_class = _Connection

    def __init__(self, connection: _Connection) -> None:
        """Take over a connection that has logged in."""
        self._connection = connection
        self._listener: Callable[[object], None] | None = None
        self._counts = True

    @property
    def alive(self) -> bool:
        """Say whether the connection is open as far as this side knows."""
        return not self._connection.is_closed()

    @property
    def tls(self) -> ssl.SSLObject | None:
        """Return how this side encrypts, None in plain text."""
        return self._connection.tls

    @property
    def backend_pid(self) -> int:
        """Return the process number that was given at the login; a pooler's own invention where one answers."""
        return int(self._connection.get_server_pid())

    def keep_alive(self, idle_s: float, user_timeout_s: float) -> None:
        """Let the kernel notice a peer that has vanished: idle connections within about the sum of both times.

        The first keepalive is sent after `idle_s` without traffic, and what is not acknowledged within `user_timeout_s`
        ends the connection. A cloud database does not wake up by it.
        """
        endpoint = self._connection.socket
        if endpoint.family == socket.AF_UNIX:
            return
        seconds = max(1, round(idle_s))
        endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
            endpoint.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, seconds)
            endpoint.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, max(1, seconds // 3))
            endpoint.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, max(1, round(user_timeout_s * 1000)))

    def on_end(self, listener: Callable[[], None]) -> None:
        """Call `listener` when the other side ends the connection; not after `terminate`."""
        self._listener = lambda _: listener()
        self._connection.add_termination_listener(self._listener)

    def terminate(self) -> None:
        """Say goodbye and close at once, whatever is under way."""
        if self._listener is not None:
            self._connection.remove_termination_listener(self._listener)
        self._connection.terminate()

    async def ask(self) -> ServerFacts:
        """Bring the server's facts in one round trip."""
        return _facts(await self.rows(_CHECK, _ANSWER_LIMIT))

    async def rows(self, query: str, limit: int) -> list[Row]:
        """Return what `query` selects, in one round trip; AnswerError for more than `limit` bytes."""
        answer = bytearray()

        async def take(data: bytes) -> None:
            if len(answer) <= limit:  # what floods in is let go; the deadline ends it
                answer.extend(data)

        # COPY is the one way to get rows through this driver's simple protocol. Its extended protocol needs two round trips,
        # which a pooler in transaction mode may send to two different servers.
        try:
            await self._connection.copy_from_query(query, output=take)
        except asyncpg.InternalClientError:
            self._adopt_waiter()
            raise
        if len(answer) > limit:
            raise AnswerError(f"an answer of more than {limit} bytes")
        return _rows(bytes(answer))

    def _adopt_waiter(self) -> None:
        """Take the error that the driver will set on a future which its own failure left without an owner.

        When the server's last words have come but the end of the connection has not, asyncpg 0.32 makes a future, raises before
        it waits for it, and fails it when the connection is closed; asyncio would report that as never retrieved. It keeps the
        future in a C attribute, so only the garbage collector can name it.
        """
        for kept in gc.get_referents(self._connection._protocol):  # noqa: SLF001
            if isinstance(kept, asyncio.Future):
                kept.add_done_callback(_retrieve)

    async def write(self, timeout_s: float) -> str:
        """Update the heartbeat table, creating it when it is missing; return why that is not possible, or nothing.

        `SET LOCAL` ends with the message's implicit transaction, so a pooler's next client does not inherit it.
        """
        limit_ms = max(1, round(timeout_s * 1000))
        prefix = f"SET LOCAL statement_timeout = {limit_ms}; SET LOCAL lock_timeout = {max(1, limit_ms // 2)};\n"
        try:
            await self._update_or_create(prefix)
        except asyncpg.PostgresError as error:
            if error.sqlstate not in _NOT_POSSIBLE:
                raise
            return f"the write check is not possible: {clean(str(error))}"
        return ""

    async def _update_or_create(self, prefix: str) -> None:
        try:
            status = await self._connection.execute(prefix + (_HEARTBEAT if self._counts else _UNCOUNTED))
        except asyncpg.PostgresError as error:
            if error.sqlstate == _NOT_THERE:
                await self._connection.execute(prefix + _HEARTBEAT_CREATE)
            elif error.sqlstate in _NO_COUNT and self._counts:
                await self._begin_to_count(prefix, error.sqlstate)
            else:
                raise
        else:
            if status == "SELECT 0":
                row = _HEARTBEAT_CREATE if self._counts else _UNCOUNTED_ROW
                await self._connection.execute(prefix + row)

    async def _begin_to_count(self, prefix: str, sqlstate: str) -> None:
        """Upgrade a table of ours from before it counted; where that is not possible, this session beats without counting."""
        if sqlstate == _NO_COLUMN and ("t",) in await self.rows(_HEARTBEAT_AGE, _ANSWER_LIMIT):
            with suppress(*_REFUSALS):
                await self._connection.execute(prefix + _HEARTBEAT_UPGRADE)
                return
        self._counts = False
        await self._update_or_create(prefix)


def _retrieve(future: asyncio.Future[object]) -> None:
    if not future.cancelled():
        future.exception()


def _rows(answer: bytes) -> list[Row]:
    """Read COPY's text format (PostgreSQL's manual, COPY, "Text Format")."""
    try:
        lines = answer.decode().split("\n")[:-1]
    except UnicodeDecodeError as error:
        raise unexpected(answer) from error
    return [
        tuple(None if cell == "\\N" else _ESCAPED.sub(_unescape, cell) for cell in line.split("\t")) for line in lines
    ]


def _unescape(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[1], match[1])


def _facts(rows: list[Row]) -> ServerFacts:
    try:
        ((version, in_recovery, read_only, started_at, connections, limit),) = rows
        return ServerFacts(
            version=clean(str(version), _VERSION_LIMIT),
            in_recovery=in_recovery == "t",
            read_only=in_recovery == "t" or read_only == "on",
            started_at=float(str(started_at)),
            connections=int(str(connections)),
            max_connections=int(str(limit)),
        )
    except ValueError as error:
        raise unexpected(rows) from error


def unexpected(answer: object) -> AnswerError:
    """Return the error for an answer that does not fit its question."""
    return AnswerError(f"not the answer that was asked for: {str(answer)[:80]}")
