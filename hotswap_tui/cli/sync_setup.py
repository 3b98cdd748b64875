"""`hotswap-tui sync setup`: replicate the primary to the secondary, and back, with PostgreSQL's logical replication."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from hotswap_tui.cli import exit_codes, plain_text
from hotswap_tui.cli.options import add_settings_options
from hotswap_tui.cli.sync_steps import (
    add_options,
    failed,
    is_told_and_agreed,
    load_pair,
    refused,
    say_statement,
    tell_requirements,
)

if TYPE_CHECKING:
    from hotswap_tui.config import Loaded
    from hotswap_tui.sync.replication.setup import Setup

_DESCRIPTION = """\
Replicate the primary to the secondary with PostgreSQL's logical replication: publication <database>_pub on the primary,
subscription <database>_sub on the secondary. What both servers need is looked at first, all at once, and nothing is created
before the secondary's server has been seen to reach the primary (by DB_PRIMARY_URL_FROM_SECONDARY, or DATABASE_URL). Every
statement is printed before it runs, passwords masked. Run it again after an interruption, and after new tables were made: it does
what is missing.
"""
_EPILOG = f"""\
Both databases need the same tables first (hotswap-tui sync schema), and those of the secondary are empty, or --no-copy is given.
With --two-way the secondary's writes come back to the primary, too, so that a failback loses nothing; do not write the same rows on
both at the same time: a conflict stops the replication until somebody mends it (hotswap-tui sync status, and the server's log).
The subscription keeps its connection string, password included, in the server's catalogue, where superusers can read it.
Where the role is no superuser, reaching the other server is proven with a publication without tables, hotswap_tui_…, which is dropped
again within that moment, also with --dry-run: without it, the server would log a warning with the connection string.
Tables in which migration tools note what they have run (_prisma_migrations, alembic_version, …) are left out, so that sync schema
--command can migrate both: the other tables are then listed, and a new one is taken in by running this again.
Sequences, large objects and unlogged tables are not carried; a switch of hotswap-tui moves sequences ahead.

{exit_codes.table(exit_codes.SYNC_SETUP)}
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    parser = subparsers.add_parser(
        "setup",
        help="replicate the primary to the secondary with PostgreSQL's logical replication",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--two-way",
        action="store_true",
        help="stream the secondary's writes back as well; PostgreSQL 16 or later (default: one way)",
    )
    parser.add_argument(
        "--no-copy",
        action="store_true",
        help="the secondary has the primary's rows already, and nothing is written meanwhile (default: copy them)",
    )
    parser.add_argument(
        "--no-wait", action="store_true", help="return while the first copy goes on (default: show how far it is)"
    )
    add_options(parser)
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Look, ask, set up, wait; return the exit code."""
    loaded = load_pair(args)
    if loaded is None:
        return exit_codes.USAGE
    from hotswap_tui.sync.errors import SyncError  # noqa: PLC0415 - `--help` needs none of it

    try:
        return _set_up(args, loaded)
    except SyncError as error:
        return failed(error)
    except KeyboardInterrupt:
        plain_text.tell(["interrupted; run the same command again to go on, or hotswap-tui sync teardown to undo"])
        return exit_codes.INTERRUPTED


def _set_up(args: argparse.Namespace, loaded: Loaded) -> int:
    from hotswap_tui.sync.replication.requirement import problems  # noqa: PLC0415
    from hotswap_tui.sync.replication.setup import Setup  # noqa: PLC0415

    assert loaded.secondary is not None
    pair = (loaded.primary, loaded.secondary, loaded.from_secondary)
    with Setup(*pair, two_way=args.two_way, copy=not args.no_copy) as setup:
        found = setup.examine()
        tell_requirements(found, whole=args.dry_run)
        if missing := problems(found):
            return refused(f"nothing was done: {len(missing)} to be mended first (✗)")
        planned = setup.planned()
        if args.dry_run:
            for statement in planned:
                say_statement(statement)
            plain_text.tell(["nothing was done (--dry-run)" if planned else "nothing is missing"])
            return exit_codes.OK
        if planned and not is_told_and_agreed(args, planned):
            return refused("nothing was done")
        return _carry_out(args, setup)


def _carry_out(args: argparse.Namespace, setup: Setup) -> int:
    while setup.advance(say_statement):
        if args.no_wait:
            later = "; run this again afterwards, the way back begins then" if args.two_way else ""
            plain_text.tell([f"the copy goes on by itself: hotswap-tui sync status{later}"])
            return exit_codes.OK
        if not _await_copy(setup, two_way=args.two_way):
            return exit_codes.INTERRUPTED
    plain_text.tell(["replication is set up, and every table is ready"])
    return exit_codes.OK


def _await_copy(setup: Setup, *, two_way: bool) -> bool:
    """Show how far the copy is; return False when a person did not want to wait for it."""
    from hotswap_tui.cli.sync_progress import ProgressLine  # noqa: PLC0415

    line = ProgressLine()
    try:
        for progress in setup.watch():
            line.show(progress)
    except KeyboardInterrupt:
        line.end()
        later = " Run this again afterwards: the way back begins then." if two_way else ""
        plain_text.tell([f"the copy goes on by itself: hotswap-tui sync status shows it.{later}"])
        return False
    finally:
        line.end()
    return True
