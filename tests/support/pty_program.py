"""A program on a pseudo-terminal of its own, seen from the terminal's side."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import signal
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[2]


class PtyProgram:
    """Start `arguments` with Python on a pty of the given size; everything that it prints ends up in `output`."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        size: tuple[int, int] = (80, 24),
        environ: Mapping[str, str] | None = None,
        controlling: bool = True,
    ) -> None:
        self.master, self._slave = pty.openpty()
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.attributes_before = termios.tcgetattr(self._slave)
        self.output = b""
        set_terminal = "import fcntl, termios, runpy, sys; "
        set_terminal += "fcntl.ioctl(0, termios.TIOCSCTTY, 0); " if controlling else ""
        code = set_terminal + "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            cwd=ROOT,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "TERM": "xterm-256color",
                "LC_ALL": "C.UTF-8",
                **(environ or {}),
            },
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the program, however it is."""
        self.close_master()
        if self._slave >= 0:
            os.close(self._slave)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(5)

    def read_until(self, wanted: bytes, deadline_s: float = 30.0) -> None:
        """Read until `wanted` has been printed since the last call's end."""
        start = len(self.output)
        deadline = time.monotonic() + deadline_s
        while wanted not in self.output[max(start - len(wanted), 0) :]:
            if time.monotonic() > deadline or not self._read(0.1, deadline):
                raise AssertionError(f"{wanted!r} not printed within {deadline_s:g} s: {self.output[-2000:]!r}")

    def read_for(self, seconds: float) -> None:
        """Read whatever is printed for so long."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._read(0.1, deadline)

    def _read(self, wait_s: float, deadline: float) -> bool:
        while time.monotonic() < deadline:
            if select.select([self.master], [], [], wait_s)[0]:
                try:
                    data = os.read(self.master, 65536)
                except OSError:
                    return False
                self.output += data
                return bool(data)
        return False

    def press(self, keys: bytes) -> None:
        """Type `keys`."""
        os.write(self.master, keys)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program."""
        self.process.send_signal(number)

    def wait(self, deadline_s: float = 30.0, *, reading: bool = True) -> int:
        """Return the exit code; fails when the program does not end by itself."""
        deadline = time.monotonic() + deadline_s
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                raise AssertionError(f"still running after {deadline_s:g} s")
            if reading and self.master >= 0:
                self._read(0.05, time.monotonic() + 0.05)
            else:
                time.sleep(0.02)
        if reading and self.master >= 0:
            while select.select([self.master], [], [], 0)[0] and self._read(0, time.monotonic() + 0.05):
                pass
        return self.process.returncode

    def attributes(self) -> list[object]:
        """Return the terminal's present modes."""
        return termios.tcgetattr(self._slave)

    def close_slave(self) -> None:
        """Let go of this side's copy, so that the program's are the only ones."""
        os.close(self._slave)
        self._slave = -1

    def close_master(self) -> None:
        """Close the terminal's window."""
        if self.master >= 0:
            os.close(self.master)
            self.master = -1
