"""One engine per state directory: a file lock that the kernel releases whenever and however its holder ends."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Self

from hotswap_tui.core.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE_NAME: Final = "engine.lock"
_READ_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock. `since_wall_s` is seconds since 1970."""

    pid: int
    command: str
    since_wall_s: float


class LockedError(Exception):
    """Another engine controls the directory; the text says which. `holder` is None when it has not yet said who it is."""

    def __init__(self, directory: Path, holder: Holder | None) -> None:
        self.holder = holder
        super().__init__(f"another engine{_described(holder)} controls {directory}")


class LockUnavailableError(Exception):
    """The lock file cannot be made or locked at all; one line saying why and where."""


class StateLock:
    """Hold `directory` for one engine; a context manager. The directory is made (0700) when it is missing.

    The file stays when the lock is released: only `flock` says whether somebody holds it, never the file or its content.
    """

    def __init__(self, directory: Path, *, command: str, now_wall_s: float) -> None:
        self._directory = directory
        self._path = directory / FILE_NAME
        self._holder = Holder(os.getpid(), command, now_wall_s)
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock; raises LockedError when another engine holds it, LockUnavailableError when nobody could."""
        try:
            os.makedirs(self._directory, mode=0o700, exist_ok=True)  # noqa: PTH103  Path.mkdir gives parents another mode, too
            descriptor = self._open_locked()
            with _closed_on_error(descriptor):
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, json.dumps(asdict(self._holder)).encode(), 0)
        except OSError as error:
            raise LockUnavailableError(f"{self._path}: {(error.strerror or str(error)).lower()}") from error
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back; nothing happens when it is not held."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _open_locked(self) -> int:
        """Return a locked descriptor (which no child inherits) of the file that bears the name now."""
        while True:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            with _closed_on_error(descriptor):
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise LockedError(self._directory, _read_holder(descriptor)) from None
                if self._names(descriptor):
                    return descriptor
            os.close(descriptor)

    def _names(self, descriptor: int) -> bool:
        # Somebody may have removed the file between open and lock: that lock would keep nobody out.
        try:
            return os.path.samestat(os.fstat(descriptor), self._path.stat())
        except FileNotFoundError:
            return False


def check_free(directory: Path) -> None:
    """Raise LockedError when an engine controls `directory`; nothing is made there. Raises OSError when that cannot be seen."""
    try:
        descriptor = os.open(directory / FILE_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        raise LockedError(directory, _read_holder(descriptor)) from None
    finally:
        os.close(descriptor)


@contextmanager
def _closed_on_error(descriptor: int) -> Iterator[None]:
    try:
        yield
    except BaseException:
        os.close(descriptor)
        raise


def _read_holder(descriptor: int) -> Holder | None:
    try:
        content = json.loads(os.pread(descriptor, _READ_BYTES, 0))
        return Holder(int(content["pid"]), clean(str(content["command"])), float(content["since_wall_s"]))
    except (ValueError, KeyError, TypeError):
        return None


def _described(holder: Holder | None) -> str:
    if holder is None:
        return ""
    since = datetime.fromtimestamp(holder.since_wall_s).astimezone()
    today = since.date() == datetime.now().astimezone().date()
    return (
        f" (pid {holder.pid}, since {since:%H:%M:%S})"
        if today
        else f" (pid {holder.pid}, since {since:%Y-%m-%d %H:%M:%S})"
    )
