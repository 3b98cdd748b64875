"""Connections of the one-shot commands, through libpq; what a server or the network says becomes one clean line."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg.conninfo import make_conninfo

from hotswap_tui.core.text import clean
from hotswap_tui.probes.classify import redact
from hotswap_tui.sync.errors import SyncError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hotswap_tui.dsn import Dsn

CONNECT_S: Final = 10.0
"""A server that has not let us in by then is not reachable."""
_SILENCE_S: Final = 60
"""A peer that acknowledges nothing for so long is gone."""
_LIMIT: Final = 300

# The names of a session's own settings; a connection string may have brought others, made for an application.
_SESSION: Final = (
    ("search_path", ""),
    ("statement_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
    ("client_min_messages", "warning"),
)


def connect(
    dsn: Dsn, *, autocommit: bool = True, application_name: str = "hotswap-tui", timeout_s: float = CONNECT_S
) -> psycopg.Connection[tuple[Any, ...]]:
    """Open a connection whose search_path is empty and whose statements may take any time; raises SyncError.

    Through a pooler the session is left as it is, since others get it afterwards: SQL names every schema anyway. The caller closes it, best with `with`. `timeout_s` is for the connection alone, whole seconds from 2 on.
    """
    conninfo = make_conninfo(
        "",
        **{
            "keepalives": "1",
            "keepalives_idle": str(_SILENCE_S // 2),
            "keepalives_interval": str(_SILENCE_S // 6),
            "keepalives_count": "3",
            "tcp_user_timeout": str(_SILENCE_S * 1000),
            **dsn.conninfo(),
            "connect_timeout": str(max(2, round(timeout_s))),
            "application_name": application_name,
            "client_encoding": "UTF8",
        },
    )
    with explained(dsn):
        connection = psycopg.connect(conninfo, autocommit=True, prepare_threshold=None)
        try:
            with deadline(connection, timeout_s):
                _prepare(connection)
            connection.autocommit = autocommit
        except BaseException:
            connection.close()
            raise
    return connection


def is_pooled(connection: psycopg.Connection[Any]) -> bool:
    """Say whether something else than the server has answered, going by the process that it names."""
    row = connection.execute("SELECT pg_catalog.pg_backend_pid()").fetchone()
    return row is None or row[0] != connection.info.backend_pid


def _prepare(connection: psycopg.Connection[Any]) -> None:
    if is_pooled(connection):
        return
    for name, value in _SESSION:
        connection.execute("SELECT pg_catalog.set_config(%s, %s, false)", (name, value))


@contextmanager
def deadline(connection: psycopg.Connection[Any], timeout_s: float) -> Iterator[None]:
    """Cut the connection when what is inside takes longer than `timeout_s`, also where the server is frozen; raises SyncError."""
    late = threading.Event()

    def cut() -> None:
        late.set()
        # It may be gone already: then nobody waits for it any more.
        with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(connection.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(timeout_s, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    except psycopg.OperationalError as error:
        if late.is_set():
            raise SyncError(f"no answer within {timeout_s:g} s") from error
        raise
    finally:
        timer.cancel()


@contextmanager
def explained(*dsns: Dsn) -> Iterator[None]:
    """Turn psycopg's errors into SyncError, without the secrets of `dsns`; the first names the place."""
    try:
        yield
    except psycopg.Error as error:
        raise SyncError(f"{dsns[0].address}: {line_of(error, dsns)}") from None


def line_of(error: psycopg.Error, dsns: Iterable[Dsn] = ()) -> str:
    """Return what went wrong in one clean line: no statement, no row, no secret of `dsns`."""
    # str(error) quotes the statement, in which a password may stand.
    text = error.diag.message_primary or str(error).strip() or type(error).__name__
    return clean(redact(text, secrets_of(dsns)), _LIMIT)


def secrets_of(dsns: Iterable[Dsn]) -> list[str]:
    """Return every secret that `dsns` hold, in plain text."""
    held = (secret for dsn in dsns for secret in (dsn.password, dsn.tls.key_password))
    return [secret.get_secret_value() for secret in held if secret is not None]
