"""`hotswap-tui sync dump`: one database into a file, or to standard output."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hotswap_tui.cli import exit_codes
from hotswap_tui.cli.options import add_env_file
from hotswap_tui.cli.sync_work import ROLES, carry_out, database, displayed, load

if TYPE_CHECKING:
    from hotswap_tui.sync.dumps.encryption import Cipher

_DESCRIPTION: Final = """\
Write one database to a file in PostgreSQL's custom format, with the pg_dump of a matching version, and how many
rows each table has at that moment beside it (FILE.json). The file appears when it is whole, with mode 0600.
"""
_EPILOG: Final = f"""\
Keys: for age, the recipients' file (age -R) or an identity of age-keygen; for openssl, a file whose first line is
the pass phrase (openssl rand -base64 32). A secret one must have mode 0600. Without this program:

  age --decrypt -i KEY FILE | pg_restore --no-owner -d DATABASE
  openssl enc -d -aes-256-cbc -pbkdf2 -iter 600000 -pass file:KEY -in FILE | pg_restore --no-owner -d DATABASE

openssl's form hides the content and does not prove it: prefer age where files leave this machine.

{exit_codes.table(exit_codes.DUMP)}
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    parser = subparsers.add_parser(
        "dump",
        help="write one database to a file, encrypted if wanted",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--from", dest="source", choices=ROLES, default="primary", help="which database (default: %(default)s)"
    )
    parser.add_argument("--output", required=True, metavar="FILE", help="the file, or - for standard output")
    parser.add_argument("--encrypt", choices=("age", "openssl"), help="encrypt through this program (default: no)")
    parser.add_argument("--key-file", type=Path, metavar="FILE", help="the key for --encrypt (default: none)")
    parser.add_argument("--schema-only", action="store_true", help="dump no rows (default: everything)")
    parser.add_argument("--replace", action="store_true", help="replace FILE if it is there (default: refuse)")
    add_env_file(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Dump, and return the exit code."""
    return carry_out("dump", args, _dump)


def _dump(args: argparse.Namespace) -> int:
    from hotswap_tui.cli.plain_text import tell  # noqa: PLC0415 - `--help` needs none of it
    from hotswap_tui.core.amount_words import count, size  # noqa: PLC0415
    from hotswap_tui.sync.dumps.dump import LONG, Wanted, dump_to_file, dump_to_stream  # noqa: PLC0415

    cipher = _cipher(args)
    dsn = database(load(args), args.source)
    wanted = Wanted(dsn, cipher, schema_only=args.schema_only, replace=args.replace)
    if args.output == "-" and sys.stdout.isatty():
        raise _usage("--output - writes a dump to standard output, which is a terminal; redirect it")
    tell([f"dumping the {args.source} at {dsn.address}; {LONG}"])
    with displayed() as show:
        if args.output == "-":
            dumped = dump_to_stream(wanted, sys.stdout.buffer, show)
        else:
            dumped = dump_to_file(wanted, Path(args.output), show)
    where = "standard output" if args.output == "-" else args.output
    rows = "no rows" if args.schema_only else f"{count(len(dumped.tables), 'table')}, {count(dumped.rows, 'row')}"
    tell([f"dumped to {where}: {rows}, {size(dumped.bytes)} in {dumped.took_s:.1f} s (pg_dump {dumped.tool_major})"])
    return exit_codes.OK


def _cipher(args: argparse.Namespace) -> Cipher | None:
    from hotswap_tui.sync.dumps.encryption import Cipher, Method  # noqa: PLC0415 - `--help` needs none of it

    if bool(args.encrypt) is not bool(args.key_file):
        raise _usage("--encrypt and --key-file are given together")
    return Cipher(Method(args.encrypt), args.key_file.absolute()) if args.encrypt else None


def _usage(problem: str) -> Exception:
    from hotswap_tui.config import SettingsError  # noqa: PLC0415 - see options.load_settings

    return SettingsError([problem])
