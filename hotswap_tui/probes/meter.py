"""An end to servers that talk without end.

The driver keeps every message until it is whole, and what is copied as long as it comes: gigabytes within one time-out.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

ANSWER_LIMIT = 64 * 1024
"""Bytes of a login, and from one check to the next: the answer's row has a hundred, an error with all its fields a few thousand."""


class Meter(asyncio.Protocol):
    """Stands between transport and driver, and ends a connection on which more comes than any answer has."""

    def __init__(self, driver: asyncio.Protocol, transport: asyncio.Transport) -> None:
        self._driver = driver
        self._transport = transport
        self.received = 0

    @property
    def flooded(self) -> bool:
        """Say whether more has come than any answer has."""
        return self.received > ANSWER_LIMIT

    def data_received(self, data: bytes) -> None:
        """Pass on what comes, or end the connection."""
        self.received += len(data)
        if self.flooded:
            self._transport.abort()
        else:
            self._driver.data_received(data)

    def eof_received(self) -> bool | None:
        """Pass on that no more comes."""
        return self._driver.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass on that the connection has ended."""
        self._driver.connection_lost(exc)

    def pause_writing(self) -> None:
        """Pass on that the transport is full."""
        self._driver.pause_writing()

    def resume_writing(self) -> None:
        """Pass on that the transport has room again."""
        self._driver.resume_writing()


class MeteredTransport:
    """A transport whose protocol gets what passes the meter."""

    def __init__(self, transport: asyncio.Transport, protocol: asyncio.BaseProtocol) -> None:
        self.real = transport
        self.set_protocol(protocol)

    def set_protocol(self, protocol: Any) -> None:
        """Let another protocol have what passes a new meter."""
        self.meter = Meter(protocol, self.real)
        self.real.set_protocol(self.meter)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


class MeteredLoop:
    """The event loop as the driver sees it: every connection that it opens is metered, from the first byte on."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    async def create_connection(
        self, factory: Callable[[], asyncio.Protocol], *args: Any, **kwargs: Any
    ) -> tuple[MeteredTransport, asyncio.Protocol]:
        """Connect to a host."""
        transport, protocol = await self._loop.create_connection(factory, *args, **kwargs)
        return MeteredTransport(transport, protocol), protocol

    async def create_unix_connection(
        self, factory: Callable[[], asyncio.Protocol], *args: Any, **kwargs: Any
    ) -> tuple[MeteredTransport, asyncio.Protocol]:
        """Connect to a Unix socket."""
        transport, protocol = await self._loop.create_unix_connection(factory, *args, **kwargs)
        return MeteredTransport(transport, protocol), protocol

    async def start_tls(
        self, transport: MeteredTransport, protocol: asyncio.BaseProtocol, context: ssl.SSLContext, **kwargs: Any
    ) -> MeteredTransport | None:
        """Begin TLS; what is metered from then on is in clear."""
        secured = await self._loop.start_tls(transport.real, protocol, context, **kwargs)
        return None if secured is None else MeteredTransport(secured, protocol)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)
