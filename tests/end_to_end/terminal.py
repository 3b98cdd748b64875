"""A program on a pseudo-terminal of its own: its keys, its screen, and what it leaves behind."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import threading
from typing import TYPE_CHECKING, Self

import pyte

from tests.support.until import until_sync

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_POLL_S = 0.05
_LEAVES = b"\x1b[?1049l"
_ON_BY_NATURE = frozenset({b"7", b"25"})
"""Line wrap and cursor; every other mode is off in a terminal that nobody has touched."""
_MODE = re.compile(rb"\x1b\[\?(\d+)([hl])")
_QUERY = re.compile(rb"\x1b\[(?:\?[\d;]*\$p|>[\d;]*[a-zA-Z])")
"""Questions to the terminal that the emulator would print."""


class Terminal:
    """Start `command` in a session whose controlling terminal is a new pty; a context manager that ends both.

    A thread reads all the time, as a terminal does, so the program never waits for its output. Without `emulate` it only
    collects what comes, in `raw`.
    """

    def __init__(
        self,
        command: Sequence[str],
        environ: Mapping[str, str],
        directory: Path,
        *,
        columns: int = 120,
        rows: int = 40,
        emulate: bool = True,
    ) -> None:
        self._emulate = emulate
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.Lock()
        self._open = True
        self._master, self._slave = pty.openpty()
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._modes = termios.tcgetattr(self._slave)
        self.raw = bytearray()
        # setsid makes the pty the controlling terminal, so that closing it hangs up as a lost SSH session does.
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *command],
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            env=dict(environ),
            cwd=directory,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self.hang_up()
        os.close(self._slave)

    def hang_up(self) -> None:
        """Close the terminal, as the end of an SSH session does."""
        if self._open:
            self._open = False
            self._reader.join()
            os.close(self._master)

    def _read(self) -> None:
        # A read that waits would keep the terminal open after `close`.
        while self._open:
            if select.select([self._master], [], [], _POLL_S)[0]:
                data = os.read(self._master, 65536)
                with self._lock:
                    self.raw += data
                    if self._emulate:
                        self._stream.feed(_QUERY.sub(b"", data))

    def press(self, keys: str) -> None:
        """Type `keys`."""
        os.write(self._master, keys.encode())

    @property
    def lines(self) -> list[str]:
        """Return the rows of the screen."""
        with self._lock:
            return list(self._screen.display)

    def shows(self, *words: str) -> bool:
        """Tell whether the screen has all of `words`."""
        text = "\n".join(self.lines)
        return all(word in text for word in words)

    def wait_for(self, *words: str, deadline_s: float = 30.0) -> None:
        """Wait until the screen has all of `words`; the failure shows the screen."""
        try:
            until_sync(lambda: self.shows(*words), deadline_s)
        except AssertionError:
            state = "runs" if self.process.poll() is None else f"ended with {self.process.returncode}"
            screen = "\n".join(line.rstrip() for line in self.lines)
            raise AssertionError(f"{words} not within {deadline_s:g} s; the program {state}:\n{screen}") from None

    def wait_until_gone(self, words: str, deadline_s: float = 30.0) -> None:
        """Wait until the screen has `words` no more."""
        until_sync(lambda: not self.shows(words), deadline_s, f"{words} is still shown")

    def ended(self, deadline_s: float = 30.0) -> int:
        """Return the exit code, within the deadline."""
        code = self.process.wait(deadline_s)
        if self._open:
            until_sync(lambda: self.restored or _LEAVES not in self.raw, 1.0, "the last bytes")
        return code

    @property
    def last_words(self) -> str:
        """Return what the program wrote after it gave the screen back."""
        return _MODE.sub(b"", self.raw.rpartition(_LEAVES)[2]).decode(errors="replace")

    @property
    def restored(self) -> bool:
        """Tell whether the terminal is as it was found: every mode that was changed, and the line discipline."""
        last = dict(_MODE.findall(self.raw))
        modes = all((state == b"h") == (number in _ON_BY_NATURE) for number, state in last.items())
        return modes and termios.tcgetattr(self._slave) == self._modes
