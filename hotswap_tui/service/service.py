"""An engine without a screen, what stands around it, and the signals that it obeys: `hotswap-tui serve`."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from typing import TYPE_CHECKING

from hotswap_tui.engine.assembly import assemble
from hotswap_tui.service.host import Host
from hotswap_tui.service.lasting import LastingClient
from hotswap_tui.service.pulse import Pulse, said
from hotswap_tui.service.reload import Reload
from hotswap_tui.service.standing import Standing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping

    from hotswap_tui.config import Loaded
    from hotswap_tui.core.values import Event
    from hotswap_tui.engine.engine import Engine
    from hotswap_tui.gateway.notify import Notifier


class Service:
    """Runs once; `log` gets every event, `reread` reads the settings again as they were read the first time.

    The caller holds the locks.
    """

    def __init__(
        self,
        loaded: Loaded,
        log: Callable[[Event], None],
        reread: Callable[[], Awaitable[Loaded]],
        notifier: Notifier,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._loaded = loaded
        self._log = log
        self._notifier = notifier
        self._environ = environ
        self._reread = reread
        self._life = Standing()
        """The engine's."""
        self._client: LastingClient
        self._host: Host | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._end: asyncio.Future[None]

    async def run(self) -> None:
        """Check, serve and obey until SIGTERM or SIGINT; raises ListenError, and what made it impossible to go on."""
        loop = asyncio.get_running_loop()
        self._end = loop.create_future()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        try:
            await self._work(loop)
        finally:
            self._notifier.stopping()
            await self._shut_down()

    async def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        engine = assemble(self._loaded, self._log)
        await self._live(engine)
        self._client = LastingClient(engine)
        self._host = Host(self._client, self._client.tell, self._environ)
        await self._host.open(self._loaded, strict=True)
        gc.freeze()
        gc.enable()
        reload = Reload(self._loaded, self._client, self._host, self._reread, self._notifier, self._replace)
        loop.add_signal_handler(signal.SIGHUP, reload.ask)
        self._notifier.ready(said(self._client.snapshot()))
        self._begin("pulse", Pulse(self._client, self._notifier).beat())
        self._begin("reload", reload.run())
        await self._end

    def _stop(self) -> None:
        if not self._end.done():
            self._end.set_result(None)

    async def _live(self, engine: Engine) -> None:
        await self._life.open(engine)
        self._begin("engine", engine.ended())

    async def _replace(self, loaded: Loaded) -> None:
        """Let an engine with other settings go on from the journal. It is seen through, whoever stops waiting for it."""
        engine = assemble(loaded, self._log)
        self._tasks.pop("engine").cancel()
        self._client.rest()
        self._begin("succession", self._succeed(engine))
        await asyncio.shield(self._tasks["succession"])

    async def _succeed(self, engine: Engine) -> None:
        await self._life.close()
        await self._live(engine)
        self._client.succeed(engine)

    def _begin(self, name: str, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks[name] = task
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._end.done():
            self._end.set_exception(error)

    async def _shut_down(self) -> None:
        succession = self._tasks.pop("succession", None)
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        if succession is not None:
            await asyncio.wait({succession})
        closing = [self._life.close(), *([self._host.aclose()] if self._host is not None else [])]
        for outcome in await asyncio.gather(*closing, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome
