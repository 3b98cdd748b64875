"""How far a copy is: one line that is redrawn on a terminal, else a line now and then."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TYPE_CHECKING, Final

from hotswap_tui.cli import plain_text
from hotswap_tui.core.time_words import remaining

if TYPE_CHECKING:
    from hotswap_tui.sync.replication.progress import Progress

_BETWEEN_S: Final = 10.0
"""Between two lines of a log."""
_BAR: Final = 20
_LEAST_BAR: Final = 4
_NARROW: Final = 80
_STILL_S: Final = 15.0
"""A copy that has not moved for so long waits for something."""
_WAITS: Final = "the copy waits: often for a transaction that is open on the primary for long"
_PLAIN: Final = 100_000
_THREE_DIGITS: Final = 100
_UNITS: Final = ("B", "kB", "MB", "GB", "TB")
_STEP: Final = 1024


class ProgressLine:
    """Show the progress on standard error."""

    def __init__(self) -> None:
        self._redrawn = sys.stderr.isatty()
        self._drawn = False
        self._told_s = self._moved_s = time.monotonic()
        self._last: tuple[int, int, int] | None = None
        self._explained = False

    def show(self, progress: Progress) -> None:
        """Show it, where it is time to."""
        now_s = time.monotonic()
        moved = (progress.ready, progress.copied_rows, progress.copied_bytes)
        if moved != self._last:
            self._last, self._moved_s = moved, now_s
        width = max(1, shutil.get_terminal_size().columns - 1) if self._redrawn else _NARROW
        line = words(progress, width)
        if now_s - self._moved_s > _STILL_S and not self._explained:
            self._explained = True
            self.end()
            plain_text.tell([_WAITS])
        if self._redrawn:
            self._draw(line, width)
        elif progress.complete or now_s - self._told_s >= _BETWEEN_S:
            self._told_s = now_s
            plain_text.tell([line])

    def end(self) -> None:
        """Leave the line as it is."""
        if self._drawn:
            self._drawn = False
            plain_text.tell([""])

    def _draw(self, line: str, width: int) -> None:
        self._drawn = True
        print("\r" + plain_text.shown(plain_text.fit(line, width), sys.stderr), end="", file=sys.stderr, flush=True)


def words(progress: Progress, width: int = _NARROW) -> str:
    """Return the progress in one line; the bar gets the room that the figures leave in `width` cells."""
    rows = f", {_count(progress.copied_rows)}/{_count(progress.rows)} rows" if progress.rows else ""
    amount = f"{size(progress.copied_bytes)}/{size(progress.bytes)}"
    left = "" if progress.left_s is None or progress.complete else f", ~{remaining(progress.left_s)} left"
    figures = f"{progress.share:4.0%}  {progress.ready}/{progress.tables} tables{rows}, {amount}{left}"
    room = min(_BAR, width - len(f"copy  {figures}"))
    if room < _LEAST_BAR:
        return f"copy {figures}"
    filled = round(room * progress.share)
    return f"copy {'█' * filled}{'·' * (room - filled)} {figures}"


def _count(rows: int) -> str:
    return f"{rows:,}" if rows < _PLAIN else f"{_short(rows / 1e6)}M"


def size(count: int) -> str:
    """Return an amount of bytes: `512 B`, `1.5 MB`."""
    value, unit = float(count), 0
    while value >= _STEP and unit < len(_UNITS) - 1:
        value, unit = value / _STEP, unit + 1
    return f"{_short(value)} {_UNITS[unit]}" if unit else f"{count} B"


def _short(value: float) -> str:
    return f"{value:.1f}" if value < _THREE_DIGITS else f"{value:.0f}"
