"""A file that is complete or absent: written under another name, with its final mode, and on the disk before it gets its own."""

from __future__ import annotations

import errno
import os
from contextlib import closing, contextmanager, suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.amount_words import size
from hotswap_tui.routing import atomic
from hotswap_tui.routing.temporary import beside
from hotswap_tui.sync.errors import SyncError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_OWN: Final = 0o600
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class NewFile:
    """What is being written to become `path`. Every method raises SyncError."""

    def __init__(self, path: Path) -> None:
        """Create the file under its temporary name."""
        self.path = path
        self.bytes = 0
        self._digest = sha256()
        self._temporary = beside(path)
        with self._explained():
            self._descriptor = os.open(self._temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWN)

    def write(self, block: bytes) -> None:
        """Append `block`."""
        self._digest.update(block)
        rest = memoryview(block)
        while rest:
            with self._explained():
                written = os.write(self._descriptor, rest)
            rest = rest[written:]
            self.bytes += written

    @property
    def sha256(self) -> str:
        """Return the checksum of what was written, in hexadecimal digits."""
        return self._digest.hexdigest()

    def settle(self) -> None:
        """Return when the content is on the disk."""
        with self._explained():
            os.fsync(self._descriptor)

    def publish(self, *, replace: bool) -> None:
        """Give the file its name, which must be free unless it may be replaced."""
        with self._explained():
            if not replace:
                _take_name(self.path)
            self._temporary.replace(self.path)
            atomic.sync_directory(self.path.parent)

    def close(self) -> None:
        """Remove what has not become the file."""
        os.close(self._descriptor)
        with suppress(OSError):
            self._temporary.unlink()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except FileExistsError as error:
            raise SyncError(f"{self.path} is there already; --replace replaces it") from error
        except OSError as error:
            words = f"{self.path} cannot be written: {error.strerror}"
            if error.errno in _FULL:
                words += f" after {size(self.bytes)}; make room in {self.path.parent}, where nothing of it was left"
            raise SyncError(words) from error


def _take_name(path: Path) -> None:
    # A rename replaces without a word; an empty file made first cannot be somebody else's, and links are not known everywhere.
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWN))


@contextmanager
def new_file(path: Path) -> Iterator[NewFile]:
    """Give a file that nobody sees before it is published; raises SyncError."""
    with closing(NewFile(path)) as file:
        yield file
