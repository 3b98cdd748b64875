"""`hotswap-tui arm`: let automation act again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotswap_tui.cli import exit_codes
from hotswap_tui.cli.engine_options import with_engine
from hotswap_tui.cli.requesting import ask_for, requesting_parser

if TYPE_CHECKING:
    import argparse

    from hotswap_tui.cli.engine_options import Reached

_ON: Final = "automatic switching is on"


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    parser = requesting_parser(
        subparsers,
        "arm",
        "Turn automatic switching on. Where that alone would move traffic back to the\nprimary at once, it asks first.",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask (default: ask where traffic would move at once)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Arm, and return the exit code."""
    return with_engine(args, "arm", lambda reached: _arm(reached, yes=args.yes))


def _arm(reached: Reached, *, yes: bool) -> int:
    from hotswap_tui.cli.asking import NO_TERMINAL, agreed, can_ask  # noqa: PLC0415 - `--help` needs none of it
    from hotswap_tui.cli.plain_text import say, tell  # noqa: PLC0415
    from hotswap_tui.core.events import ArmRequest  # noqa: PLC0415
    from hotswap_tui.core.failback_words import arming_fails_back  # noqa: PLC0415

    if reached.snapshot.mode.armed:
        say([f"{_ON} already"])
        return exit_codes.OK
    if arming_fails_back(reached.snapshot) and not yes:
        passes = reached.snapshot.primary.passes
        tell(
            [
                f"The primary has passed {passes} checks in a row: with automatic switching on, traffic goes back to it at once."
            ]
        )
        if not can_ask():
            tell([NO_TERMINAL])
            return exit_codes.USAGE
        if not agreed("arm and fail back", ""):
            tell(["nothing was done"])
            return exit_codes.NOTHING_DONE
    return ask_for(reached, ArmRequest, lambda _now: _ON)
