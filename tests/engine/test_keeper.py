"""What is written to the journal, when, and how the engine goes on when the disk does not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hotswap_tui.core.model import resume
from hotswap_tui.core.plan import Step
from hotswap_tui.core.policy import Policy
from hotswap_tui.core.values import UNROUTED, Event, Kind, Level, Switch, SwitchKind, Tell
from hotswap_tui.engine.keeper import DURABLE_WITHIN_S, RETRY_S, WAITING_ENTRIES, Keeper
from hotswap_tui.engine.ports import Restored, StepRecord, SwitchRecord
from tests.core.machine_dsl import PRIMARY, SECONDARY, Machine, points_at
from tests.engine.engine_world import PAIR, WALL_AT_ZERO_S, MemoryJournal
from tests.simulation.virtual_loop import VirtualLoop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MODEL = resume(Policy(), 0.0, has_secondary=True)
SENTENCE = Event(1, WALL_AT_ZERO_S, Kind.STARTED, Level.INFO, "engine started")


class Desk:
    """A keeper, its journal and what it said."""

    def __init__(self) -> None:
        self.loop = VirtualLoop()
        self.journal = MemoryJournal(self.loop, Restored())
        self.told: list[Tell] = []
        self.keeper = Keeper(self.journal, PAIR, self.told.append, lambda: WALL_AT_ZERO_S + self.loop.time())

    def do(self, work: Callable[[], object], *, then_s: float = 1.0) -> None:
        """Do something on the loop and let time pass."""
        self.loop.call_soon(work)
        self.loop.run_until(self.loop.time() + then_s)

    def said(self) -> list[str]:
        return [tell.text for tell in self.told]


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.loop.drop_everything()
    desk.loop.close()


def after(machine: Machine, event: Callable[[Machine], object], desk: Desk) -> None:
    """Let the keeper store what one step of a story changed."""
    before = machine.model
    event(machine)
    desk.do(lambda: desk.keeper.after_step(before, machine.model, (), WALL_AT_ZERO_S))


def test_a_check_that_changes_nothing_writes_nothing(desk):
    machine = Machine().both_up()
    after(machine, lambda m: m.check(PRIMARY), desk)
    assert desk.journal.entries == []


def test_a_switch_is_written_with_the_memory_in_one_entry_when_it_begins_and_when_it_ends(desk):
    machine = Machine().both_up().check(PRIMARY, None).switch_to(SECONDARY).breaks()
    after(machine, lambda m: m.switch_to(SECONDARY), desk)
    after(machine, lambda m: m.arrives(), desk)
    begun, ended = desk.journal.entries
    assert (begun.switch.result, begun.switch.finished_wall_s, begun.memory.active) == ("", None, PRIMARY)
    assert (ended.switch.result, ended.memory.active, ended.memory.mode.armed) == ("done", SECONDARY, False)
    assert begun.switch.switch.id == ended.switch.switch.id
    assert ended.switch.finished_wall_s - ended.switch.started_wall_s == pytest.approx(0.5)


def test_each_step_of_a_switch_is_written_when_it_begins_and_when_it_is_done(desk):
    machine = Machine().both_up().switch_to(SECONDARY)
    after(machine, lambda m: m.progress(Step.HOLD), desk)
    after(machine, lambda m: m.progress(Step.HOLD, detail="waiting for 2 transactions"), desk)
    after(machine, lambda m: m.progress(Step.HOLD, done=True), desk)
    begun, done = (entry.step for entry in desk.journal.entries)
    assert begun == StepRecord(machine.in_flight.id, Step.HOLD, begun.begun_wall_s)
    assert (done.begun_wall_s, done.done_wall_s) == (begun.begun_wall_s, pytest.approx(WALL_AT_ZERO_S + 2.0))
    assert all(entry.switch is None and not entry.events for entry in desk.journal.entries)


def test_a_change_of_mode_is_remembered(desk):
    machine = Machine().both_up()
    after(machine, lambda m: m.disarm("maintenance", for_s=60), desk)
    mode = desk.journal.entries[-1].memory.mode
    assert (mode.armed, mode.until_wall_s) == (False, pytest.approx(WALL_AT_ZERO_S + machine.now_s + 60))


def test_settled_waits_for_the_disk(desk):
    desk.journal.takes_s = 0.5
    desk.do(lambda: desk.keeper.write_events((SENTENCE,)), then_s=0.1)
    waiting = desk.loop.create_task(desk.keeper.settled())
    desk.loop.run_until(0.4)
    assert not waiting.done()
    desk.loop.run_until(0.6)
    assert waiting.done()


def test_settled_does_not_wait_for_a_disk_that_hangs(desk):
    desk.journal.takes_s = 1000.0
    desk.do(lambda: desk.keeper.write_events((SENTENCE,)), then_s=0.1)
    waiting = desk.loop.create_task(desk.keeper.settled())
    desk.loop.run_until(0.2 + DURABLE_WITHIN_S)
    assert waiting.done()


def test_a_disk_that_fails_is_told_once_and_so_is_its_return(desk):
    desk.journal.broken = True
    for _ in range(3):
        desk.do(lambda: desk.keeper.remember(MODEL, (SENTENCE,), WALL_AT_ZERO_S), then_s=0.1)
    desk.do(lambda: None, then_s=3 * RETRY_S)
    assert desk.said() == ["journal: disk full; watching and switching go on, but a restart would not remember"]
    desk.journal.broken = False
    desk.do(lambda: None, then_s=RETRY_S + 1)
    assert desk.said()[1:] == ["the journal is written again"]


def test_everything_that_failed_is_stored_in_its_order_when_the_disk_returns(desk):
    machine = Machine().both_up()
    desk.journal.broken = True
    after(machine, lambda m: m.switch_to(SECONDARY), desk)
    after(machine, lambda m: m.arrives(), desk)
    desk.journal.broken = False
    desk.do(lambda: None, then_s=RETRY_S + 1)
    assert [entry.switch.result for entry in desk.journal.entries if entry.switch] == ["", "done"]
    assert [entry.memory.active for entry in desk.journal.entries if entry.memory][-1] is SECONDARY


def test_a_disk_that_fails_for_long_loses_the_oldest_entries_only(desk):
    desk.journal.broken = True
    for number in range(WAITING_ENTRIES + 50):
        desk.do(lambda n=number: desk.keeper.write_events((replace(SENTENCE, id=n),)), then_s=0.0)
    desk.journal.broken = False
    desk.do(lambda: None, then_s=RETRY_S + 1 + 0.1 * WAITING_ENTRIES)
    ids = [event.id for entry in desk.journal.entries for event in entry.events]
    assert len(ids) == WAITING_ENTRIES
    assert ids == sorted(ids)
    assert ids[-1] == WAITING_ENTRIES + 49


def test_one_database_alone_leaves_what_was_decided_between_two(desk):
    alone = Machine(has_secondary=False).check(PRIMARY).model
    desk.do(lambda: desk.keeper.remember(alone, (SENTENCE,), WALL_AT_ZERO_S))
    assert [entry.memory for entry in desk.journal.entries] == [None]


def test_a_sentence_that_is_stored_does_not_hide_that_the_memory_is_not(desk):
    desk.journal.broken = True
    desk.do(lambda: desk.keeper.remember(MODEL, (), WALL_AT_ZERO_S), then_s=0.1)
    desk.journal.broken = False
    desk.do(lambda: desk.keeper.write_events((SENTENCE,)), then_s=0.1)
    assert [entry.memory is not None for entry in desk.journal.entries] == [True, False]
    assert desk.said()[1:] == ["the journal is written again"]


def test_a_retry_that_finds_everything_stored_does_nothing(desk):
    desk.journal.broken = True
    desk.do(lambda: desk.keeper.remember(MODEL, (), WALL_AT_ZERO_S), then_s=0.1)
    desk.journal.broken = False
    desk.do(lambda: desk.keeper.write_events((SENTENCE,)), then_s=RETRY_S + 1)
    waiting = desk.loop.create_task(desk.keeper.settled())
    desk.loop.run_until(desk.loop.time() + 0.1)
    assert waiting.done()
    assert len(desk.journal.entries) == 2


def test_closing_stores_the_last_words_and_what_the_disk_still_lacks(desk):
    desk.journal.broken = True
    desk.do(lambda: desk.keeper.remember(MODEL, (), WALL_AT_ZERO_S), then_s=0.1)
    desk.journal.broken = False
    closing = desk.loop.create_task(desk.keeper.aclose((SENTENCE,)))
    desk.loop.run_until(5.0)
    assert closing.done()
    missing, last = desk.journal.entries
    assert missing.memory is not None
    assert last.events == (SENTENCE,)
    assert desk.journal.closed


def test_a_journal_that_cannot_be_read_remembers_nothing_and_is_told(desk):
    desk.journal.unreadable = True
    loading = desk.loop.create_task(desk.keeper.load())
    desk.loop.run_until(1.0)
    assert loading.result() == Restored()
    assert len(desk.said()) == 1


@pytest.mark.parametrize(
    ("reading", "result", "error"),
    [
        (points_at(SECONDARY, proven=True, proof="18.6, system 7"), "done", ""),
        (points_at(SECONDARY, proof="canary: timeout"), "unknown", "canary: timeout"),
        (points_at(PRIMARY), "failed", "cut off by a restart"),
        (UNROUTED, "failed", "cut off by a restart"),
    ],
)
def test_the_record_of_a_switch_that_was_cut_off_is_closed(desk, reading, result, error):
    switch = Switch(3, SwitchKind.FAILOVER, PRIMARY, SECONDARY, 0.0, "primary failed 3 checks")
    record = SwitchRecord(switch, WALL_AT_ZERO_S)
    desk.do(lambda: desk.keeper.settle(record, WALL_AT_ZERO_S + 9, reading))
    (written,) = desk.journal.switches
    assert (written.result, written.error, written.finished_wall_s) == (result, error, WALL_AT_ZERO_S + 9)
