"""The engine over a scripted reader, in virtual time: when it looks, what it makes of it, and what it remembers."""

from __future__ import annotations

import asyncio

import pytest

from hotswap_tui.core.policy import Policy
from hotswap_tui.core.sync import Mark, Safety, SyncReading, Written
from hotswap_tui.core.values import Fault, Kind, Role, State
from hotswap_tui.engine.journal_codec import memory, memory_text
from hotswap_tui.engine.ports import Memory, Restored, SyncQuestion
from hotswap_tui.routing.handover import Secured
from tests.core.sync_values import dossier, flow, reading

PRIMARY, SECONDARY = Role.PRIMARY, Role.SECONDARY
MARK = Mark(SECONDARY, 1_700_000_000.0, "100:104:101", 7, "7123", lsn="0/3000", written=(Written("public.a", 1, 2, 3),))


class Reader:
    """Answers after `took_s` with `answer`, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, SyncQuestion]] = []
        self.answer: SyncReading = reading(flow())
        self.took_s = 0.05
        self.running = 0
        self.closed = False

    async def read(self, question: SyncQuestion) -> SyncReading:
        self.asked.append((asyncio.get_running_loop().time(), question))
        self.running += 1
        assert self.running == 1, "two looks at once"
        await asyncio.sleep(self.took_s)
        self.running -= 1
        return self.answer

    async def aclose(self) -> None:
        self.closed = True


@pytest.fixture
def reader() -> Reader:
    return Reader()


def test_it_looks_when_both_were_checked_and_then_at_its_interval(make_world, reader):
    world = make_world(reader=reader)
    assert [question for _, question in reader.asked] == [SyncQuestion(PRIMARY, frozenset(Role))]
    assert world.now.sync is not None
    assert world.now.sync.flow(PRIMARY) is not None
    world.go(179)
    assert len(reader.asked) == 3
    assert reader.asked[2][0] - reader.asked[1][0] == pytest.approx(60.0, abs=0.1)
    assert world.said(Kind.SYNC) == ["between the databases: logical replication, primary → secondary"]


def test_an_interval_of_zero_looks_never(make_world, reader):
    world = make_world(reader=reader, policy=Policy(sync_interval_s=0.0)).go(200)
    assert reader.asked == []
    assert world.now.sync is None


def test_a_look_that_takes_long_neither_doubles_nor_delays_checks(make_world, reader):
    reader.took_s = 200.0
    world = make_world(reader=reader).go(150)
    assert len(reader.asked) == 1
    assert len(world.primary.checks) == 6


def test_a_look_that_a_switch_has_overtaken_is_dropped(make_world, reader):
    reader.took_s, reader.answer = 100.0, reading(flow())
    world = make_world(reader=reader)
    world.primary.fault = Fault.REFUSED
    world.until(lambda: world.now.active is SECONDARY, within_s=80)
    world.go(100)
    assert [question.active for _, question in reader.asked] == [PRIMARY, SECONDARY]


def test_after_a_switch_it_looks_at_once_with_the_mark(make_world, reader):
    world = make_world(reader=reader)
    world.router.secured = Secured(MARK, "12 sequences moved ahead by 1000")
    reader.answer = reading(dossier=dossier(Safety.SAFE))
    world.primary.fault = Fault.REFUSED
    world.until(lambda: world.now.active is SECONDARY, within_s=80)
    world.go(1)
    assert reader.asked[-1][1] == SyncQuestion(SECONDARY, frozenset({SECONDARY}), MARK)
    assert world.now.sync is not None
    assert world.now.sync.dossier is not None
    assert "12 sequences moved ahead by 1000" in world.said(Kind.SWITCHED)[-1]
    kept = [entry.memory for entry in world.journal.entries if entry.memory is not None]
    assert kept[-1].mark == MARK


def test_the_mark_survives_a_restart_on_the_secondary_only(make_world, reader):
    def kept(active: Role) -> Restored:
        return Restored(Memory(active, 1_700_000_900.0, "pi:5432/cc cloud:5432/cc", mark=MARK))

    make_world(reader=reader, restored=kept(SECONDARY), points_to=SECONDARY)
    assert reader.asked[-1][1].mark == MARK
    make_world(reader=reader, restored=kept(SECONDARY), points_to=PRIMARY)
    assert reader.asked[-1][1].mark is None, "somebody else moved traffic: another stay, another mark"


def test_a_mark_is_kept_as_json():
    kept = Memory(SECONDARY, 1.0, "a b", mark=MARK)
    assert memory(memory_text(kept)) == kept
    assert memory(memory_text(Memory(PRIMARY, 1.0, "a b"))).mark is None


def test_looks_end_with_the_engine(make_world, reader):
    reader.took_s = 1000.0
    world = make_world(reader=reader)
    world.close()
    assert reader.closed


def test_a_stale_secondary_is_not_failed_over_to_by_the_whole_engine(make_world, reader):
    reader.answer = reading(flow(lag_s=None))
    world = make_world(reader=reader, policy=Policy(max_lag_s=5.0))
    world.primary.fault = Fault.REFUSED
    world.until(lambda: world.now.state is State.UNAVAILABLE, within_s=60)
    world.go(30)
    assert world.now.active is PRIMARY
    assert "DB_MAX_LAG is 5s" in world.now.blocked
