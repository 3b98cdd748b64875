"""`hotswap-tui gateway adopt`: make a gateway of a PgBouncer that runs already."""

from __future__ import annotations

import os
import shlex
import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from hotswap_tui.cli import exit_codes
from hotswap_tui.cli.gateway_options import (
    add_gateway_options,
    ask,
    carry_out,
    engine_command,
    load_databases,
    made,
    read_password,
    urls_of,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from pydantic import SecretStr

    from hotswap_tui.config import Loaded
    from hotswap_tui.gateway.existing import Existing
    from hotswap_tui.routing.layout import Gateway

CONSOLE_URL = "HOTSWAP_CONSOLE_URL"
_DESCRIPTION = f"""\
Use a PgBouncer that somebody else has set up and keeps running. Its console is found by {CONSOLE_URL}, read from the environment or
--env-file, or asked for: postgresql://ADMIN:PASSWORD@/pgbouncer?host=/run/postgresql&port=6432. One line has to be added to its
file by hand; called again, this command says whether that is in force (exit code 1: not yet), and changes nothing.
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    parser = subparsers.add_parser("adopt", help="use a PgBouncer that runs already", description=_DESCRIPTION)
    add_gateway_options(parser)
    parser.add_argument(
        "--database", required=True, metavar="NAME", help="the database's name for applications (default: none)"
    )
    parser.add_argument(
        "--run-as", metavar="USER", help="the OS user that runs that PgBouncer (default: what can be seen)"
    )
    parser.add_argument(
        "--shared",
        action="store_true",
        help="its other databases may be held, too (default: refuse when there are any)",
    )
    parser.add_argument(
        "--drop-in", type=Path, metavar="FILE", help="write the systemd drop-in there (default: print it only)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Make the gateway, or look at it again, and say what is left to do; return the exit code."""
    return carry_out("adopt", args, _adopt)


def _adopt(args: argparse.Namespace) -> int:
    from hotswap_tui.gateway.adopt import Wish, adopted_before, check_fit, prepare_adoption  # noqa: PLC0415
    from hotswap_tui.gateway.setup import establish  # noqa: PLC0415

    loaded = load_databases(args)
    wish = Wish(args.database, args.user, read_password(args), args.run_as, shared=args.shared)
    existing = _examine(_console_url(args))
    before = None if args.force else adopted_before(args.dir.expanduser().absolute(), wish)
    if before:
        gateway = before
        check_fit(existing, Wish(args.database, shared=args.shared or before.shared))
    else:
        design = prepare_adoption(args.dir, urls_of(loaded), existing, wish, force=args.force)
        establish(design)
        gateway = design.gateway
        _say(made(design), (f"note: {note}" for note in design.notes))
    done = _say_what_is_in_force(existing, gateway, loaded, again=before is not None)
    _say(_advice(existing, loaded), _drop_in(args.drop_in), ("then:", f"  {engine_command(gateway.directory)}"))
    return exit_codes.OK if done or before is None else exit_codes.FAILED


def _say(*parts: Iterable[str]) -> None:
    for line in chain(*parts):
        print(line)


def _examine(console: SecretStr) -> Existing:
    from hotswap_tui.dsn import DsnError  # noqa: PLC0415
    from hotswap_tui.gateway.existing import examine  # noqa: PLC0415
    from hotswap_tui.routing.layout import GatewayError  # noqa: PLC0415

    try:
        return examine(console)
    except (DsnError, GatewayError) as error:
        raise GatewayError(f"{CONSOLE_URL}: {error}") from error


def _console_url(args: argparse.Namespace) -> SecretStr:
    from pydantic import SecretStr  # noqa: PLC0415

    from hotswap_tui.config.sources import read_named, value_of  # noqa: PLC0415
    from hotswap_tui.routing.layout import GatewayError  # noqa: PLC0415

    given = value_of(CONSOLE_URL, read_named(os.environ, args.env_file))
    if given:
        return SecretStr(given)
    answer = ask(f"{CONSOLE_URL} (it does not appear): ") if sys.stdin.isatty() else None
    if answer is None:
        raise GatewayError(
            f"{CONSOLE_URL} is not set: set it in the environment or an --env-file, as in "
            "postgresql://ADMIN:PASSWORD@/pgbouncer?host=/run/postgresql&port=6432"
        )
    return answer


def _say_what_is_in_force(existing: Existing, gateway: Gateway, loaded: Loaded, *, again: bool) -> bool:
    """Return whether PgBouncer follows the target file and an application can log in."""
    from hotswap_tui.gateway.adopt import login_problem  # noqa: PLC0415
    from hotswap_tui.gateway.inclusion import why_not_in_force  # noqa: PLC0415

    missing = why_not_in_force(existing, gateway, tuple(dsn for dsn in (loaded.primary, loaded.secondary) if dsn))
    if missing:
        _say((f"NOT in force: {missing}",) if again else (), _left_to_do(existing, gateway))
        return False
    problem = login_problem(gateway)
    print(f"PgBouncer follows {gateway.target_file}")
    print(f"an application cannot log in: {problem}" if problem else "an application can log in")
    return not problem


def _left_to_do(existing: Existing, gateway: Gateway) -> Iterator[str]:
    from hotswap_tui.core.text import clean  # noqa: PLC0415
    from hotswap_tui.gateway.inclusion import include_line  # noqa: PLC0415

    main = clean(existing.config.get("conffile", "")) or "PgBouncer's main file"
    yield f"add this as the last line of {main}, in its section [pgbouncer], take {gateway.database} out of its [databases],"
    yield "reload PgBouncer, and call this again:"
    yield f"  {include_line(gateway)}"
    if existing.main_file() is None:
        yield "that file cannot be read here: that the line stands there, and nothing but comments behind it, is yours to see to"


def _advice(existing: Existing, loaded: Loaded) -> Iterator[str]:
    from hotswap_tui.gateway.advice import advice  # noqa: PLC0415

    lines = list(advice(existing.config, loaded.settings.hold_max_ms / 1000))
    if lines:
        yield "these settings of that PgBouncer should differ:"
        yield from (f"  {line}" for line in lines)


def _drop_in(path: Path | None) -> Iterator[str]:
    from hotswap_tui.gateway.adopt import DROP_IN, DROP_IN_PATH  # noqa: PLC0415
    from hotswap_tui.gateway.files import write_drop_in  # noqa: PLC0415

    if path is None:
        yield f"so that systemd starts it again when it dies (--drop-in {DROP_IN_PATH}, then systemctl daemon-reload):"
        yield from (f"  {line}".rstrip() for line in DROP_IN.splitlines())
        return
    write_drop_in(path, DROP_IN)
    yield f"{shlex.quote(str(path))} is written; systemctl daemon-reload puts it in force"
