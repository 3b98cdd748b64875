"""What stands around an engine in this process, with a screen or without: the control socket, the HTTP API, the notifications."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from hotswap_tui.core.values import Kind, Level, Tell
from hotswap_tui.service.listening import ListenError, listen
from hotswap_tui.service.standing import Standing
from hotswap_tui.service.telling import Telling

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from hotswap_tui.config import Loaded, Settings
    from hotswap_tui.config.listen import Listen
    from hotswap_tui.engine.local import LocalClient


def preload() -> None:
    """Import what serving needs, a tenth of a second's work, before somebody waits for it; any thread may."""
    for name in ("control", "peer", "serving", "sockets"):
        import_module(f"hotswap_tui.api.{name}")


@asynccontextmanager
async def hosting(
    client: LocalClient,
    loaded: Loaded,
    tell: Callable[[Tell], None],
    *,
    strict: bool = False,
    environ: Mapping[str, str] = os.environ,
) -> AsyncIterator[Host]:
    """Serve `client` on the control socket and by HTTP, and notify, until the context ends.

    That takes a second at most, two while a notification is on its way.

    The caller holds the lock of the state directory. Where somebody cannot be listened to, `tell` gets the sentence and the rest
    goes on; with `strict`, ListenError is raised and nothing is left open.
    """
    host = Host(client, tell, environ)
    try:
        await host.open(loaded, strict=strict)
        yield host
    finally:
        await host.aclose()


class Host:
    """What `hosting` has opened."""

    def __init__(self, client: LocalClient, tell: Callable[[Tell], None], environ: Mapping[str, str]) -> None:
        self._client = client
        self._tell = tell
        self._environ = environ
        self._settings: Settings
        self._control = Standing()
        self._http = Standing()
        self._telling = Telling(client)
        self._bound: tuple[Listen, socket.socket] | None = None
        """Ours while the address stays: who connects while the API is made anew is answered a moment later."""

    async def open(self, loaded: Loaded, *, strict: bool) -> None:
        """Listen and notify; raises ListenError when `strict`."""
        self._settings = loaded.settings
        await self._attempt(self._open_control(loaded.settings), strict=strict)
        await self._attempt(self._bind(loaded.settings), strict=strict)
        await self._open_http(loaded.settings)
        await self._telling.adopt(loaded.settings)

    async def adopt(self, loaded: Loaded) -> None:
        """Go on as other settings say; where their address is not to be had, tell that and keep the old one."""
        before, after = self._settings, loaded.settings
        self._settings = after
        if before.listen != after.listen:
            await self._attempt(self._bind(after), strict=False)
        if (before.listen, before.token, before.allowed_hosts) != (after.listen, after.token, after.allowed_hosts):
            await self._open_http(after)
        await self._telling.adopt(after)

    async def aclose(self) -> None:
        """Let go of everything, open streams included."""
        await asyncio.gather(self._control.close(), self._http.close(), self._telling.aclose())
        self._release()

    async def _attempt(self, work: Awaitable[None], *, strict: bool) -> None:
        try:
            await work
        except ListenError as error:
            if strict:
                raise
            self._tell(Tell(Kind.CONFIG, Level.WARNING, str(error)))

    async def _open_control(self, settings: Settings) -> None:
        # The dashboard's first frame does not wait for a web server.
        from hotswap_tui.api.control import control_app  # noqa: PLC0415
        from hotswap_tui.api.peer import Door, guarded  # noqa: PLC0415
        from hotswap_tui.api.serving import serving  # noqa: PLC0415
        from hotswap_tui.api.sockets import ControlSocketError, bind_control, control_path  # noqa: PLC0415

        try:
            sock = bind_control(control_path(settings.state_dir, self._environ), settings.group)
        except ControlSocketError as error:
            raise ListenError(str(error)) from error
        http = guarded(Door(settings.group))
        await self._control.open(
            serving(control_app(self._client), sock, http=http, name="control socket", tell=self._fault)
        )

    async def _bind(self, settings: Settings) -> None:
        address = settings.address()
        sock = None if address is None else await listen(address)
        self._release()
        self._bound = None if address is None or sock is None else (address, sock)

    async def _open_http(self, settings: Settings) -> None:
        await self._http.close()
        if self._bound is None:
            return
        from hotswap_tui.api.access import Access  # noqa: PLC0415
        from hotswap_tui.api.public import public_app  # noqa: PLC0415
        from hotswap_tui.api.serving import serving  # noqa: PLC0415

        address, sock = self._bound
        hosts = (address.host.lower(), *settings.hosts())
        app = public_app(self._client, Access(settings.token, hosts, address.local))
        await self._http.open(serving(app, sock.dup(), name="HTTP API", tell=self._fault))

    def _fault(self, line: str) -> None:
        self._tell(Tell(Kind.CONFIG, Level.BAD, line))

    def _release(self) -> None:
        bound, self._bound = self._bound, None
        if bound is not None:
            bound[1].close()
