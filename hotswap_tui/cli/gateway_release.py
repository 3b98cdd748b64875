"""`hotswap-tui gateway release`: let held clients go on, whatever became of the engine that held them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hotswap_tui.cli import exit_codes, streams

if TYPE_CHECKING:
    import argparse

_DESCRIPTION = """\
Let clients that are held go on, and restore the time-outs that a switch has changed. An engine does this by itself, and a guard
does it when the engine dies; this is for the case that neither could, and for a PAUSE that somebody else gave. It changes nothing where nothing is held.
"""
_EPILOG = """\
Exit codes: 0 nothing is held any more; 1 PgBouncer did not do it; 2 wrong usage, or not a gateway; 3 a living engine holds them itself.
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    parser = subparsers.add_parser(
        "release", help="let clients go on that are held", description=_DESCRIPTION, epilog=_EPILOG
    )
    parser.add_argument("--dir", type=Path, required=True, metavar="DIR", help="the gateway's directory")
    parser.add_argument(
        "--token", help="undo the hold of this name only, as its guard does (default: whatever is held)"
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="do it also while a living engine holds them, whose switch fails (default: refuse)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Release what is held; return the exit code."""
    from hotswap_tui.engine.lock import LockedError, LockUnavailableError, check_free  # noqa: PLC0415 - a guard waits for the start
    from hotswap_tui.routing.layout import GatewayError, load  # noqa: PLC0415
    from hotswap_tui.routing.undo import UndoError, undo  # noqa: PLC0415

    try:
        gateway = load(args.dir)
        # Without a note no engine holds anybody: a PAUSE is then somebody else's, and nobody releases it by itself.
        if args.token is None and not args.force and gateway.hold_note.exists():
            check_free(args.dir)
        done = undo(gateway, args.token)
    except GatewayError as error:
        return _failed(str(error), exit_codes.USAGE)
    except LockedError as error:
        return _failed(
            f"{error}, holds the clients itself and lets them go on by itself; --force does it all the same",
            exit_codes.LOCKED,
        )
    except (LockUnavailableError, UndoError) as error:
        return _failed(str(error), exit_codes.FAILED)
    except OSError as error:
        return _failed(f"{error.filename or args.dir}: {error.strerror}", exit_codes.FAILED)
    for sentence in done or ("nothing is held",):
        streams.say(sentence)
    return exit_codes.OK


def _failed(line: str, code: int) -> int:
    streams.complain(f"hotswap-tui gateway release: {line}")
    return code
