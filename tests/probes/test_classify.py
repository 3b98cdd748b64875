from __future__ import annotations

import errno
import socket
import ssl

import asyncpg
import pytest

from hotswap_tui.core.values import Fault
from hotswap_tui.probes.classify import DETAIL_LIMIT, ERRNOS, SAYINGS, SQLSTATES, classify
from hotswap_tui.probes.session import AnswerError
from hotswap_tui.probes.tls import TlsSetupError


def server_error(sqlstate: str, message: str = "words") -> asyncpg.PostgresError:
    error: asyncpg.PostgresError = asyncpg.PostgresError.new({"S": "FATAL", "C": sqlstate, "M": message})
    return error


def during_query(cause: BaseException) -> asyncpg.ConnectionDoesNotExistError:
    error = asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
    error.__cause__ = cause
    return error


SERVER = [
    ("57P03", "the database system is starting up", Fault.STARTING),
    ("57P03", "the database system is in recovery mode", Fault.STARTING),
    ("57P03", "the database system is not yet accepting connections", Fault.STARTING),
    ("57P03", "the database system is not accepting connections", Fault.STARTING),
    ("57P03", "the database system is shutting down", Fault.STOPPING),
    ("57P03", "das Datenbanksystem startet", Fault.STARTING),
    ("57P01", "terminating connection due to administrator command", Fault.STOPPING),
    ("57P02", "terminating connection because of crash of another server process", Fault.STOPPING),
    ("57P05", "terminating connection due to idle-session timeout", Fault.RESET),
    ("57014", "canceling statement due to statement timeout", Fault.TIMEOUT),
    ("25006", "cannot execute UPDATE in a read-only transaction", Fault.READ_ONLY),
    ("53100", "could not extend file: No space left on device", Fault.STORAGE),
    ("58030", "could not read block 0: Input/output error", Fault.STORAGE),
    ("53300", "sorry, too many clients already", Fault.TOO_MANY),
    ("28P01", 'password authentication failed for user "ccfinapp"', Fault.CREDENTIALS),
    ("28000", 'no pg_hba.conf entry for host "::1", user "x", database "y", no encryption', Fault.CREDENTIALS),
    ("42501", 'permission denied for database "cc_financial"', Fault.CREDENTIALS),
    ("3D000", 'database "cc_financial" does not exist', Fault.MISSING),
    ("08P01", "no such user: ccfinapp", Fault.CREDENTIALS),
    ("08P01", "no such database: cc_financial", Fault.MISSING),
    ("08P01", 'server login failed: FATAL password authentication failed for user "x"', Fault.CREDENTIALS),
    ("08P01", "server login failed: FATAL the database system is starting up", Fault.STARTING),
    ("08P01", "server login failed: FATAL sorry, too many clients already", Fault.TOO_MANY),
    ("08P01", "server login has been failing, connect failed (server_login_retry)", Fault.UNREACHABLE),
    ("08P01", "no more connections allowed (max_client_conn)", Fault.TOO_MANY),
    ("08P01", "query_wait_timeout", Fault.TIMEOUT),
    ("08P01", "server conn crashed?", Fault.RESET),
    ("08P01", "pgbouncer cannot connect to server", Fault.UNREACHABLE),
    ("08P01", "SSL required", Fault.TLS),
    ("08P01", "something new", Fault.UNKNOWN),
    ("XX000", "Tenant or user not found", Fault.CREDENTIALS),
    ("XX000", "Max client connections reached", Fault.TOO_MANY),
    ("XX000", "Couldn't connect to compute node", Fault.UNREACHABLE),
    ("XX000", "The endpoint has been disabled. Enable it using Neon API and retry.", Fault.UNKNOWN),
    ("08P01", "The endpoint ID is not specified. Either upgrade the Postgres client library", Fault.TLS),
    ("XX001", "invalid page in block 0", Fault.STORAGE),
    ("08006", "connection failure", Fault.RESET),
    ("P0001", "the database system is starting up, says a user's function", Fault.UNKNOWN),
    ("42601", "syntax error", Fault.UNKNOWN),
]


@pytest.mark.parametrize(("sqlstate", "message", "fault"), SERVER)
def test_a_servers_error_is_classified_by_code_and_where_that_is_vague_by_words(
    sqlstate: str, message: str, fault: Fault
) -> None:
    diagnosis = classify(server_error(sqlstate, message))
    assert diagnosis.fault is fault
    assert diagnosis.sqlstate == sqlstate
    assert diagnosis.detail == message


NETWORK = [
    (ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed ('127.0.0.1', 5432)"), Fault.REFUSED),
    (FileNotFoundError(errno.ENOENT, "No such file or directory"), Fault.REFUSED),
    (OSError(errno.EHOSTUNREACH, "No route to host"), Fault.UNREACHABLE),
    (OSError(errno.ENETUNREACH, "Network is unreachable"), Fault.UNREACHABLE),
    (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), Fault.RESET),
    (BrokenPipeError(errno.EPIPE, "Broken pipe"), Fault.RESET),
    (ConnectionError("unexpected connection_lost() call"), Fault.RESET),
    (ConnectionError("connection closed during TLS handshake"), Fault.RESET),
    (asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"), Fault.RESET),
    (during_query(OSError(errno.ETIMEDOUT, "Connection timed out")), Fault.TIMEOUT),
    (during_query(server_error("57P01")), Fault.STOPPING),
    (TimeoutError(), Fault.TIMEOUT),
    (TimeoutError(errno.ETIMEDOUT, "Connection timed out"), Fault.TIMEOUT),
    (socket.gaierror(socket.EAI_NONAME, "Name or service not known: db.invalid"), Fault.RESOLVER),
    (socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), Fault.RESOLVER),
    (socket.gaierror(socket.EAI_MEMORY, "Memory allocation failure"), Fault.INTERNAL),
    (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), Fault.TLS),
    (ssl.SSLCertVerificationError(1, "certificate verify failed"), Fault.TLS),
    (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), Fault.RESET),
    (ConnectionError('PostgreSQL server at "127.0.0.1:5432" rejected SSL upgrade'), Fault.TLS),
    (TlsSetupError("sslrootcert /x: No such file or directory"), Fault.TLS),
    (OSError(errno.EMFILE, "Too many open files"), Fault.INTERNAL),
    (OSError(errno.ENFILE, "Too many open files in system"), Fault.INTERNAL),
    (OSError(errno.ENOMEM, "Cannot allocate memory"), Fault.INTERNAL),
    (OSError(errno.EXDEV, "strange"), Fault.UNKNOWN),
    (OSError("without a number"), Fault.UNKNOWN),
    (MemoryError(), Fault.INTERNAL),
    (RuntimeError("can't start new thread"), Fault.INTERNAL),
    (asyncpg.InterfaceError("cannot perform operation: another operation is in progress"), Fault.INTERNAL),
    (asyncpg.InterfaceError("unsupported SASL Authentication methods requested by the server: X"), Fault.CREDENTIALS),
    (asyncpg.InternalClientError("cannot process message 'H'"), Fault.UNKNOWN),
    (asyncpg.TargetServerAttributeNotMatched("None of the hosts match"), Fault.READ_ONLY),
    (AnswerError("not the answer that was asked for"), Fault.UNKNOWN),
]


@pytest.mark.parametrize(("error", "fault"), NETWORK, ids=lambda value: str(value)[:40])
def test_the_networks_and_our_own_failures_are_told_apart(error: BaseException, fault: Fault) -> None:
    diagnosis = classify(error)
    assert diagnosis.fault is fault
    assert diagnosis.detail


def test_every_class_has_an_example() -> None:
    assert {fault for *_, fault in SERVER} | {fault for _, fault in NETWORK} == set(Fault) - {Fault.DRILL}


def test_sayings_are_in_lower_case_and_none_hides_behind_an_earlier_one() -> None:
    said = [saying for saying, _ in SAYINGS]
    assert said == [saying.lower() for saying in said]
    hidden = [
        (later, earlier)
        for position, (later, fault) in enumerate(SAYINGS)
        for earlier, other in SAYINGS[:position]
        if earlier in later and fault is not other
    ]
    assert not hidden


def test_codes_are_what_they_should_be() -> None:
    assert all(len(code) == 5 for code in SQLSTATES)
    assert all(number in errno.errorcode for number in ERRNOS)


def test_the_detail_is_one_bounded_line_without_escapes_and_secrets() -> None:
    message = "a\nb \x1b[31mhunter2%/\x1b[0m hunter2%25%2F \u202e" + "x" * 1000
    detail = classify(server_error("XX000", message), secrets=["hunter2%/"]).detail
    assert detail.startswith("a b **** **** x")
    assert len(detail) == DETAIL_LIMIT


def test_a_refusal_names_the_address_as_people_write_it() -> None:
    error = ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed ('::1', 5432, 0, 0)")
    assert classify(error).detail == "Connection refused ([::1]:5432)"
