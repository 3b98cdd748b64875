"""A bound for PgBouncer's log, which it never ends itself.

A database that refuses PgBouncer's password fills it with 34 kB a minute under eight clients that try again and again.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

LONGEST_BYTES: Final = 4 << 20
KEPT_BYTES: Final = 1 << 20
LOOK_S: Final = 60.0
"""How often it is worth looking."""


def bound(path: Path, uid: int) -> None:
    """Keep only the latest megabyte of a log that has grown beyond four. What cannot be done is left undone.

    PgBouncer appends (O_APPEND), so it goes on behind what was kept. The log lies in a directory of the user `uid`, who could have
    put something else in its place.
    """
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            state = os.fstat(descriptor)
            own = stat.S_ISREG(state.st_mode) and state.st_nlink == 1 and state.st_uid == uid
            if own and state.st_size > LONGEST_BYTES:
                _shorten(descriptor, state.st_size)
        finally:
            os.close(descriptor)


def _shorten(descriptor: int, size: int) -> None:
    kept = os.pread(descriptor, KEPT_BYTES, size - KEPT_BYTES).partition(b"\n")[2]
    os.ftruncate(descriptor, 0)
    os.write(descriptor, kept)
