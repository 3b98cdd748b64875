"""`status --watch`: the screen again and again, or into a pipe a line for each change."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from hotswap_tui.api.listening import Lost, heard
from hotswap_tui.cli import exit_codes
from hotswap_tui.cli.plain_status import LINES, WIDTH, exit_code, sentence, status_lines
from hotswap_tui.cli.plain_text import cut, say, shown, tell
from hotswap_tui.core.sentence import silence
from hotswap_tui.core.time_words import clock_time

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path

    from hotswap_tui.core.snapshot import Snapshot

_EMPTY, _HOME, _REST_OF_LINE, _REST_OF_SCREEN = "\x1b[2J", "\x1b[H", "\x1b[K", "\x1b[J"
_REDRAW_S: Final = 0.2
"""A check rate of a hundred a second is no reason to draw as often."""


def watch(path: Path, *, redraw: bool) -> int:
    """Show what the engine at `path` tells until Ctrl-C; return the last exit code."""
    view = _View(redraw=redraw and os.environ.get("TERM", "dumb") != "dumb")
    try:
        asyncio.run(view.run(path))
    except KeyboardInterrupt:
        tell([""] if redraw else [])  # the terminal has written ^C there
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        tell([str(error)])
        return exit_codes.UNKNOWN
    return view.code


class _View:
    """What was shown last."""

    def __init__(self, *, redraw: bool) -> None:
        self.code = exit_codes.UNKNOWN
        self._redraw = redraw
        self._shown: Hashable = None
        self._drawn_s = 0.0
        self._newest: Snapshot | None = None

    async def run(self, path: Path) -> None:
        async with aclosing(heard(path)) as updates:
            async for update in updates:
                if isinstance(update, Lost):
                    self._lost(update)
                else:
                    self._newest = update.snapshot
                    self._present(update.snapshot)

    def _present(self, snapshot: Snapshot) -> None:
        now_s = time.monotonic()
        self.code = exit_code(snapshot, now_s)
        switch = snapshot.switch
        step = (switch.id, switch.step, switch.detail, switch.unknown) if switch is not None else None
        key = (snapshot.pid, snapshot.version, self.code, step)
        changed, self._shown = key != self._shown, key
        if self._redraw:
            if changed or now_s - self._drawn_s >= _REDRAW_S:
                self._draw(status_lines(snapshot, now_s))
        elif changed:
            self._say(sentence(snapshot, now_s))

    def _lost(self, lost: Lost) -> None:
        self.code = exit_codes.UNKNOWN
        now_s = time.monotonic()
        told = silence(now_s - lost.since_s, lost.why).say()
        changed, self._shown = self._shown != lost.why, lost.why
        if self._redraw:
            self._draw([told, "", *(status_lines(self._newest, now_s) if self._newest is not None else [])])
        elif changed:
            self._say(f"NO ENGINE answers: {lost.why}")

    def _draw(self, lines: list[str]) -> None:
        columns, rows = os.get_terminal_size(sys.stdout.fileno())  # COLUMNS may be of another time
        fitting = (cut(shown(line, sys.stdout), columns or WIDTH) for line in lines[: (rows or LINES) - 1])
        text = "".join(f"{line}{_REST_OF_LINE}\n" for line in fitting)
        begin = _HOME if self._drawn_s else _EMPTY + _HOME
        print(f"{begin}{text}{_REST_OF_SCREEN}", end="", flush=True)
        self._drawn_s = time.monotonic()

    def _say(self, text: str) -> None:
        say([f"{clock_time(time.time(), None)}  {text}"])
