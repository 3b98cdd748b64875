"""`hotswap-tui demo`: the dashboard over two real throw-away servers, with PgBouncer and clients, and faults on keys."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from hotswap_tui.cli import exit_codes, streams
from hotswap_tui.cli.dashboard import fit_terminal
from hotswap_tui.cli.log_options import add_log_options, log_obstacle, open_log
from hotswap_tui.cli.options import add_demo_settings_options, overrides
from hotswap_tui.cli.watching import watch
from hotswap_tui.demo.fast import FAST

if TYPE_CHECKING:
    import argparse

    from hotswap_tui.core.values import Event
    from hotswap_tui.tui.terminal import TerminalProfile


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    parser = subparsers.add_parser(
        "demo",
        description="Start two PostgreSQL servers on free loopback ports, and where it is installed PgBouncer with a few "
        "clients before them, show the dashboard over them, and let you break and mend them. Everything is removed at the end.",
    )
    parser.add_argument(
        "--script", action="store_true", help="play failovers and failbacks without a terminal (default: the dashboard)"
    )
    add_log_options(parser)
    add_demo_settings_options(parser, FAST)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Play the script or show the dashboard; return the exit code."""
    from hotswap_tui.config import SettingsError  # noqa: PLC0415 - see options.load_settings
    from hotswap_tui.demo.script import ScriptError  # noqa: PLC0415
    from hotswap_tui.demo.servers import ServerError  # noqa: PLC0415

    profile = None if args.script else fit_terminal()
    if profile is None and not args.script:
        return exit_codes.TERMINAL
    if not args.script and (obstacle := log_obstacle(args)):
        streams.complain(obstacle)
        return exit_codes.USAGE
    try:
        return asyncio.run(_script(args) if profile is None else _show(args, profile))
    except SettingsError as error:
        streams.complain(str(error))
        return exit_codes.USAGE
    except (ServerError, ScriptError, OSError) as error:
        streams.complain(str(error))
        return exit_codes.FAILED


async def _show(args: argparse.Namespace, profile: TerminalProfile) -> int:
    from hotswap_tui.demo.caption import caption  # noqa: PLC0415
    from hotswap_tui.demo.keys import Saboteur  # noqa: PLC0415
    from hotswap_tui.demo.stage import Stage  # noqa: PLC0415

    streams.complain("starting two servers ...")
    async with Stage(overrides(args)) as stage:
        with closing(open_log(args, stage.loaded)) as log:
            # The demo's own directories end with it; what a person writes down stays.
            commands, kept, clients = Saboteur(stage).commands(), Path.cwd(), stage.clients
            line = (lambda: caption(clients)) if clients else None
            return await watch(stage.loaded, log, profile, directory=kept, extra_commands=commands, caption=line)


async def _script(args: argparse.Namespace) -> int:
    from hotswap_tui.demo.script import Narrator, perform  # noqa: PLC0415
    from hotswap_tui.demo.stage import Stage  # noqa: PLC0415
    from hotswap_tui.engine.assembly import assemble  # noqa: PLC0415

    narrator = Narrator(streams.say)
    narrator.say("starting two servers")
    async with Stage(overrides(args)) as stage:
        with closing(open_log(args, stage.loaded)) as log:

            def tell(event: Event) -> None:
                narrator.event(event)
                log.write(event)

            async with assemble(stage.loaded, tell) as engine:
                await perform(stage, engine, narrator)
    return exit_codes.OK
