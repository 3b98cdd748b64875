"""The texts of PgBouncer's files. Sources: its manual ("pgbouncer.ini"), and what was measured on 1.18 to 1.25."""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
from dataclasses import dataclass
from secrets import token_bytes
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.plan import PoolMode
from hotswap_tui.routing import layout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from hotswap_tui.gateway.front import Front

PREPARED_SINCE: Final = (1, 21)
"""The first PgBouncer that keeps prepared statements in transaction mode."""
LEAST_QUERY_WAIT_S: Final = 30
LOGIN_RETRY_S: Final = 0.05
"""After a crash nobody is served before the next try."""
_ABOVE_HOLD_S: Final = 15
"""A hold must end well before PgBouncer gives the waiting clients up."""
IGNORED: Final = (
    "extra_float_digits", "options", "search_path", "statement_timeout", "lock_timeout",
    "idle_in_transaction_session_timeout", "idle_session_timeout", "IntervalStyle", "geqo", "jit",
)  # fmt: skip
"""What Prisma, asyncpg, JDBC and node-postgres send at login and PgBouncer would refuse."""
_SALT_BYTES: Final = 16
SOCKET_MODE: Final = "0770"
"""Of the console's socket. Its directory keeps everybody else out, until a service of another user is let in by the group."""


@dataclass(frozen=True, slots=True)
class Ini:
    """What distinguishes one `pgbouncer.ini` from another."""

    directory: Path
    front: Front
    version: tuple[int, ...]
    console_user: str
    run_as: str | None
    """The OS user to become when started as root."""


def render_ini(ini: Ini) -> str:
    """Return `pgbouncer.ini`. The included target file comes last, and nothing may follow it."""
    sections = (
        ("Where it listens.", _places(ini)),
        ("Who may log in. The passwords are in userlist.txt; the console is for hotswap-tui.", _login(ini)),
        ("How connections are shared: enough for a small application, few enough for a small database.", _pooling(ini)),
        (
            "How long anything may take. Without the short retry, a crash kept clients waiting for up to 15 s.",
            _times(ini),
        ),
        ("A link that is gone is noticed within seconds.", LINK),
        ("What drivers send at login and does not matter here.", {"ignore_startup_parameters": ",".join(IGNORED)}),
        ("Failures are logged, coming and going is not: an SD card wears out.", _LOG),
    )
    lines = [
        "; Written by hotswap-tui gateway init. Change what you like and RELOAD, but not the last line.",
        "[pgbouncer]",
    ]
    for comment, settings in sections:
        lines += ["", f"; {comment}", *(f"{name} = {value}" for name, value in settings.items())]
    return "\n".join((*lines, "", f"%include {ini.directory / layout.TARGET}", ""))


LINK: Final[Mapping[str, object]] = {
    "tcp_keepalive": 1,
    "tcp_keepidle": 5,
    "tcp_keepintvl": 2,
    "tcp_keepcnt": 3,
    "tcp_user_timeout": 5000,
}
_LOG: Final[Mapping[str, object]] = {
    "log_connections": 0,
    "log_disconnections": 0,
    "log_pooler_errors": 1,
    "log_stats": 0,
}


def _places(ini: Ini) -> Mapping[str, object]:
    run = ini.directory / layout.RUN
    return {
        "listen_addr": ini.front.listen.host,
        "listen_port": ini.front.listen.port,
        "unix_socket_dir": run,
        "unix_socket_mode": SOCKET_MODE,
        "pidfile": run / layout.PID_FILE,
        "logfile": run / layout.LOG_FILE,
        **({"user": ini.run_as} if ini.run_as else {}),
    }


def _login(ini: Ini) -> Mapping[str, object]:
    settings: dict[str, object] = {
        "auth_type": "scram-sha-256",
        "auth_file": ini.directory / layout.USERS,
        "admin_users": ini.console_user,
    }
    if ini.front.tls is None:
        return settings
    return settings | {
        "auth_type": "hba",
        "auth_hba_file": ini.directory / layout.HBA,
        "client_tls_sslmode": "require",
        "client_tls_cert_file": ini.front.tls.certificate,
        "client_tls_key_file": ini.front.tls.key,
    }


def _pooling(ini: Ini) -> Mapping[str, object]:
    keeps_prepared = ini.version >= PREPARED_SINCE and ini.front.pool_mode is PoolMode.TRANSACTION
    return {
        "pool_mode": ini.front.pool_mode.value,
        "max_client_conn": 500,
        "default_pool_size": 20,
        **({"max_prepared_statements": 200} if keeps_prepared else {}),
    }


def _times(ini: Ini) -> Mapping[str, object]:
    query_wait_s = max(LEAST_QUERY_WAIT_S, math.ceil(ini.front.hold_max_s) + _ABOVE_HOLD_S)
    return {
        "server_login_retry": LOGIN_RETRY_S,
        "server_connect_timeout": 10,
        "server_fast_close": 1,
        "query_wait_timeout": query_wait_s,
        "client_login_timeout": max(60, query_wait_s),
    }


def render_users(entries: Mapping[str, str]) -> str:
    """Return `userlist.txt` of secrets by user name."""
    return "".join(f"{_quoted(user)} {_quoted(secret)}\n" for user, secret in entries.items())


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def render_hba(database: str, user: str, console_user: str, networks: Sequence[str]) -> str:
    """Return `hba.conf`: the application by TLS from `networks`, the console through the Unix socket only."""
    where = f"{_quoted(database)} {_quoted(user)}"
    remote = (f"hostssl {where} {network} scram-sha-256" for network in networks)
    local = (f"local {where} scram-sha-256", f"local {layout.CONSOLE} {_quoted(console_user)} scram-sha-256")
    return "\n".join((*local, *remote, ""))


def scram_secret(password: str) -> str:
    """Return what PgBouncer keeps of a generated password (RFC 5802, section 3).

    Iterations make guessable passwords dear to guess; these 256 random bits cannot be guessed, and a switch logs in to the
    console several times: one iteration saves 4 ms of each login's 8.
    """
    salt = token_bytes(_SALT_BYTES)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 1)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    encoded = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return "SCRAM-SHA-256$1:{}${}:{}".format(*encoded)
