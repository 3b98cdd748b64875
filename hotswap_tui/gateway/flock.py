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
    Raises OSError when the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.held = False
        else:
            self.held = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)

    def sign(self) -> None:
        """Write down which process has the lock."""
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, str(os.getpid()).encode(), 0)

    def signer(self) -> str:
        """Return the number of the process that has signed, empty when none has."""
        text = os.pread(self.descriptor, _READ_BYTES, 0).decode(errors="replace")
        return text if text.isdigit() else ""
