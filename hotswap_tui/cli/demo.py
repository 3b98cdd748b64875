"""`hotswap-tui demo`: the dashboard over two real throw-away servers, with faults on keys."""

from __future__ import annotations

import asyncio
import sys
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from hotswap_tui.cli import exit_codes
from hotswap_tui.cli.dashboard import add_log_options, fit_terminal, open_log, watch
from hotswap_tui.cli.options import add_settings_options, overrides

if TYPE_CHECKING:
    import argparse

    from hotswap_tui.tui.terminal import TerminalProfile


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    parser = subparsers.add_parser(
        "demo",
        help="show the dashboard over two real throw-away servers",
        description="Start two PostgreSQL servers on free loopback ports, show the dashboard over them, and let you "
        "break and mend them. Everything is removed at the end.",
    )
    parser.add_argument("--script", action="store_true", help="play failovers and failbacks without a terminal")
    add_log_options(parser)
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Play the script or show the dashboard; return the exit code."""
    from hotswap_tui.config import SettingsError  # noqa: PLC0415 - see options.load_settings
    from hotswap_tui.demo.script import ScriptError  # noqa: PLC0415
    from hotswap_tui.demo.servers import ServerError  # noqa: PLC0415

    profile = None if args.script else fit_terminal()
    if profile is None and not args.script:
        return exit_codes.TERMINAL
    try:
        return asyncio.run(_script(args) if profile is None else _show(args, profile))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return exit_codes.USAGE
    except (ServerError, ScriptError, OSError) as error:
        print(error, file=sys.stderr)
        return exit_codes.FAILED


async def _show(args: argparse.Namespace, profile: TerminalProfile) -> int:
    from hotswap_tui.demo.keys import Saboteur  # noqa: PLC0415
    from hotswap_tui.demo.stage import Stage  # noqa: PLC0415

    async with Stage(overrides(args)) as stage:
        with closing(open_log(args, stage.loaded)) as log:
            return await watch(stage.loaded, log, profile, extra_commands=Saboteur(stage).commands())


async def _script(args: argparse.Namespace) -> int:
    from hotswap_tui.demo.script import Narrator, perform  # noqa: PLC0415
    from hotswap_tui.demo.stage import Stage  # noqa: PLC0415
    from hotswap_tui.engine.assembly import assemble  # noqa: PLC0415

    narrator = Narrator(partial(print, flush=True))
    narrator.say("starting two servers")
    async with Stage(overrides(args)) as stage, assemble(stage.loaded, narrator.event) as engine:
        await perform(stage, engine, narrator)
    return exit_codes.OK
