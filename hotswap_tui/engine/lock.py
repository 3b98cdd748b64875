"""One engine per state directory: a file lock that the kernel releases whenever and however its holder ends."""

from __future__ import annotations

import fcntl
import json
import os
import time
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Self

from hotswap_tui.core.text import clean
from hotswap_tui.gateway.flock import Flock
from hotswap_tui.routing.layout import owner_of

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME: Final = "engine.lock"
_READ_BYTES: Final = 4096
_PATIENCE_S: Final = 0.1
"""Who only asks whether an engine is there (`check_free`) has the lock for some microseconds."""
_POLL_S: Final = 0.01


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock. `since_wall_s` is seconds since 1970."""

    pid: int
    command: str
    since_wall_s: float
    socket: str = ""
    """Where it takes requests; empty when it does not say."""


class LockedError(Exception):
    """Another engine controls the directory; the text says which. `holder` is None when it has not yet said who it is."""

    def __init__(self, directory: Path, holder: Holder | None) -> None:
        self.directory = directory
        self.holder = holder
        super().__init__(f"another engine{_described(holder)} controls {directory}")


class LockUnavailableError(Exception):
    """The lock file cannot be made or locked at all; one line saying why and where."""


class StateLock:
    """Hold `directory` for one engine; a context manager. The directory is made (0700) when it is missing.

    The file stays when the lock is released: only `flock` says whether somebody holds it, never the file or its content.
    """

    def __init__(self, directory: Path, *, command: str, now_wall_s: float, socket: Path | None = None) -> None:
        self._directory = directory
        self._path = directory / FILE_NAME
        self._holder = Holder(os.getpid(), command, now_wall_s, "" if socket is None else str(socket))
        self._lock: Flock | None = None

    def acquire(self) -> None:
        """Take the lock; raises LockedError when another engine holds it, LockUnavailableError when nobody could."""
        try:
            os.makedirs(self._directory, mode=0o700, exist_ok=True)  # noqa: PTH103  Path.mkdir gives parents another mode, too
            lock = self._lock_file()
        except OSError as error:
            raise LockUnavailableError(_unavailable(self._path, error)) from error
        self._lock = lock

    def release(self) -> None:
        """Give the lock back; nothing happens when it is not held."""
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.close()

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _lock_file(self) -> Flock:
        """Return the lock of the file that bears the name now, with our name in it."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            with ExitStack() as opened:
                lock = opened.enter_context(closing(Flock(self._path)))
                if lock.held and self._names(lock.descriptor):
                    lock.write(json.dumps(asdict(self._holder)).encode())
                    opened.pop_all()
                    return lock
                if not lock.held and time.monotonic() > deadline:
                    raise LockedError(self._directory, _holder_in(lock.read(_READ_BYTES)))
            time.sleep(_POLL_S)

    def _names(self, descriptor: int) -> bool:
        # Somebody may have removed the file between open and lock: that lock would keep nobody out.
        try:
            return os.path.samestat(os.fstat(descriptor), self._path.stat())
        except FileNotFoundError:
            return False


def check_free(directory: Path) -> None:
    """Raise LockedError when an engine controls `directory`; nothing is made there. Raises LockUnavailableError when that cannot be seen."""
    path = directory / FILE_NAME
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    except OSError as error:
        raise LockUnavailableError(_unavailable(path, error)) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        raise LockedError(directory, _holder_in(os.pread(descriptor, _READ_BYTES, 0))) from None
    finally:
        os.close(descriptor)


def holder_of(directory: Path) -> Holder | None:
    """Return who has held `directory` last, which may have ended since; None when that cannot be seen."""
    try:
        with (directory / FILE_NAME).open("rb") as file:
            return _holder_in(file.read(_READ_BYTES))
    except OSError:
        return None


def _unavailable(path: Path, error: OSError) -> str:
    why = f"{path}: {(error.strerror or str(error)).lower()}"
    return f"{why}; run this as {owner_of(path)}, to whom it belongs" if isinstance(error, PermissionError) else why


def _holder_in(text: bytes) -> Holder | None:
    try:
        content = json.loads(text)
        return Holder(
            int(content["pid"]),
            clean(str(content["command"])),
            float(content["since_wall_s"]),
            str(content.get("socket", "")),
        )
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
