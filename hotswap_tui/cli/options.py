"""Command-line options for settings: one for each variable that is not a secret, named after it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from hotswap_tui.config import Loaded

# Listed here, not read from the settings: `--help` must not wait for pydantic. A test compares the two.
VARIABLES = (
    "DB_HEALTH_CHECK_INTERVAL",
    "DB_CONNECTION_TIMEOUT",
    "DB_FAILURE_THRESHOLD",
    "DB_PRIMARY_RETRY_INTERVAL",
    "DB_FAILURE_RETRY_INTERVAL",
    "DB_RECOVERY_THRESHOLD",
    "DB_FAILBACK",
    "DB_MAX_SWITCHES_PER_HOUR",
    "DB_STANDBY_CHECK_INTERVAL",
    "DB_FRESH_CONNECT_EVERY",
    "DB_ALLOW_READ_ONLY",
    "DB_WRITE_CHECK",
    "HOTSWAP_STATE_DIR",
)


def flag(variable: str) -> str:
    """Return the option's name: `--db-failure-threshold`; `--state-dir` for HOTSWAP_STATE_DIR."""
    return "--" + variable.lower().removeprefix("hotswap_").replace("_", "-")


def add_settings_options(parser: argparse.ArgumentParser) -> None:
    """Add `--env-file`, `--profile` and an option for each variable."""
    group = parser.add_argument_group(
        "settings",
        "Each option stands for the variable of that name and outranks environment and files. DATABASE_URL and "
        "DATABASE_URL_SECONDARY have none: others could read them in the process list.",
    )
    group.add_argument(
        "--env-file", action="append", default=[], type=Path, metavar="FILE", help="read this dotenv file; repeatable"
    )
    group.add_argument("--profile", choices=("development", "production"), help="begin with recommended settings")
    for variable in VARIABLES:
        group.add_argument(flag(variable), dest=variable, metavar="VALUE", help=variable)


def load_settings(args: argparse.Namespace) -> Loaded:
    """Load the settings that the command line, the environment and the files give; raises SettingsError."""
    from hotswap_tui.config import load  # noqa: PLC0415 - pydantic takes longer to import than all else here

    return load(overrides(args), os.environ, args.env_file, Path.cwd(), args.profile)


def overrides(args: argparse.Namespace) -> dict[str, str]:
    """Return the variables that were given as options."""
    return {name: getattr(args, name) for name in VARIABLES if getattr(args, name) is not None}
