"""What is written to the journal is there again: after a restart and after kill -9."""

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

from hotswap_tui.core.values import Event, Kind, Level, Role
from hotswap_tui.engine import journal as journal_module
from hotswap_tui.engine import journal_store, journal_write
from hotswap_tui.engine.journal import SqliteJournal
from hotswap_tui.engine.journal_read import read_history
from hotswap_tui.engine.ports import Entry, Memory, Restored, Sample
from tests.support.journal_entries import MEMORY, WALL_S, database, event, opened, past, switch
from tests.support.until import until

if TYPE_CHECKING:
    from pathlib import Path


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
        assert await journal.history(10) == [past(switch(2, result="")), past(switch(1, attempt=2))]
        assert await journal.history(1) == [past(switch(2, result=""))]
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
        assert [told.record.switch.why for told in await journal.history(10)] == ["now", "then", "then"]
        assert (await journal.load()).events == (event(1), event(2), event(1, text="now"))


async def test_a_switch_number_is_never_given_away_twice(tmp_path):
    async with opened(tmp_path) as journal:
        await journal.write(Entry(memory=MEMORY, switch=switch(11)))
        memory = (await journal.load()).memory
    assert memory is not None
    assert memory.next_switch_id == 12


async def test_events_and_switches_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(journal_write, "EVENTS_KEPT", 10)
    monkeypatch.setattr(journal_write, "SWITCHES_KEPT", 3)
    async with opened(tmp_path) as journal:
        for number in range(1, 31):
            await journal.write(Entry((event(number),), switch=switch(number)))
        assert [told.id for told in (await journal.load()).events] == list(range(21, 31))
        assert [told.record.switch.id for told in await journal.history(99)] == [30, 29, 28]


async def test_an_entry_is_written_whole_or_not_at_all(tmp_path):
    async with opened(tmp_path) as journal:
        with pytest.raises(sqlite3.Error):
            await asyncio.to_thread(_write_half, tmp_path)
        assert await journal.load() == Restored()


def _write_half(directory: Path) -> None:
    store = journal_store.Store(directory, lambda: WALL_S, lambda _: None)
    connection = store._opened()
    try:
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            journal_write.store(connection, Entry((event(1),), MEMORY))
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


async def test_samples_that_could_not_be_written_go_with_a_later_batch(tmp_path, monkeypatch):
    monkeypatch.setattr(journal_module, "BATCH_S", 0.05)
    state = tmp_path / "state"
    state.write_text("a file where the directory should be")
    async with opened(state) as journal:
        journal.sample(Sample(Role.PRIMARY, WALL_S, 1.0))
        flushed = journal._batch
        await until(lambda: journal._batch not in {None, flushed})
        state.unlink()
        await until(lambda: not journal._samples)
        assert len((await journal.load()).samples) == 1


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
            assert found == [past(switch(number))]


async def test_history_is_read_when_no_engine_runs(tmp_path):
    async with opened(tmp_path) as journal:
        await journal.write(Entry(switch=switch(1)))
    assert read_history(tmp_path, 5) == [past(switch(1))]


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


HUNG = """
import asyncio, sys, threading, time
from pathlib import Path
from hotswap_tui.core.values import Role
from hotswap_tui.engine.journal import SqliteJournal
from hotswap_tui.engine.keeper import Keeper
from hotswap_tui.engine.ports import Sample

async def main():
    journal = SqliteJournal(Path(sys.argv[1]))
    keeper = Keeper(journal, "", print, time.time)
    await keeper.load()
    journal._store.write = lambda *_: threading.Event().wait()
    journal.sample(Sample(Role.PRIMARY, 1.0, 1.0))
    await keeper.aclose(())

asyncio.run(main())
print("done")
"""


def test_a_disk_that_hangs_does_not_keep_the_program_from_ending(tmp_path):
    command = [sys.executable, "-c", HUNG, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


async def test_what_was_queued_before_closing_is_written(tmp_path):
    journal = SqliteJournal(tmp_path)
    writes = [asyncio.ensure_future(journal.write(Entry((event(number),)))) for number in range(1, 51)]
    await journal.aclose()
    assert all(write.done() for write in writes)
    async with opened(tmp_path) as journal:
        assert (await journal.load()).last_event_id == 50


async def test_closing_twice_is_closing_once(tmp_path):
    journal = SqliteJournal(tmp_path)
    await journal.aclose()
    await journal.aclose()
