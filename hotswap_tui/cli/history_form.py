"""How a past switch looks to a person."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from hotswap_tui.core.text import clean
from hotswap_tui.engine.history_document import local, step_took_ms, switch_took_s

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotswap_tui.engine.journal_codec import PastSwitch
    from hotswap_tui.engine.ports import StepRecord, SwitchRecord


def table(told: Sequence[PastSwitch], width: int, *, steps: bool) -> list[str]:
    """Return lines that fit `width` columns, two or more a switch; `steps`: with how long each of them took."""
    rows = [("WHEN", "KIND", "FROM → TO", "TOOK", "RESULT", "BY"), *(_cells(past.record) for past in told)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=True)).rstrip() for row in rows]
    table = lines[:1]
    for past, line in zip(told, lines[1:], strict=True):
        paragraphs = [_story(past.record), _steps(past.steps) if steps else ""]
        table += [line, *(wrapped for text in paragraphs for wrapped in _wrap(text, width))]
    return table


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(40, width - 1), initial_indent="  ", subsequent_indent="  ")


def _steps(steps: Sequence[StepRecord]) -> str:
    """Return `hold 12 ms, preflight 4 ms, repoint not ended`; empty without steps."""
    taken = ((clean(step.step, 40), step_took_ms(step)) for step in steps)
    return ", ".join(f"{name} not ended" if took_ms is None else f"{name} {took_ms:.0f} ms" for name, took_ms in taken)


def _cells(record: SwitchRecord) -> tuple[str, ...]:
    switch, took_s = record.switch, switch_took_s(record)
    return (
        f"{local(record.started_wall_s):%Y-%m-%d %H:%M:%S}",
        switch.kind.value,
        f"{switch.source} → {switch.target}",
        "" if took_s is None else duration(took_s),
        record.result or "unfinished",
        "automatic" if switch.automatic else clean(switch.by, 40),
    )


def _story(record: SwitchRecord) -> str:
    switch = record.switch
    parts = [clean(switch.why)]
    if record.down is not None:
        parts.append(f"{record.down} was down for {duration(record.down_s)}")
    if switch.forced:
        parts.append("forced")
    if switch.attempt > 1:
        parts.append(f"attempt {switch.attempt}")
    if switch.cancelled_by:
        parts.append(f"cancelled by {clean(switch.cancelled_by, 40)}")
    if record.error:
        parts.append(clean(record.error))
    if record.waited.clients:
        parts.append(f"{_counted(record.waited.clients, 'client')} waited, at most {record.waited.longest_s:.2f} s")
    if record.severed:
        parts.append(f"{_counted(record.severed, 'connection')} cut off")
    return "; ".join(part for part in parts if part)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def duration(seconds: float) -> str:
    """Return `seconds` as a person says them: 0.4 s, 15 s, 3m 12s, 2h 05m, 4d 03h."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    if whole < 86_400:
        return f"{whole // 3600}h {whole % 3600 // 60:02d}m"
    return f"{whole // 86_400}d {whole % 86_400 // 3600:02d}h"
