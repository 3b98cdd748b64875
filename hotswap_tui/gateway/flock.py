"""Locks that the kernel ends with the process that has them, however it ends."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path

_READ_BYTES = 64


class Flock:
    """Try to lock the file `path`, which is made (0600) when it is missing; a context manager. `held` tells how it went.

    The lock belongs to the open file: a child that inherits `descriptor` keeps it, also after this program has let go.
    Raises OSError when the file cannot be opened, or is a link: the directory may belong to somebody whom root must not trust.
    """

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.held = False
        else:
            self.held = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of it."""
        os.close(self.descriptor)

    def write(self, content: bytes) -> None:
        """Say in the file who has the lock."""
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, content, 0)

    def read(self, limit: int) -> bytes:
        """Return what the file says, up to so many bytes."""
        return os.pread(self.descriptor, limit, 0)

    def sign(self) -> None:
        """Write down which process has the lock."""
        self.write(str(os.getpid()).encode())

    def signer(self) -> str:
        """Return the number of the process that has signed, empty when none has."""
        text = self.read(_READ_BYTES).decode(errors="replace")
        return text if text.isdigit() else ""
