"""An engine that lives and ends with the pool, in the application's process."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.values import Level
from hotswap_tui.engine.assembly import assemble, controlled
from hotswap_tui.engine.local import LocalClient
from hotswap_tui.engine.lock import LockedError, StateLock
from hotswap_tui.engine.log_words import initializing_lines, reference_line
from hotswap_tui.pool.errors import EngineElsewhereError
from hotswap_tui.pool.sources import Source, databases

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from pathlib import Path

    from hotswap_tui.config import Loaded
    from hotswap_tui.core.values import Event
    from hotswap_tui.engine.client import EngineClient
    from hotswap_tui.engine.engine import Engine

_log = logging.getLogger("hotswap_tui")

_LEVELS: Final[Mapping[Level, int]] = {
    Level.INFO: logging.INFO,
    Level.GOOD: logging.INFO,
    Level.WARNING: logging.WARNING,
    Level.BAD: logging.ERROR,
}


def own_engine(loaded: Loaded, *, control: bool) -> Source:
    """Return an engine to be run here; with `control` it answers on a control socket in its state directory."""

    @asynccontextmanager
    async def follow(lost: Callable[[str], None]) -> AsyncIterator[EngineClient]:
        socket = _control_path(loaded) if control else None
        async with AsyncExitStack() as stack:
            stack.enter_context(_controlling(loaded, socket))
            _say_hello(loaded)
            engine = await stack.enter_async_context(assemble(loaded, _tell))
            client = LocalClient(engine)
            if socket is not None:
                await _answer(stack, client, socket, loaded.settings.group)
            watch = asyncio.ensure_future(_watch(engine, lost))
            stack.callback(watch.cancel)
            yield client

    return Source(databases(loaded), loaded.settings.policy().connection_timeout_s, follow)


def _control_path(loaded: Loaded) -> Path:
    from hotswap_tui.api.sockets import control_path  # noqa: PLC0415 - see _answer

    # A RUNTIME_DIRECTORY in the environment is the application's, not ours.
    return control_path(loaded.settings.state_dir, {})


@contextmanager
def _controlling(loaded: Loaded, socket: Path | None) -> Iterator[None]:
    """Keep every other engine from these databases; raises EngineElsewhereError, LockUnavailableError."""
    with ExitStack() as held:
        for directory in controlled(loaded):
            try:
                held.enter_context(StateLock(directory, command="HotSwapPool", now_wall_s=time.time(), socket=socket))
            except LockedError as error:
                raise EngineElsewhereError(
                    f"{error}: follow it with HotSwapPool.attached(), as every process but one must; "
                    "an engine for other databases needs a HOTSWAP_STATE_DIR of its own"
                ) from None
        yield


async def _answer(stack: AsyncExitStack, client: LocalClient, path: Path, group: str | None) -> None:
    """Answer the dashboard, the commands and other processes' pools; without them the application goes on."""
    # Not needed with control=False, and a tenth of a second to import.
    from hotswap_tui.api.control import control_app  # noqa: PLC0415
    from hotswap_tui.api.peer import Door, guarded  # noqa: PLC0415
    from hotswap_tui.api.serving import serving  # noqa: PLC0415
    from hotswap_tui.api.sockets import ControlSocketError, bind_control  # noqa: PLC0415

    try:
        sock = bind_control(path, group)
    except ControlSocketError as error:
        _log.warning("nobody can attach to this engine: %s", error)
        return
    http = guarded(Door(group))
    serve = serving(control_app(client), sock, http=http, name="control socket", tell=_log.error)
    await stack.enter_async_context(serve)


async def _watch(engine: Engine, lost: Callable[[str], None]) -> None:
    try:
        await engine.ended()
    except Exception as error:  # noqa: BLE001 - the supervisor: the application goes on with the database that serves
        _log.critical("the engine has ended: nobody fails over any more", exc_info=error)
        lost(f"it has ended: {error}")


def _say_hello(loaded: Loaded) -> None:
    secondary = None if loaded.secondary is None else loaded.secondary.masked()
    interval_ms, threshold = loaded.settings.health_check_interval_ms, loaded.settings.failure_threshold
    _log.info("\n".join(initializing_lines(loaded.primary.masked(), secondary, interval_ms, threshold)))


def _tell(event: Event) -> None:
    if line := reference_line(event):
        _log.log(_LEVELS[event.level], line)
