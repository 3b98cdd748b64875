"""The command line: `hotswap-tui` shows the dashboard, other commands need no screen."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from hotswap_tui import __version__
from hotswap_tui.cli import dashboard, demo, exit_codes, history, settings

if TYPE_CHECKING:
    from collections.abc import Sequence


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; each sets `run`."""
    parser = argparse.ArgumentParser(
        prog="hotswap-tui",
        description="Watch two PostgreSQL databases, fail over and back, and show it. Without a command: the dashboard.",
    )
    parser.add_argument("--version", action="version", version=f"hotswap-tui {__version__}")
    dashboard.add_options(parser)
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in (demo, history, settings):
        command.add_parser(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that `argv` names and return its exit code."""
    args = build_parser().parse_args(argv)
    try:
        code: int = args.run(args)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return exit_codes.FAILED
    return code
