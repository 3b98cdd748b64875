"""Journals to write to, and what to write."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from hotswap_tui.core.values import Event, Kind, Level, Role, Switch, SwitchKind
from hotswap_tui.engine import journal_files
from hotswap_tui.engine.journal import SqliteJournal
from hotswap_tui.engine.ports import Memory, ModeMemory, SwitchRecord

if TYPE_CHECKING:
    from pathlib import Path

WALL_S = 1_760_000_000.0

MEMORY = Memory(
    active=Role.SECONDARY,
    since_wall_s=WALL_S,
    pair="a:5432/x b:5432/x",
    mode=ModeMemory(armed=False, by="alice", since_wall_s=WALL_S, why="maintenance", until_wall_s=WALL_S + 60),
    mode_before=ModeMemory(),
    automatic_wall_s=(WALL_S - 5, WALL_S),
    failover_wall_s=(WALL_S,),
    primary_down_since_wall_s=WALL_S - 15,
    next_switch_id=8,
)


def event(number: int, *, text: str = "something happened") -> Event:
    return Event(number, WALL_S + number, Kind.CHECK_FAILED, Level.BAD, text, Role.PRIMARY, {"count": 3, "down_s": 1.5})


def switch(
    number: int, *, result: str = "done", why: str = "primary failed 3 checks: timeout", attempt: int = 1
) -> SwitchRecord:
    moved = Switch(number, SwitchKind.FAILOVER, Role.PRIMARY, Role.SECONDARY, 0.0, why, attempt=attempt)
    finished = WALL_S + 1.25 if result else None
    return SwitchRecord(moved, WALL_S, finished, result, "", Role.PRIMARY if result else None, 12.5 if result else 0.0)


@contextlib.asynccontextmanager
async def opened(directory: Path, wall_s: float = WALL_S):
    journal = SqliteJournal(directory, wall_s=lambda: wall_s)
    try:
        yield journal
    finally:
        await journal.aclose()


def database(directory: Path) -> sqlite3.Connection:
    return sqlite3.connect(directory / journal_files.FILE_NAME, isolation_level=None)
