"""What `gateway init` and `gateway adopt` have in common: options, the databases, and what they print in the end."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hotswap_tui.cli import exit_codes, streams
from hotswap_tui.cli.options import add_env_file

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from pydantic import SecretStr

    from hotswap_tui.config import Loaded
    from hotswap_tui.gateway.design import Design, Urls


def add_gateway_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of both commands."""
    parser.add_argument(
        "--dir", type=Path, required=True, metavar="DIR", help="the gateway's directory (default: none)"
    )
    add_env_file(parser)
    parser.add_argument(
        "--user", metavar="NAME", help="the user that applications log in as (default: that of DATABASE_URL)"
    )
    parser.add_argument(
        "--password-file",
        type=Path,
        metavar="FILE",
        help="read that user's password from the first line of this file (default: HOTSWAP_APPLICATION_PASSWORD in the "
        "environment, else DATABASE_URL's)",
    )
    parser.add_argument("--force", action="store_true", help="replace a gateway that is there (default: refuse)")


def load_databases(args: argparse.Namespace) -> Loaded:
    """Load the settings without the gateway that they may name, which is about to be made. Raises SettingsError."""
    from hotswap_tui.config import load  # noqa: PLC0415 - see options.load_settings

    return load({"HOTSWAP_GATEWAY": ""}, os.environ, args.env_file, Path.cwd(), None)


def carry_out(command: str, args: argparse.Namespace, act: Callable[[argparse.Namespace], int]) -> int:
    """Do what `command` does, or say in one line why not; return the exit code."""
    from hotswap_tui.config import SettingsError  # noqa: PLC0415 - see options.load_settings
    from hotswap_tui.config.sources import SourceError  # noqa: PLC0415
    from hotswap_tui.dsn import DsnError  # noqa: PLC0415
    from hotswap_tui.routing.layout import GatewayError  # noqa: PLC0415

    if args.force and (engine := _controlled(args)):
        streams.complain(f"hotswap-tui gateway {command}: {engine}; end it first")
        return exit_codes.LOCKED
    try:
        return act(args)
    except (SettingsError, SourceError, DsnError, GatewayError) as error:
        for line in str(error).splitlines():
            streams.complain(f"hotswap-tui gateway {command}: {line}")
        return exit_codes.USAGE


def _controlled(args: argparse.Namespace) -> str:
    """Return who controls the gateway that is to be made anew, as a sentence; empty when nobody does."""
    from hotswap_tui.engine.lock import LockedError, LockUnavailableError, check_free  # noqa: PLC0415

    try:
        check_free(args.dir)
    except LockedError as error:
        return str(error)
    except LockUnavailableError:
        return ""  # what is wrong with the directory is said later, in words that fit
    return ""


def urls_of(loaded: Loaded) -> Urls:
    """Return both connection strings as a person wrote them."""
    from hotswap_tui.gateway.design import Urls  # noqa: PLC0415

    return Urls(loaded.settings.database_url, loaded.settings.database_url_secondary)


def read_password(args: argparse.Namespace) -> SecretStr | None:
    """Return the application's password, from the file, the environment, or a person; None: that of DATABASE_URL.

    Raises GatewayError when the file cannot be read, or holds none.
    """
    from pydantic import SecretStr  # noqa: PLC0415

    from hotswap_tui.gateway.application import PASSWORD_VARIABLE  # noqa: PLC0415
    from hotswap_tui.routing.layout import GatewayError  # noqa: PLC0415

    if args.password_file:
        try:
            lines = args.password_file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "not UTF-8 text"
            raise GatewayError(f"--password-file {args.password_file} cannot be read: {why}") from error
        if not lines or not lines[0]:
            raise GatewayError(f"--password-file {args.password_file} has no password in its first line")
        return SecretStr(lines[0])
    if given := os.environ.get(PASSWORD_VARIABLE):
        return SecretStr(given)
    return ask(f"Password of {args.user}: ") if args.user and sys.stdin.isatty() else None


def ask(question: str) -> SecretStr | None:
    """Ask a person for a secret, which does not appear; None for an empty answer."""
    from getpass import getpass  # noqa: PLC0415

    from pydantic import SecretStr  # noqa: PLC0415

    answer = getpass(question)
    return SecretStr(answer) if answer else None


def made(design: Design) -> Iterator[str]:
    """Yield what there is now, one line for each thing."""
    from hotswap_tui.dsn import mask  # noqa: PLC0415
    from hotswap_tui.routing import layout  # noqa: PLC0415

    directory = design.gateway.directory
    own = " ".join(sorted(file.name for file in design.files if file.for_pgbouncer))
    yield f"{directory} is a gateway now:"
    yield f"  {own}: what PgBouncer reads, as {design.account.name}"
    yield f"  {layout.ENGINE_ENV}: the databases themselves, for hotswap-tui"
    yield f"  {layout.APPLICATION_ENV}: for applications, DATABASE_URL={mask(design.application.get_secret_value())}"


def engine_command(directory: Path) -> str:
    """Return the command that watches and switches."""
    return f"hotswap-tui --env-file {shlex.quote(str(directory / 'hotswap.env'))}"
