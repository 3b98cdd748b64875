"""`hotswap-tui repair`: point PgBouncer at the database that the engine has chosen, where somebody else re-pointed it."""

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
        "repair",
        "Point PgBouncer at the active database again, when it points to another one.",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Repair, and return the exit code."""
    return run_moving(args, "repair", _propose)


def _propose() -> Propose:
    from hotswap_tui.core.proposal import propose_repair  # noqa: PLC0415 - `--help` needs none of it

    return propose_repair
