"""`hotswap-tui history`: the switches that the journal remembers, newest first."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from typing import TYPE_CHECKING, Final

from hotswap_tui.cli import exit_codes, streams
from hotswap_tui.cli.options import STATE_DIR, add_env_file, add_state_dir

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT_LIMIT: Final = 20

_EPILOG: Final = """\
With --json: one array, newest first, of objects with the keys
  id            number of the switch
  kind          failover, failback, manual or repair
  from, to      primary or secondary
  started       ISO 8601 with offset
  finished      the same; null while it is not finished
  took_s        seconds; null while it is not finished
  result        done, failed, cancelled or unknown; unfinished while it is not finished
  error         why it failed; empty otherwise
  why           the reason, one sentence
  automatic     whether automation decided it
  by            who asked for it; null when automation did
  cancelled_by  who stopped it; null when nobody did
  forced        whether an unhealthy target was insisted on
  attempts      how often it was tried
  was_down      primary or secondary: which database had been down; null when neither had
  was_down_s    for how many seconds; null when neither had
  recipe        planned, crashed or hung: what was known about the database that was left; null when nothing was moved
  waited        clients that the switch kept waiting
  longest_wait_s  how long the last of them waited, in seconds
  severed       connections to the database that was left which had to be cut off
  proof         which server answered at the end; empty when nothing was moved
  steps         of the last attempt, in order: objects with step, started (as above) and took_ms,
                which is null for a step whose end is not known

Exit codes: 0 printed, also when there is nothing; 1 the journal cannot be read; 2 wrong usage.
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    parser = subparsers.add_parser(
        "history",
        description="Print the switches, newest first. An engine may be running or not.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print one JSON array (default: a table)")
    parser.add_argument(
        "--limit", type=count, default=DEFAULT_LIMIT, metavar="N", help="print the newest N (default: %(default)s)"
    )
    parser.add_argument(
        "--steps",
        action="store_true",
        help="add a line with the steps of each switch and their times (default: one line for each switch)",
    )
    add_env_file(parser)
    add_state_dir(parser)
    parser.set_defaults(run=run)


def count(text: str) -> int:
    """Return the whole number of at least 1 that `text` is, for argparse."""
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number < 2**31:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return number


def run(args: argparse.Namespace) -> int:
    """Print the switches in the state directory; return the exit code."""
    from hotswap_tui.cli.history_form import table  # noqa: PLC0415 - no other command waits for the journal
    from hotswap_tui.config.sources import SourceError  # noqa: PLC0415
    from hotswap_tui.config.state_dir import find_state_dir  # noqa: PLC0415
    from hotswap_tui.engine.history_document import fields  # noqa: PLC0415
    from hotswap_tui.engine.journal_read import read_history  # noqa: PLC0415
    from hotswap_tui.engine.ports import JournalError  # noqa: PLC0415

    given = vars(args)[STATE_DIR]
    try:
        environ = os.environ if given is None else {**os.environ, STATE_DIR: given}
        told = read_history(find_state_dir(environ, args.env_file), args.limit)
    except SourceError as error:
        streams.complain(f"hotswap-tui history: {error}")
        return exit_codes.USAGE
    except JournalError as error:
        streams.complain(f"hotswap-tui history: {error}")
        return exit_codes.FAILED
    if args.json:
        _print([json.dumps([fields(past) for past in told], indent=2)])
    elif told:
        _print(table(told, shutil.get_terminal_size().columns, steps=args.steps))
    else:
        streams.complain("no switch has happened yet")
    return exit_codes.OK


def _print(lines: Iterable[str]) -> None:
    """Print in whatever encoding the output has."""
    encoding = sys.stdout.encoding or "utf-8"
    for line in lines:
        print(line.replace("→", _arrow(encoding)).encode(encoding, "replace").decode(encoding))


def _arrow(encoding: str) -> str:
    try:
        "→".encode(encoding)
    except UnicodeEncodeError:
        return "->"
    return "→"
