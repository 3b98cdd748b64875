"""Signals to this program as something to wait for, beside everything else that is waited for."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from types import FrameType

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_MANY: Final = 1024


class SignalInbox:
    """Collect SIGTERM, SIGINT and SIGHUP instead of dying of them; a context manager for the main thread.

    Its descriptor is readable while there are signals that nobody has taken.
    """

    def __enter__(self) -> Self:
        self._reader, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._fd_before = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, _leave_to_the_pipe) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._fd_before)
        os.close(self._reader)
        os.close(self._writer)

    def fileno(self) -> int:
        """Return the descriptor, for poll(2)."""
        return self._reader

    def take(self) -> list[signal.Signals]:
        """Return the signals that have arrived since the last call, in their order."""
        with suppress(BlockingIOError):
            return [signal.Signals(number) for number in os.read(self._reader, _MANY)]
        return []


def _leave_to_the_pipe(_number: int, _frame: FrameType | None) -> None:
    pass
