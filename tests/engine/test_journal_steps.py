"""The steps of a switch, what moving traffic told, and journals from before there was any."""

from __future__ import annotations

import asyncio
import contextlib
import shutil

import pytest

from hotswap_tui.core.plan import Step
from hotswap_tui.core.values import Role
from hotswap_tui.engine import journal_files, journal_write
from hotswap_tui.engine.journal_read import read_history
from hotswap_tui.engine.ports import Entry, Sample
from tests.support.journal_entries import (
    database,
    event,
    make_version_1,
    opened,
    past,
    planned,
    remembered,
    step,
    switch,
)


async def write(journal, *entries: Entry) -> None:
    for entry in entries:
        await journal.write(entry)


async def test_what_moving_traffic_told_comes_back(tmp_path):
    """The plan means nothing in another life; its recipe is told all the same."""
    async with opened(tmp_path) as journal:
        await write(journal, Entry(switch=planned(switch(1))))
    assert read_history(tmp_path, 5) == [past(remembered(planned(switch(1))), "crashed")]


async def test_a_step_is_written_when_it_begins_and_again_when_it_is_done(tmp_path):
    hold, done = step(1, Step.HOLD), step(1, Step.HOLD, done_s=0.25)
    async with opened(tmp_path) as journal:
        await write(journal, Entry(switch=switch(1, result="")), Entry(step=hold))
        assert (await journal.load()).unfinished_steps == (hold,)
        await write(journal, Entry(step=done))
        assert (await journal.load()).unfinished_steps == (done,)


async def test_the_steps_of_an_unfinished_switch_come_back_in_their_order(tmp_path):
    """In the order of their writing: wall clocks jump."""
    steps = tuple(step(2, name, at_s=-number, done_s=-number) for number, name in enumerate(Step))
    async with opened(tmp_path) as journal:
        await write(journal, Entry(switch=switch(1)), Entry(step=step(1, Step.CANARY)))
        await write(journal, Entry(switch=switch(2, result="")), *(Entry(step=begun) for begun in steps))
    async with opened(tmp_path) as journal:
        found = await journal.load()
        assert (found.unfinished, found.unfinished_steps) == (switch(2, result=""), steps)
        await write(journal, Entry(switch=switch(2)))
        assert (await journal.load()).unfinished_steps == ()
        assert await journal.history(9) == [
            past(switch(2), steps=steps),
            past(switch(1), steps=(step(1, Step.CANARY),)),
        ]


async def test_a_switch_and_its_first_step_may_come_together(tmp_path):
    begun = step(1, Step.WAKE)
    async with opened(tmp_path) as journal:
        await write(journal, Entry((event(1),), switch=switch(1, result=""), step=begun))
        assert (await journal.load()).unfinished_steps == (begun,)


async def test_another_attempt_begins_its_steps_anew(tmp_path):
    async with opened(tmp_path) as journal:
        await write(journal, Entry(switch=switch(1, result="")), Entry(step=step(1, Step.HOLD)))
        await write(journal, Entry(step=step(1, Step.REPOINT)), Entry(switch=switch(1, result="failed")))
        assert len((await journal.history(1))[0].steps) == 2
        await write(journal, Entry(switch=switch(1, result="", attempt=2)), Entry(step=step(1, Step.WAKE)))
        assert (await journal.load()).unfinished_steps == (step(1, Step.WAKE),)


async def test_a_step_of_a_switch_that_was_not_stored_is_let_go(tmp_path):
    """Its record may have been lost to a full disk, and ids may begin anew."""
    async with opened(tmp_path) as journal:
        await write(journal, Entry(step=step(1, Step.HOLD)), Entry(switch=switch(1)), Entry(switch=switch(2)))
        await write(journal, Entry(step=step(1, Step.HOLD)), Entry(step=step(3, Step.HOLD)))
        assert [told.steps for told in await journal.history(9)] == [(), ()]


async def test_a_later_life_that_closes_a_switch_keeps_its_recipe(tmp_path):
    async with opened(tmp_path) as journal:
        await write(journal, Entry(switch=planned(switch(1, result=""))))
    async with opened(tmp_path) as journal:
        unfinished = (await journal.load()).unfinished
        assert unfinished is not None
        await write(journal, Entry(switch=unfinished))
        assert [told.recipe for told in await journal.history(9)] == ["crashed"]


async def test_steps_go_with_their_switch(tmp_path, monkeypatch):
    monkeypatch.setattr(journal_write, "SWITCHES_KEPT", 2)
    async with opened(tmp_path) as journal:
        for number in range(1, 6):
            await write(journal, Entry(switch=switch(number)), Entry(step=step(number, Step.HOLD)))
    with contextlib.closing(database(tmp_path)) as connection:
        assert connection.execute("SELECT switch_seq FROM step ORDER BY 1").fetchall() == [(4,), (5,)]


async def test_a_step_alone_waits_for_no_disk(tmp_path):
    """NORMAL: on disk with the next entry; kill -9 loses nothing, a power cut what the router's read-back tells anyway."""
    async with opened(tmp_path) as journal:
        for entry, synchronous in (
            (Entry(switch=switch(1, result="")), 2),
            (Entry(step=step(1, Step.HOLD)), 1),
            (Entry((event(1),), step=step(1, Step.HOLD, done_s=1)), 2),
        ):
            await write(journal, entry)
            level = await journal._thread.submit(
                lambda: journal._store._opened().execute("PRAGMA synchronous").fetchone()
            )
            assert level == (synchronous,)


async def test_a_journal_of_version_1_keeps_everything_and_gains_the_steps(tmp_path):
    make_version_1(tmp_path)
    async with opened(tmp_path, wall_s=100.0) as journal:
        found = await journal.load()
        assert found.memory is not None
        assert (found.memory.active, found.memory.next_switch_id) == (Role.SECONDARY, 8)
        assert found.unfinished is not None
        assert (found.unfinished.switch.id, found.unfinished.switch.by, found.unfinished_steps) == (7, "alice", ())
        assert [(told.id, told.data) for told in found.events] == [(41, {"pid": 5})]
        assert found.samples == (Sample(Role.PRIMARY, 90.0, 0.25),)
        before = await journal.history(5)
        await write(journal, Entry(step=step(7, Step.HOLD)), Entry(switch=planned(switch(8))))
        newest, *rest = await journal.history(5)
    assert newest == past(remembered(planned(switch(8))), "crashed")
    assert rest == [past(before[0].record, steps=(step(7, Step.HOLD),)), before[1]]
    assert before[1].record.down_s == 12.5
    with contextlib.closing(database(tmp_path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_history_reads_version_1_as_it_is(tmp_path):
    """Before an engine of today has opened it, and without changing it."""
    make_version_1(tmp_path)
    kept = (tmp_path / journal_files.FILE_NAME).read_bytes()
    told = await asyncio.to_thread(read_history, tmp_path, 5)
    assert [(t.record.switch.id, t.record.switch.why, t.recipe, t.steps) for t in told] == [
        (7, "now", "", ()),
        (6, "then", "", ()),
    ]
    assert (tmp_path / journal_files.FILE_NAME).read_bytes() == kept


@pytest.mark.parametrize("left", ["whole", "log"])
async def test_version_1_on_a_disk_that_cannot_be_written_is_still_remembered(tmp_path, monkeypatch, left):
    (tmp_path / "state").mkdir()
    make_version_1(tmp_path / "state")
    directory = tmp_path / "state"
    if left == "log":
        with contextlib.closing(database(directory)) as connection:
            connection.execute("DELETE FROM event")
            directory = tmp_path / "copy"
            shutil.copytree(tmp_path / "state", directory)

    def unwritable(_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(journal_files, "_create", unwritable)
    async with opened(directory) as journal:
        found = await journal.load()
    assert found.memory is not None
    assert found.unfinished is not None
    assert len(found.events) == (1 if left == "whole" else 0)


async def test_a_damaged_journal_of_version_1_is_saved(tmp_path):
    make_version_1(tmp_path)
    with contextlib.closing(database(tmp_path)) as connection:
        connection.execute("DROP TABLE sample")
    async with opened(tmp_path) as journal:
        found = await journal.load()
        assert [told.record.switch.id for told in await journal.history(5)] == [7, 6]
    assert found.unfinished is not None
    assert found.memory is not None
