"""The directory of a gateway: which files are where, and what `gateway.json` says about it."""

from __future__ import annotations

import errno
import json
import os
import pwd
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import SecretStr

DESCRIPTION: Final = "gateway.json"
INI: Final = "pgbouncer.ini"
TARGET: Final = "target.ini"
USERS: Final = "userlist.txt"
ENGINE_ENV: Final = "hotswap.env"
APPLICATION_ENV: Final = "app.env"
HOLD_NOTE: Final = "hold.json"
HBA: Final = "hba.conf"
CONSOLE: Final = "pgbouncer"
"""The name of the console among the databases."""
RUN: Final = "run"
"""Directory of what PgBouncer itself writes; it belongs to the OS user that runs PgBouncer."""
PID_FILE: Final = "pgbouncer.pid"
LOG_FILE: Final = "pgbouncer.log"


class GatewayError(Exception):
    """What is wrong with a gateway, where, and what to do: one line, never a secret."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway as `gateway init` or `gateway adopt` has described it."""

    directory: Path
    database: str
    """The name under which applications reach it."""
    console: SecretStr
    """PgBouncer's console, as a connection string (`postgresql://user:password@/pgbouncer?host=DIR&port=6432`)."""
    application: SecretStr
    """What applications connect with: host and port of the endpoint, their own user, password and database."""
    host: str
    port: int
    """Where clients connect."""
    adopted: bool = False
    """Somebody else's PgBouncer: this program neither starts nor stops it."""
    shared: bool = False
    """It serves other databases, too, which a hold stops as well; a person has agreed to that."""

    @property
    def target_file(self) -> Path:
        """Return the one file that a switch replaces."""
        return self.directory / TARGET

    @property
    def run_directory(self) -> Path:
        """Return the directory of PgBouncer's socket, pid file and log, unless it was adopted."""
        return self.directory / RUN

    @property
    def pid_file(self) -> Path:
        """Return the file with the process number of the PgBouncer that runs from this directory."""
        return self.run_directory / PID_FILE

    @property
    def log_file(self) -> Path:
        """Return the log of the PgBouncer that runs from this directory."""
        return self.run_directory / LOG_FILE

    @property
    def hold_note(self) -> Path:
        """Return the file that says what must be undone when this program dies."""
        return self.directory / HOLD_NOTE


def owner_of(path: Path) -> str:
    """Return the name of the user to whom `path` belongs, or as much of the way there as can be seen."""
    for place in (path, *path.parents):
        try:
            uid = place.stat().st_uid
        except OSError:
            continue
        try:
            return pwd.getpwuid(uid).pw_name
        except KeyError:
            return f"user {uid}"
    return "root"


def describe(gateway: Gateway) -> str:
    """Return the text of `gateway.json`; it contains secrets."""
    fields = {
        "database": gateway.database,
        "console": gateway.console.get_secret_value(),
        "application": gateway.application.get_secret_value(),
        "host": gateway.host,
        "port": gateway.port,
        "adopted": gateway.adopted,
        "shared": gateway.shared,
    }
    return json.dumps(fields, indent=2) + "\n"


def load(directory: Path) -> Gateway:
    """Return the gateway of `directory`; raises GatewayError."""
    from hotswap_tui.dsn.secret import SecretStr  # noqa: PLC0415 - what only needs a file's name does not wait for it

    path = directory / DESCRIPTION
    try:
        fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        _refuse_stranger(directory)
        return Gateway(
            directory=directory,
            database=str(fields["database"]),
            console=SecretStr(fields["console"]),
            application=SecretStr(fields["application"]),
            host=str(fields["host"]),
            port=int(fields["port"]),
            adopted=bool(fields["adopted"]),
            shared=bool(fields["shared"]),
        )
    except FileNotFoundError:
        raise GatewayError(
            f"{directory} is not a gateway: it has no {DESCRIPTION}; make one with gateway init"
        ) from None
    except PermissionError as error:
        raise GatewayError(
            f"{error.filename} cannot be reached: permission denied; run this as {owner_of(path)}, to whom the gateway belongs"
        ) from error
    except OSError as error:
        raise GatewayError(f"{path} cannot be read: {error.strerror}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise GatewayError(
            f"{path} is damaged ({type(error).__name__}); make it anew with gateway init --force"
        ) from None


def _refuse_stranger(directory: Path) -> None:
    """Raise PermissionError where the target file could not be replaced: that must not turn out in the middle of a switch."""
    if not os.access(directory, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(directory))
