"""The dashboard over an engine: one in this process, which others may attach to, or one that runs elsewhere."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

from hotswap_tui.cli import exit_codes
from hotswap_tui.core.values import Kind, Level, Tell

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from hotswap_tui.config import Loaded
    from hotswap_tui.engine.client import EngineClient
    from hotswap_tui.engine.engine import Engine
    from hotswap_tui.engine.local import LocalClient
    from hotswap_tui.engine.log import EventLog
    from hotswap_tui.tui.app import HotSwapApp
    from hotswap_tui.tui.cells import Row
    from hotswap_tui.tui.commands import Command
    from hotswap_tui.tui.terminal import TerminalProfile


async def watch(
    loaded: Loaded,
    log: EventLog,
    profile: TerminalProfile,
    *,
    directory: Path,
    read_only: bool = False,
    going_on: Callable[[], None] | None = None,
    extra_commands: Sequence[Command] = (),
    caption: Callable[[], Row] | None = None,
) -> int:
    """Run an engine and the dashboard over it; the end of either is the end of both.

    What a person writes down with `w` goes into `directory`. `going_on` lets watching go on in the background: it is called while
    the engine here still lives; without it, watching ends with the dashboard.
    """
    from hotswap_tui.engine.assembly import assemble  # noqa: PLC0415
    from hotswap_tui.engine.local import LocalClient  # noqa: PLC0415
    from hotswap_tui.tui.app import HotSwapApp  # noqa: PLC0415

    async with assemble(loaded, log.write) as engine:
        gc.freeze()
        gc.enable()
        client = LocalClient(engine)
        app = HotSwapApp(
            client,
            read_only=read_only,
            profile=profile,
            extra_commands=extra_commands,
            caption=caption,
            directory=directory,
            may_go_on=going_on is not None,
        )
        return await _until_any_ends(engine, app, client, loaded, going_on)


async def _until_any_ends(
    engine: Engine, app: HotSwapApp, client: LocalClient, loaded: Loaded, going_on: Callable[[], None] | None
) -> int:
    from hotswap_tui.tui.run import show  # noqa: PLC0415

    view, work = asyncio.ensure_future(show(app)), asyncio.ensure_future(engine.ended())
    hosted = asyncio.ensure_future(_host(app, client, loaded))
    try:
        await asyncio.wait({view, work}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            app.end(exit_codes.FAILED)
            await view
            work.result()
        code = await view
        if app.goes_on and going_on is not None:
            going_on()  # at once: it starts while everything here ends
        return code
    finally:
        work.cancel()
        hosted.cancel()
        await asyncio.wait({hosted})


async def _host(app: HotSwapApp, client: LocalClient, loaded: Loaded) -> None:
    """Let others attach and ask; the first frame does not wait for that."""
    await app.first_frame.wait()
    from hotswap_tui.service.host import hosting  # noqa: PLC0415

    try:
        async with hosting(client, loaded, client.tell):
            await asyncio.Event().wait()
    except OSError as error:
        client.tell(Tell(Kind.CONFIG, Level.BAD, f"nobody can attach or ask: {error}"))


async def look(client: EngineClient, profile: TerminalProfile, *, directory: Path, read_only: bool) -> int:
    """Show the dashboard over an engine that runs elsewhere; return the exit code."""
    from hotswap_tui.tui.app import HotSwapApp  # noqa: PLC0415
    from hotswap_tui.tui.run import show  # noqa: PLC0415

    gc.freeze()
    gc.enable()
    return await show(HotSwapApp(client, read_only=read_only, profile=profile, directory=directory))
