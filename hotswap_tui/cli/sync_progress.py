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
_STILL_S: Final = 15.0
"""A copy that has not moved for so long waits for something."""
_UNITS: Final = ("B", "kB", "MB", "GB")
_STEP: Final = 1024


class ProgressLine:
    """Show the progress on standard error."""

    def __init__(self) -> None:
        self._redrawn = sys.stderr.isatty()
        self._drawn = False
        self._told_s = self._moved_s = time.monotonic()
        self._last: tuple[int, int, int] | None = None

    def show(self, progress: Progress) -> None:
        """Show it, where it is time to."""
        now_s = time.monotonic()
        moved = (progress.ready, progress.copied_rows, progress.copied_bytes)
        if moved != self._last:
            self._last, self._moved_s = moved, now_s
        line = words(progress)
        if now_s - self._moved_s > _STILL_S:
            line += ", waiting: often for a transaction that is open on the primary for long"
        if self._redrawn:
            self._draw(line)
        elif progress.complete or now_s - self._told_s >= _BETWEEN_S:
            self._told_s = now_s
            plain_text.tell([line])

    def end(self) -> None:
        """Leave the line as it is."""
        if self._drawn:
            self._drawn = False
            plain_text.tell([""])

    def _draw(self, line: str) -> None:
        self._drawn = True
        width = max(1, shutil.get_terminal_size().columns - 1)
        print("\r" + plain_text.shown(plain_text.fit(line, width), sys.stderr), end="", file=sys.stderr, flush=True)


def words(progress: Progress) -> str:
    """Return the progress in one line."""
    filled = round(_BAR * progress.share)
    rows = f", {progress.copied_rows:,} of about {progress.rows:,} rows" if progress.rows else ""
    amount = f"{size(progress.copied_bytes)} of {size(progress.bytes)}"
    left = "" if progress.left_s is None or progress.complete else f", about {remaining(progress.left_s)} left"
    bar = "█" * filled + "·" * (_BAR - filled)
    return f"copy {bar} {progress.share:4.0%}  {progress.ready} of {progress.tables} tables{rows}, {amount}{left}"


def size(count: int) -> str:
    """Return an amount of bytes: `512 B`, `1.5 MB`."""
    value, unit = float(count), 0
    while value >= _STEP and unit < len(_UNITS) - 1:
        value, unit = value / _STEP, unit + 1
    return f"{value:.1f} {_UNITS[unit]}" if unit else f"{count} B"
