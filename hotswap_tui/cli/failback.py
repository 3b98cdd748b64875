"""`hotswap-tui failback`: move traffic back to the primary, and give the lead back to automation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.cli import exit_codes
from hotswap_tui.cli.engine_options import with_engine
from hotswap_tui.cli.moving_options import moving_parser, run_moving

if TYPE_CHECKING:
    import argparse

    from hotswap_tui.cli.engine_options import Reached
    from hotswap_tui.cli.moving import Propose


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    parser = moving_parser(
        subparsers,
        "failback",
        "Move traffic back to the primary and leave automatic switching as it was before\nthe switch.",
    )
    codes = exit_codes.table(exit_codes.DOSSIER).replace("exit codes:", "exit codes with --dossier:")
    parser.epilog = f"{parser.epilog}\n{codes}\n"
    group = parser.add_argument_group("dossier")
    group.add_argument(
        "--dossier",
        action="store_true",
        help="only print what was written on the secondary since traffic moved there, and what a failback would lose of it",
    )
    group.add_argument("--json", action="store_true", help="with --dossier: print one JSON object (default: lines)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Fail back, or print the dossier, and return the exit code."""
    if args.dossier:
        return _dossier(args)
    if args.json:
        from hotswap_tui.cli.plain_text import tell  # noqa: PLC0415 - `--help` needs none of it

        tell(["hotswap-tui failback: --json goes with --dossier; nothing was done"])
        return exit_codes.USAGE
    return run_moving(args, "failback", _propose)


def _dossier(args: argparse.Namespace) -> int:
    def act(reached: Reached) -> int:
        from hotswap_tui.cli.failback_dossier import print_dossier  # noqa: PLC0415 - `--help` needs none of it

        return print_dossier(reached.snapshot, as_json=args.json)

    return with_engine(args, "failback", act)


def _propose() -> Propose:
    from hotswap_tui.core.proposal import propose_failback  # noqa: PLC0415 - `--help` needs none of it

    return propose_failback
