"""Two real servers, each behind a proxy that can slow it down, PgBouncer and clients before them, and faults on request."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Self

from hotswap_tui.config import Loaded, load
from hotswap_tui.core.values import Role
from hotswap_tui.demo.client_load import ClientLoad
from hotswap_tui.demo.endpoint import Endpoint
from hotswap_tui.demo.fast import FAST
from hotswap_tui.demo.servers import Server
from hotswap_tui.demo.tcp_proxy import TcpProxy
from hotswap_tui.routing.layout import GatewayError

if TYPE_CHECKING:
    from collections.abc import Mapping

SLOW_MS = 30.0
"""A login and a query wait for some ten answers, and must stay well below the demo's time-out: slow is not down."""
_NO_GATEWAY: Final = "the demo has no gateway, nothing is moved: "


class Stage:
    """Start and end everything that the demo shows; an async context manager.

    Where PgBouncer is missing or cannot be set up, `endpoint` and `clients` are None, and the warnings in `loaded` say why.
    """

    def __init__(self, overrides: Mapping[str, str]) -> None:
        self._overrides = overrides
        self._exits = AsyncExitStack()
        self._servers: dict[Role, Server] = {}
        self._proxies: dict[Role, TcpProxy] = {}
        self.endpoint: Endpoint | None = None
        self.clients: ClientLoad | None = None
        self.loaded: Loaded

    async def __aenter__(self) -> Self:
        """Start everything at once, and give back what was started when something fails."""
        try:
            await asyncio.gather(*map(self._reserve, Role))
            urls = {role: self._proxies[role].url(self._servers[role].url) for role in Role}
            *_, refusal = await asyncio.gather(*map(self._raise_server, Role), self._raise_endpoint(urls))
            self.loaded = self._load(urls, refusal)
            if self.endpoint is not None:
                clients = ClientLoad(self.endpoint.url, self.endpoint.directory)
                self.clients = await self._exits.enter_async_context(clients)
        except BaseException:
            await self._exits.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the processes and delete their files."""
        await self._exits.aclose()

    async def _reserve(self, role: Role) -> None:
        server = await asyncio.to_thread(Server, role.value, fsync=False)
        self._exits.push_async_callback(asyncio.to_thread, server.remove)
        self._servers[role] = server
        self._proxies[role] = await self._exits.enter_async_context(TcpProxy(server.port))

    async def _raise_server(self, role: Role) -> str:
        await asyncio.to_thread(self._servers[role].create)
        await asyncio.to_thread(self._servers[role].start)
        return ""

    async def _raise_endpoint(self, urls: Mapping[Role, str]) -> str:
        """Return why there is none, empty when there is."""
        base = self._servers[Role.PRIMARY].directory.parent
        try:
            endpoint = await asyncio.to_thread(Endpoint, urls, base)
        except GatewayError as error:
            return str(error)
        self._exits.push_async_callback(asyncio.to_thread, endpoint.remove)
        await asyncio.to_thread(endpoint.start)
        self.endpoint = endpoint
        return ""

    def _load(self, urls: Mapping[Role, str], refusal: str) -> Loaded:
        home = self._servers[Role.PRIMARY].directory
        state = home / "state"
        state.mkdir(mode=0o700)
        environ = {
            **FAST,
            "HOTSWAP_STATE_DIR": str(state),
            "DATABASE_URL": urls[Role.PRIMARY],
            "DATABASE_URL_SECONDARY": urls[Role.SECONDARY],
        }
        if self.endpoint is not None:
            environ["HOTSWAP_GATEWAY"] = str(self.endpoint.directory)
        loaded = load(self._overrides, environ, [], home, None)
        return replace(loaded, warnings=(*loaded.warnings, _NO_GATEWAY + refusal)) if refusal else loaded

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

    async def kill_gateway(self) -> str:
        """Kill PgBouncer, which comes back by itself; say so."""
        assert self.endpoint is not None
        killed = await asyncio.to_thread(self.endpoint.kill)
        return "PgBouncer: killed (SIGKILL); gateway run starts it again" if killed else "PgBouncer: is down"

    async def divert(self, role: Role) -> str:
        """Point PgBouncer to `role` as somebody else would; say so."""
        assert self.endpoint is not None
        ran = await asyncio.to_thread(self.endpoint.divert, role)
        return f"PgBouncer: pointed to the {role} behind the engine's back" if ran else "PgBouncer: is down"

    async def slow(self, role: Role) -> str:
        """Add a delay to each answer, or take it away; say which."""
        proxy = self._proxies[role]
        proxy.delay_ms = 0.0 if proxy.delay_ms else SLOW_MS
        return f"{role}: {f'{SLOW_MS:.0f} ms slower' if proxy.delay_ms else 'as fast as before'}"
