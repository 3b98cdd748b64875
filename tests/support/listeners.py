"""Sockets that are there and do not answer."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Self

from hotswap_tui.demo.ports import LOOPBACK


class SilentListener:
    """A server that accepts every connection, reads what comes and never answers."""

    def __init__(self) -> None:
        """Prepare; it listens from `__aenter__` on."""
        self.port = 0
        self.accepted = 0
        self._listener: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def connections(self) -> int:
        """Count the connections that the other side has not closed."""
        return len(self._open)

    @property
    def url(self) -> str:
        """Give a connection string that leads here."""
        return f"postgresql://ccfinapp:secret@{LOOPBACK}:{self.port}/cc_financial"

    async def __aenter__(self) -> Self:
        """Listen on a free loopback port."""
        self._listener = await asyncio.start_server(self._swallow, LOOPBACK, 0, backlog=1024)
        self.port = self._listener.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the port and every connection."""
        assert self._listener is not None
        self._listener.close()
        for writer in tuple(self._open):
            writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _swallow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.accepted += 1
        self._open.add(writer)
        try:
            with suppress(ConnectionError):
                while await reader.read(65536):
                    pass
        finally:
            self._open.discard(writer)
            writer.close()


class FullBacklog:
    """A listening socket whose queue is full: a connection attempt is neither accepted nor refused."""

    def __init__(self) -> None:
        """Listen on a free loopback port and fill the queue."""
        self._listener = socket.create_server((LOOPBACK, 0), backlog=0)
        self.port: int = self._listener.getsockname()[1]
        self._fillers: list[socket.socket] = []
        while self._fits():
            pass

    @property
    def url(self) -> str:
        """Give a connection string that leads here."""
        return f"postgresql://ccfinapp:secret@{LOOPBACK}:{self.port}/cc_financial"

    def _fits(self) -> bool:
        filler = socket.socket()
        filler.settimeout(0.2)
        self._fillers.append(filler)
        try:
            filler.connect((LOOPBACK, self.port))
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        """Close the port and what fills it."""
        for each in (*self._fillers, self._listener):
            each.close()
