"""What is written to the journal is there again: after a restart, kill -9, a damaged file, a full disk."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from hotswap_tui.core.values import Event, Kind, Level, Role, Switch, SwitchKind
from hotswap_tui.engine import journal as journal_module
from hotswap_tui.engine import journal_files, journal_store
from hotswap_tui.engine.journal import SqliteJournal
from hotswap_tui.engine.journal_read import read_history
from hotswap_tui.engine.ports import Entry, JournalError, Memory, ModeMemory, Restored, Sample, SwitchRecord
from tests.support.until import until

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
    return SwitchRecord(moved, WALL_S, finished, result, "", 12.5 if result else None)


@contextlib.asynccontextmanager
async def opened(directory: Path, wall_s: float = WALL_S):
    journal = SqliteJournal(directory, wall_s=lambda: wall_s)
    try:
        yield journal
    finally:
        await journal.aclose()


def database(directory: Path) -> sqlite3.Connection:
    return sqlite3.connect(directory / journal_files.FILE_NAME, isolation_level=None)


async def test_a_new_journal_remembers_nothing(tmp_path):
    async with opened(tmp_path) as journal:
        assert await journal.load() == Restored()


async def test_everything_comes_back_after_a_restart(tmp_path):
    events = tuple(event(number) for number in range(1, 4))
    unfinished = switch(7, result="")
    async with opened(tmp_path) as journal:
        await journal.write(Entry(events, MEMORY, unfinished))
        journal.sample(Sample(Role.PRIMARY, WALL_S - 2, 1.234))
        journal.sample(Sample(Role.SECONDARY, WALL_S - 1, None))
    async with opened(tmp_path) as journal:
        found = await journal.load()
    assert found.memory == MEMORY
    assert found.unfinished == unfinished
    assert (found.last_event_id, found.events) == (3, events)
    assert found.samples == (Sample(Role.PRIMARY, WALL_S - 2, 1.234), Sample(Role.SECONDARY, WALL_S - 1, None))


async def test_a_memory_of_defaults_comes_back(tmp_path):
    memory = Memory(Role.PRIMARY, WALL_S, "pair")
    async with opened(tmp_path) as journal:
        await journal.write(Entry(memory=memory))
        assert (await journal.load()).memory == memory


async def test_only_the_newest_events_are_loaded_in_the_order_of_their_writing(tmp_path):
    """Wall clocks jump: an event of an hour ago by the clock may be the newest."""
    told = tuple(Event(number, WALL_S - 3600 * number, Kind.SLEPT, Level.INFO, "") for number in range(1, 701))
    async with opened(tmp_path) as journal:
        await journal.write(Entry(told))
        found = await journal.load()
    assert found.events == told[-500:]


async def test_an_event_of_an_unknown_kind_is_left_out(tmp_path):
    """A newer version with the same schema may have written it."""
    async with opened(tmp_path) as journal:
        await journal.write(Entry((event(1), event(2))))
        with contextlib.closing(database(tmp_path)) as connection:
            connection.execute("UPDATE event SET kind = 'from_tomorrow' WHERE id = 1")
        assert (await journal.load()).events == (event(2),)


async def test_a_switch_is_one_record_from_start_to_end(tmp_path):
    async with opened(tmp_path) as journal:
        await journal.write(Entry(switch=switch(1, result="")))
        await journal.write(Entry(switch=switch(1, result="failed")))
        await journal.write(Entry(switch=switch(1, attempt=2)))
        await journal.write(Entry(switch=switch(2, result="")))
        assert await journal.history(10) == [switch(2, result=""), switch(1, attempt=2)]
        assert await journal.history(1) == [switch(2, result="")]
        assert (await journal.load()).unfinished == switch(2, result="")


async def test_an_old_switch_that_was_never_closed_is_not_unfinished_business(tmp_path):
    async with opened(tmp_path) as journal:
        await journal.write(Entry(switch=switch(1, result="")))
        await journal.write(Entry(switch=switch(2)))
        assert (await journal.load()).unfinished is None


async def test_ids_that_begin_anew_overwrite_nothing(tmp_path):
    """A run that could not read its journal counts from 1 again."""
    async with opened(tmp_path) as journal:
        await journal.write(Entry((event(1),), switch=switch(1, why="then")))
        await journal.write(Entry((event(2),), switch=switch(2, why="then")))
        await journal.write(Entry((event(1, text="now"),), switch=switch(1, why="now")))
        assert [record.switch.why for record in await journal.history(10)] == ["now", "then", "then"]
        assert (await journal.load()).events == (event(1), event(2), event(1, text="now"))


async def test_a_switch_number_is_never_given_away_twice(tmp_path):
    async with opened(tmp_path) as journal:
        await journal.write(Entry(memory=MEMORY, switch=switch(11)))
        memory = (await journal.load()).memory
    assert memory is not None
    assert memory.next_switch_id == 12


async def test_events_and_switches_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(journal_store, "EVENTS_KEPT", 10)
    monkeypatch.setattr(journal_store, "SWITCHES_KEPT", 3)
    async with opened(tmp_path) as journal:
        for number in range(1, 31):
            await journal.write(Entry((event(number),), switch=switch(number)))
        assert [told.id for told in (await journal.load()).events] == list(range(21, 31))
        assert [record.switch.id for record in await journal.history(99)] == [30, 29, 28]


async def test_an_entry_is_written_whole_or_not_at_all(tmp_path):
    async with opened(tmp_path) as journal:
        with pytest.raises(sqlite3.Error):
            await asyncio.to_thread(_write_half, tmp_path)
        assert await journal.load() == Restored()


def _write_half(directory: Path) -> None:
    def fails(_: object) -> None:
        raise sqlite3.IntegrityError

    store = journal_store.Store(directory, lambda: WALL_S, fails)
    connection = store._opened()
    try:
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            journal_store._store(connection, Entry((event(1),), MEMORY))
            connection.execute("INSERT INTO event (id) VALUES (1)")
    finally:
        store.close()


async def test_cancelling_the_wait_does_not_undo_the_write(tmp_path):
    async with opened(tmp_path) as journal:
        waiting = asyncio.ensure_future(journal.write(Entry((event(1),))))
        waiting.cancel()
        assert (await journal.load()).events == (event(1),)


async def test_text_that_cannot_be_encoded_is_stored_without_it(tmp_path):
    """Lone surrogates come from file names in the locale's encoding."""
    async with opened(tmp_path) as journal:
        await journal.write(Entry((event(1, text="no \udcff file"),), switch=switch(1, why="no \udcff file")))
        assert (await journal.load()).events == (event(1, text="no ? file"),)


async def test_directory_and_files_are_private(tmp_path):
    previous = os.umask(0)
    try:
        async with opened(tmp_path / "state") as journal:
            await journal.write(Entry((event(1),)))
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "state").iterdir()}
    finally:
        os.umask(previous)
    assert modes == dict.fromkeys(["journal.sqlite3", "journal.sqlite3-wal", "journal.sqlite3-shm"], 0o600)
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


async def test_samples_are_written_in_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(journal_module, "BATCH_S", 0.05)
    async with opened(tmp_path) as journal:
        await journal.load()
        journal.sample(Sample(Role.PRIMARY, WALL_S, 1.0))
        with contextlib.closing(database(tmp_path)) as connection:
            count = "SELECT count(*) FROM sample"
            assert connection.execute(count).fetchone() == (0,)
            await until(lambda: connection.execute(count).fetchone() == (1,))


async def test_samples_go_with_an_entry(tmp_path):
    async with opened(tmp_path) as journal:
        journal.sample(Sample(Role.PRIMARY, WALL_S, 1.0))
        await journal.write(Entry((event(1),)))
        assert len((await journal.load()).samples) == 1


KILLED = """
import asyncio, sys
from pathlib import Path
from hotswap_tui.core.values import Event, Kind, Level, Role
from hotswap_tui.engine.journal import SqliteJournal
from hotswap_tui.engine.ports import Entry, Memory, Sample

async def main():
    journal = SqliteJournal(Path(sys.argv[1]))
    for number in range(1, 1_000_000):
        journal.sample(Sample(Role.PRIMARY, number, 1.0))
        await journal.write(Entry((Event(number, number, Kind.SLEPT, Level.INFO, "x" * 100),), Memory(Role.PRIMARY, number, "")))
        print(number, flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("lines", [1, 40, 700])
async def test_whatever_was_confirmed_survives_kill_9(tmp_path, lines):
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: ASYNC220  nothing else runs here
        assert process.stdout is not None
        confirmed = [int(process.stdout.readline()) for _ in range(lines)]
        os.kill(process.pid, signal.SIGKILL)
        confirmed += [int(line) for line in process.stdout.read().split("\n")[:-1]]
    with contextlib.closing(database(tmp_path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        stored = {row[0] for row in connection.execute("SELECT id FROM event")}
    assert set(confirmed) <= stored
    async with opened(tmp_path) as journal:
        found = await journal.load()
    assert found.memory is not None
    assert found.memory.since_wall_s >= confirmed[-1]
    assert found.last_event_id >= confirmed[-1]


async def test_history_is_read_while_an_engine_writes(tmp_path):
    async with opened(tmp_path) as journal:
        for number in range(1, 101):
            await journal.write(Entry(switch=switch(number)))
            found = await asyncio.to_thread(read_history, tmp_path, 1)
            assert found == [switch(number)]


async def test_history_is_read_when_no_engine_runs(tmp_path):
    async with opened(tmp_path) as journal:
        await journal.write(Entry(switch=switch(1)))
    assert read_history(tmp_path, 5) == [switch(1)]


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
        await asyncio.wrap_future(journal._thread.submit(_fill, journal))
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
            with pytest.raises(JournalError, match=r"written by a newer hotswap-tui \(schema 9, this one knows 1\)"):
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
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM event").fetchone() == (1,)


async def test_the_event_loop_runs_on_while_the_disk_is_slow(tmp_path, monkeypatch):
    release = asyncio.Event()
    loop = asyncio.get_running_loop()

    async with opened(tmp_path) as journal:
        store = journal._store.write

        def slow(*args: object) -> None:
            asyncio.run_coroutine_threadsafe(release.wait(), loop).result(5)
            store(*args)

        monkeypatch.setattr(journal._store, "write", slow)
        started = time.monotonic()
        writing = asyncio.ensure_future(journal.write(Entry((event(1),))))
        await asyncio.sleep(0)
        assert time.monotonic() - started < 1
        assert not writing.done()
        release.set()
        await writing


async def test_closing_twice_is_closing_once(tmp_path):
    journal = SqliteJournal(tmp_path)
    await journal.aclose()
    await journal.aclose()
