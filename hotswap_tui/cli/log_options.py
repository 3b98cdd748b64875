"""Where the log goes and what it looks like."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from hotswap_tui.config import Loaded
    from hotswap_tui.engine.log import EventLog

LOG_FILE = "hotswap-tui.log"
STDERR = "-"


def add_log_options(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """Add `--log-file`, the dashboard's unless it has another `default`, and `--log-format`."""
    dashboard = f"log to FILE; {STDERR} is standard error, where that is not the dashboard's terminal "
    parser.add_argument(
        "--log-file",
        metavar="FILE",
        default=default,
        help=f"{dashboard}(default: {LOG_FILE} in the state directory)"
        if default is None
        else f"log to FILE (default: {default}, standard error)",
    )
    parser.add_argument(
        "--log-format",
        choices=("reference", "json"),
        default="reference",
        help="log lines, or one JSON object a line (default: %(default)s)",
    )


def log_obstacle(args: argparse.Namespace) -> str:
    """Return why a dashboard cannot be shown beside this log, in one line; empty when it can."""
    if args.log_file != STDERR or not sys.stderr.isatty():
        return ""
    if sys.stdout.isatty() and not os.path.samestat(os.fstat(sys.stdout.fileno()), os.fstat(sys.stderr.fileno())):
        return ""
    return f"--log-file {STDERR} would write across the dashboard: send standard error elsewhere, as in 2>FILE"


def open_log(args: argparse.Namespace, loaded: Loaded) -> EventLog:
    """Open the log and write what the engine begins with; raises OSError."""
    from hotswap_tui.engine.log import EventLog  # noqa: PLC0415

    log = EventLog(args.log_format, _target(args, loaded))
    settings = loaded.settings
    log.initializing(
        loaded.primary.masked(),
        loaded.secondary.masked() if loaded.secondary else None,
        settings.health_check_interval_ms,
        settings.failure_threshold,
    )
    return log


def log_path(args: argparse.Namespace, loaded: Loaded) -> Path:
    """Return the file of a log that outlives this process's standard error."""
    from pathlib import Path  # noqa: PLC0415

    named = args.log_file and args.log_file != STDERR
    return Path(args.log_file).absolute() if named else loaded.settings.state_dir / LOG_FILE


def _target(args: argparse.Namespace, loaded: Loaded) -> TextIO | Path:
    return sys.stderr if args.log_file == STDERR else log_path(args, loaded)
