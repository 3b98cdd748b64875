"""`hotswap-tui`: the dashboard, over an engine in this process."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

from hotswap_tui.cli import exit_codes, streams
from hotswap_tui.cli.log_options import add_log_options, log_obstacle, open_log
from hotswap_tui.cli.options import STATE_DIR, add_settings_options, load_settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from hotswap_tui.config import Loaded
    from hotswap_tui.engine.engine import Engine
    from hotswap_tui.engine.log import EventLog
    from hotswap_tui.tui.app import HotSwapApp
    from hotswap_tui.tui.cells import Row
    from hotswap_tui.tui.commands import Command
    from hotswap_tui.tui.terminal import TerminalProfile


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the dashboard's options to the command line that names no command."""
    parser.add_argument("--read-only", action="store_true", help="look only: no key acts (default: keys act)")
    add_log_options(parser)
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Show the dashboard until it ends; return the exit code."""
    # Nothing that a start imports is garbage, and looking for some takes a tenth of the time to the first frame.
    gc.disable()
    from hotswap_tui.config import SettingsError  # noqa: PLC0415 - see options.load_settings
    from hotswap_tui.engine.lock import LockedError, LockUnavailableError, StateLock  # noqa: PLC0415

    try:
        loaded = load_settings(args)
        profile = fit_terminal()
        if profile is None:
            return exit_codes.TERMINAL
        if obstacle := log_obstacle(args):
            streams.complain(obstacle)
            return exit_codes.USAGE
        directory = loaded.settings.state_dir
        with ExitStack() as held:
            for controlled in (directory, *([loaded.gateway.directory] if loaded.gateway is not None else [])):
                held.enter_context(StateLock(controlled, command="hotswap-tui", now_wall_s=time.time()))
            log = held.enter_context(closing(open_log(args, loaded)))
            return asyncio.run(watch(loaded, log, profile, directory=directory, read_only=args.read_only))
    except SettingsError as error:
        streams.complain(str(error))
        return exit_codes.USAGE
    except LockedError as error:
        ours = error.directory == directory
        streams.complain(
            f"{error}; end it, or choose another {STATE_DIR}" if ours else f"{error}; end it: a gateway has one engine"
        )
        return exit_codes.LOCKED
    except (LockUnavailableError, OSError) as error:
        streams.complain(str(error))
        return exit_codes.FAILED


def fit_terminal() -> TerminalProfile | None:
    """Return what this terminal can show; None, with a sentence on stderr, when it cannot show the dashboard."""
    from hotswap_tui.tui.terminal import terminal_profile  # noqa: PLC0415 - only the dashboard needs it

    if not (sys.stdin.isatty() and (sys.stdout.isatty() or sys.stderr.isatty())):
        streams.complain("the dashboard needs a terminal")
        return None
    profile = terminal_profile(os.environ, sys.stdout.encoding)
    if profile.refuse_reason:
        streams.complain(profile.refuse_reason)
        return None
    return profile


async def watch(
    loaded: Loaded,
    log: EventLog,
    profile: TerminalProfile,
    *,
    directory: Path,
    read_only: bool = False,
    extra_commands: Sequence[Command] = (),
    caption: Callable[[], Row] | None = None,
) -> int:
    """Run an engine and the dashboard over it; the end of either is the end of both.

    What a person writes down with `w` goes into `directory`.
    """
    from hotswap_tui.engine.assembly import assemble  # noqa: PLC0415
    from hotswap_tui.engine.local import LocalClient  # noqa: PLC0415
    from hotswap_tui.tui.app import HotSwapApp  # noqa: PLC0415

    async with assemble(loaded, log.write) as engine:
        gc.freeze()
        gc.enable()
        app = HotSwapApp(
            LocalClient(engine),
            read_only=read_only,
            profile=profile,
            extra_commands=extra_commands,
            caption=caption,
            directory=directory,
        )
        return await _until_either_ends(engine, app)


async def _until_either_ends(engine: Engine, app: HotSwapApp) -> int:
    from hotswap_tui.tui.run import show  # noqa: PLC0415

    view, work = asyncio.ensure_future(show(app)), asyncio.ensure_future(engine.ended())
    try:
        await asyncio.wait({view, work}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            app.end(exit_codes.FAILED)
            await view
            work.result()
        return await view
    finally:
        work.cancel()
