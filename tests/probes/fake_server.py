"""A server that speaks just enough of PostgreSQL's protocol to fail as no real one can be made to."""

from __future__ import annotations

import asyncio
import struct
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LOOPBACK = "127.0.0.1"
SSL_REQUEST = 80877103


def error_response(sqlstate: str, message: str, severity: str = "FATAL") -> bytes:
    fields = {"S": severity, "V": severity, "C": sqlstate, "M": message}
    body = b"".join(key.encode() + value.encode("utf-8", "surrogateescape") + b"\0" for key, value in fields.items())
    return b"E" + struct.pack("!i", len(body) + 5) + body + b"\0"


async def read_startup(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Return the code and the body of an SSLRequest or a startup message."""
    length, code = struct.unpack("!ii", await reader.readexactly(8))
    return code, await reader.readexactly(length - 8)


@asynccontextmanager
async def fake_server(answer: bytes, *, tls_answer: bytes = b"N") -> AsyncIterator[int]:
    """Answer every startup message with `answer` and hang up; give the port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            code, _ = await read_startup(reader)
            if code == SSL_REQUEST:
                writer.write(tls_answer)
                if tls_answer == b"N":
                    await read_startup(reader)
            writer.write(answer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, LOOPBACK, 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
