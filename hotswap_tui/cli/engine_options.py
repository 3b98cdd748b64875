"""Where a command looks for the engine, and what it says when nobody answers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hotswap_tui.cli import exit_codes
from hotswap_tui.cli.options import STATE_DIR, add_env_file, add_state_dir

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from hotswap_tui.core.snapshot import Snapshot

NO_ENGINE_HINT = "start one with `hotswap-tui serve`, or see `hotswap-tui service status`"
HANGING_HINT = "one is there and hangs: its log may say why, and `hotswap-tui service status`"


class UnreachableError(Exception):
    """No engine answers; one line that says where it was looked for, why, and what to do."""


class Reached(NamedTuple):
    """An engine that answers, and its picture."""

    path: Path
    """Its control socket."""
    snapshot: Snapshot


def add_engine_options(parser: argparse.ArgumentParser) -> None:
    """Add what says which engine is meant."""
    group = parser.add_argument_group(
        "engine",
        "Without these the engine is looked for in /run/hotswap-tui,\n"
        "$XDG_RUNTIME_DIR/hotswap-tui and the user's own state directory.",
    )
    add_socket_option(group)
    add_env_file(group)
    add_state_dir(group)


def add_socket_option(parser: argparse._ActionsContainer) -> None:
    """Add `--socket`."""
    parser.add_argument(
        "--socket", type=Path, metavar="PATH", help="ask the engine at this control socket (default: look for one)"
    )


def surroundings(args: argparse.Namespace) -> dict[str, str]:
    """Return the environment, what the command line gives for the state directory above it."""
    given = vars(args)[STATE_DIR]
    return dict(os.environ) if given is None else {**os.environ, STATE_DIR: given}


def sockets_of(args: argparse.Namespace) -> tuple[Path, ...]:
    """Return where the engine's control socket may be; raises SourceError."""
    if args.socket is not None:
        return (args.socket,)
    from hotswap_tui.api.sockets import candidates  # noqa: PLC0415 - `--help` needs none of it
    from hotswap_tui.config.sources import read_named, value_of  # noqa: PLC0415

    environ = surroundings(args)
    named = value_of(STATE_DIR, read_named(environ, args.env_file))
    return candidates(environ, Path(named).expanduser() if named else None)


async def reach(sockets: Sequence[Path]) -> Reached:
    """Return the first engine that answers; raises UnreachableError."""
    from hotswap_tui.api.client import NoEngineError, NotAllowedError, read_snapshot  # noqa: PLC0415 - as above
    from hotswap_tui.api.exchange import SILENT  # noqa: PLC0415
    from hotswap_tui.api.wire import WireError  # noqa: PLC0415

    silent: list[NoEngineError] = []
    forbidden: NotAllowedError | None = None
    for path in sockets:
        try:
            return Reached(path, await read_snapshot(path))
        except NoEngineError as error:
            silent.append(error)
        except NotAllowedError as error:
            forbidden = forbidden or error
        except WireError as error:
            raise UnreachableError(str(error)) from error
    if forbidden is not None:
        raise UnreachableError(str(forbidden)) from forbidden
    looked = ", ".join(f"{error.path} ({error.why})" for error in silent)
    hangs = any(error.why == SILENT for error in silent)
    raise UnreachableError(f"no engine answers at {looked}; {HANGING_HINT if hangs else NO_ENGINE_HINT}")


def with_engine(args: argparse.Namespace, name: str, act: Callable[[Reached], int]) -> int:
    """Return what `act` makes of the engine that is meant; where there is none, say so and return NO_ENGINE."""
    import asyncio  # noqa: PLC0415 - `--help` needs none of it

    from hotswap_tui.config.sources import SourceError  # noqa: PLC0415

    try:
        reached = asyncio.run(reach(sockets_of(args)))
    except SourceError as error:
        return failed(name, error, exit_codes.USAGE)
    except UnreachableError as error:
        return failed(name, error, exit_codes.NO_ENGINE)
    return act(reached)


def failed(name: str, error: Exception, code: int) -> int:
    """Say what is wrong, cleaned, and return `code`."""
    from hotswap_tui.cli.plain_text import tell  # noqa: PLC0415 - `--help` needs none of it

    tell([f"hotswap-tui {name}: {error}"])
    return code
