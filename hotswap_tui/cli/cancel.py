"""`hotswap-tui cancel`: stop the switch in progress and put everything back, while that can be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.cli.engine_options import with_engine
from hotswap_tui.cli.requesting import ask_for, requesting_parser

if TYPE_CHECKING:
    import argparse

    from hotswap_tui.cli.engine_options import Reached
    from hotswap_tui.core.snapshot import Snapshot


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    parser = requesting_parser(
        subparsers,
        "cancel",
        "Cancel the switch in progress. That can be done until PgBouncer is pointed at\nthe other database.",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Cancel, and return the exit code."""
    return with_engine(args, "cancel", _cancel)


def _cancel(reached: Reached) -> int:
    from hotswap_tui.core.events import CancelRequest  # noqa: PLC0415 - `--help` needs none of it

    return ask_for(reached, CancelRequest, _told)


def _told(now: Snapshot) -> str:
    if now.switch is not None:
        return f"the switch to {now.switch.target} is being cancelled; everything is put back"
    return "the switch is cancelled"
