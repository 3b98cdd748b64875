"""Files that hold secrets: born with their final mode, complete or absent."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hotswap_tui.routing import atomic
from hotswap_tui.routing.layout import GatewayError

if TYPE_CHECKING:
    from pathlib import Path

    from hotswap_tui.gateway.account import Account

_OWN: Final = 0o600
_SHARED: Final = 0o640
_PASSABLE: Final = 0o755


@dataclass(frozen=True, slots=True)
class File:
    """A file to write; its repr shows no content, which may be secret."""

    name: str
    text: str
    for_pgbouncer: bool = False
    """Whether PgBouncer reads it, too."""

    def __repr__(self) -> str:
        """Name the file only."""
        return f"File({self.name!r})"


def write_file(directory: Path, file: File, account: Account) -> None:
    """Write `file` into `directory`, atomically: 0600, or 0640 with the group of `account` for what PgBouncer reads.

    Raises GatewayError.
    """
    shared = file.for_pgbouncer and account.is_other
    replace(directory / file.name, file.text, _SHARED if shared else _OWN, account.gid if shared else -1)


def replace(path: Path, text: str, mode: int, gid: int = -1) -> None:
    """Replace `path` by a file of this content, mode and group, which is on the disk when this returns. Raises GatewayError."""
    try:
        atomic.replace(path, text, mode, gid=gid)
    except OSError as error:
        raise GatewayError(f"{path} cannot be written: {error.strerror}") from error


def make_directory(path: Path, account: Account) -> None:
    """Make the gateway's directory, which `account` may pass and only we may change. Raises GatewayError."""
    try:
        for parent in reversed([parent for parent in path.parents if not parent.exists()]):
            parent.mkdir()
            parent.chmod(_PASSABLE)  # whatever the umask says
        path.mkdir(mode=0o700, exist_ok=True)
        _restrict(path, 0o750 if account.is_other else 0o700, -1, account.gid if account.is_other else -1)
    except OSError as error:
        raise GatewayError(f"{path} cannot be made: {error.strerror}") from error


def make_run_directory(path: Path, account: Account) -> None:
    """Make the directory that PgBouncer itself writes to. Raises GatewayError."""
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        if account.is_other:
            _restrict(path, 0o700, account.uid, account.gid)
    except OSError as error:
        raise GatewayError(f"{path} cannot be made: {error.strerror}") from error


def _restrict(path: Path, mode: int, uid: int, gid: int) -> None:
    # Through a descriptor: a link that somebody puts in its place is refused instead of followed.
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fchown(descriptor, uid, gid)
        os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)


def refuse_occupied(directory: Path, ours: tuple[str, ...], *, force: bool) -> None:
    """Raise GatewayError when `directory` holds what must not be overwritten, or belongs to somebody else."""
    if not directory.exists():
        return
    if not directory.is_dir():
        raise GatewayError(f"{directory} is not a directory")
    try:
        state = directory.stat()
        found = {entry.name for entry in directory.iterdir()}
    except OSError as error:
        raise GatewayError(f"{directory} cannot be read: {error.strerror}") from error
    if state.st_uid != os.geteuid():
        raise GatewayError(
            f"{directory} belongs to another user; choose a directory of your own, or one that is not there"
        )
    mine = found & set(ours)
    if found and not mine:
        raise GatewayError(f"{directory} holds other files; choose an empty directory, or one that is not there")
    if mine and not force:
        raise GatewayError(f"{directory} holds a gateway already ({min(mine)}); --force makes it anew")


def write_drop_in(path: Path, text: str) -> None:
    """Write a file that everybody may read, and its directory; one of the same content is left alone. Raises GatewayError."""
    try:
        if path.exists():
            if path.read_text(encoding="utf-8") != text:
                raise GatewayError(f"{path} is there already and says something else; move it away")
            return
        path.parent.mkdir(parents=True, exist_ok=True)
    except (OSError, UnicodeDecodeError) as error:
        raise GatewayError(
            f"{path} cannot be written: {getattr(error, 'strerror', None) or 'not a text file'}"
        ) from error
    replace(path, text, 0o644)
