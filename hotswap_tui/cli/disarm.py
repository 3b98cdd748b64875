"""`hotswap-tui disarm`: keep automation's hands off, for a while or until somebody arms it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.cli.durations import span_s, span_words
from hotswap_tui.cli.engine_options import with_engine
from hotswap_tui.cli.requesting import ask_for, requesting_parser

if TYPE_CHECKING:
    import argparse

    from hotswap_tui.cli.engine_options import Reached


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    parser = requesting_parser(
        subparsers, "disarm", "Turn automatic switching off. Checks go on, and a person can still switch."
    )
    parser.add_argument(
        "--for",
        dest="for_s",
        type=span_s,
        metavar="TIME",
        help="turn it on again after TIME, as in 90s, 30m, 2h or 1d (default: when somebody arms it)",
    )
    parser.add_argument("--reason", default="", metavar="TEXT", help="why, for everybody who looks (default: none)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Disarm, and return the exit code."""
    return with_engine(args, "disarm", lambda reached: _disarm(reached, args.for_s, args.reason))


def _disarm(reached: Reached, for_s: float | None, reason: str) -> int:
    from hotswap_tui.core.events import DisarmRequest  # noqa: PLC0415 - `--help` needs none of it
    from hotswap_tui.core.text import clean  # noqa: PLC0415

    why = clean(reason)
    until = "until somebody arms it again" if for_s is None else f"for {span_words(for_s)}"
    told = f"automatic switching is off {until}{f': {why}' if why else ''}"
    return ask_for(reached, lambda by: DisarmRequest(by, why, for_s), lambda _now: told)
