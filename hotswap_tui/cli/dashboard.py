"""`hotswap-tui`: the dashboard, over the engine that runs already, or over one in this process."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING, Final

from hotswap_tui.cli import exit_codes, streams
from hotswap_tui.cli.engine_options import HANGING_HINT, NO_ENGINE_HINT, add_socket_option, sockets_of
from hotswap_tui.cli.log_options import add_log_options, log_obstacle, open_log
from hotswap_tui.cli.options import add_settings_options, load_settings, overrides
from hotswap_tui.cli.serve import locked_sentence

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from hotswap_tui.cli.going_on import Started
    from hotswap_tui.config import Loaded
    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.engine.lock import LockedError
    from hotswap_tui.tui.terminal import TerminalProfile

_OPENS_WITHIN_S: Final = 5.0
"""An engine that has its lock listens on its control socket after at most this long."""
_POLL_S: Final = 0.1
_HANGUP: Final = 128 + signal.SIGHUP
"""The dashboard's exit code when its terminal is gone: nobody is there to read a farewell."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the dashboard's options to the command line that names no command."""
    parser.add_argument("--read-only", action="store_true", help="look only: no key acts (default: keys act)")
    add_socket_option(parser)
    add_log_options(parser)
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Show the dashboard until it ends; return the exit code."""
    # Nothing that a start imports is garbage, and looking for some takes a tenth of the time to the first frame.
    gc.disable()
    from hotswap_tui.api.errors import NoEngineError  # noqa: PLC0415 - `--help` needs none of it
    from hotswap_tui.api.wire import WireError  # noqa: PLC0415
    from hotswap_tui.config import SettingsError  # noqa: PLC0415 - see options.load_settings
    from hotswap_tui.config.sources import SourceError  # noqa: PLC0415
    from hotswap_tui.engine.lock import LockUnavailableError  # noqa: PLC0415

    try:
        if not _on_terminal():
            load_settings(args)  # under systemd, or in a pipe, what is wrong with them matters first
        profile = fit_terminal()
        if profile is None:
            return exit_codes.TERMINAL
        return _attached(args, profile) if args.socket else _attached_or_own(args, profile)
    except (SettingsError, SourceError) as error:
        streams.complain(str(error))
        return exit_codes.USAGE
    except NoEngineError as error:
        streams.complain(f"{error}; {NO_ENGINE_HINT if _nobody(error) else HANGING_HINT}")
        return exit_codes.NO_ENGINE
    except (LockUnavailableError, OSError, WireError) as error:
        streams.complain(str(error))
        return exit_codes.FAILED


def _attached_or_own(args: argparse.Namespace, profile: TerminalProfile) -> int:
    """Attach where an engine runs; where one is just starting, as soon as it listens."""
    from hotswap_tui.api.errors import NoEngineError  # noqa: PLC0415 - see run
    from hotswap_tui.engine.lock import LockedError  # noqa: PLC0415

    deadline_s: float | None = None
    while True:
        try:
            return _attached(args, profile)
        except NoEngineError as error:
            if not _nobody(error):  # it may go on at any moment, and there would be two
                raise
        try:
            return _own(args, profile, load_settings(args))
        except LockedError as error:
            deadline_s = deadline_s or time.monotonic() + _OPENS_WITHIN_S
            if time.monotonic() >= deadline_s:
                return _not_ours(args, error)
        time.sleep(_POLL_S)


def _not_ours(args: argparse.Namespace, error: LockedError) -> int:
    streams.complain(locked_sentence(error, load_settings(args)))
    return exit_codes.LOCKED


def _attached(args: argparse.Namespace, profile: TerminalProfile) -> int:
    """Show the engine that runs already. Where none can be shown, raises what keeps it, NoEngineError when there is none at all."""
    from hotswap_tui.api.errors import NoEngineError, NotAllowedError  # noqa: PLC0415 - see run

    found: list[OSError] = []
    for path in sockets_of(args):
        try:
            return asyncio.run(_look(path, args, profile))
        except (NoEngineError, NotAllowedError) as error:
            found.append(error)
    raise min(found, key=_nobody)


def _nobody(error: OSError) -> bool:
    """Say whether there is no engine, rather than one that hangs or is not for this user."""
    from hotswap_tui.api.errors import NoEngineError  # noqa: PLC0415 - see run
    from hotswap_tui.api.exchange import SILENT  # noqa: PLC0415

    return isinstance(error, NoEngineError) and error.why != SILENT


async def _look(path: Path, args: argparse.Namespace, profile: TerminalProfile) -> int:
    from hotswap_tui.api.attached import AttachedClient  # noqa: PLC0415 - see run
    from hotswap_tui.cli.watching import look  # noqa: PLC0415
    from hotswap_tui.config.state_dir import default_state_dir  # noqa: PLC0415

    async with AttachedClient(path) as client:
        if args.env_file and not args.socket:
            _check_same(path, client.snapshot(), load_settings(args))
        if overrides(args) or args.profile or args.log_file:
            pid = client.snapshot().pid
            streams.complain(f"attached to the engine that runs already, pid {pid}: it keeps its own settings and log")
        return await look(client, profile, directory=default_state_dir(), read_only=args.read_only)


def _check_same(path: Path, snapshot: Snapshot, loaded: Loaded) -> None:
    """Raise NoEngineError where the engine at `path` watches other databases than those of a file that was named."""
    from hotswap_tui.api.errors import NoEngineError  # noqa: PLC0415 - see run

    theirs = [snapshot.name, snapshot.primary.address, snapshot.secondary and snapshot.secondary.address]
    ours = [loaded.primary.login_database(), loaded.primary.address, loaded.secondary and loaded.secondary.address]
    if theirs != ours:
        raise NoEngineError(path, f"the engine there watches {theirs[0]} at {theirs[1]}, not {ours[0]} at {ours[1]}")


def _own(args: argparse.Namespace, profile: TerminalProfile, loaded: Loaded) -> int:
    """Watch in this process; raises LockedError where another one does."""
    from hotswap_tui.cli.going_on import farewell, go_on  # noqa: PLC0415 - see run
    from hotswap_tui.cli.watching import watch  # noqa: PLC0415
    from hotswap_tui.service.locking import locked  # noqa: PLC0415

    if obstacle := log_obstacle(args):
        streams.complain(obstacle)
        return exit_codes.USAGE
    started: list[Started] = []

    def going_on() -> None:
        started.append(go_on(args, loaded))

    directory = loaded.settings.state_dir
    with locked(loaded, "hotswap-tui"), closing(open_log(args, loaded)) as log:
        view = watch(loaded, log, profile, directory=directory, read_only=args.read_only, going_on=going_on)
        code = asyncio.run(view)
    if not started or code == _HANGUP:
        return code
    said = farewell(started[0], loaded)
    return code or said


def _on_terminal() -> bool:
    return sys.stdin.isatty() and (sys.stdout.isatty() or sys.stderr.isatty())


def fit_terminal() -> TerminalProfile | None:
    """Return what this terminal can show; None, with a sentence on stderr, when it cannot show the dashboard."""
    from hotswap_tui.tui.terminal import terminal_profile  # noqa: PLC0415 - only the dashboard needs it

    if not _on_terminal():
        streams.complain("the dashboard needs a terminal; `hotswap-tui status` works everywhere")
        return None
    profile = terminal_profile(os.environ, sys.stdout.encoding)
    if profile.refuse_reason:
        streams.complain(profile.refuse_reason)
        return None
    return profile
