"""Command-line options for settings: one for each variable, named after it.

Secrets have none, nor have the gateway and the hook, which nobody shall change in passing.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from hotswap_tui.config import Loaded

STATE_DIR = "HOTSWAP_STATE_DIR"


class Words(NamedTuple):
    """What `--help` says about a variable's option."""

    value: str
    meaning: str
    default: str


# Written here, not read from the settings: `--help` must not wait for pydantic. A test compares the two.
VARIABLES: Mapping[str, Words] = {
    "DB_HEALTH_CHECK_INTERVAL": Words("MS", "milliseconds between health checks", "30000"),
    "DB_CONNECTION_TIMEOUT": Words("MS", "milliseconds for connect and query together", "5000"),
    "DB_FAILURE_THRESHOLD": Words("COUNT", "failures in a row before failover", "3"),
    "DB_PRIMARY_RETRY_INTERVAL": Words("MS", "milliseconds between tries of the primary while on secondary", "120000"),
    "DB_FAILURE_RETRY_INTERVAL": Words("MS", "milliseconds between checks while a failure is confirmed", "5000"),
    "DB_RECOVERY_THRESHOLD": Words("COUNT", "passed checks in a row before failback", "2"),
    "DB_FAILBACK": Words("HOW", "auto or manual", "auto"),
    "DB_MAX_SWITCHES_PER_HOUR": Words("COUNT", "most automatic switches within an hour", "6"),
    "DB_STANDBY_CHECK_INTERVAL": Words(
        "MS", "milliseconds between checks of the secondary while the primary serves", "the check interval"
    ),
    "DB_FRESH_CONNECT_EVERY": Words("COUNT", "checks of which one opens a new connection", "10"),
    "DB_ALLOW_READ_ONLY": Words("0|1", "whether to fail over to a read-only secondary", "1"),
    "DB_WRITE_CHECK": Words("0|1", "whether checks of the serving database write one row, too", "0"),
    "DB_HOLD_MAX": Words(
        "MS", "milliseconds that clients are held at most while a failure is confirmed; 0: never", "15000"
    ),
    "DB_SYNC_CHECK_INTERVAL": Words(
        "MS", "milliseconds between looks at what the two databases have in common; 0: never", "60000"
    ),
    "DB_MAX_LAG": Words("MS", "milliseconds of writes that the secondary may lack for a failover", "optional"),
    "DB_FAILBACK_GUARD": Words(
        "warn|block", "whether an automatic failback that may lose writes is announced or refused", "warn"
    ),
    "DB_SEQUENCE_GAP": Words("COUNT", "how far a failover moves sequences ahead under logical replication", "1000"),
    "HOTSWAP_LISTEN": Words("HOST:PORT", "address of the HTTP API, or off", "127.0.0.1:8484"),
    "HOTSWAP_ALLOWED_HOSTS": Words(
        "NAMES", "further names under which the HTTP API may be asked, with commas", "optional"
    ),
    "HOTSWAP_HEARTBEAT_INTERVAL": Words("MS", "milliseconds between requests of HOTSWAP_HEARTBEAT_URL", "60000"),
    "HOTSWAP_OBSERVE": Words("0|1", "whether to decide and tell only, and never act", "0"),
    "HOTSWAP_GROUP": Words("GROUP", "group whose members may attach to the engine and act", "optional"),
    STATE_DIR: Words("DIR", "directory of the journal", "the user's state directory; as root /var/lib/hotswap-tui"),
}
_ALIASES: Mapping[str, tuple[str, ...]] = {STATE_DIR: ("--hotswap-state-dir",)}


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
    add_env_file(group)
    group.add_argument(
        "--profile", choices=("development", "production"), help="begin with recommended settings (default: none)"
    )
    for variable in VARIABLES:
        _add_option(group, variable, VARIABLES[variable].default)


def add_demo_settings_options(parser: argparse.ArgumentParser, defaults: Mapping[str, str]) -> None:
    """Add an option for each variable that the demo leaves to a person; `defaults` are those of its own."""
    group = parser.add_argument_group(
        "settings", "Neither environment nor files are read: the demo's databases and directories are its own."
    )
    for variable in VARIABLES:
        if variable != STATE_DIR:
            _add_option(group, variable, defaults.get(variable, VARIABLES[variable].default))


def add_env_file(parser: argparse._ActionsContainer) -> None:
    """Add `--env-file`."""
    parser.add_argument(
        "--env-file",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="read this dotenv file; repeatable, a later one wins (default: none)",
    )


def add_state_dir(parser: argparse._ActionsContainer) -> None:
    """Add `--state-dir` alone."""
    _add_option(parser, STATE_DIR, VARIABLES[STATE_DIR].default)


def _add_option(parser: argparse._ActionsContainer, variable: str, default: str) -> None:
    words = VARIABLES[variable]
    parser.add_argument(
        flag(variable),
        *_ALIASES.get(variable, ()),
        dest=variable,
        metavar=words.value,
        help=f"{words.meaning} (default: {default})",
    )


def load_settings(args: argparse.Namespace) -> Loaded:
    """Load the settings that the command line, the environment and the files give; raises SettingsError."""
    from hotswap_tui.config import load  # noqa: PLC0415 - pydantic takes longer to import than all else here

    return load(overrides(args), os.environ, args.env_file, Path.cwd(), args.profile)


def overrides(args: argparse.Namespace) -> dict[str, str]:
    """Return the variables that were given as options."""
    given = vars(args)
    return {name: given[name] for name in VARIABLES if given.get(name) is not None}
