"""What `arm`, `disarm` and `cancel` have in common: one request, and one line that says what holds now."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from hotswap_tui.cli import exit_codes
from hotswap_tui.cli.engine_options import add_engine_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap_tui.cli.engine_options import Reached
    from hotswap_tui.core.events import Request
    from hotswap_tui.core.snapshot import Snapshot


def requesting_parser(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser], name: str, description: str
) -> argparse.ArgumentParser:
    """Return the parser of a command that asks for one thing."""
    parser = subparsers.add_parser(
        name,
        description=description,
        epilog=exit_codes.table(exit_codes.REQUESTS),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_engine_options(parser)
    return parser


def ask_for(reached: Reached, make: Callable[[str], Request], holds: Callable[[Snapshot], str]) -> int:
    """Send the request that `make` makes for who asks, and print what holds then; return the exit code."""
    import asyncio  # noqa: PLC0415 - `--help` needs none of it

    from hotswap_tui.api.client import send  # noqa: PLC0415
    from hotswap_tui.cli.moving import ENGINE_ERRORS, interrupted, unanswered  # noqa: PLC0415
    from hotswap_tui.cli.plain_text import say, tell  # noqa: PLC0415
    from hotswap_tui.core.errors import RefusedError  # noqa: PLC0415
    from hotswap_tui.engine.operator import operator  # noqa: PLC0415

    try:
        now = asyncio.run(send(reached.path, make(operator())))
    except RefusedError as error:
        tell([f"refused: {error}"])
        return exit_codes.NOTHING_DONE
    except ENGINE_ERRORS as error:
        return unanswered(error)
    except KeyboardInterrupt:
        return interrupted()
    say([holds(now)])
    return exit_codes.OK
