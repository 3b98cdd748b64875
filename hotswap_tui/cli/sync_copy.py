"""`hotswap-tui sync copy`: one database over the other."""

from __future__ import annotations

import argparse
from typing import Final

from hotswap_tui.cli import exit_codes
from hotswap_tui.cli.engine_options import add_engine_options
from hotswap_tui.cli.sync_overwriting import add_overwriting_options, may_overwrite
from hotswap_tui.cli.sync_work import ROLES, carry_out, database, displayed, load, report

_DESCRIPTION: Final = """\
Load one database, as it is at this moment, into the other one: pg_dump into pg_restore, no file between them, in
one transaction. The rows of every table are compared with those that the source had at that moment.
"""
_EPILOG: Final = f"""\
Nothing that is there is overwritten without --replace and the database's name. --replace drops and makes anew
what the source holds; what only the target has stays, and where that needs something replaced, nothing is done.
Until it ends nobody can read the tables that it replaces: a failover in that time finds applications waiting.
Extensions that are there stay. Owners, grants, tablespaces, publications and subscriptions are not carried.

{exit_codes.table(exit_codes.LOADING)}
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    parser = subparsers.add_parser(
        "copy",
        help="copy one database over the other",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--from", dest="source", choices=ROLES, required=True, help="which database (default: none)")
    parser.add_argument("--to", dest="target", choices=ROLES, required=True, help="over which one (default: none)")
    add_overwriting_options(parser)
    add_engine_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Copy, and return the exit code."""
    return carry_out("copy", args, _copy)


def _copy(args: argparse.Namespace) -> int:
    from hotswap_tui.cli.plain_text import tell  # noqa: PLC0415 - `--help` needs none of it
    from hotswap_tui.config import SettingsError  # noqa: PLC0415
    from hotswap_tui.sync.dumps.copy import copy  # noqa: PLC0415
    from hotswap_tui.sync.dumps.dump import LONG  # noqa: PLC0415
    from hotswap_tui.sync.dumps.restore_target import look_at  # noqa: PLC0415

    if args.source == args.target:
        raise SettingsError([f"--from and --to are both the {args.target}"])
    loaded = load(args)
    source, dsn = database(loaded, args.source), database(loaded, args.target)
    target = look_at(dsn)
    clean = may_overwrite(args, loaded, args.target, dsn, target)
    tell([f"copying the {args.source} at {source.address} to the {args.target} at {dsn.address}; {LONG}"])
    with displayed() as show:
        done = copy(source, dsn, target, show, clean=clean)
    return report(f"the {args.source} copied to the {args.target}", done, "")
