"""`hotswap-tui serve`: the engine without a screen."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import signal
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hotswap_tui.cli import exit_codes, streams
from hotswap_tui.cli.log_options import STDERR, add_log_options, open_log
from hotswap_tui.cli.options import STATE_DIR, add_settings_options, overrides

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotswap_tui.config import Loaded
    from hotswap_tui.engine.lock import LockedError
    from hotswap_tui.service.reading import Reading

_DESCRIPTION = """\
Watch both databases, fail over and back, and answer on the control socket and by HTTP, until SIGTERM or Ctrl-C, which end it
within two seconds. SIGHUP reads the settings again and says what has changed; a wrong file changes nothing. Dashboards attach to
it, and the other commands speak to it. To run it as a service: hotswap-tui service install.
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    parser = subparsers.add_parser(
        "serve",
        description=_DESCRIPTION,
        epilog=exit_codes.table(exit_codes.SERVE),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--wait",
        type=_seconds,
        default=0.0,
        metavar="SECONDS",
        help="wait so long for an engine that still has the state directory, or the gateway (default: 0)",
    )
    add_log_options(parser, STDERR)
    add_settings_options(parser)
    parser.set_defaults(run=run)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= 3600:
        raise ValueError
    return seconds


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop; return the exit code."""
    # Nothing that a start imports is garbage, and looking for some takes a tenth of it.
    gc.disable()
    # Whoever hands over to this process may lose its terminal before the engine here can take a SIGHUP.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    from hotswap_tui.config import SettingsError  # noqa: PLC0415 - see options.load_settings
    from hotswap_tui.engine.lock import LockedError, LockUnavailableError  # noqa: PLC0415
    from hotswap_tui.service.listening import ListenError  # noqa: PLC0415
    from hotswap_tui.service.reading import UnreadError  # noqa: PLC0415

    try:
        reading = _reading(args, args.env_file)
        _import_everything()
        loaded = reading.result()
        _serve(args, loaded)
    except UnreadError as error:  # another try may do better
        return _failed(str(error), exit_codes.FAILED)
    except SettingsError as error:
        return _failed(str(error), exit_codes.USAGE)
    except LockedError as error:
        return _failed(locked_sentence(error, loaded), exit_codes.LOCKED)
    except ListenError as error:
        return _failed(str(error), exit_codes.UNHEARD)
    except (LockUnavailableError, OSError) as error:
        return _failed(str(error), exit_codes.FAILED)
    return exit_codes.OK


def _import_everything() -> None:
    """Import what serving needs, while the settings are read, and before another engine's end is waited for."""
    from hotswap_tui.service import service  # noqa: F401, PLC0415
    from hotswap_tui.service.host import preload  # noqa: PLC0415

    preload()


def _serve(args: argparse.Namespace, loaded: Loaded) -> None:
    from hotswap_tui.gateway.notify import Notifier  # noqa: PLC0415
    from hotswap_tui.service.locking import locked  # noqa: PLC0415
    from hotswap_tui.service.service import Service  # noqa: PLC0415

    notifier = Notifier(os.environ)

    def waiting(who: str) -> None:
        streams.complain(f"{who}; waiting for its end")
        notifier.status(f"{who}; waiting for its end")

    with (
        locked(loaded, "hotswap-tui serve", wait_s=args.wait, waiting=waiting),
        closing(open_log(args, loaded)) as log,
    ):
        asyncio.run(Service(loaded, log.write, partial(_reread, args), notifier).run())


async def _reread(args: argparse.Namespace) -> Loaded:
    """Load the settings once more; who stops waiting for it ends the reading, too. Raises SettingsError."""
    reading = _reading(args, [_newest(path, os.environ) for path in args.env_file])
    try:
        return await asyncio.to_thread(reading.result)
    except asyncio.CancelledError:
        reading.end()
        raise


def _reading(args: argparse.Namespace, env_files: list[Path]) -> Reading:
    from hotswap_tui.service.reading import Reading  # noqa: PLC0415

    return Reading(overrides(args), env_files, Path.cwd(), args.profile)


def _newest(path: Path, environ: Mapping[str, str]) -> Path:
    """Return the copy that the unit's ExecReload= has made of a credential since the start, where there is one."""
    credentials, runtime = environ.get("CREDENTIALS_DIRECTORY"), environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    if not (credentials and runtime and path.parent == Path(credentials)):
        return path
    copy = Path(runtime) / path.name
    return copy if copy.exists() else path


def locked_sentence(error: LockedError, loaded: Loaded) -> str:
    """Return who controls what this engine needs, and what to do."""
    ours = error.directory == loaded.settings.state_dir
    return f"{error}; end it, or choose another {STATE_DIR}" if ours else f"{error}; end it: a gateway has one engine"


def _failed(why: str, code: int) -> int:
    for line in why.splitlines():
        streams.complain(f"hotswap-tui serve: {line}")
    return code
