"""A server whose answer has no end costs time, which has a deadline, but no memory."""

from __future__ import annotations

import asyncio
import resource
import struct
from contextlib import asynccontextmanager, suppress

import pytest

from hotswap_tui.core.values import Fault
from tests.probes.fake_server import LOOPBACK, SSL_REQUEST, read_startup
from tests.probes.probing import probing, url_to

MEGABYTE = 1 << 20
MOST_KB = 32 * 1024


def message(kind: bytes, body: bytes, length: int | None = None) -> bytes:
    return kind + struct.pack("!i", (len(body) if length is None else length) + 4) + body


WELCOME = b"".join(
    (
        message(b"R", struct.pack("!i", 0)),
        message(b"S", b"server_version\x0017.0\0"),
        message(b"S", b"client_encoding\0UTF8\0"),
        message(b"K", struct.pack("!ii", 1, 1)),
        message(b"Z", b"I"),
    )
)
COPY_OUT = message(b"H", struct.pack("!bh", 0, 0))
FLOODS = {"small pieces": message(b"d", b"x" * 1000), "large pieces": message(b"d", b"x" * MEGABYTE)}


@asynccontextmanager
async def flooding(piece: bytes):
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            code, _ = await read_startup(reader)
            if code == SSL_REQUEST:
                writer.write(b"N")
                await read_startup(reader)
            writer.write(WELCOME)
            await reader.readexactly(5)
            writer.write(COPY_OUT)
            while True:
                writer.write(piece)
                await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, LOOPBACK, 0) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize("kind", FLOODS)
async def test_an_answer_without_an_end_is_no_answer(kind):
    async with flooding(FLOODS[kind]) as port, probing(url_to(port, "sslmode=disable"), timeout_s=0.5) as prober:
        before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        verdict = await prober.check(fresh=True)
        grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb
    assert verdict.fault is Fault.TIMEOUT
    assert grown_kb < MOST_KB
