"""`hotswap-tui sync schema`: how the two schemas differ, and a migration command for both databases."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
from typing import TYPE_CHECKING, Final

from hotswap_tui.cli import exit_codes, plain_text, streams
from hotswap_tui.cli.options import add_settings_options, load_settings
from hotswap_tui.core.values import HOT_SWAP_HINT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotswap_tui.config import Loaded
    from hotswap_tui.sync.schema.compare import Difference

_DESCRIPTION: Final = """\
Print how the schemas of the two databases differ, one line for each object: + is only on the primary, - only on the secondary, and
~ differs. Nothing is changed, unless --command brings both up to date.
"""
_EPILOG: Final = f"""\
--command 'npx prisma migrate deploy' runs that command, without a shell, for the primary and, when it has succeeded, for the
secondary (see below for replication), each time with DATABASE_URL (and DIRECT_URL, which Prisma may migrate by) set to that database's connection string as it
was written. Its output goes to standard error. Then the schemas are compared again. A physical standby gets the primary's schema by
itself and is left out.

Under logical replication, the database that writes goes first: the one that is replicated, with both ways the one that serves (the
primary where no engine tells). What it writes in the new form waits until the other one has the change, too. Nothing is run before
the other one has all rows, nor where a migration tool's own table is replicated (sync setup leaves it out). A new table is not
replicated before sync setup is run again, which is said. A migration that writes rows writes them on both: with keys of its own
that is a conflict, which stops replication.

Not compared: owners and grants, comments, rows, statistics, tablespaces, the order of columns, what belongs to an extension; an
extension or somebody else's schema that only the secondary has.

With --json: one object {{"differences": [{{"kind", "name", "primary", "secondary"}}, …]}}, the definitions whole, null where there is
none.

{exit_codes.table(exit_codes.SCHEMA)}
"""
_NAME: Final = "hotswap-tui sync schema"


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    parser = subparsers.add_parser(
        "schema",
        help="print how the two schemas differ, or bring both up to date with a migration command",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object (default: lines)")
    parser.add_argument(
        "--command",
        metavar="COMMAND",
        help="run this migration command for each database first, quoted as one argument (default: only compare)",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="print what --command would run, and run nothing (default: run it)"
    )
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Migrate where it was asked for, compare, print, and return the exit code."""
    from hotswap_tui.config import SettingsError  # noqa: PLC0415 - see options.load_settings

    try:
        argv = _arguments(args)
        loaded = load_settings(args)
    except SettingsError as error:
        return _wrong(error.problems)
    except ValueError as error:
        return _wrong([f"{_NAME}: {error}"])
    if loaded.secondary is None:
        return _wrong([f"{_NAME}: {HOT_SWAP_HINT}"])
    if argv:
        from hotswap_tui.cli.sync_migration import migrate  # noqa: PLC0415 - only where it is asked for

        code = migrate(loaded, argv, os.environ, dry_run=args.dry_run)
        if code != exit_codes.OK or args.dry_run:
            return code
    return _compare(loaded, as_json=args.json, patient=bool(argv))


def _arguments(args: argparse.Namespace) -> Sequence[str]:
    if args.command is None:
        if args.dry_run:
            raise ValueError("--dry-run says what --command would run; give it, too")
        return ()
    try:
        argv = shlex.split(args.command)
    except ValueError as error:
        raise ValueError(f"--command cannot be read: {str(error).lower()}") from None
    if not argv:
        raise ValueError("--command is empty")
    if shutil.which(argv[0]) is None:
        raise ValueError(f"--command: there is no program {argv[0]}")
    return argv


def _compare(loaded: Loaded, *, as_json: bool, patient: bool) -> int:
    import asyncio  # noqa: PLC0415 - `--help` needs none of it

    from hotswap_tui.routing.inspection import InspectionError  # noqa: PLC0415
    from hotswap_tui.sync.schema.schema_pair import compared  # noqa: PLC0415

    assert loaded.secondary is not None
    try:
        found = asyncio.run(compared(loaded.primary, loaded.secondary, patient=patient))
    except InspectionError as error:
        plain_text.tell([f"{_NAME}: {error}"])
        return exit_codes.UNKNOWN
    if as_json:
        print(json.dumps({"differences": [_fields(one) for one in found]}, indent=2))
    else:
        plain_text.say(map(str, found))
        plain_text.tell([_summary(found)])
    return exit_codes.FAILED if found else exit_codes.OK


def _fields(one: Difference) -> dict[str, str | None]:
    return {"kind": one.kind, "name": one.name, "primary": one.primary, "secondary": one.secondary}


def _summary(found: Sequence[Difference]) -> str:
    if not found:
        return "the schemas are alike"
    return f"{len(found)} difference{'s' if len(found) > 1 else ''} between the schemas"


def _wrong(problems: Sequence[str]) -> int:
    for problem in problems:
        streams.complain(problem)
    return exit_codes.USAGE
