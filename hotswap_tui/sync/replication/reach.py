"""Proof that the one server reaches the other, without a trace: a subscription in a transaction that is rolled back.

CREATE SUBSCRIPTION connects from the server itself, as it will later, with the rights that replication needs. That it has reached
this source and no other shows in the source's own list of sessions, where it stands under a name that was never used before.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from importlib import resources
from ipaddress import ip_address
from secrets import token_hex
from typing import TYPE_CHECKING, Final, Self

import psycopg

from hotswap_tui.dsn.secret import SecretStr
from hotswap_tui.sync.connecting import connect, deadline, line_of
from hotswap_tui.sync.errors import SyncError
from hotswap_tui.sync.quoting import identifier, literal
from hotswap_tui.sync.replication.statements import quietly

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap_tui.dsn import Dsn
    from hotswap_tui.sync.replication.statements import Connection
    from hotswap_tui.sync.replication.ways import Way

REACH_S: Final = 20.0
"""For all of it."""
_ATTEMPTS: Final = 4
_SEEN_S: Final = 0.5
"""Who has seen the session says so within a round trip after it."""
_WARNED_FROM: Final = 150_000
_FORBIDDEN: Final = frozenset({"42501"})
_LOOK_OUT: Final = (resources.files("hotswap_tui.sync") / "sql" / "await_walsender.sql").read_text(encoding="utf-8")


def prove_reachable(way: Way, source: Connection, target: Connection, timeout_s: float = REACH_S) -> None:
    """Return when the target's server has reached the source by `way.route`; raises SyncError, which says what to change.

    `source` may have to create a publication without tables for that time; it is dropped again.
    """
    name = f"hotswap_tui_{token_hex(8)}"
    deadline_s = time.monotonic() + timeout_s
    with _announced(source, target, name), _Lookout(way.source_dsn, name, timeout_s) as lookout:
        for _ in range(_ATTEMPTS):
            _try(way, target, name, max(1.0, deadline_s - time.monotonic()))
            if lookout.seen(min(_SEEN_S, max(0.0, deadline_s - time.monotonic()))):
                return
    raise SyncError(_elsewhere(way))


def may_publish_all(connection: Connection, way: Way) -> bool:
    """Say whether the role may publish all tables, by a publication that is rolled back; psycopg's errors are raised."""
    try:
        _try_publication(connection, way, "ALL TABLES")
    except psycopg.Error as error:
        if error.sqlstate in _FORBIDDEN:
            return False
        raise
    return True


def _try_publication(connection: Connection, way: Way, scope: str) -> None:
    with _rolled_back(connection):
        connection.execute(f"CREATE PUBLICATION {identifier(f'{way.publication[:40]}_trial')} FOR {scope}".encode())


def _try(way: Way, target: Connection, name: str, timeout_s: float) -> None:
    options = "connect = true, create_slot = false, enabled = false, copy_data = false, slot_name = NONE"
    conninfo = literal(way.conninfo(name).get_secret_value())
    sql = f"CREATE SUBSCRIPTION {name} CONNECTION {conninfo} PUBLICATION {name} WITH ({options})"
    try:
        with deadline(target, timeout_s + 2), _rolled_back(target):
            limit_ms = str(round(timeout_s * 1000))
            target.execute("SELECT pg_catalog.set_config('statement_timeout', %s, true)", (limit_ms,))
            quietly(target, SecretStr(sql))
    except psycopg.Error as error:
        raise SyncError(_why(way, error)) from None


@contextmanager
def _announced(source: Connection, target: Connection, name: str) -> Iterator[None]:
    """Let there be a publication of that name where its absence would be logged on the target, with the statement and its password.

    PostgreSQL 15 and later warn so, and only a superuser can keep a warning out of the log.
    """
    if target.info.server_version < _WARNED_FROM or _is_superuser(target):
        yield
        return
    source.execute(f"CREATE PUBLICATION {name}".encode())
    try:
        yield
    finally:
        source.execute(f"DROP PUBLICATION IF EXISTS {name}".encode())


def _is_superuser(connection: Connection) -> bool:
    return connection.execute("SELECT pg_catalog.current_setting('is_superuser')").fetchone() == ("on",)


@contextmanager
def _rolled_back(connection: Connection) -> Iterator[None]:
    with connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL lock_timeout = '5s'")
        connection.execute("SET LOCAL client_min_messages = error")
        yield


class _Lookout:
    """Watch a server's sessions, on a connection and in a thread of its own."""

    def __init__(self, dsn: Dsn, name: str, timeout_s: float) -> None:
        self._seen = threading.Event()
        self._ended = threading.Event()
        self._connection = connect(dsn)
        self._settings = {"hotswap_tui.awaited": name, "hotswap_tui.patience": f"{round(timeout_s) + 2} s"}
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if not self._ended.is_set():
            self._connection.cancel_safe(timeout=2)
        self._thread.join(5)
        self._connection.close()

    def seen(self, timeout_s: float) -> bool:
        """Say whether the session has been there, within `timeout_s`."""
        return self._seen.wait(timeout_s)

    def _watch(self) -> None:
        try:
            for setting in self._settings.items():
                self._connection.execute("SELECT pg_catalog.set_config(%s, %s, false)", setting)
            self._connection.execute(_LOOK_OUT.encode())
            row = self._connection.execute("SELECT pg_catalog.current_setting('hotswap_tui.seen', true)").fetchone()
            if row == ("yes",):
                self._seen.set()
        except psycopg.Error:
            pass  # cancelled, or gone: then it has seen nothing
        finally:
            self._ended.set()


def _why(way: Way, error: psycopg.Error) -> str:
    line = line_of(error, (way.route, way.source_dsn))
    line = line.partition("could not connect to the publisher: ")[2] or line
    begin = f"the {way.target}'s server cannot reach the {way.source} by {way.variable}: {line}"
    if error.sqlstate in _FORBIDDEN:
        return f"the {way.target}'s server refuses a subscription: {line}; {_rights(way)}"
    if isinstance(error, psycopg.errors.QueryCanceled):
        return f"the {way.target}'s server cannot reach the {way.source} by {way.variable}: no answer in time; {_remedy(way)}"
    if "REPLICATION" in line or "start WAL sender" in line:
        return f"{begin}; as superuser: ALTER ROLE {way.route.login_user()} REPLICATION"
    if "pg_hba.conf" in line or "authentication failed" in line:
        return f"{begin}; let {way.route.login_user()} in from there in the {way.source}'s pg_hba.conf, and check the password"
    return f"{begin}; {_remedy(way)}"


def _rights(way: Way) -> str:
    user = way.target_dsn.login_user()
    return (
        f"GRANT pg_create_subscription TO {user}, and GRANT CREATE ON DATABASE (16 and later), or use a superuser's URL"
    )


def _elsewhere(way: Way) -> str:
    return (
        f"the {way.target}'s server does not reach the {way.source} by {way.variable}, but another server, or it is not seen there "
        f"(where {way.route.login_user()} is another role than {way.source_dsn.login_user()}: GRANT pg_read_all_stats TO "
        f"{way.source_dsn.login_user()}); {_remedy(way)}"
    )


def _remedy(way: Way) -> str:
    if _is_local(way.route):
        place = way.route.addresses[0].host
        named = "name the secondary in DATABASE_URL_SECONDARY" if way.back else "set DB_PRIMARY_URL_FROM_SECONDARY"
        return f"{place} is the {way.target} itself there: {named} as the other machine reaches it (its address, a VPN, a tunnel)"
    if way.back:
        return "open the way from there, or leave out --two-way"
    return (
        "open the way from there (firewall, listen_addresses, pg_hba.conf, a VPN), or set DB_PRIMARY_URL_FROM_SECONDARY"
    )


def _is_local(dsn: Dsn) -> bool:
    return any(address.is_socket or _loopback(address.host) for address in dsn.addresses)


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"
