"""`hotswap-tui sync teardown`: remove what setup has created."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from hotswap_tui.cli import exit_codes, plain_text
from hotswap_tui.cli.options import add_settings_options
from hotswap_tui.cli.sync_steps import add_options, failed, is_told_and_agreed, load_pair, refused, say_statement

if TYPE_CHECKING:
    from hotswap_tui.config import Loaded
    from hotswap_tui.sync.replication.teardown import Teardown

_DESCRIPTION = """\
Remove both subscriptions, their slots and the publications of `sync setup`; no row of any table is touched. A server that cannot be
reached keeps its part: what to run there later is said, since a slot that nobody reads fills its disk.
"""
_EPILOG = exit_codes.table(exit_codes.SYNC_TEARDOWN)


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    parser = subparsers.add_parser(
        "teardown",
        help="remove what setup has created",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_options(parser)
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Ask and remove; return the exit code."""
    loaded = load_pair(args)
    if loaded is None:
        return exit_codes.USAGE
    from hotswap_tui.sync.errors import SyncError  # noqa: PLC0415 - `--help` needs none of it

    try:
        return _tear_down(args, loaded)
    except SyncError as error:
        return failed(error)
    except KeyboardInterrupt:
        plain_text.tell(["interrupted; run the same command again to go on"])
        return exit_codes.INTERRUPTED


def _tear_down(args: argparse.Namespace, loaded: Loaded) -> int:
    from hotswap_tui.sync.replication.teardown import Teardown  # noqa: PLC0415

    assert loaded.secondary is not None
    with Teardown(loaded.primary, loaded.secondary) as teardown:
        plain_text.tell(f"the {role} cannot be reached: {why}" for role, why in teardown.unreached.items())
        planned = teardown.planned()
        if not planned:
            plain_text.tell(
                ["nothing of it is there" if not teardown.unreached else "nothing of it is on the other server"]
            )
            return _tell_left(teardown)
        if args.dry_run:
            for statement in planned:
                say_statement(statement)
            plain_text.tell(["nothing was done (--dry-run)"])
            return _tell_left(teardown)
        if not is_told_and_agreed(args, planned):
            return refused("nothing was done")
        teardown.run(say_statement)
        return _tell_left(teardown)


def _tell_left(teardown: Teardown) -> int:
    """Say what is left on a server that could not be reached; return the exit code."""
    for role, undo, why in teardown.left_behind():
        plain_text.tell(
            [
                f"left on the {role}, if it was there ({why}); run on it, or this command once more when it is back:",
                f"  {undo}",
            ]
        )
    return exit_codes.FAILED if teardown.unreached else exit_codes.OK
