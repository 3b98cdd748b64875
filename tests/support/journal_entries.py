"""Journals to write to, and what to write."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import replace
from importlib import resources
from typing import TYPE_CHECKING

from hotswap_tui.core.plan import Plan, Recipe, Step
from hotswap_tui.core.traffic import Waited
from hotswap_tui.core.values import Event, Kind, Level, Role, Switch, SwitchKind
from hotswap_tui.engine import journal_files
from hotswap_tui.engine.journal import SqliteJournal
from hotswap_tui.engine.journal_codec import PastSwitch
from hotswap_tui.engine.ports import Memory, ModeMemory, StepRecord, SwitchRecord

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


def planned(record: SwitchRecord) -> SwitchRecord:
    """Give a switch its plan, which no journal tells again, and what moving traffic told."""
    plan = Plan(Recipe.CRASHED, (Step.HOLD, Step.REPOINT))
    moved = replace(record.switch, plan=plan)
    return replace(record, switch=moved, waited=Waited(8, 0.0475), severed=3, proof="18.6 started 10:42:07")


def remembered(record: SwitchRecord) -> SwitchRecord:
    """Return what is left of a planned switch after a restart."""
    return replace(record, switch=replace(record.switch, plan=None))


def step(number: int, name: Step, *, at_s: float = 0.0, done_s: float | None = None) -> StepRecord:
    return StepRecord(number, name.value, WALL_S + at_s, None if done_s is None else WALL_S + done_s)


def past(record: SwitchRecord, recipe: str = "", steps: tuple[StepRecord, ...] = ()) -> PastSwitch:
    return PastSwitch(record, recipe, steps)


VERSION_1_SWITCHES = """
INSERT INTO switch VALUES
    (1, 6, 'failover', 'primary', 'secondary', 'then', '', 0, 2, 'repoint', 0, '', 0, 100.0, 101.5, 'done', '', 'primary', 12.5),
    (2, 7, 'manual', 'secondary', 'primary', 'now', 'alice', 1, 1, 'hold', 1, '', 0, 200.0, NULL, '', '', NULL, 0.0);
INSERT INTO event VALUES (1, 41, 99.0, 'started', 'INFO', 'engine started', NULL, '{"pid": 5}');
INSERT INTO memory VALUES (1, '{"active": "secondary", "since_wall_s": 101.5, "pair": "a b", "next_switch_id": 8}');
INSERT INTO sample (wall_ms, role, latency_us) VALUES (90000, 0, 250);
"""


def make_version_1(directory: Path) -> None:
    """Make the journal that an installation of version 0.1.0 has, with an unfinished switch."""
    script = (resources.files("hotswap_tui.engine") / "sql" / "journal_1.sql").read_text(encoding="utf-8")
    marks = (
        f"PRAGMA application_id = {journal_files.APPLICATION_ID}; PRAGMA user_version = 1; PRAGMA journal_mode = WAL;"
    )
    with contextlib.closing(database(directory)) as connection:
        connection.executescript(script + marks + VERSION_1_SWITCHES)


@contextlib.asynccontextmanager
async def opened(directory: Path, wall_s: float = WALL_S):
    journal = SqliteJournal(directory, wall_s=lambda: wall_s)
    try:
        yield journal
    finally:
        await journal.aclose()


def database(directory: Path) -> sqlite3.Connection:
    return sqlite3.connect(directory / journal_files.FILE_NAME, isolation_level=None)
