"""The one file that a switch replaces: where PgBouncer finds the database, and how it speaks to it.

Source: PgBouncer's manual ("pgbouncer.ini", sections `[databases]` and "TLS settings").
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from hotswap_tui.dsn import Address, DsnError
from hotswap_tui.routing import atomic
from hotswap_tui.routing.target_tls import tls_problems, tls_settings
from hotswap_tui.routing.temporary import beside

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hotswap_tui.dsn import Dsn

_NAME: Final = re.compile(r"[0-9A-Za-z_.-]+\Z")
_ROUTING_OPTION: Final = re.compile(r"(?:^|\s)(?:project|endpoint)(?:=|%3D)")
_LOOPBACK: Final = "127.0.0.1"
LONGEST: Final = {"user": 127, "password": 995, "database": 63}
"""Bytes. PgBouncer 1.18 cuts longer names off, and a password of 1500 bytes ends it at the first login."""


class TargetFileError(Exception):
    """The target file could not be read or replaced; one line naming it."""


def target_problem(dsn: Dsn) -> str:
    """Return what of `dsn` PgBouncer cannot do, and what to do instead; empty when it can do all of it."""
    return next(_problems(dsn), "")


def place_of(dsn: Dsn) -> Address:
    """Return where PgBouncer is told to find the database.

    `localhost` is written as an address: PgBouncer 1.24 with c-ares 1.34 knows only ::1 by that name and tries nothing else (c-ares
    issue 1011), while a server in a container, or one without IPv6, listens on 127.0.0.1 alone. Only a name can be verified.
    """
    place = dsn.addresses[0]
    return (
        Address(_LOOPBACK, place.port) if place.host.lower() == "localhost" and dsn.tls.mode != "verify-full" else place
    )


def name_problem(database: str) -> str:
    """Return why `database` cannot be the name under which applications reach the gateway; empty when it can."""
    if database == "pgbouncer":
        return "pgbouncer is the name of PgBouncer's own console"
    if not _NAME.match(database):
        return "PgBouncer's database names are made of letters, digits, dots, dashes and underscores"
    return "" if len(database) <= LONGEST["database"] else "PgBouncer's database names have at most 63 characters"


def render(database: str, dsn: Dsn) -> str:
    """Return the text of the file that leads `database` to `dsn`; it holds the password. Raises DsnError when there is no user."""
    place = place_of(dsn)
    pairs = {"host": place.host, "port": str(place.port), "dbname": dsn.login_database(), "user": dsn.login_user()}
    if dsn.password is not None and dsn.password.get_secret_value():
        pairs["password"] = dsn.password.get_secret_value()
    if dsn.server_settings:
        pairs["connect_query"] = _connect_query(dsn.server_settings)
    line = " ".join(f"{key}={_quoted(value)}" for key, value in pairs.items())
    tls = (f"server_tls_{key} = {value}" for key, value in tls_settings(dsn))
    return "\n".join((*tls, "[databases]", f"{database} = {line}", ""))


def read(path: Path) -> str:
    """Return the file's text. Raises TargetFileError."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise TargetFileError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise TargetFileError(f"{path} cannot be read: it is not UTF-8 text") from None


class Staged:
    """A new text for the file, on the disk beside it, with the file's owner, group and mode: what takes time is done.

    Every method raises TargetFileError.
    """

    def __init__(self, path: Path, text: str) -> None:
        """Write `text` down to the disk."""
        self._path = path
        self._temporary = beside(path)
        try:
            _write_like(path, self._temporary, text)
        except OSError as error:
            self.discard()
            raise self._error(error) from error

    def commit(self) -> None:
        """Make it the file, which costs one rename; `settle` makes that survive a power cut."""
        try:
            self._temporary.replace(self._path)
        except OSError as error:
            self.discard()
            raise self._error(error) from error

    def settle(self) -> None:
        """Return when the rename is on the disk."""
        try:
            atomic.sync_directory(self._path.parent)
        except OSError as error:
            raise self._error(error) from error

    def discard(self) -> None:
        """Remove what was never made the file."""
        with suppress(OSError):
            self._temporary.unlink()

    def _error(self, error: OSError) -> TargetFileError:
        return TargetFileError(f"{self._path} cannot be replaced: {error.strerror}")


def replace(path: Path, text: str) -> None:
    """Replace the file, keeping owner, group and mode; it is on the disk when this returns. Raises TargetFileError."""
    staged = Staged(path, text)
    staged.commit()
    staged.settle()


def _write_like(model: Path, path: Path, text: str) -> None:
    state = model.stat()
    atomic.write_new(path, text, state.st_mode & 0o777, uid=state.st_uid, gid=state.st_gid)


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
    yield from tls_problems(dsn)


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
        if len(value.encode()) > LONGEST[what]:
            yield f"the {what} is longer than the {LONGEST[what]} bytes that are safe with PgBouncer"


def _connect_query(settings: tuple[tuple[str, str], ...]) -> str:
    # PgBouncer sends no run-time parameter at login but four of its own.
    calls = (f"pg_catalog.set_config({_quoted(name)},{_quoted(value)},false)" for name, value in settings)
    return "SELECT " + ",".join(calls)


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
