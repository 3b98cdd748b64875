"""A TCP proxy on loopback that can delay, stall, refuse and drop: a network that fails on request."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit, urlunsplit

from hotswap_tui.demo.ports import LOOPBACK, reserve_port

_CHUNK = 64 * 1024
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class TcpProxy:
    """Pass connections on to one server, until told otherwise.

    It forwards when it starts. `stall` keeps every connection open and passes nothing on, new ones included, as a
    frozen server or a black hole does; `refuse` closes the port and leaves the connections that exist; `drop` resets
    those; `forward` ends a stall or a refusal. `delay_ms` is added to each answer, and may be changed at any time. The
    port stays reserved while it is closed. Use it within one event loop, as an async context manager.
    """

    def __init__(self, port: int, host: str = LOOPBACK, *, delay_ms: float = 0.0) -> None:
        """Reserve a port of the proxy's own; `port` and `host` are the server's."""
        self.target = (host, port)
        self.delay_ms = delay_ms
        self._reservation = reserve_port()
        self.port: int = self._reservation.getsockname()[1]
        self._flowing = asyncio.Event()
        self._listener: asyncio.Server | None = None
        self._clients: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def connections(self) -> int:
        """Count the clients that are connected."""
        return len(self._clients)

    def url(self, direct: str) -> str:
        """Rewrite a server's connection string so that it leads through the proxy."""
        parts = urlsplit(direct)
        credentials = parts.netloc.rpartition("@")[0]
        return urlunsplit(parts._replace(netloc=f"{credentials}@{LOOPBACK}:{self.port}"))

    async def __aenter__(self) -> Self:
        """Start to forward."""
        await self.forward()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close everything."""
        await self.close()

    async def forward(self) -> None:
        """Accept connections and pass on what comes and what has been held back."""
        self._flowing.set()
        if self._listener is None:
            self._listener = await asyncio.start_server(self._serve, LOOPBACK, self.port, reuse_address=True)

    async def stall(self) -> None:
        """Accept connections and pass nothing on."""
        await self.forward()
        self._flowing.clear()

    async def refuse(self) -> None:
        """Refuse new connections; those that exist go on."""
        if self._listener is not None:
            listener, self._listener = self._listener, None
            listener.close()

    async def drop(self) -> None:
        """Reset every connection, and go on as before with new ones."""
        for client in tuple(c for c in self._clients if not c.transport.is_closing()):
            endpoint: socket.socket = client.get_extra_info("socket")
            endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            client.transport.abort()

    async def close(self) -> None:
        """Stop listening, reset the connections and give the port back."""
        await self.refuse()
        await self.drop()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._reservation.close()

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._clients.add(client)
        try:
            await self._connect(reader, client)
        except asyncio.CancelledError:
            client.transport.abort()  # not raised again: the stream server would log it as an error
        finally:
            self._clients.discard(client)
            self._tasks.discard(task)
            client.close()

    async def _connect(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        await self._flowing.wait()
        with suppress(OSError):
            answers, server = await asyncio.open_connection(*self.target)
            try:
                pumps = (
                    asyncio.ensure_future(self._pump(reader, server, delayed=False)),
                    asyncio.ensure_future(self._pump(answers, client, delayed=True)),
                )
                try:
                    await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for pump in pumps:
                        pump.cancel()
                    await asyncio.gather(*pumps, return_exceptions=True)
            finally:
                server.close()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, delayed: bool) -> None:
        while chunk := await source.read(_CHUNK):
            if delayed and self.delay_ms > 0:
                await asyncio.sleep(self.delay_ms / 1000)
            await self._flowing.wait()
            sink.write(chunk)
            await sink.drain()
