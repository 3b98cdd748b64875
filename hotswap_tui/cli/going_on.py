"""How watching goes on in the background when a dashboard that owns its engine ends, and what is said of that."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from hotswap_tui.api.client import NoEngineError, read_snapshot
from hotswap_tui.api.sockets import candidates
from hotswap_tui.cli import exit_codes, streams
from hotswap_tui.cli.log_options import LOG_FILE, log_path
from hotswap_tui.cli.options import flag, load_settings, overrides
from hotswap_tui.config import SettingsError
from hotswap_tui.core.text import clean
from hotswap_tui.service.background import has_ended, start_background

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from hotswap_tui.config import Loaded

_ANSWERS_WITHIN_S: Final = 5.0
_POLL_S: Final = 0.1
_TAIL_BYTES: Final = 2000


class Started(NamedTuple):
    """An engine that shall go on in the background."""

    pid: int
    log: Path


def go_on(args: argparse.Namespace, loaded: Loaded) -> Started:
    """Start `serve` with what this dashboard was started with; raises OSError.

    Where that cannot be read any more - a file that has gone or was broken since, a removed directory - it gets the settings in
    force here: nobody may be there to put it right.
    """
    log, spare = log_path(args, loaded), loaded.settings.state_dir / LOG_FILE
    log = log if log.parent.is_dir() else spare
    options = ["--log-format", args.log_format]
    try:
        load_settings(args)
    except (SettingsError, OSError):
        environ = {**os.environ, **in_force(loaded)}
        return Started(start_background(options, log, environ, loaded.settings.state_dir), log)
    return Started(start_background([*background_options(args), *options], log), log)


def background_options(args: argparse.Namespace) -> list[str]:
    """Return the options with which `serve` finds the settings that this command line has found."""
    options = [word for file in args.env_file for word in ("--env-file", str(file.absolute()))]
    options += ["--profile", args.profile] if args.profile else []
    return options + [f"{flag(name)}={value}" for name, value in overrides(args).items()]


def in_force(loaded: Loaded) -> dict[str, str]:
    """Return the settings that somebody has given, wherever, as environment variables."""
    values = loaded.settings.by_variable()
    return {name: _text(values[name]) for name, source in loaded.sources.items() if source != "default"}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    reveal = getattr(value, "get_secret_value", None)
    return str(value if reveal is None else reveal())


def farewell(started: Started, loaded: Loaded) -> int:
    """Say what goes on, once it does, or that nothing does; return the exit code."""
    (path, *_) = candidates(os.environ, loaded.settings.state_dir)
    deadline_s = time.monotonic() + _ANSWERS_WITHIN_S
    while True:
        ended = has_ended(started.pid)
        try:
            pid = asyncio.run(read_snapshot(path)).pid
        except NoEngineError:
            if ended or time.monotonic() >= deadline_s:
                break
            time.sleep(_POLL_S)
        else:
            streams.complain(f"watching goes on in the background, pid {pid}: hotswap-tui shows it, kill {pid} ends it")
            return exit_codes.OK
    if ended:
        streams.complain(
            f"NOTHING IS WATCHED: the engine in the background could not start: {_last_words(started.log)}"
        )
    else:
        streams.complain(
            f"watching should go on in the background, pid {started.pid}, but it does not answer yet: "
            "see hotswap-tui status"
        )
    return exit_codes.FAILED


def _last_words(log: Path) -> str:
    """Return the last line of `log`; where it is to be found when that cannot be read."""
    lines: list[str] = []
    if log.is_file():
        with suppress(OSError):
            lines = log.read_bytes()[-_TAIL_BYTES:].decode(errors="replace").splitlines()
    return clean(lines[-1], _TAIL_BYTES) if lines else f"see {log}"
