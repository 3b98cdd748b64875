"""Damaged files, full and read-only disks: nothing that must survive is lost, and one sentence says what happened."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from typing import TYPE_CHECKING

import pytest

from hotswap_tui.core.plan import Step
from hotswap_tui.core.values import Role
from hotswap_tui.engine import journal_files
from hotswap_tui.engine.journal_read import read_history
from hotswap_tui.engine.ports import Entry, JournalError, Sample
from tests.support.journal_entries import (
    MEMORY,
    WALL_S,
    database,
    event,
    opened,
    past,
    planned,
    remembered,
    step,
    switch,
)

if TYPE_CHECKING:
    from pathlib import Path

    from hotswap_tui.engine.journal import SqliteJournal


async def test_loading_a_journal_that_cannot_be_written_still_remembers(tmp_path, monkeypatch):
    """A card that the kernel has made read-only must not make the engine forget which database serves."""
    async with opened(tmp_path) as journal:
        await journal.write(Entry(memory=MEMORY))

    def unwritable(path: Path) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(journal_files, "_create", unwritable)
    async with opened(tmp_path) as journal:
        assert (await journal.load()).memory == MEMORY
        with pytest.raises(JournalError, match=r"journal\.sqlite3: read-only file system$"):
            await journal.write(Entry((event(1),)))


async def test_a_full_disk_is_one_line_and_later_writes_are_tried_again(tmp_path):
    async with opened(tmp_path) as journal:
        await journal.write(Entry((event(1),), MEMORY))
        await journal._thread.submit(lambda: _fill(journal))
        journal.sample(Sample(Role.PRIMARY, WALL_S, 1.0))
        with pytest.raises(JournalError) as caught:
            await journal.write(Entry((event(2, text="x" * 100_000),)))
        assert str(caught.value) == f"{tmp_path}/journal.sqlite3: the disk is full"
        await journal.write(Entry((event(3),)))
        found = await journal.load()
    assert [told.id for told in found.events] == [1, 3]
    assert len(found.samples) == 1


def _fill(journal: SqliteJournal) -> None:
    connection = journal._store._opened()
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 1}").fetchone()


async def test_an_impossible_directory_is_one_line_until_it_can_be_made(tmp_path):
    state = tmp_path / "state"
    state.write_text("a file where the directory should be")
    async with opened(state) as journal:
        with pytest.raises(JournalError) as caught:
            await journal.load()
        assert str(caught.value) in {f"{state}/journal.sqlite3: {why}" for why in ("file exists", "not a directory")}
        state.unlink()
        await journal.write(Entry((event(1),)))
        assert (await journal.load()).last_event_id == 1


async def test_a_removed_file_is_begun_anew_with_what_must_survive(tmp_path):
    async with opened(tmp_path) as journal:
        await journal.write(Entry((event(1),), MEMORY))
        for path in tmp_path.iterdir():
            path.unlink()
        await journal.write(Entry((event(2),)))
        found = await journal.load()
    assert found.memory == MEMORY
    assert found.events == (event(2),)


def _garbage(path: Path) -> None:
    path.write_bytes(os.urandom(20_000))


def _foreign(path: Path) -> None:
    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipe (name TEXT)")


def _truncated(path: Path) -> None:
    os.truncate(path, 5000)


def _senseless(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute('UPDATE memory SET value = \'{"active": "tertiary"}\'')


def _without_a_table(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DROP TABLE event")


@pytest.mark.parametrize("damage", [_garbage, _foreign, _truncated, _senseless, _without_a_table])
async def test_a_damaged_journal_is_moved_aside_and_a_new_one_begun(tmp_path, damage):
    path = tmp_path / journal_files.FILE_NAME
    async with opened(tmp_path) as journal:
        await journal.write(Entry((event(1),), MEMORY))
    damage(path)
    damaged = path.read_bytes()
    notices: list[str] = []
    async with opened(tmp_path) as journal:
        journal.on_notice(notices.append)
        await journal.load()
        await journal.write(Entry((event(5),)))
        assert (await journal.load()).last_event_id == 5
    (aside,) = (path for path in tmp_path.iterdir() if ".corrupt-" in path.name and path.name.endswith("Z"))
    assert aside.name == "journal.sqlite3.corrupt-20251009T085320Z"
    assert aside.read_bytes() == damaged
    assert len(notices) == 1
    assert notices[0].startswith("the journal was damaged (")
    assert aside.name in notices[0]
    with contextlib.closing(database(tmp_path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_what_must_survive_is_saved_from_a_damaged_journal(tmp_path):
    async with opened(tmp_path) as journal:
        await journal.write(Entry((event(1),), MEMORY, switch(7, result="")))
    with contextlib.closing(database(tmp_path)) as connection:
        connection.execute("DROP TABLE sample")
    async with opened(tmp_path) as journal:
        found = await journal.load()
    assert (found.memory, found.unfinished, found.events) == (MEMORY, switch(7, result=""), (event(1),))


@pytest.mark.parametrize("lost", ["sample", "step"])
async def test_switches_are_saved_with_their_steps_where_these_can_be_read(tmp_path, lost):
    record = planned(switch(7, result=""))
    steps = (step(7, Step.HOLD, done_s=0.5), step(7, Step.REPOINT, at_s=0.5))
    async with opened(tmp_path) as journal:
        await journal.write(Entry(switch=planned(switch(6))))
        await journal.write(Entry(switch=record))
        for begun in steps:
            await journal.write(Entry(step=begun))
    with contextlib.closing(database(tmp_path)) as connection:
        connection.execute(f"DROP TABLE {lost}")
    async with opened(tmp_path) as journal:
        await journal.load()
        newest, before = await journal.history(5)
    assert newest == past(remembered(record), "crashed", () if lost == "step" else steps)
    assert before == past(remembered(planned(switch(6))), "crashed")


async def test_damage_while_running_loses_neither_memory_nor_entry(tmp_path):
    notices: list[str] = []
    async with opened(tmp_path) as journal:
        journal.on_notice(notices.append)
        await journal.write(Entry((event(1),), MEMORY))
        with contextlib.closing(database(tmp_path)) as connection:
            connection.execute("DROP TABLE event")
        await journal.write(Entry((event(2),)))
        found = await journal.load()
    assert (found.memory, found.events) == (MEMORY, (event(2),))
    assert len(notices) == 1


async def test_a_journal_of_a_newer_program_is_left_alone(tmp_path):
    async with opened(tmp_path) as journal:
        await journal.write(Entry((event(1),)))
    with contextlib.closing(database(tmp_path)) as connection:
        connection.execute("PRAGMA user_version = 9")
    async with opened(tmp_path) as journal:
        for attempt in (journal.load, lambda: journal.write(Entry((event(2),)))):
            with pytest.raises(JournalError, match=r"written by a newer hotswap-tui \(schema 9, this one knows 2\)"):
                await attempt()
    assert not list(tmp_path.glob("*.corrupt-*"))
    with pytest.raises(JournalError, match="newer"):
        read_history(tmp_path, 1)


async def test_a_migration_that_fails_leaves_the_version_before(tmp_path, monkeypatch):
    async with opened(tmp_path) as journal:
        await journal.write(Entry((event(1),)))
    steps = (*journal_files.MIGRATIONS, "journal_1.sql")
    monkeypatch.setattr(journal_files, "MIGRATIONS", steps)
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        journal_files.open_writable(tmp_path / journal_files.FILE_NAME)
    with contextlib.closing(database(tmp_path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
        assert connection.execute("SELECT count(*) FROM event").fetchone() == (1,)


@pytest.mark.parametrize("log_left", [True, False])
async def test_no_place_for_the_index_of_the_log_hides_nothing(tmp_path, log_left):
    """On a full or read-only disk SQLite cannot make the file beside the log that it reads it through."""
    async with opened(tmp_path / "state") as journal:
        await journal.write(Entry((event(1),), MEMORY, switch(1)))
        if log_left:
            shutil.copytree(tmp_path / "state", tmp_path / "copy", ignore=shutil.ignore_patterns("*-shm"))
    if not log_left:
        (tmp_path / "state").rename(tmp_path / "copy")
    (tmp_path / "copy" / "journal.sqlite3-shm").symlink_to("/nowhere/at/all")
    assert read_history(tmp_path / "copy", 5) == [past(switch(1))]
    async with opened(tmp_path / "copy") as journal:
        assert (await journal.load()).memory == MEMORY
        with pytest.raises(JournalError, match="it cannot be opened"):
            await journal.write(Entry((event(2),)))
