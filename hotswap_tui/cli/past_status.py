"""What the journal knows of the past, for when no engine says how things are now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.text import clean
from hotswap_tui.core.time_words import age, clock_time
from hotswap_tui.engine.journal_files import FILE_NAME
from hotswap_tui.engine.journal_read import events, memory, reading
from hotswap_tui.engine.lock import LockedError, LockUnavailableError, check_free

if TYPE_CHECKING:
    from pathlib import Path

_MOMENT = "%Y-%m-%d %H:%M:%S"


def past_lines(directory: Path, now_wall_s: float) -> list[str]:
    """Return who served when an engine last wrote into the journal of `directory`; raises JournalError."""
    with reading(directory / FILE_NAME) as connection:
        remembered, told = memory(connection), events(connection)
    lines = [silent] if (silent := _silent(directory)) else []
    if remembered is None:
        return lines
    since = clock_time(remembered.since_wall_s, None, _MOMENT)
    lines.append(f"THE PAST, not the present: {remembered.active.value.upper()} served from {since} on")
    if not remembered.mode.armed:
        by = f" by {clean(remembered.mode.by, 40)}" if remembered.mode.by else ""
        lines.append(
            f"  automatic switching was off{by}{f': {clean(remembered.mode.why)}' if remembered.mode.why else ''}"
        )
    if told:
        last = told[-1]
        moment = clock_time(last.wall_s, None, _MOMENT)
        lines.append(f"  last words {age(now_wall_s - last.wall_s)} ago, {moment}: {clean(last.text)}")
    return [*lines, f"  from {directory / FILE_NAME}"]


def _silent(directory: Path) -> str:
    """Say that an engine is there and does not answer; empty when there is none, or nobody can tell."""
    try:
        check_free(directory)
    except LockedError as error:
        return f"An {str(error).removeprefix('another ')}, but does not answer"
    except LockUnavailableError:
        return ""
    return ""
