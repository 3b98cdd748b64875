"""`hotswap-tui notify`: whether the people who shall be told what happens can be reached."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from functools import partial
from typing import TYPE_CHECKING, Final

from hotswap_tui.cli import exit_codes, streams
from hotswap_tui.cli.options import add_env_file

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

_URLS: Final = "HOTSWAP_NOTIFY_URLS"
_MESSAGE: Final = "this is a test: notifications arrive"

_DESCRIPTION: Final = """\
While the engine runs, it tells the services in HOTSWAP_NOTIFY_URLS of failovers and failbacks, of databases that are down or
refuse us, of PgBouncer pointing elsewhere, and that automatic switching is off, which it repeats daily. Each thing is told
once, and every incident ends with one summary. `hotswap-tui notify test` tries every service now."""

_EPILOG: Final = """\
HOTSWAP_NOTIFY_URLS holds Apprise URLs, separated by spaces, read from the environment or --env-file only:
  discord://WEBHOOK_ID/WEBHOOK_TOKEN   ntfys://ntfy.sh/TOPIC   mailtos://USER:PASSWORD@example.org   json://HOST:PORT
It needs the extra: pip install 'hotswap-tui[notify]'

Exit codes: 0 every service took the message; 1 one did not; 2 wrong usage, or no services are configured.
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its own commands to a command line."""
    import argparse  # noqa: PLC0415 - whoever calls this has loaded it

    parser = subparsers.add_parser(
        "notify", description=_DESCRIPTION, epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.set_defaults(run=partial(_explain, parser))
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    test = commands.add_parser(
        "test",
        help="send a message to every service, and say which took it",
        description="Send a message to every service, and print for each whether it took it. No engine needs to run.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    test.add_argument("--message", default=_MESSAGE, metavar="TEXT", help="what to say (default: %(default)s)")
    add_env_file(test)
    test.set_defaults(run=run)


def _explain(parser: argparse.ArgumentParser, _args: argparse.Namespace) -> int:
    parser.print_help()
    return exit_codes.OK


def run(args: argparse.Namespace) -> int:
    """Send the message, print what became of it, and return the exit code."""
    from hotswap_tui.config.sources import SourceError  # noqa: PLC0415 - `--help` needs none of it
    from hotswap_tui.notify.delivery import INSTALL, installed  # noqa: PLC0415

    try:
        urls = _urls(args.env_file)
    except SourceError as error:
        streams.complain(f"hotswap-tui notify test: {error}")
        return exit_codes.USAGE
    if not urls:
        streams.complain(f"hotswap-tui notify test: nobody to tell: set {_URLS} in the environment or an --env-file")
        return exit_codes.USAGE
    if not installed():
        streams.complain(f"hotswap-tui notify test: Apprise is not installed: {INSTALL}")
        return exit_codes.FAILED
    return _send(urls, args.message)


def _urls(env_files: Sequence[Path]) -> list[str]:
    from hotswap_tui.config.sources import read_named, value_of  # noqa: PLC0415 - as above

    return value_of(_URLS, read_named(os.environ, env_files)).split()


def _send(urls: Sequence[str], text: str) -> int:
    from pydantic import SecretStr  # noqa: PLC0415 - as above

    from hotswap_tui.core.values import Level  # noqa: PLC0415
    from hotswap_tui.notify.delivery import Parcel, deliver  # noqa: PLC0415
    from hotswap_tui.notify.message import Message, letter  # noqa: PLC0415
    from hotswap_tui.notify.services import service_names  # noqa: PLC0415

    said = letter(Message("test", Level.INFO, text, time.time()), "hotswap-tui", socket.gethostname())
    names = service_names(urls)
    streams.complain(f"sending to {len(urls)} {'service' if len(urls) == 1 else 'services'} …")
    failed = asyncio.run(deliver([Parcel(SecretStr(url), said) for url in urls]))
    width = max(map(len, names))
    for name, why in zip(names, failed, strict=True):
        streams.say(f"{name:<{width}}  {f'failed: {why}' if why else 'ok'}")
    return exit_codes.FAILED if any(failed) else exit_codes.OK
