"""`hotswap-tui sync heartbeat`: make the row that shows how fresh a copy by any other method is."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

from hotswap_tui.cli import exit_codes, plain_text
from hotswap_tui.cli.options import add_settings_options
from hotswap_tui.cli.sync_steps import add_options, failed, is_told_and_agreed, load_pair, refused, say_statement

if TYPE_CHECKING:
    from hotswap_tui.config import Loaded

_DESCRIPTION: Final = """\
Make the table hotswap_heartbeat a logged one on both databases, so that whatever copies your tables (Bucardo, a cloud's own
replication, a nightly dump) carries its row along: with DB_WRITE_CHECK=1 the row is written at every check of the database that
serves, and its age on the other one is how far that is behind. PostgreSQL's own replication is measured without it.
"""
_EPILOG: Final = f"""\
A publication FOR ALL TABLES carries a logged table, too: its subscription has to be told (ALTER SUBSCRIPTION … REFRESH PUBLICATION),
and stops where the table is missing. So the secondary gets it first.

{exit_codes.table(exit_codes.SYNC_HEARTBEAT)}
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    parser = subparsers.add_parser(
        "heartbeat",
        help="create the row that shows how fresh a copy by any other method is",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--remove",
        action="store_true",
        help="drop the table on both; a write check makes its own again, unlogged (default: create it)",
    )
    add_options(parser)
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Ask, run the statements, and return the exit code."""
    loaded = load_pair(args)
    if loaded is None:
        return exit_codes.USAGE
    from hotswap_tui.sync.errors import SyncError  # noqa: PLC0415 - `--help` needs none of it

    try:
        return _carry_out(args, loaded)
    except SyncError as error:
        return failed(error)
    except KeyboardInterrupt:
        plain_text.tell(["interrupted; run the same command again to go on"])
        return exit_codes.INTERRUPTED


def _carry_out(args: argparse.Namespace, loaded: Loaded) -> int:
    from hotswap_tui.sync.look.heartbeat import Heartbeats  # noqa: PLC0415 - it loads psycopg

    assert loaded.secondary is not None
    with Heartbeats(loaded.primary, loaded.secondary) as heartbeats:
        planned = heartbeats.planned(remove=args.remove)
        if not planned:
            plain_text.tell(["nothing to do: it is so on both databases"])
            return exit_codes.OK
        if not args.remove:
            plain_text.tell(_warning(role) for role in heartbeats.published)
        if args.dry_run:
            for statement in planned:
                say_statement(statement)
            plain_text.tell(["nothing was done (--dry-run)"])
            return exit_codes.OK
        if not is_told_and_agreed(args, planned):
            return refused("nothing was done")
        heartbeats.run(planned, say_statement)
    if not args.remove and not loaded.settings.write_check:
        plain_text.tell(["DB_WRITE_CHECK is 0: nothing writes the row yet"])
    return exit_codes.OK


def _warning(role: str) -> str:
    return (
        f"▲ the {role} publishes ALL TABLES, this one from now on as well: "
        "run ALTER SUBSCRIPTION … REFRESH PUBLICATION on the other database afterwards"
    )
