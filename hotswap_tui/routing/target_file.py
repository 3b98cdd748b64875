"""The one file that a switch replaces: where PgBouncer finds the database, and how it speaks to it.

Source: PgBouncer's manual ("pgbouncer.ini", sections `[databases]` and "TLS settings").
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Final

from hotswap_tui.dsn import Address, Dsn, DsnError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap_tui.dsn import Tls

_BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Where distributions keep the authorities they trust: Debian, Fedora, SUSE, Alpine."""
_VERSIONS: Final = {"TLSv1": "tlsv1.0", "TLSv1.1": "tlsv1.1", "TLSv1.2": "tlsv1.2", "TLSv1.3": "tlsv1.3"}
"""PgBouncer's words; its `tlsv1` means all of them."""
_NAME: Final = re.compile(r"[0-9A-Za-z_.-]+\Z")
_ROUTING_OPTION: Final = re.compile(r"(?:^|\s)(?:project|endpoint)(?:=|%3D)")
_LONGEST: Final = {"user": 127, "password": 995, "database": 63}
"""Bytes. PgBouncer 1.18 cuts longer names off, and a password of 1500 bytes ends it at the first login."""


class TargetFileError(Exception):
    """The target file could not be read or replaced; one line naming it."""


def target_problem(dsn: Dsn) -> str:
    """Return what of `dsn` PgBouncer cannot do, and what to do instead; empty when it can do all of it."""
    return next(_problems(dsn), "")


def name_problem(database: str) -> str:
    """Return why `database` cannot be the name under which applications reach the gateway; empty when it can."""
    if database == "pgbouncer":
        return "pgbouncer is the name of PgBouncer's own console"
    if not _NAME.match(database):
        return "PgBouncer's database names are made of letters, digits, dots, dashes and underscores"
    return "" if len(database) <= _LONGEST["database"] else "PgBouncer's database names have at most 63 characters"


def render(database: str, dsn: Dsn) -> str:
    """Return the text of the file that leads `database` to `dsn`; it holds the password. Raises DsnError when there is no user."""
    place = dsn.addresses[0]
    pairs = {"host": place.host, "port": str(place.port), "dbname": dsn.login_database(), "user": dsn.login_user()}
    if dsn.password is not None and dsn.password.get_secret_value():
        pairs["password"] = dsn.password.get_secret_value()
    if dsn.server_settings:
        pairs["connect_query"] = _connect_query(dsn.server_settings)
    line = " ".join(f"{key}={_quoted(value)}" for key, value in pairs.items())
    tls = (f"server_tls_{key} = {value}" for key, value in _tls_settings(dsn.tls, place))
    return "\n".join((*tls, "[databases]", f"{database} = {line}", ""))


def read(path: Path) -> str:
    """Return the file's text. Raises TargetFileError."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise TargetFileError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise TargetFileError(f"{path} cannot be read: it is not UTF-8 text") from None


def replace(path: Path, text: str) -> None:
    """Replace the file, keeping owner, group and mode; it is on the disk when this returns. Raises TargetFileError."""
    temporary = path.with_name(f".{path.name}.{token_hex(4)}")
    try:
        try:
            _write_like(path, temporary, text)
            temporary.replace(path)
        except BaseException:
            with suppress(FileNotFoundError):
                temporary.unlink()
            raise
        _sync_directory(path.parent)
    except OSError as error:
        raise TargetFileError(f"{path} cannot be replaced: {error.strerror}") from error


def _write_like(model: Path, path: Path, text: str) -> None:
    state = model.stat()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        try:
            os.fchown(descriptor, state.st_uid, state.st_gid)
        except PermissionError:
            # Not root: PgBouncer reads the file by its group, of which we are.
            os.fchown(descriptor, -1, state.st_gid)
        os.fchmod(descriptor, state.st_mode & 0o777)
        stream.write(text)
        stream.flush()
        os.fsync(descriptor)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _problems(dsn: Dsn) -> Iterator[str]:
    if len(dsn.addresses) > 1:
        yield "PgBouncer follows one address, not several; name the one of the writable server"
    if dict(dsn.extras).get("hostaddr"):
        yield "PgBouncer does not know hostaddr; give the address as host"
    if "," in dsn.addresses[0].host or dsn.addresses[0].host.startswith("@"):
        yield "PgBouncer does not know such a host; give a name, an address or a socket's directory"
    yield from _login_problems(dsn)
    if dsn.options and _ROUTING_OPTION.search(dsn.options):
        yield "PgBouncer does not pass options=endpoint=… on; leave it out and use sslmode=verify-full, which sends the server's name"
    yield from _tls_problems(dsn.tls)


def _login_problems(dsn: Dsn) -> Iterator[str]:
    try:
        user, database = dsn.login_user(), dsn.login_database()
    except DsnError as error:
        yield str(error)
        return
    password = dsn.password.get_secret_value() if dsn.password else ""
    if dsn.passfile and not password:
        yield "PgBouncer reads no password file; put the password into the connection string"
    for what, value in (("user", user), ("database", database), ("password", password)):
        if re.search(r"[\0\r\n]", value):
            yield f"the {what} holds a line break, which PgBouncer's files cannot"
        if len(value.encode()) > _LONGEST[what]:
            yield f"the {what} is longer than the {_LONGEST[what]} bytes that are safe with PgBouncer"


def _tls_problems(tls: Tls) -> Iterator[str]:
    if tls.direct:
        yield "PgBouncer does not know sslnegotiation=direct; leave it out"
    if tls.crl:
        yield "PgBouncer does not know sslcrl; leave it out"
    if tls.key_password:
        yield "PgBouncer cannot open a key with a pass phrase; give a key without one, readable by PgBouncer's user only"
    if any(re.search(r"[\0\r\n]", path) for path in (tls.root_cert or "", tls.cert or "", tls.key or "")):
        yield "the path of a certificate holds a line break, which PgBouncer's files cannot"
    if not _versions(tls):
        yield "ssl_min_protocol_version and ssl_max_protocol_version leave no version of TLS"
    if tls.mode.startswith("verify") and _authorities(tls) is None:
        yield "no file with trusted authorities was found on this machine; name one with sslrootcert=FILE"


def _tls_settings(tls: Tls, place: Address) -> Iterator[tuple[str, str]]:
    if place.is_socket or tls.mode == "disable":
        yield "sslmode", "disable"
        return
    yield "sslmode", tls.mode
    authorities = _authorities(tls)
    if authorities is not None:
        yield "ca_file", authorities
    if tls.cert:
        yield "cert_file", tls.cert
        yield "key_file", tls.key or tls.cert
    # Always stated, so that nothing of the target before remains in force.
    yield "protocols", ",".join(_versions(tls))


def _authorities(tls: Tls) -> str | None:
    if tls.root_cert not in {None, "system"}:
        return tls.root_cert
    if not tls.mode.startswith("verify"):
        return None
    return next((bundle for bundle in _BUNDLES if Path(bundle).is_file()), None)


def _versions(tls: Tls) -> tuple[str, ...]:
    names = list(_VERSIONS)
    first, last = names.index(tls.min_version or "TLSv1.2"), names.index(tls.max_version or "TLSv1.3")
    return tuple(_VERSIONS[name] for name in names[first : last + 1])


def _connect_query(settings: tuple[tuple[str, str], ...]) -> str:
    # PgBouncer sends no run-time parameter at login but four of its own.
    calls = (f"pg_catalog.set_config({_quoted(name)},{_quoted(value)},false)" for name, value in settings)
    return "SELECT " + ",".join(calls)


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
