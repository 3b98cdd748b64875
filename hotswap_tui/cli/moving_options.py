"""The options of the commands that move traffic, and what their exit codes mean."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

from hotswap_tui.cli import exit_codes
from hotswap_tui.cli.engine_options import add_engine_options, with_engine

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap_tui.cli.engine_options import Reached
    from hotswap_tui.cli.moving import Propose

_EPILOG: Final = f"""\
What it would do is shown first, and asked about: where the database that serves
is well, its successor's name is to be typed. Steps are told on standard error as
they are done; the outcome is the one line on standard output.

{exit_codes.table(exit_codes.MOVING)}
"""


def moving_parser(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser], name: str, description: str
) -> argparse.ArgumentParser:
    """Return the parser of a command that moves traffic."""
    parser = subparsers.add_parser(
        name, description=description, epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--yes", action="store_true", help="do not ask (default: ask on the terminal)")
    parser.add_argument(
        "--no-wait",
        action="store_true",
        help="end when the engine has decided (default: follow the switch until its outcome is known)",
    )
    add_engine_options(parser)
    return parser


def run_moving(args: argparse.Namespace, name: str, propose: Callable[[], Propose]) -> int:
    """Find the engine and have traffic moved; `propose` imports what it needs."""

    def act(reached: Reached) -> int:
        from hotswap_tui.cli.moving import ENGINE_ERRORS, interrupted, move, unanswered  # noqa: PLC0415 - `--help` needs none of it

        try:
            return move(reached, args, propose())
        except ENGINE_ERRORS as error:
            return unanswered(error)
        except KeyboardInterrupt:
            return interrupted()

    return with_engine(args, name, act)
