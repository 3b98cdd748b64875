"""Unix sockets with paths of any length."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LONGEST: Final = 107
"""Bytes of a path in struct sockaddr_un, its end excluded (unix(7))."""


@contextmanager
def address(path: Path) -> Iterator[str]:
    """Give what bind(2) and connect(2) take for `path`, however long it is; raises OSError."""
    if len(os.fsencode(path)) <= _LONGEST:
        yield str(path)
        return
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)
