"""Two real servers, each behind a proxy that can slow it down, an engine over them, and faults on request."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Self

from hotswap_tui.config import Loaded, load
from hotswap_tui.core.values import Role
from hotswap_tui.demo.fast import FAST
from hotswap_tui.demo.servers import Server
from hotswap_tui.demo.tcp_proxy import TcpProxy

if TYPE_CHECKING:
    from collections.abc import Mapping

SLOW_MS = 30.0
"""A login and a query wait for some ten answers, and must stay well below the demo's time-out: slow is not down."""


class Stage:
    """Start and end everything that the demo shows; an async context manager."""

    def __init__(self, overrides: Mapping[str, str]) -> None:
        self._overrides = overrides
        self._exits = AsyncExitStack()
        self._servers: dict[Role, Server] = {}
        self._proxies: dict[Role, TcpProxy] = {}
        self.loaded: Loaded

    async def __aenter__(self) -> Self:
        """Start both servers at once, and give back what was started when one fails."""
        try:
            await asyncio.gather(*(self._raise_server(role) for role in Role))
        except BaseException:
            await self._exits.aclose()
            raise
        urls = {
            "DATABASE_URL": self._proxies[Role.PRIMARY].url(self._servers[Role.PRIMARY].url),
            "DATABASE_URL_SECONDARY": self._proxies[Role.SECONDARY].url(self._servers[Role.SECONDARY].url),
        }
        home = self._servers[Role.PRIMARY].directory
        state = home / "state"
        state.mkdir(mode=0o700)
        environ = {**FAST, "HOTSWAP_STATE_DIR": str(state), **urls}
        self.loaded = load(self._overrides, environ, [], home, None)
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the servers and delete their files."""
        await self._exits.aclose()

    async def _raise_server(self, role: Role) -> None:
        server = await asyncio.to_thread(Server, role.value, fsync=False)
        self._exits.push_async_callback(asyncio.to_thread, server.remove)
        self._servers[role] = server
        await asyncio.to_thread(server.create)
        await asyncio.to_thread(server.start)
        self._proxies[role] = await self._exits.enter_async_context(TcpProxy(server.port))

    def server(self, role: Role) -> Server:
        """Return the server behind `role`."""
        return self._servers[role]

    def delay(self, role: Role, delay_ms: float) -> None:
        """Add `delay_ms` to each answer from now on."""
        self._proxies[role].delay_ms = delay_ms

    async def crash(self, role: Role) -> str:
        """Kill the server and everything it runs; say so."""
        await self._proxies[role].refuse()
        await asyncio.to_thread(self._servers[role].crash)
        await self._proxies[role].drop()
        return f"{role}: killed (SIGKILL)"

    async def freeze(self, role: Role) -> str:
        """Stop a running server with SIGSTOP, or let a stopped one go on; say which."""
        server = self._servers[role]
        if server.frozen:
            await asyncio.to_thread(server.thaw)
            return f"{role}: goes on (SIGCONT)"
        await asyncio.to_thread(server.freeze)
        return f"{role}: frozen (SIGSTOP), its connections stay open"

    async def restart(self, role: Role) -> str:
        """Start a crashed server, restart a running or frozen one; say so."""
        await asyncio.to_thread(self._servers[role].restart)
        await self._proxies[role].forward()
        return f"{role}: started"

    async def slow(self, role: Role) -> str:
        """Add a delay to each answer, or take it away; say which."""
        proxy = self._proxies[role]
        proxy.delay_ms = 0.0 if proxy.delay_ms else SLOW_MS
        return f"{role}: {f'{SLOW_MS:.0f} ms slower' if proxy.delay_ms else 'as fast as before'}"
