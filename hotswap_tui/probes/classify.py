"""What a failure means. Tables first: SQLSTATE, then what poolers say under codes of no meaning, then errno."""

from __future__ import annotations

import errno
import os
import re
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

import asyncpg

from hotswap_tui.core.text import clean
from hotswap_tui.core.values import Fault
from hotswap_tui.dsn import Address
from hotswap_tui.probes.connect import no_tls_offered
from hotswap_tui.probes.session import AnswerError
from hotswap_tui.probes.tls import TlsSetupError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DETAIL_LIMIT = 300
_SHORTEST_SECRET = 3
"""A shorter password is in every other word; hiding it would hide the message and show the password."""

# PostgreSQL's manual, appendix A.
SQLSTATES: Mapping[str, Fault] = {
    "08001": Fault.UNREACHABLE,
    "08004": Fault.REFUSED,
    "25006": Fault.READ_ONLY,
    "28000": Fault.CREDENTIALS,
    "28P01": Fault.CREDENTIALS,
    "3D000": Fault.MISSING,
    "42501": Fault.CREDENTIALS,
    "53100": Fault.STORAGE,
    "53300": Fault.TOO_MANY,
    "57014": Fault.TIMEOUT,
    "57P01": Fault.STOPPING,
    "57P02": Fault.STOPPING,
    "57P03": Fault.STARTING,
    "57P04": Fault.MISSING,
    "57P05": Fault.RESET,
    "58030": Fault.STORAGE,
    "58P01": Fault.STORAGE,
    "XX001": Fault.STORAGE,
    "XX002": Fault.STORAGE,
}
_AMBIGUOUS = frozenset({"57P03", "08P01", "08000", "08003", "08006", "XX000", "58000"})
"""57P03 stands for starting and stopping; under the others a pooler says anything. Their words decide."""

# In lower case; the first that occurs decides. PgBouncer 1.18 to 1.25, Supavisor, Neon's proxy.
SAYINGS: tuple[tuple[str, Fault], ...] = (
    ("too many connections", Fault.TOO_MANY),
    ("too many clients", Fault.TOO_MANY),
    ("max client connections reached", Fault.TOO_MANY),
    ("max clients reached", Fault.TOO_MANY),
    ("no more connections allowed", Fault.TOO_MANY),
    ("remaining connection slots are reserved", Fault.TOO_MANY),
    ("password authentication failed", Fault.CREDENTIALS),
    ("sasl authentication failed", Fault.CREDENTIALS),
    ("authentication error", Fault.CREDENTIALS),
    ("auth failed", Fault.CREDENTIALS),
    ("no such user", Fault.CREDENTIALS),
    ("tenant or user not found", Fault.CREDENTIALS),
    ("there is no user", Fault.CREDENTIALS),
    ("no pg_hba.conf entry", Fault.CREDENTIALS),
    ("no such database", Fault.MISSING),
    ("database does not exist", Fault.MISSING),
    ("endpoint id is not specified", Fault.TLS),
    ("ssl required", Fault.TLS),
    ("ssl connection is required", Fault.TLS),
    ("shutting down", Fault.STOPPING),
    ("administrator command", Fault.STOPPING),
    ("starting up", Fault.STARTING),
    ("recovery mode", Fault.STARTING),
    ("not accepting connections", Fault.STARTING),
    ("not yet accepting connections", Fault.STARTING),
    ("query_wait_timeout", Fault.TIMEOUT),
    ("query_timeout", Fault.TIMEOUT),
    ("client_login_timeout", Fault.TIMEOUT),
    ("due to timeout", Fault.TIMEOUT),
    ("server conn crashed", Fault.RESET),
    ("server closed the connection", Fault.RESET),
    ("cannot connect to server", Fault.UNREACHABLE),
    ("connect failed", Fault.UNREACHABLE),
    ("couldn't connect to compute node", Fault.UNREACHABLE),
    ("server login has been failing", Fault.UNREACHABLE),
)

ERRNOS: Mapping[int, Fault] = {
    errno.ECONNREFUSED: Fault.REFUSED,
    errno.ENOENT: Fault.REFUSED,  # the Unix socket of a server that is down
    errno.EHOSTUNREACH: Fault.UNREACHABLE,
    errno.ENETUNREACH: Fault.UNREACHABLE,
    errno.EHOSTDOWN: Fault.UNREACHABLE,
    errno.ENETDOWN: Fault.UNREACHABLE,
    errno.EADDRNOTAVAIL: Fault.UNREACHABLE,
    errno.EAFNOSUPPORT: Fault.UNREACHABLE,
    errno.ECONNRESET: Fault.RESET,
    errno.ECONNABORTED: Fault.RESET,
    errno.EPIPE: Fault.RESET,
    errno.ENOTCONN: Fault.RESET,
    errno.ESHUTDOWN: Fault.RESET,
    errno.ETIMEDOUT: Fault.TIMEOUT,
    errno.EMFILE: Fault.INTERNAL,
    errno.ENFILE: Fault.INTERNAL,
    errno.ENOMEM: Fault.INTERNAL,
    errno.ENOBUFS: Fault.INTERNAL,
    errno.EACCES: Fault.INTERNAL,  # this machine's own packet filter or file permissions
    errno.EPERM: Fault.INTERNAL,
}

KINDS: tuple[tuple[type[BaseException], Fault], ...] = (
    (asyncpg.TargetServerAttributeNotMatched, Fault.READ_ONLY),
    (asyncpg.InternalClientError, Fault.UNKNOWN),  # what answers does not speak PostgreSQL's protocol
    (AnswerError, Fault.UNKNOWN),
    (TlsSetupError, Fault.TLS),
)
"""Exceptions without a number, the more special first. What is in no table is our own: INTERNAL."""

_ASYNCIO_ADDRESS = re.compile(r"\('([^']+)', (\d+)")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What a failure means, in one clean line, and the server's code for it."""

    fault: Fault
    detail: str
    sqlstate: str | None = None


def classify(error: BaseException, *, secrets: Iterable[str] = ()) -> Diagnosis:
    """Return what `error` says about the server; `secrets` never appear in the detail.

    What is neither the server's nor the network's doing is INTERNAL and says nothing about the server.
    """
    cause = error.__cause__
    # The driver wraps what a server said before it hung up in the middle of a query.
    if isinstance(error, asyncpg.ConnectionDoesNotExistError) and isinstance(cause, asyncpg.PostgresError | OSError):
        error = cause
    sqlstate = error.sqlstate if isinstance(error, asyncpg.PostgresError) else None
    return Diagnosis(_fault(error), _line(error, secrets), sqlstate)


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return `text` with every secret replaced by `****`, percent-encoded ones too."""
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            for form in {secret, quote(secret, safe="")}:
                text = text.replace(form, "****")
    return text


def _fault(error: BaseException) -> Fault:
    if isinstance(error, asyncpg.PostgresError):
        return _server_fault(error.sqlstate or "", str(error))
    if isinstance(error, OSError):
        return _network_fault(error)
    if isinstance(error, asyncpg.InterfaceError) and "authentication" in str(error).lower():
        return Fault.CREDENTIALS  # the server asks for a method that the driver does not have
    return next((fault for kind, fault in KINDS if isinstance(error, kind)), Fault.INTERNAL)


def _server_fault(sqlstate: str, message: str) -> Fault:
    if sqlstate in SQLSTATES and sqlstate not in _AMBIGUOUS:
        return SQLSTATES[sqlstate]
    words = message.lower()
    if sqlstate in _AMBIGUOUS:
        for saying, fault in SAYINGS:
            if saying in words:
                return fault
    if sqlstate in {"08000", "08003", "08006"}:
        return Fault.RESET
    return SQLSTATES.get(sqlstate, Fault.UNKNOWN)


def _network_fault(error: OSError) -> Fault:
    if isinstance(error, socket.gaierror):
        return Fault.INTERNAL if error.errno == socket.EAI_MEMORY else Fault.RESOLVER
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return Fault.RESET
    if isinstance(error, ssl.SSLError) or no_tls_offered(error):
        return Fault.TLS
    if isinstance(error, TimeoutError):
        return Fault.TIMEOUT
    otherwise = Fault.RESET if isinstance(error, ConnectionError) else Fault.UNKNOWN
    return ERRNOS.get(error.errno or 0, otherwise)


def _line(error: BaseException, secrets: Iterable[str]) -> str:
    text = clean(redact(_text(error), secrets), DETAIL_LIMIT)
    return text or type(error).__name__


def _text(error: BaseException) -> str:
    if isinstance(error, OSError):
        return _network_text(error)
    plain = (asyncpg.PostgresError, asyncpg.InterfaceError, *(kind for kind, _ in KINDS))
    return str(error) if isinstance(error, plain) else f"{type(error).__name__}: {error}"


def _network_text(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate not accepted: {getattr(error, 'verify_message', '') or error}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {getattr(error, 'reason', '') or error}"
    if no_tls_offered(error):
        return "the server does not offer TLS"
    if error.errno is None or isinstance(error, socket.gaierror):
        return error.strerror or str(error)
    # asyncio replaces the errno's own words: "Connect call failed ('127.0.0.1', 5432)".
    place = _ASYNCIO_ADDRESS.search(error.strerror or "")
    where = f" ({Address(place[1], int(place[2]))})" if place else ""
    return os.strerror(error.errno) + where
