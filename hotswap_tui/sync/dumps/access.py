"""How PostgreSQL's programs are let into a database: nothing secret on a command line, in the environment or on a disk.

The password is in a file for libpq ("The Password File") which has no name: memory that the program inherits and opens as
`/proc/self/fd/N`, so that it is gone with the last of both, also after SIGKILL. Where there is no such memory, in a
private temporary directory.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from psycopg.conninfo import make_conninfo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap_tui.dsn import Dsn

_OWN: Final = 0o600
_SERVICE: Final = "hotswap"
_PATIENCE: Final = {"keepalives": 1, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
_CONNECT_S: Final = 10
_KEPT: Final = ("PATH", "HOME", "TMPDIR")
"""Nothing else of the environment reaches the programs, PG* variables least of all."""
_SINCE_16: Final = {
    "sslcertmode": "allow",
    "require_auth": "!sspi",
    "gssdelegation": "0",
    "load_balance_hosts": "disable",
}
"""Defaults in words that an older program's libpq refuses."""


@dataclass(frozen=True, slots=True)
class Access:
    """What a program is started with to reach one database."""

    conninfo: str
    """A connection string without secrets."""
    environment: dict[str, str]
    descriptors: tuple[int, ...]
    """What it inherits."""


@contextmanager
def access(dsn: Dsn, application_name: str) -> Iterator[Access]:
    """Give what leads a program to `dsn`, for as long as the context lasts."""
    keywords = _keywords(dsn) | {"application_name": application_name}
    password = str(keywords.pop("password", ""))
    key_password = str(keywords.pop("sslpassword", ""))
    environment, descriptors = plain_environment(), []
    with ExitStack() as stack:
        if password or not dsn.passfile:
            keywords["passfile"], number = stack.enter_context(memory_file(_passfile_line(password)))
            descriptors += number
        if key_password:
            text = f"[{_SERVICE}]\nsslpassword={key_password}\n"
            environment["PGSERVICEFILE"], number = stack.enter_context(memory_file(text))
            descriptors += number
            keywords["service"] = _SERVICE
        yield Access(make_conninfo("", **keywords), environment, tuple(descriptors))


def plain_environment() -> dict[str, str]:
    """Return the environment of a program that needs no database."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", **kept, "LC_ALL": "C"}


def _keywords(dsn: Dsn) -> dict[str, str | int]:
    given = {**_PATIENCE, **dsn.conninfo()}
    given["connect_timeout"] = given["connect_timeout"] or _CONNECT_S
    return {name: value for name, value in given.items() if value != "" and value != _SINCE_16.get(name)}


def _passfile_line(password: str) -> str:
    escaped = password.replace("\\", "\\\\").replace(":", "\\:")
    return f"*:*:*:*:{escaped}\n" if password else ""


@contextmanager
def memory_file(text: str) -> Iterator[tuple[str, list[int]]]:
    """Give the path of a file with `text` that only this user can read, and the descriptors that a program must inherit for it.

    Bytes of another encoding than UTF-8 stand in `text` as surrogates.
    """
    if hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir():
        descriptor = os.memfd_create("hotswap-tui")
        try:
            os.fchmod(descriptor, _OWN)
            os.write(descriptor, text.encode(errors="surrogateescape"))
            yield f"/proc/self/fd/{descriptor}", [descriptor]
        finally:
            os.close(descriptor)
        return
    directory = Path(tempfile.mkdtemp(prefix="hotswap-tui-"))
    try:
        path = directory / "secret"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWN), "wb") as file:
            file.write(text.encode(errors="surrogateescape"))
        yield str(path), []
    finally:
        shutil.rmtree(directory, ignore_errors=True)
