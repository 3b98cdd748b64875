"""`hotswap-tui sync restore`: a dump into one database."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from hotswap_tui.cli import exit_codes
from hotswap_tui.cli.engine_options import add_engine_options
from hotswap_tui.cli.sync_overwriting import add_overwriting_options, may_overwrite
from hotswap_tui.cli.sync_work import ROLES, carry_out, database, displayed, load, report

_DESCRIPTION: Final = """\
Load a dump that `sync dump` (or pg_dump -Fc) has written into one database, with the pg_restore of a matching
version, in one transaction: it is there whole afterwards, or the database is as it was. Then the rows of every
table are compared with those that were dumped (FILE.json), and the planner's statistics are made.
"""
_EPILOG: Final = f"""\
Nothing that is there is overwritten without --replace and the database's name. --replace drops and makes anew
what the dump holds; what it does not hold stays, and where that needs something the dump replaces, nothing is done.
Until it ends nobody can read the tables that it replaces: a failover in that time finds applications waiting.
Extensions that are there stay. Owners, grants, tablespaces, publications and subscriptions are not carried.

{exit_codes.table(exit_codes.LOADING)}
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    parser = subparsers.add_parser(
        "restore",
        help="load a dump into one database",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the dump; what encrypts it is found by looking")
    parser.add_argument("--to", dest="target", choices=ROLES, required=True, help="which database (default: none)")
    parser.add_argument("--key-file", type=Path, metavar="FILE", help="the key of an encrypted dump (default: none)")
    add_overwriting_options(parser)
    add_engine_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Restore, and return the exit code."""
    return carry_out("restore", args, _restore)


def _restore(args: argparse.Namespace) -> int:
    from hotswap_tui.sync.dumps.dump_manifest import beside  # noqa: PLC0415 - `--help` needs none of it
    from hotswap_tui.sync.dumps.restore import read_archive, restore  # noqa: PLC0415
    from hotswap_tui.sync.dumps.restore_target import look_at  # noqa: PLC0415

    loaded = load(args)
    dsn = database(loaded, args.target)
    with displayed() as show:
        archive = read_archive(args.file, args.key_file.absolute() if args.key_file else None, show)
    target = look_at(dsn)
    clean = may_overwrite(args, loaded, args.target, dsn, target)
    with displayed() as show:
        done = restore(archive, dsn, target, show, clean=clean)
    return report(
        f"{args.file} restored to the {args.target}",
        done,
        f"there is no {beside(args.file).name} beside it, or it holds no rows",
    )
