"""The command line: `hotswap-tui` shows the dashboard, other commands need no screen."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from hotswap_tui import __version__
from hotswap_tui.cli import dashboard, demo, exit_codes, gateway, history, settings, streams
from hotswap_tui.cli.parser import Parser

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Commands(argparse._SubParsersAction):  # type: ignore[type-arg]  # noqa: SLF001 - there is no public name
    """Refuse options before the command, which are the dashboard's: argparse would drop them in silence."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        given = [dest for dest, value in vars(namespace).items() if value != parser.get_default(dest)]
        if given and values:
            parser.error(f"options stand after the command: hotswap-tui {values[0]} …")
        super().__call__(parser, namespace, values, option_string)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; each sets `run`."""
    parser = Parser(
        prog="hotswap-tui",
        description="Watch two PostgreSQL databases, fail over and back, and show it. Without a command: the dashboard.",
    )
    parser.add_argument("--version", action="version", version=f"hotswap-tui {__version__}")
    dashboard.add_options(parser)
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", action=_Commands)
    for command in (demo, gateway, history, settings):
        command.add_parser(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that `argv` names and return its exit code; a reader that has seen enough is no failure."""
    streams.fill_closed()
    try:
        code = _run(argv)
    except BrokenPipeError:
        code = exit_codes.OK
    except SystemExit:
        streams.flush()
        raise
    except OSError as error:
        return _failed(error)
    unwritten = streams.flush()
    return code if unwritten is None else _failed(unwritten)


def _failed(error: OSError) -> int:
    streams.complain(f"hotswap-tui: {error}")
    return exit_codes.FAILED


def _run(argv: Sequence[str] | None) -> int:
    args = build_parser().parse_args(argv)
    try:
        code: int = args.run(args)
    except KeyboardInterrupt:
        streams.complain("interrupted")
        return exit_codes.FAILED
    return code
