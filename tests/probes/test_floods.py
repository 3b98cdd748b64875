"""A server that talks without end costs no memory, whatever it says."""

from __future__ import annotations

import asyncio
import resource
import struct
from contextlib import asynccontextmanager, suppress
from itertools import chain, repeat

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
NOTICE = b"SNOTICE\0VNOTICE\0C00000\0M" + b"x" * 1000 + b"\0\0"
FLOODS = {
    "small pieces": (COPY_OUT, message(b"d", b"x" * 1000)),
    "large pieces": (COPY_OUT, message(b"d", b"x" * MEGABYTE)),
    "one endless piece": (COPY_OUT + message(b"d", b"", 1 << 30), b"x" * MEGABYTE),
    "one endless error": (message(b"E", b"", 1 << 30), b"x" * MEGABYTE),
    "notices": (b"", message(b"N", NOTICE)),
}


LOGIN_FLOODS = {
    "one endless error": message(b"E", b"", 1 << 30),
    "notices": message(b"N", NOTICE),
    "settings": message(b"S", b"name\0" + b"x" * 1000 + b"\0"),
}


@asynccontextmanager
async def flooding(first: bytes, then: bytes, welcome: bytes = WELCOME):
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            code, _ = await read_startup(reader)
            if code == SSL_REQUEST:
                writer.write(b"N")
                await read_startup(reader)
            if welcome:
                writer.write(welcome)
                await reader.readexactly(5)
            for piece in chain((first,), repeat(then)):
                writer.write(piece)
                await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, LOOPBACK, 0) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize("kind", FLOODS)
async def test_a_flood_is_an_answer_that_was_not_asked_for(kind):
    async with flooding(*FLOODS[kind]) as port, probing(url_to(port, "sslmode=disable"), timeout_s=5.0) as prober:
        before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        verdict = await prober.check(fresh=True)
        grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb
    assert (verdict.fault, verdict.detail) == (Fault.UNKNOWN, "more than 64 kB instead of one row")
    assert grown_kb < MOST_KB


@pytest.mark.parametrize("sslmode", ["disable", "prefer"])
@pytest.mark.parametrize("kind", LOGIN_FLOODS)
async def test_a_flood_instead_of_a_login_is_a_lost_connection(kind, sslmode):
    first = LOGIN_FLOODS[kind]
    then = b"x" * MEGABYTE if kind == "one endless error" else first
    async with flooding(first, then, b"") as port, probing(url_to(port, f"sslmode={sslmode}"), timeout_s=5.0) as prober:
        before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        verdict = await prober.check(fresh=True)
        grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb
    assert verdict.fault is Fault.RESET
    assert grown_kb < MOST_KB
