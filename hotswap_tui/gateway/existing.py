"""A PgBouncer that somebody else has set up, as its own console describes it."""

from __future__ import annotations

import os
import pwd
import re
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hotswap_tui.core.plan import PoolMode
from hotswap_tui.core.text import clean
from hotswap_tui.dsn import Address, Dsn, parse
from hotswap_tui.gateway.account import Account
from hotswap_tui.gateway.installed import read_version
from hotswap_tui.gateway.listening import listeners
from hotswap_tui.routing.layout import CONSOLE, GatewayError
from hotswap_tui.routing.target_file import place_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg
    from pydantic import SecretStr

_ANSWER_S: Final = 5
_CREDENTIALS: Final = struct.Struct("3i")
_EVERYWHERE: Final = frozenset({"*", "0.0.0.0", "::"})
_ANY: Final = re.compile(r"^\s*\*\s*=", re.MULTILINE)
_REFUSALS: Final = ("authentication failed", "no password supplied", "no such user", "login rejected")


@dataclass(frozen=True, slots=True)
class Existing:
    """What the console said. Names and values are the server's."""

    console: Dsn
    version: tuple[int, ...]
    config: Mapping[str, str]
    databases: Mapping[str, Mapping[str, Any]]
    uid: int
    """The OS user that runs it; 0 when that could not be seen, since PgBouncer itself refuses to be root."""

    def others(self, database: str) -> tuple[str, ...]:
        """Return the other databases that it serves, by name."""
        return tuple(sorted(clean(name, 63) for name in self.databases if name not in {database, CONSOLE}))

    def pool_mode(self, database: str) -> PoolMode:
        """Return how it pools `database`, or would."""
        row = self.databases.get(database, {})
        return PoolMode(row.get("pool_mode") or self.config["pool_mode"])

    def keeps_prepared(self) -> bool:
        """Say whether it keeps prepared statements in transaction mode, where its version can."""
        return self.config.get("max_prepared_statements", "0") != "0"

    def listens(self) -> Address:
        """Return where its clients connect, in its own words; a Unix socket's directory where it listens on no port."""
        host = self.config.get("listen_addr", "").split(",")[0].strip()
        return Address(host or self.config.get("unix_socket_dir", ""), int(self.config["listen_port"]))

    def reachable(self) -> Address:
        """Return where programs on this machine connect."""
        place = self.listens()
        return Address("127.0.0.1", place.port) if place.host in _EVERYWHERE else place

    def needs_tls(self) -> bool:
        """Say whether clients must encrypt."""
        return self.config.get("client_tls_sslmode", "disable") not in {"disable", "allow", "prefer"}

    def account(self, run_as: str | None) -> Account:
        """Return the OS user that runs it, or is said to. Raises GatewayError."""
        try:
            entry = pwd.getpwnam(run_as) if run_as else pwd.getpwuid(self.uid)
        except KeyError:
            raise GatewayError(f"there is no user {run_as or self.uid} on this machine") from None
        if entry.pw_uid == 0:
            raise GatewayError("it cannot be seen as which user that PgBouncer runs; name the user with --run-as")
        account = Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
        if account.is_other and os.geteuid() != 0 and account.gid not in os.getgroups():
            raise GatewayError(
                f"PgBouncer runs as {account.name}, whose group you are not in; join it, or run this as root"
            )
        return account

    def main_file(self) -> str | None:
        """Return the text of its main file; None when that cannot be read here."""
        try:
            return Path(self.config.get("conffile", "")).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return None

    def knows(self, database: str) -> bool:
        """Say whether it has `database`; where it has none yet, or serves any name (`* = …`), that cannot be a mistake."""
        return database in self.databases or not self.others(database) or bool(_ANY.search(self.main_file() or ""))

    def strands_sessions(self, database: str) -> bool:
        """Say whether a session would stay on a database that traffic has left."""
        return self.pool_mode(database) is PoolMode.SESSION and self.config.get("server_fast_close", "0") == "0"

    def points_to(self, database: str, target: Dsn) -> bool:
        """Say whether it leads `database` to `target`."""
        row = self.databases.get(database)
        if row is None:
            return False
        hosts = {place_of(target).host, target.addresses[0].host}  # as we write it, and as a person may have
        wanted = (target.addresses[0].port, target.login_database(), target.login_user())
        return row["host"] in hosts and (row["port"], row["database"], row["force_user"]) == wanted


def examine(console: SecretStr) -> Existing:
    """Ask a PgBouncer about itself. Raises GatewayError, DsnError."""
    import psycopg  # noqa: PLC0415 - half of a command's start
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415

    dsn = parse(console)
    settings = {
        **dsn.conninfo(),
        "dbname": CONSOLE,
        "connect_timeout": _ANSWER_S,
        "options": "",
        "application_name": "",
    }
    try:
        with psycopg.connect(make_conninfo("", **settings), autocommit=True, prepare_threshold=None) as connection:
            return _ask(dsn, connection)
    except psycopg.Error as error:
        raise GatewayError(_unopened(dsn, str(error))) from error


def _unopened(dsn: Dsn, error: str) -> str:
    """Say why the console did not let us in: libpq puts the place before the reason, and advice after."""
    reason = clean(error.partition("\n")[0].rpartition("failed: ")[2], 200)
    where = f"PgBouncer's console at {dsn.address}"
    if "not allowed" in reason:
        return f"{where} does not let {dsn.login_user()} in; a switch needs one of its admin_users"
    if any(word in reason for word in _REFUSALS):
        return f"{where} refuses that user or password ({reason})"
    if "does not exist" in reason:
        return f"there is no PgBouncer at {dsn.address}, but a PostgreSQL server ({reason})"
    return f"{where} does not answer: {reason}"


def _ask(dsn: Dsn, connection: psycopg.Connection[Any]) -> Existing:
    version = read_version(str(_rows(connection, "SHOW VERSION")[0]["version"]))
    config = {str(row["key"]): str(row["value"] or "") for row in _rows(connection, "SHOW CONFIG")}
    databases = {str(row["name"]): row for row in _rows(connection, "SHOW DATABASES")}
    found = Existing(dsn, version, config, databases, _owner(connection.fileno(), dsn.addresses[0]))
    _refuse_powerless(found)
    return found


def _rows(connection: psycopg.Connection[Any], command: str) -> list[dict[str, Any]]:
    cursor = connection.execute(command.encode())
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def _refuse_powerless(found: Existing) -> None:
    user = found.console.login_user()
    admins = {name.strip() for name in found.config.get("admin_users", "").split(",")}
    peer = user == CONSOLE and found.console.addresses[0].is_socket
    if user not in admins and not peer:
        raise GatewayError(f"{user} may look at that PgBouncer only; a switch needs one of its admin_users")


def _owner(descriptor: int, place: Address) -> int:
    if not place.is_socket:
        return next((listener.uid for listener in listeners(place.port)), 0)
    with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as peer:
        _, uid, _ = _CREDENTIALS.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
        return int(uid)
    return 0
