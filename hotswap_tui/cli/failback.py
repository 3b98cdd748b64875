"""`hotswap-tui failback`: move traffic back to the primary, and give the lead back to automation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.cli.moving_options import moving_parser, run_moving

if TYPE_CHECKING:
    import argparse

    from hotswap_tui.cli.moving import Propose


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    parser = moving_parser(
        subparsers,
        "failback",
        "Move traffic back to the primary and leave automatic switching as it was before\nthe switch.",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Fail back, and return the exit code."""
    return run_moving(args, "failback", _propose)


def _propose() -> Propose:
    from hotswap_tui.core.proposal import propose_failback  # noqa: PLC0415 - `--help` needs none of it

    return propose_failback
