"""`hotswap-tui gateway run`: keep the PgBouncer of a gateway alive."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from hotswap_tui.cli import exit_codes, streams

if TYPE_CHECKING:
    import argparse

    from hotswap_tui.gateway.bouncer import Bouncer

_DESCRIPTION = """\
Start the gateway's PgBouncer and start it again whenever it dies, until SIGTERM or Ctrl-C. PgBouncer outlives this command: when
it is killed, clients notice nothing, and the next gateway run goes on with the PgBouncer that is there. Started as root,
PgBouncer runs as the user that gateway init has chosen. SIGHUP lets PgBouncer read its files again.
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    parser = subparsers.add_parser("run", help="keep the gateway's PgBouncer running", description=_DESCRIPTION)
    parser.add_argument("--dir", type=Path, required=True, metavar="DIR", help="the gateway's directory")
    parser.add_argument(
        "--print-unit", action="store_true", help="print a systemd unit that does this, and end (default: do it)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Supervise until told to stop, or print the unit; return the exit code."""
    from hotswap_tui.gateway.bouncer import Bouncer, BouncerError  # noqa: PLC0415 - no other command needs them
    from hotswap_tui.gateway.unit import render_unit  # noqa: PLC0415
    from hotswap_tui.routing.layout import GatewayError, load  # noqa: PLC0415

    try:
        bouncer = Bouncer.of(load(args.dir))
        if args.print_unit:
            streams.say(render_unit(bouncer.directory, bouncer.endpoint))
            return exit_codes.OK
        _supervise(bouncer)
    except GatewayError as error:
        _complain(str(error))
        return exit_codes.USAGE
    except BouncerError as error:
        _complain(str(error))
        return exit_codes.FAILED
    except OSError as error:
        _complain(f"{error.filename or args.dir}: {error.strerror}; the gateway belongs to whoever ran gateway init")
        return exit_codes.FAILED
    return exit_codes.OK


def _supervise(bouncer: Bouncer) -> None:
    from hotswap_tui.gateway.inbox import SignalInbox  # noqa: PLC0415
    from hotswap_tui.gateway.notify import Notifier  # noqa: PLC0415
    from hotswap_tui.gateway.supervise import Supervisor  # noqa: PLC0415

    with SignalInbox() as inbox:
        Supervisor(bouncer, inbox, Notifier(os.environ), _complain).run()


def _complain(line: str) -> None:
    streams.complain(f"hotswap-tui gateway run: {line}")
