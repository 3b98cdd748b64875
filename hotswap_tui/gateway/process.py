"""A process that is known for certain: what was found by its number is not mistaken for another that got it later."""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from hotswap_tui.core.text import clean

if TYPE_CHECKING:
    import subprocess

_PROC = Path("/proc")


class Process:
    """Hold on to the process `pid`, a child or not; raises ProcessLookupError when there is none.

    It has a file descriptor (pidfd_open(2)) that becomes readable when the process ends.
    """

    def __init__(self, pid: int, child: subprocess.Popen[bytes] | None = None) -> None:
        self.pid = pid
        self._child = child
        self._descriptor = os.pidfd_open(pid)

    def fileno(self) -> int:
        """Return the descriptor, for poll(2)."""
        return self._descriptor

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens when the process has ended."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._descriptor, number)

    def ended(self, timeout_s: float = 0.0) -> bool:
        """Return whether the process has ended, after at most `timeout_s`."""
        poller = select.poll()
        poller.register(self._descriptor, select.POLLIN)
        return bool(poller.poll(timeout_s * 1000))

    def close(self) -> None:
        """Let go of the process, whatever becomes of it."""
        os.close(self._descriptor)

    def ending(self) -> str:
        """Return in words how the process ended, and let go of it."""
        self.close()
        if self._child is None:
            return "has ended"
        status = self._child.wait()
        return f"was killed by {_signal_name(-status)}" if status < 0 else f"ended with status {status}"


def _signal_name(number: int) -> str:
    with suppress(ValueError):
        return signal.Signals(number).name
    return f"signal {number}"


def command_line(pid: int) -> list[str]:
    """Return the arguments that a process was started with; empty when it is gone. Everybody may read them."""
    try:
        return [os.fsdecode(part) for part in (_PROC / str(pid) / "cmdline").read_bytes().split(b"\0")[:-1]]
    except OSError:
        return []


def name(pid: int) -> str:
    """Return the name of a process's program, made harmless; empty when it is gone."""
    try:
        return clean((_PROC / str(pid) / "comm").read_text(encoding="utf-8", errors="replace"), 40)
    except OSError:
        return ""


def parent(pid: int) -> int:
    """Return the number of the parent of a process, 0 when it has none or is gone."""
    try:
        # proc(5): the name stands in parentheses and may contain any of them itself.
        return int((_PROC / str(pid) / "stat").read_bytes().rpartition(b") ")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0
