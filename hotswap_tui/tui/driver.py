"""The terminal that may stall or vanish: a closed one ends the view at once, a stalled one never stops the checks.

Textual's own driver reads an empty answer for ever when the other end is gone, its writer dies with the first failed
write, and its thirty-first waiting write blocks the event loop, on which the probes may run as well.
"""

from __future__ import annotations

import os
import re
import select
import sys
from codecs import getincrementaldecoder
from contextlib import suppress
from queue import Full
from typing import TYPE_CHECKING, Any, TextIO, cast

from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import TextIOWrapper

    from textual.app import App

_UNWANTED = re.compile(r"\x1b\[[<>]\d*u|\x1b\]22;[^\x07]*\x07")
"""The kitty keyboard protocol, on and off: left on by a killed program it makes the shell unusable. And the shape of a
mouse pointer that we do not follow."""
_TICK_MS = 100
_BACKLOG = 20
"""Waiting writes after which frames are dropped; Textual's queue blocks at 30."""
_LAST_WRITES_S = 0.5


class TerminalFile:
    """Write to the terminal until it is gone; then swallow everything and tell once.

    Unbuffered below: a write that never returns must not hold a lock that the end of the program needs.
    """

    def __init__(self, file: TextIO, on_gone: Callable[[], None]) -> None:
        self._descriptor = file.fileno()
        self._encoding = file.encoding or "ascii"
        self._on_gone = on_gone
        self._held = bytearray()
        self.gone = False

    def write(self, text: str) -> int:
        """Hold `text`; characters that the terminal's encoding lacks become `?`."""
        self._held += text.encode(self._encoding, "replace")
        return len(text)

    def flush(self) -> None:
        """Hand over what is held."""
        data, self._held = bytes(self._held), bytearray()
        try:
            while data and not self.gone:
                data = data[os.write(self._descriptor, data) :]
        except BlockingIOError:
            select.select([], [self._descriptor], [])
            self._held[:0] = data
            self.flush()
        except OSError:
            self.lose()

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Say yes: nothing else is written to."""
        return True

    def lose(self) -> None:
        """Take note that the terminal is gone."""
        if not self.gone:
            self.gone = True
            self._on_gone()


def output_file() -> TextIO | None:
    """Return the standard stream that is a terminal, the output first; None when neither is."""
    return next((f for f in (sys.__stdout__, sys.__stderr__) if f is not None and f.isatty()), None)


class TerminalDriver(LinuxDriver):
    """Textual's Linux driver, proof against a stalled or vanished terminal."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._terminal = TerminalFile(output_file() or sys.stderr, self._on_gone)
        self._file = cast("TextIOWrapper[Any]", self._terminal)
        self._behind = False

    def write(self, data: str) -> None:
        """Send `data`, unless nobody is there or the terminal is too far behind."""
        writer = self._writer_thread
        if self._terminal.gone or writer is None or _UNWANTED.fullmatch(data):
            return
        if writer._queue.qsize() >= _BACKLOG:  # noqa: SLF001 - the only way to know that put would block
            self._behind = True
            return
        super().write(data)

    def caught_up(self) -> bool:
        """Say, once, that frames were dropped and the terminal reads again: everything must be painted anew."""
        writer = self._writer_thread
        if self._behind and writer is not None and writer._queue.empty():  # noqa: SLF001 - see `write`
            self._behind = False
            return True
        return False

    def run_input_thread(self) -> None:
        """Read keys until the app ends or the terminal hangs up; bytes that are no UTF-8 are no keys."""
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        poll = select.poll()
        poll.register(self.fileno, select.POLLIN)
        while not self.exit_event.is_set():
            for _, flags in poll.poll(_TICK_MS):
                data = self._read() if flags & select.POLLIN else b""
                if not data:
                    self._terminal.lose()
                    return
                if text := decode(data):
                    for event in parser.feed(text):
                        self.process_message(event)
            for event in parser.tick():
                self.process_message(event)

    def close(self) -> None:
        """End the writer; one that hangs in a stalled terminal is left behind."""
        writer = self._writer_thread
        if writer is not None:
            with suppress(Full):
                writer._queue.put_nowait(None)  # noqa: SLF001 - its own `stop` waits for ever
            writer.join(_LAST_WRITES_S)

    def _read(self) -> bytes:
        try:
            return os.read(self.fileno, 4096)
        except OSError:
            return b""

    def _on_gone(self) -> None:
        from hotswap_tui.tui.app import HotSwapApp  # noqa: PLC0415 - the app names this driver

        if isinstance(self._app, HotSwapApp) and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._app.terminal_gone)
