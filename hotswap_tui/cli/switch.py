"""`hotswap-tui switch`: move traffic to one of the two databases, and keep it there."""

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
        "switch",
        "Move traffic to the other database. Automatic switching is off from then on, so\n"
        "that nothing undoes it; `hotswap-tui failback` or `hotswap-tui arm` gives the lead\n"
        "back.",
    )
    parser.add_argument("--to", choices=("primary", "secondary"), required=True, help="the database that shall serve")
    parser.add_argument(
        "--force",
        action="store_true",
        help="switch also to a database that does not answer as it should (default: never)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Switch, and return the exit code."""

    def propose() -> Propose:
        from hotswap_tui.core.proposal import propose_switch  # noqa: PLC0415 - `--help` needs none of it
        from hotswap_tui.core.values import Role  # noqa: PLC0415

        return lambda snapshot: propose_switch(snapshot, Role(args.to), force=args.force)

    return run_moving(args, "switch", propose)
