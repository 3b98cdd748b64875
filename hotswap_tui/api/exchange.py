"""One request and its answer over the control socket: HTTP by h11, every wait under a deadline of the caller's."""

from __future__ import annotations

import asyncio
import errno
import grp
import os
import socket
import stat
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final, TypeAlias

import h11

from hotswap_tui.api.errors import NoEngineError, NotAllowedError
from hotswap_tui.api.socket_address import address
from hotswap_tui.routing.layout import owner_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

Lost: TypeAlias = type[NoEngineError]

CLOSED: Final = "connection closed"
SILENT: Final = "no answer"
_READ_BYTES: Final = 64 * 1024
_LONGEST: Final = 32 * 1024 * 1024
"""A day of samples and a thousand events make half a megabyte."""
_REFUSED: Final = {
    errno.ENOENT: "nobody listens there",
    errno.ENOTDIR: "nobody listens there",
    errno.ECONNREFUSED: "connection refused",
    errno.EAGAIN: SILENT,  # its queue is full
}


class Answer:
    """What comes back: its status, and the body as it arrives. A wait that was cut short may be taken up again."""

    def __init__(self, path: Path, connection: h11.Connection, reader: asyncio.StreamReader, lost: Lost) -> None:
        self._path = path
        self._lost = lost
        self._connection = connection
        self._reader = reader
        self._buffer = bytearray()
        self.status = 0

    async def begin(self) -> None:
        """Wait for the status; raises NoEngineError when the other side ends first."""
        event = await self._event()
        while not isinstance(event, h11.Response):
            if event is None:
                raise self._lost(self._path, CLOSED)
            event = await self._event()
        self.status = event.status_code

    async def body(self) -> bytes:
        """Wait for the whole body; raises NoEngineError."""
        while await self._more():
            pass
        return bytes(self._buffer)

    async def line(self) -> bytes:
        """Wait for the next line of the body; raises NoEngineError at its end."""
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if not await self._more():
                raise self._lost(self._path, CLOSED)
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

    async def _more(self) -> bool:
        """Wait for some of the body; False: that was all."""
        event = await self._event()
        if isinstance(event, h11.Data):
            self._buffer += event.data
            if len(self._buffer) > _LONGEST:
                raise self._lost(self._path, "its answer has no end")
        elif event is None:
            raise self._lost(self._path, CLOSED)
        return not isinstance(event, h11.EndOfMessage)

    async def _event(self) -> h11.Event | None:
        """Return what has come next, None when the other side has closed."""
        try:
            while (event := self._connection.next_event()) is h11.NEED_DATA:
                self._connection.receive_data(await self._reader.read(_READ_BYTES))
        except h11.RemoteProtocolError:
            # An answer that is cut off, or one in another protocol: whoever it is, it has nothing more to say.
            return None
        except OSError as error:
            raise self._lost(self._path, CLOSED) from error
        return event if isinstance(event, h11.Event) and not isinstance(event, h11.ConnectionClosed) else None


@asynccontextmanager
async def exchange(
    path: Path, method: str, target: str, body: bytes = b"", *, lost: Lost = NoEngineError
) -> AsyncIterator[Answer]:
    """Connect, send, and give the answer as soon as its status is there; the connection ends with the block.

    Raises NoEngineError, or NotAllowedError where the file system keeps this user out; `lost` once it has been sent.
    """
    reader, writer = await _connect(path)
    try:
        connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_READ_BYTES)
        headers = [("Host", "engine"), ("Content-Length", str(len(body))), ("Connection", "close")]
        head = connection.send(h11.Request(method=method, target=target, headers=headers))
        connection.send(h11.Data(data=body))
        connection.send(h11.EndOfMessage())
        writer.write((head or b"") + body)
        answer = Answer(path, connection, reader, lost)
        await answer.begin()
        yield answer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _connect(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    # A Unix socket connects at once or not at all; asyncio would take a full queue for a connection under way.
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        with address(path) as place:
            sock.connect(place)
        return await asyncio.open_unix_connection(sock=sock, limit=_READ_BYTES)
    except OSError as error:
        sock.close()
        if isinstance(error, PermissionError):
            raise NotAllowedError(_kept_out(path)) from error
        why = _REFUSED.get(error.errno or 0, (error.strerror or str(error)).lower())
        raise NoEngineError(path, why) from error


def _kept_out(path: Path) -> str:
    """Say for whom the socket is, as far as the directories on the way tell."""
    group = ""
    for place in (path, *path.parents):
        with suppress(OSError):
            found = place.stat()
            if found.st_mode & stat.S_IXGRP and not found.st_mode & stat.S_IXOTH and found.st_gid != os.getegid():
                group = f" or a member of the group {_group_name(found.st_gid)}"
            break
    return f"{path}: permission denied; run this as {owner_of(path)}{group}"


def _group_name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
