"""`hotswap-tui`: the dashboard, over an engine in this process."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

from hotswap_tui.cli import exit_codes
from hotswap_tui.cli.options import add_settings_options, load_settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from hotswap_tui.config import Loaded
    from hotswap_tui.engine.engine import Engine
    from hotswap_tui.engine.log import EventLog
    from hotswap_tui.tui.app import HotSwapApp
    from hotswap_tui.tui.commands import Command
    from hotswap_tui.tui.terminal import TerminalProfile

LOG_FILE = "hotswap-tui.log"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the dashboard's options to the command line that names no command."""
    parser.add_argument("--read-only", action="store_true", help="look only: no key acts")
    add_log_options(parser)
    add_settings_options(parser)
    parser.set_defaults(run=run)


def add_log_options(parser: argparse.ArgumentParser) -> None:
    """Add where the log goes and what it looks like."""
    parser.add_argument("--log-file", metavar="FILE", help=f"log to FILE (the state directory's {LOG_FILE})")
    parser.add_argument(
        "--log-format", choices=("reference", "json"), default="reference", help="log lines (reference)"
    )


def run(args: argparse.Namespace) -> int:
    """Show the dashboard until it ends; return the exit code."""
    # Nothing that a start imports is garbage, and looking for some takes a tenth of the time to the first frame.
    gc.disable()
    from hotswap_tui.config import SettingsError  # noqa: PLC0415 - see options.load_settings
    from hotswap_tui.engine.lock import LockedError, LockUnavailableError, StateLock  # noqa: PLC0415

    profile = fit_terminal()
    if profile is None:
        return exit_codes.TERMINAL
    try:
        loaded = load_settings(args)
        lock = StateLock(loaded.settings.state_dir, command="hotswap-tui", now_wall_s=time.time())
        with lock, closing(open_log(args, loaded)) as log:
            return asyncio.run(watch(loaded, log, profile, read_only=args.read_only))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return exit_codes.USAGE
    except LockedError as error:
        print(error, file=sys.stderr)
        return exit_codes.LOCKED
    except (LockUnavailableError, OSError) as error:
        print(error, file=sys.stderr)
        return exit_codes.FAILED


def fit_terminal() -> TerminalProfile | None:
    """Return what this terminal can show; None, with a sentence on stderr, when it cannot show the dashboard."""
    from hotswap_tui.tui.terminal import terminal_profile  # noqa: PLC0415 - only the dashboard needs it

    if not (sys.stdin.isatty() and (sys.stdout.isatty() or sys.stderr.isatty())):
        print("the dashboard needs a terminal", file=sys.stderr)
        return None
    profile = terminal_profile(os.environ, sys.stdout.encoding)
    if profile.refuse_reason:
        print(profile.refuse_reason, file=sys.stderr)
        return None
    return profile


def open_log(args: argparse.Namespace, loaded: Loaded) -> EventLog:
    """Open the log file and write what the engine begins with."""
    from pathlib import Path  # noqa: PLC0415

    from hotswap_tui.engine.log import EventLog  # noqa: PLC0415

    log = EventLog(args.log_format, Path(args.log_file or loaded.settings.state_dir / LOG_FILE))
    settings = loaded.settings
    log.initializing(
        loaded.primary.masked(),
        loaded.secondary.masked() if loaded.secondary else None,
        settings.health_check_interval_ms,
        settings.failure_threshold,
    )
    return log


async def watch(
    loaded: Loaded,
    log: EventLog,
    profile: TerminalProfile,
    *,
    read_only: bool = False,
    extra_commands: Sequence[Command] = (),
) -> int:
    """Run an engine and the dashboard over it; the end of either is the end of both."""
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
