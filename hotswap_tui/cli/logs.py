"""`hotswap-tui logs`: the events, from the engine or, where none runs, from its journal."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Final

from hotswap_tui.cli import exit_codes, streams
from hotswap_tui.cli.durations import span_s
from hotswap_tui.cli.engine_options import UnreachableError, add_engine_options, failed, reach, sockets_of, surroundings
from hotswap_tui.cli.history import count

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hotswap_tui.core.values import Event

DEFAULT_LIMIT: Final = 50
_MOST: Final = 1000

_EPILOG: Final = f"""\
A line is what the log says, its time before it. With --json: one object a line
with the keys
  time   ISO 8601 with offset
  id     a number that grows by one with each event
  kind   what happened: check_failed, switched, disarmed and others
  level  info, good, warning or bad
  text   one sentence
  role   primary or secondary; null when it is about neither
  data   its figures and exact errors

An engine has the newest {_MOST} at hand; without one, the newest 500 are read from
its journal.

{exit_codes.table(exit_codes.LOGS)}
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    parser = subparsers.add_parser(
        "logs",
        description="Print the newest events, oldest first. An engine may be running or not.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--follow", action="store_true", help="go on with what happens, until Ctrl-C (default: end)")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line (default: the log's lines)")
    parser.add_argument(
        "--limit",
        type=count,
        metavar="N",
        help=f"print the newest N (default: {DEFAULT_LIMIT}, with --since all of them)",
    )
    parser.add_argument(
        "--since",
        type=span_s,
        metavar="TIME",
        help="only those of the last TIME, as in 90s, 30m, 2h or 1d (default: any)",
    )
    add_engine_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the events; return the exit code."""
    import asyncio  # noqa: PLC0415 - `--help` needs none of it

    from hotswap_tui.config.sources import SourceError  # noqa: PLC0415

    try:
        path = asyncio.run(reach(sockets_of(args))).path
    except SourceError as error:
        return failed("logs", error, exit_codes.USAGE)
    except UnreachableError as error:
        return _from_journal(args, error)
    from hotswap_tui.cli.event_lines import follow, print_newest  # noqa: PLC0415 - as above

    if args.follow:
        return follow(path, lambda told: _chosen(args, told), as_json=args.json)
    return print_newest(path, _MOST, lambda told: _chosen(args, told), as_json=args.json)


def _chosen(args: argparse.Namespace, told: Sequence[Event]) -> Sequence[Event]:
    """Return those of `told` that were asked for."""
    if args.since is not None:
        first_s = time.time() - args.since
        told = [event for event in told if event.wall_s >= first_s]
    limit = args.limit or (DEFAULT_LIMIT if args.since is None else _MOST)
    return told[-limit:]


def _from_journal(args: argparse.Namespace, unreachable: UnreachableError) -> int:
    if args.socket is not None or args.follow:
        return failed("logs", unreachable, exit_codes.NO_ENGINE)
    from hotswap_tui.cli.event_lines import print_events  # noqa: PLC0415 - as above
    from hotswap_tui.config.state_dir import find_state_dir  # noqa: PLC0415
    from hotswap_tui.engine.ports import JournalError  # noqa: PLC0415

    try:
        told = _journal(find_state_dir(surroundings(args), args.env_file))
    except JournalError as error:
        failed("logs", unreachable, exit_codes.NO_ENGINE)
        return failed("logs", error, exit_codes.FAILED)
    print_events(_chosen(args, told), as_json=args.json)
    return exit_codes.OK


def _journal(directory: Path) -> Sequence[Event]:
    """Return the events in the journal of `directory`; raises JournalError."""
    from hotswap_tui.engine.journal_files import FILE_NAME  # noqa: PLC0415 - as above
    from hotswap_tui.engine.journal_read import events, reading  # noqa: PLC0415

    with reading(directory / FILE_NAME) as connection:
        told = events(connection)
    streams.complain(f"no engine answers; these are from {directory / FILE_NAME}")
    return told
