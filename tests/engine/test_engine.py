"""The real engine over small fakes in virtual time: its life, its promises about the disk, and what goes wrong around it."""

from __future__ import annotations

import asyncio

import pytest

from hotswap_tui.core import events
from hotswap_tui.core.errors import RefusedError
from hotswap_tui.core.policy import Policy
from hotswap_tui.core.values import Fault, Kind, Role, State, SwitchKind
from hotswap_tui.engine.ports import ModeMemory, SwitchRecord
from hotswap_tui.routing.router import OutcomeUnknownError, SwitchError
from tests.engine.engine_world import WALL_AT_ZERO_S, World

PRIMARY, SECONDARY = Role.PRIMARY, Role.SECONDARY
PI = "pi@tty1"
FAILOVER_WITHIN_S = 60.0


def fail_over(world: World) -> World:
    world.primary.fault = Fault.REFUSED
    return world.until(lambda: world.now.active is SECONDARY, within_s=FAILOVER_WITHIN_S)


# -- start, checks, stop -------------------------------------------------------------------------------


def test_it_checks_both_at_once_and_tells_who_serves(make_world):
    world = make_world()
    assert (world.now.state, world.now.failover_available) == (State.PRIMARY, True)
    assert world.said(Kind.CONNECTED) == ["connected to primary database"]
    assert (world.primary.serving, world.secondary.serving) == (True, False)
    assert world.primary.checks == [True], "the first check makes a connection"


def test_it_checks_at_its_intervals(make_world):
    world = make_world(policy=Policy(standby_check_interval_s=60.0)).go(119)
    assert (len(world.primary.checks), len(world.secondary.checks)) == (4, 2)
    assert len(world.journal.sampled) == 6
    assert world.engine.latency(PRIMARY).stats(world.loop.time(), 200).total == 4


def test_a_check_that_hangs_is_not_doubled(make_world):
    world = make_world()
    world.primary.took_s = 300.0
    world.go(200)
    assert len(world.primary.checks) == 2


def test_one_database_alone_is_watched(make_world):
    world = make_world(roles=(PRIMARY,), routed=False)
    assert (world.now.state, world.now.secondary, world.now.failover_available) == (State.PRIMARY, None, False)
    world.primary.fault = Fault.REFUSED
    world.until(lambda: world.now.state is State.UNAVAILABLE, within_s=FAILOVER_WITHIN_S)
    world.primary.fault = None
    world.until(lambda: world.now.state is State.PRIMARY, within_s=10)


def test_stopping_ends_run_closes_everything_and_is_remembered(make_world):
    world = make_world()
    world.engine.stop()
    world.go(1)
    assert world.running.done()
    assert world.running.exception() is None
    assert all(prober.closed for prober in world.probers.values())
    assert (world.router.closed, world.journal.closed) == (True, True)
    assert world.journal.entries[-1].events[-1].kind is Kind.STOPPED


def test_stopping_during_a_switch_waits_for_its_end(make_world):
    world = make_world()
    world.router.took_s = 1.5
    world.spawn(world.engine.request(events.SwitchRequest(PI, SECONDARY, world.now.version)))
    world.until(lambda: bool(world.router.begun), within_s=1)
    world.engine.stop()
    world.go(1)
    assert not world.running.done()
    world.go(1)
    assert world.running.done()
    assert world.router.points_to is SECONDARY
    assert world.journal.switches[-1].result == "done"
    assert [entry.memory.active for entry in world.journal.entries if entry.memory][-1] is SECONDARY


def test_stopping_does_not_wait_for_a_switch_that_hangs(make_world):
    """The next start reconciles it: its record is still open."""
    world = make_world()
    world.router.took_s = 1000.0
    world.spawn(world.engine.request(events.SwitchRequest(PI, SECONDARY, world.now.version)))
    world.until(lambda: bool(world.router.begun), within_s=1)
    world.engine.stop()
    world.go(4)
    assert world.running.done()
    assert [record.result for record in world.journal.switches] == [""]


@pytest.mark.parametrize("during", ["a check", "a reading of the router"])
def test_a_bug_in_a_port_ends_run_with_its_exception(make_world, during):
    world = make_world()

    async def broken() -> None:
        raise ZeroDivisionError("bug")

    if during == "a check":
        world.primary.bug = ZeroDivisionError("bug")
    else:
        world.router.current = broken
    world.go(60)
    assert isinstance(world.running.exception(), ZeroDivisionError)
    assert world.journal.closed, "and yet everything was closed in order"


def test_listeners_hear_of_every_change_until_they_leave(make_world):
    world = make_world()
    heard: list[State] = []
    leave = world.engine.subscribe(lambda: heard.append(world.engine.snapshot().state))
    fail_over(world)
    assert {State.SUSPECT, State.FAILING_OVER, State.SECONDARY} <= set(heard)
    leave()
    count = len(heard)
    world.go(100)
    assert len(heard) == count


# -- failover and back ------------------------------------------------------------------------------------


def test_it_fails_over_and_back_by_itself(make_world):
    world = fail_over(make_world())
    assert (world.primary.serving, world.secondary.serving) == (False, True)
    assert world.router.points_to is SECONDARY
    world.primary.fault = None
    world.until(lambda: world.now.active is PRIMARY, within_s=130).go(1)
    assert [record.switch.kind for record in world.journal.switches if not record.result] == [
        SwitchKind.FAILOVER,
        SwitchKind.FAILBACK,
    ]
    assert [record.result for record in world.journal.switches] == ["", "done", "", "done"]


def test_a_frozen_primary_is_left_within_the_timeouts(make_world):
    """Threshold 3, time-out and retry interval 5 s, and at most one check interval before the first of them."""
    world = make_world()
    world.primary.fault, world.primary.took_s = Fault.TIMEOUT, 5.0
    world.until(lambda: world.now.active is SECONDARY, within_s=30 + 3 * 5 + 1)


def test_a_lost_connection_is_looked_into_at_once(make_world):
    world = make_world().go(5)
    checks = len(world.primary.checks)
    world.loop.call_soon(world.primary.lost, "reset")
    world.go(0.1)
    assert world.primary.checks[checks:] == [True]


def test_a_check_asked_for_during_a_check_follows_it(make_world):
    world = make_world().go(5)
    world.primary.took_s = 3.0
    world.spawn(world.engine.request(events.CheckRequest(PI)))
    world.go(1)
    world.loop.call_soon(world.primary.lost, "reset")
    count = len(world.primary.checks)
    world.go(1)
    assert len(world.primary.checks) == count
    world.go(2)
    assert world.primary.checks[count:] == [True]


# -- requests -----------------------------------------------------------------------------------------------


def test_a_request_is_durable_before_it_returns(make_world):
    world = make_world()
    world.journal.takes_s = 0.5
    asked = world.spawn(world.engine.request(events.DisarmRequest(PI, "maintenance")))
    world.go(0.4)
    assert not asked.done()
    world.go(0.2)
    assert asked.done()
    assert world.journal.entries[-1].memory.mode == ModeMemory(
        armed=False, by=PI, since_wall_s=WALL_AT_ZERO_S + 1001.0, why="maintenance"
    )


def test_a_disk_that_hangs_delays_a_request_by_a_second_at_most(make_world):
    world = make_world()
    world.journal.takes_s = 100.0
    asked = world.spawn(world.engine.request(events.DisarmRequest(PI)))
    world.go(1.1)
    assert asked.done()
    world.journal.takes_s = 0.02
    world.go(100)


def test_a_refused_request_raises_and_leaves_a_sentence(make_world):
    world = make_world()
    asked = world.spawn(world.engine.request(events.SwitchRequest(PI, PRIMARY, world.now.version)))
    world.go(0.1)
    assert isinstance(asked.exception(), RefusedError)
    assert world.said(Kind.REFUSED) == [f"{PI}: refused: primary is the active database already"]
    assert world.router.begun == []


def test_the_intent_is_on_the_disk_before_traffic_moves(make_world):
    world = make_world()
    seen: list[SwitchRecord] = []
    world.router.at_begin = lambda: seen.extend(world.journal.switches)
    fail_over(world)
    assert [(record.switch.target, record.result) for record in seen] == [(SECONDARY, "")]


def test_a_switch_is_cancelled_while_it_can_be(make_world):
    world = make_world()
    world.router.took_s = 10.0
    world.spawn(world.engine.request(events.SwitchRequest(PI, SECONDARY, world.now.version)))
    world.until(lambda: bool(world.router.begun), within_s=1)
    world.spawn(world.engine.request(events.CancelRequest("anna@tty2")))
    world.go(1)
    assert (world.now.active, world.now.switch, world.now.mode.armed) == (PRIMARY, None, True)
    assert world.router.points_to is PRIMARY
    assert world.now.last_switch.result == "cancelled"
    assert world.said(Kind.SWITCH_CANCELLED) == ["switch to secondary cancelled by anna@tty2; primary stays active"]


def test_a_switch_is_cancelled_in_the_moment_in_which_it_begins(make_world):
    """Before its first step has run."""
    world = make_world()
    version = world.now.version

    async def change_of_mind() -> None:
        asked = asyncio.ensure_future(world.engine.request(events.SwitchRequest(PI, SECONDARY, version)))
        cancelled = asyncio.ensure_future(world.engine.request(events.CancelRequest(PI)))
        await asyncio.gather(asked, cancelled)

    world.spawn(change_of_mind())
    world.go(1)
    assert (world.now.active, world.now.switch, world.now.state) == (PRIMARY, None, State.PRIMARY)
    assert world.now.last_switch.result == "cancelled"


def test_a_cancel_in_the_moment_of_the_commit_comes_too_late(make_world):
    """It was not refused, but traffic is where the router was told to send it, and everybody says so."""
    world = make_world()
    late = lambda: world.spawn(world.engine.request(events.CancelRequest(PI)))  # noqa: E731
    world.router.verifies_s = 0.1
    world.router.at_begin = lambda: world.loop.call_later(world.router.took_s, late)
    world.spawn(world.engine.request(events.SwitchRequest(PI, SECONDARY, world.now.version)))
    world.go(1)
    assert (world.now.active, world.router.points_to, world.now.disagrees) == (SECONDARY, SECONDARY, False)
    assert world.now.last_switch.result == "done"


def test_a_listener_that_fails_does_not_end_the_watch(make_world):
    world = make_world()
    heard: list[str] = []
    world.loop.set_exception_handler(lambda _loop, context: heard.append(repr(context["exception"])))

    def fail() -> None:
        raise KeyError("widget")

    world.engine.subscribe(fail)
    fail_over(world)
    assert world.now.active is SECONDARY
    assert set(heard) == {"KeyError('widget')"}


# -- switches that go wrong -----------------------------------------------------------------------------------


def test_a_failed_switch_is_told_and_tried_again(make_world):
    world = make_world()
    world.router.outcome, world.router.moves_before_outcome = SwitchError("preflight", "refused"), False
    world.primary.fault = Fault.REFUSED
    world.until(lambda: bool(world.said(Kind.SWITCH_FAILED)), within_s=FAILOVER_WITHIN_S)
    assert world.said(Kind.SWITCH_FAILED) == [
        "switch to secondary failed at step preflight: refused; primary stays active"
    ]
    world.router.outcome = None
    world.until(lambda: world.now.active is SECONDARY, within_s=20)
    assert [record.switch.attempt for record in world.journal.switches if not record.result] == [1, 2]
    assert world.now.switches_in_hour == 1


@pytest.mark.parametrize("moved", [True, False])
def test_an_unknown_outcome_is_read_back(make_world, moved):
    world = make_world()
    world.router.outcome, world.router.moves_before_outcome = OutcomeUnknownError("no answer"), moved
    world.spawn(world.engine.request(events.SwitchRequest(PI, SECONDARY, world.now.version)))
    world.until(lambda: world.now.last_switch is not None, within_s=10)
    assert world.now.active is (SECONDARY if moved else PRIMARY)
    assert world.now.last_switch.result == ("done" if moved else "failed")
    assert len(world.said(Kind.SWITCH_UNKNOWN)) == 1


def test_a_router_re_pointed_by_somebody_else_is_noticed_within_a_check_interval(make_world):
    world = make_world()
    world.router.points_to = SECONDARY
    world.until(lambda: world.now.disagrees, within_s=31)
    assert (world.now.mode.armed, world.now.active) == (False, PRIMARY)
    world.spawn(world.engine.request(events.RepairRequest(PI, world.now.version)))
    world.until(lambda: not world.now.disagrees, within_s=1)
    assert (world.router.points_to, world.now.mode.armed) == (PRIMARY, True)


# -- the disk ---------------------------------------------------------------------------------------------------


def test_a_journal_that_cannot_be_written_never_blocks_a_switch(make_world):
    world = make_world()
    world.journal.broken = True
    fail_over(world)
    assert world.router.points_to is SECONDARY
    (sentence,) = world.said(Kind.JOURNAL)
    assert sentence.startswith("journal: disk full; watching and switching go on")


def test_what_could_not_be_written_is_written_when_the_disk_is_well_again(make_world):
    world = make_world()
    world.journal.broken = True
    fail_over(world)
    world.journal.broken = False
    world.until(lambda: len(world.said(Kind.JOURNAL)) == 2, within_s=11)
    assert world.said(Kind.JOURNAL)[-1] == "the journal is written again"
    world.go(11)
    assert [entry.memory.active for entry in world.journal.entries if entry.memory][-1] is SECONDARY
    assert world.journal.switches[-1].result == "done"


def test_a_journal_that_cannot_be_read_is_told_and_the_engine_starts_all_the_same(make_world):
    world = make_world(start=False)
    world.journal.unreadable = True
    world.start()
    assert world.now.state is State.PRIMARY
    assert "not a database" in world.said(Kind.JOURNAL)[0]


# -- sleep --------------------------------------------------------------------------------------------------------


def test_sleep_is_noticed_once_and_forgets_failures(make_world):
    world = make_world()
    world.primary.fault = Fault.REFUSED
    world.until(lambda: world.now.primary.failures == 2, within_s=FAILOVER_WITHIN_S)
    world.clock.slept_s = 7200.0
    world.primary.fault = None
    world.go(60)
    assert len(world.said(Kind.SLEPT)) == 1
    assert (world.now.state, world.router.begun) == (State.PRIMARY, [])


@pytest.mark.parametrize("slept_s", [0.0, 0.5])
def test_a_stall_or_the_jitter_of_clocks_is_no_sleep(make_world, slept_s):
    world = make_world()
    world.clock.slept_s = slept_s
    world.loop.now_s += 60.0
    world.go(60)
    assert world.said(Kind.SLEPT) == []


def test_a_check_in_flight_when_the_computer_slept_is_void(make_world):
    world = make_world(policy=Policy(failure_threshold=1))
    world.primary.fault, world.primary.took_s = Fault.TIMEOUT, 5.0
    world.until(lambda: world.now.primary.checking, within_s=31)
    world.clock.slept_s = 3600.0
    world.primary.fault, world.primary.took_s = None, 0.01
    world.go(20)
    assert (world.now.state, world.said(Kind.CHECK_FAILED), world.router.begun) == (State.PRIMARY, [], [])
