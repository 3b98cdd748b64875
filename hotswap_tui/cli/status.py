"""`hotswap-tui status`: who serves and how both databases are, on one plain screen."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING, Final

from hotswap_tui.cli import exit_codes
from hotswap_tui.cli.engine_options import UnreachableError, add_engine_options, failed, reach, sockets_of, surroundings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hotswap_tui.cli.engine_options import Reached

_EPILOG: Final = f"""\
Without an engine it says what the journal knows of the past. With --json it
prints the document of /api/status, one object; without an engine
{{"error": "why"}}.

{exit_codes.table(exit_codes.STATUS)}
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    parser = subparsers.add_parser(
        "status",
        description="Print who serves and how both databases are, as the running engine sees it.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON object (default: one screen for a person)")
    form.add_argument(
        "--watch",
        action="store_true",
        help="go on until Ctrl-C: redraw the screen, or into a pipe one line for each change (default: print once)",
    )
    add_engine_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the facts; return the exit code that says how things are."""
    import asyncio  # noqa: PLC0415 - `--help` needs none of it

    from hotswap_tui.config.sources import SourceError  # noqa: PLC0415

    try:
        reached = asyncio.run(reach(sockets_of(args)))
    except SourceError as error:
        return failed("status", error, exit_codes.USAGE)
    except UnreachableError as error:
        return _without_engine(args, str(error))
    if args.watch:
        from hotswap_tui.cli.status_watch import watch  # noqa: PLC0415

        return watch(reached.path, redraw=sys.stdout.isatty())
    return _print(reached, as_json=args.json)


def _print(reached: Reached, *, as_json: bool) -> int:
    from hotswap_tui.cli.plain_status import exit_code, status_lines  # noqa: PLC0415 - `--help` needs none of it
    from hotswap_tui.cli.plain_text import say  # noqa: PLC0415

    now_s = time.monotonic()
    if as_json:
        from hotswap_tui.api.documents import status_document  # noqa: PLC0415

        print(json.dumps(status_document(reached.snapshot), indent=2))
    else:
        say(status_lines(reached.snapshot, now_s))
    return exit_code(reached.snapshot, now_s)


def _without_engine(args: argparse.Namespace, why: str) -> int:
    from hotswap_tui.cli.plain_text import say, tell  # noqa: PLC0415 - `--help` needs none of it

    if args.json:
        print(json.dumps({"error": why}))
        return exit_codes.UNKNOWN
    tell([f"hotswap-tui status: {why}"])
    if args.socket is None:
        from hotswap_tui.config.state_dir import find_state_dir  # noqa: PLC0415

        say(_past(find_state_dir(surroundings(args), args.env_file)))
    return exit_codes.UNKNOWN


def _past(directory: Path) -> Sequence[str]:
    """Return what the journal in `directory` says of the past; nothing when there is none."""
    from hotswap_tui.cli.past_status import past_lines  # noqa: PLC0415 - as above
    from hotswap_tui.engine.ports import JournalError  # noqa: PLC0415

    try:
        return past_lines(directory, time.time())
    except JournalError:
        return ()
