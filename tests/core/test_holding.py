"""Hold on suspicion: when clients wait, when they go on, and that a false alarm costs them as little as it can."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotswap_tui.core import events
from hotswap_tui.core.plan import PoolMode
from hotswap_tui.core.policy import PEEK_S, confirmation_s
from hotswap_tui.core.schedule import countdown, due_s, wake_s
from hotswap_tui.core.traffic import Waited
from hotswap_tui.core.values import Fault, Kind, State
from tests.core.machine_dsl import PRIMARY, SECONDARY, Machine, points_at


def suspicious(**policy) -> Machine:
    """Clients are held since the first failed check."""
    return Machine(routed=True, **policy).both_up().check(PRIMARY, Fault.REFUSED)


def held(**policy) -> Machine:
    return suspicious(**policy).step(events.Held())


def test_the_first_failed_check_holds_clients():
    machine = suspicious()
    assert (machine.state, machine.holds) == (State.SUSPECT, [15.0])
    machine.step(events.Held())
    assert machine.said(Kind.HELD) == ["clients wait while the failure is confirmed, at most 15.0s"]


@pytest.mark.parametrize(
    "machine",
    [
        Machine().both_up(),
        Machine(routed=True, hold_max_s=0.0).both_up(),
        Machine(routed=True).both_up().disarm(),
        Machine(routed=True).both_up().read_router(SECONDARY),
        Machine(routed=True).both_up().read_router(None, error="refused"),
        Machine(routed=True).both_up().step(events.RouterRead(replace(points_at(PRIMARY), pool_mode=PoolMode.SESSION))),
        Machine(routed=True, failure_threshold=1).both_up().check(SECONDARY, Fault.REFUSED),
    ],
    ids=["no gateway", "turned off", "disarmed", "disagrees", "unreadable", "session pooling", "nothing to confirm"],
)
def test_nobody_is_held_where_it_cannot_help(machine):
    assert machine.check(PRIMARY, Fault.REFUSED).holds == []
    assert machine.model.hold is None


def test_a_fault_that_does_not_count_holds_nobody():
    assert Machine(routed=True).both_up().check(PRIMARY, Fault.TOO_MANY).holds == []


def test_a_standby_that_fails_holds_nobody():
    assert Machine(routed=True).both_up().check(SECONDARY, Fault.REFUSED).holds == []


def test_a_confirmation_longer_than_the_budget_holds_nobody_and_is_told():
    machine = suspicious(failure_threshold=5)
    assert machine.holds == []
    assert machine.said(Kind.HELD) == [
        "clients are not held: confirming the failure may take 25.0s, DB_HOLD_MAX is 15.0s"
    ]


@pytest.mark.parametrize(
    ("retry_s", "timeout_s", "threshold", "expected"),
    [(5.0, 5.0, 3, 15.0), (0.05, 0.5, 3, 1.05), (1.0, 0.5, 3, 2.5), (5.0, 5.0, 1, 0.0), (1.0, 5.0, 2, 6.0)],
)
def test_how_long_a_confirmation_takes(retry_s, timeout_s, threshold, expected):
    policy = Machine(
        failure_retry_interval_s=retry_s, connection_timeout_s=timeout_s, failure_threshold=threshold
    ).policy
    assert confirmation_s(policy) == pytest.approx(expected)


@pytest.mark.parametrize(
    "end",
    [
        lambda m: m.check(PRIMARY),
        lambda m: m.disarm(),
        lambda m: m.sleep(),
        lambda m: m.check(SECONDARY, Fault.REFUSED).check(PRIMARY, Fault.REFUSED, times=2, after_s=5.0),
        lambda m: m.tick(15.0),
    ],
    ids=["back", "disarmed", "slept", "both down", "budget"],
)
def test_clients_go_on_when_there_is_nothing_more_to_wait_for(end):
    machine = end(held())
    assert (machine.releases, machine.model.hold) == (True, None)


def test_the_end_of_the_budget_is_told_and_woken_for():
    machine = held()
    assert machine.model.hold is not None
    assert wake_s(machine.model) <= machine.model.hold.until_s
    assert not machine.tick(14.9).releases
    assert machine.tick(0.2).releases
    assert machine.said(Kind.RELEASED) == [
        "DB_HOLD_MAX (15.0s) is over before anything is certain: clients are no longer held"
    ]
    assert machine.check(PRIMARY, Fault.REFUSED).holds == [], "one hold for one suspicion"


def test_the_event_says_how_many_waited_and_how_long():
    machine = held().check(PRIMARY).step(events.Released(Waited(8, 1.234)))
    assert machine.said(Kind.RELEASED) == ["clients are no longer held: 8 clients waited, the longest 1.23s"]
    assert machine.said(Kind.RECOVERED) == ["primary: back after 1 failures, 1.0s; no switch (3 needed)"]


def test_who_waits_is_read_often_while_clients_are_held():
    machine = held()
    assert machine.tick(PEEK_S).reads_router
    assert not machine.read_router(PRIMARY, paused=True).tick(PEEK_S - 0.05).reads_router
    assert machine.tick(0.05).reads_router
    assert not machine.check(PRIMARY).read_router(PRIMARY).tick(0.9).reads_router


def test_a_router_that_somebody_else_re_points_holds_nobody_any_longer():
    machine = held().read_router(SECONDARY)
    assert (machine.releases, machine.model.hold, machine.model.mode.armed) == (True, None, False)


def test_a_switch_that_stays_says_whom_it_kept_waiting():
    machine = held().check(SECONDARY).check(PRIMARY, Fault.REFUSED, times=2, after_s=5.0)
    machine.step(events.SwitchFailed(machine.in_flight.id, "preflight", "timeout", waited=Waited(4, 3.5)))
    assert machine.said(Kind.SWITCH_FAILED) == [
        "switch to secondary failed at step preflight: timeout; 4 clients waited, the longest 3.50s; primary stays active"
    ]


def test_a_switch_takes_the_hold_over():
    machine = held().check(SECONDARY).check(PRIMARY, Fault.REFUSED, times=2, after_s=5.0)
    assert (machine.state, machine.model.hold, machine.releases) == (State.FAILING_OVER, None, False)


def test_a_hold_that_fails_changes_nothing_else():
    machine = suspicious().step(events.HoldFailed("console: refused"))
    assert (machine.state, machine.model.hold) == (State.SUSPECT, None)
    assert machine.said(Kind.HELD) == ["clients could not be held: console: refused"]
    assert not machine.check(PRIMARY).releases


def test_a_release_that_fails_is_tried_again_as_long_as_clients_wait():
    machine = held().check(PRIMARY).step(events.ReleaseFailed("console: refused"))
    assert machine.read_router(PRIMARY, paused=True).releases
    machine.step(events.ReleaseFailed("console: refused"))
    assert len(machine.said(Kind.RELEASED)) == 1, "told once"
    assert machine.step(events.Released(Waited())).said(Kind.RELEASED)[-1] == "clients are no longer held: none waited"
    assert not machine.read_router(PRIMARY).releases


# -- looks in between ------------------------------------------------------------------------------------


def test_while_clients_wait_the_database_is_looked_at_more_often_than_failures_count():
    machine = held()
    first_s = machine.now_s - 0.01
    for _ in range(3):
        assert due_s(machine.model, PRIMARY, machine.policy) == pytest.approx(machine.now_s + PEEK_S)
        machine.check(PRIMARY, Fault.REFUSED, after_s=PEEK_S)
        assert machine.record(PRIMARY).failures == 1
        assert machine.quiet()
    machine.now_s = first_s
    assert machine.check(PRIMARY, Fault.REFUSED, after_s=5.0).record(PRIMARY).failures == 2


def test_a_look_that_may_hang_never_delays_the_check_that_counts():
    machine = Machine(routed=True, connection_timeout_s=0.5, failure_retry_interval_s=1.0).both_up()
    machine.check(PRIMARY, Fault.TIMEOUT, took_s=0.5)
    assert machine.model.hold is not None
    assert due_s(machine.model, PRIMARY, machine.policy) == pytest.approx(machine.now_s + 0.5)


def test_a_false_alarm_ends_with_the_next_look():
    machine = held()
    machine.check(PRIMARY, after_s=PEEK_S)
    assert (machine.state, machine.releases) == (State.PRIMARY, True)


def test_the_countdown_counts_what_counts():
    machine = held().check(SECONDARY)
    coming = countdown(machine.model, machine.policy)
    machine.check(PRIMARY, Fault.REFUSED, after_s=PEEK_S)
    after = countdown(machine.model, machine.policy)
    assert coming is not None
    assert after is not None
    assert coming.at_s == after.at_s


# -- a pause that is not ours ---------------------------------------------------------------------------------


def test_a_pause_by_somebody_else_is_told_once_and_shown():
    machine = Machine(routed=True).both_up()
    assert not machine.read_router(PRIMARY, paused=True).model.reading.paused, "one reading may be stale"
    machine.wait(1).read_router(PRIMARY, paused=True).wait(1).read_router(PRIMARY, paused=True)
    assert machine.model.reading.paused
    assert machine.said(Kind.HELD) == [
        "PgBouncer is paused, and not by this program: clients wait until somebody resumes"
    ]
    assert not machine.wait(1).read_router(PRIMARY).model.reading.paused


def test_our_own_pause_is_nobody_elses():
    machine = held().check(PRIMARY).step(events.Released(Waited()))
    for _ in range(2):
        assert not machine.read_router(PRIMARY, paused=True).model.reading.paused
    assert machine.said(Kind.HELD) == ["clients wait while the failure is confirmed, at most 15.0s"]
