"""Files that are complete or absent, born with their final owner and mode, and on the disk when that is said."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from hotswap_tui.routing.temporary import beside

if TYPE_CHECKING:
    from pathlib import Path

_OWN: Final = 0o600
_SAME: Final = -1
"""Leaves an owner as it is (chown(2))."""


def write_new(path: Path, text: str, mode: int, *, uid: int = _SAME, gid: int = _SAME) -> None:
    """Write a file that is not there yet, down to the disk. Raises OSError.

    Where only root could give it to `uid`, it stays ours, and `gid` must do.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWN)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        try:
            os.fchown(descriptor, uid, gid)
        except PermissionError:
            os.fchown(descriptor, _SAME, gid)
        os.fchmod(descriptor, mode)
        stream.write(text)
        stream.flush()
        os.fsync(descriptor)


def replace(path: Path, text: str, mode: int, *, gid: int = _SAME) -> None:
    """Replace `path`, or make it; what was there stays whole until the new one is. Raises OSError."""
    temporary = beside(path)
    try:
        write_new(temporary, text, mode, gid=gid)
        temporary.replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            temporary.unlink()
        raise
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Return when the names in `path` are on the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
