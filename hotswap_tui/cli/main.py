"""The command line: `hotswap-tui` shows the dashboard, other commands need no screen."""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from hotswap_tui import __version__
from hotswap_tui.cli import dashboard, exit_codes, streams
from hotswap_tui.cli.parser import Parser

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COMMANDS: Final[Mapping[str, str]] = {
    "serve": "run the engine without a screen, with its HTTP API",
    "service": "install, remove or show the systemd service that does this",
    "status": "print who serves and how both databases are",
    "switch": "move traffic to the other database",
    "failback": "move traffic back to the primary",
    "cancel": "cancel the switch in progress",
    "repair": "point PgBouncer at the active database again",
    "arm": "turn automatic switching on",
    "disarm": "turn automatic switching off",
    "check": "look for everything that could keep a failover from working, and say how to mend it",
    "drill": "practise failover and failback, and report what it cost",
    "history": "print the switches: when, from, to, why, how long, who",
    "logs": "print the events, and follow them",
    "notify": "send a test message to everybody who is told what happens",
    "settings": "print the settings in force and where each came from",
    "sync": "say how the data of both databases compares, replicate, copy and dump it",
    "gateway": "set up and run PgBouncer, through which applications reach the database that serves",
    "demo": "show the dashboard over two real throw-away servers",
    "completion": "print what makes a shell complete the commands and options",
}
"""Each is the module of that name in this package; its `add_parser` is called when the command is asked for."""


class _Commands(argparse._SubParsersAction):  # type: ignore[type-arg]  # noqa: SLF001 - there is no public name
    """Load a command when it is asked for, and refuse options before it, which are the dashboard's.

    argparse would drop those in silence, and loading every command takes longer than most of them.
    """

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
        if values and values[0] in COMMANDS:
            self.load(str(values[0]))
        super().__call__(parser, namespace, values, option_string)

    def load(self, name: str) -> argparse.ArgumentParser:
        """Put the command's own parser in the place of the one that stood for it, and return it."""
        del self._name_parser_map[name]
        import_module(f"hotswap_tui.cli.{name}").add_parser(self)
        parser: argparse.ArgumentParser = self._name_parser_map[name]
        return parser


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; each sets `run`."""
    parser = Parser(
        prog="hotswap-tui",
        description="Watch two PostgreSQL databases, fail over and back, and show it. Without a command: the dashboard.",
    )
    parser.add_argument("--version", action="version", version=f"hotswap-tui {__version__}")
    dashboard.add_options(parser)
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", action=_Commands)
    for name, meaning in COMMANDS.items():
        subparsers.add_parser(name, help=meaning)
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
        return exit_codes.INTERRUPTED
    return code
