"""The engine and its router: holds, signs, readings that a switch overtakes, and what a life before left."""

from __future__ import annotations

import pytest

from hotswap_tui.core.events import CancelRequest
from hotswap_tui.core.plan import Recipe, Step
from hotswap_tui.core.policy import Policy
from hotswap_tui.core.traffic import Traffic
from hotswap_tui.core.values import Fault, Kind, Level, Role, State, Switch, SwitchKind, Tell
from hotswap_tui.engine.ports import Memory, Restored, SwitchRecord
from hotswap_tui.routing.router import OutcomeUnknownError
from tests.engine.engine_world import PAIR, WALL_AT_ZERO_S, World

PRIMARY, SECONDARY = Role.PRIMARY, Role.SECONDARY
QUICK = Policy(check_interval_s=1.0, failure_retry_interval_s=1.0, connection_timeout_s=0.5)
CALM = Traffic(0.0, 8, 0, 2, 2, 0.0, 100, 1000)


def test_clients_wait_from_the_first_failure_and_go_on_after_a_false_alarm(make_world):
    world = make_world(policy=QUICK)
    world.primary.fault = Fault.REFUSED
    world.until(lambda: world.router.held, within_s=2)
    assert world.now.hold is not None
    world.primary.fault = None
    world.until(lambda: not world.router.held, within_s=1)
    assert (world.now.state, world.router.begun, world.router.releases) == (State.PRIMARY, [], 1)
    assert world.said(Kind.RELEASED) == ["clients are no longer held: 3 clients waited, the longest 0.25s"]


def test_a_failover_takes_the_hold_over_and_its_plan_fits_the_fault(make_world):
    world = make_world(policy=QUICK)
    world.primary.fault = Fault.TIMEOUT
    world.until(lambda: world.now.active is SECONDARY, within_s=10).go(1)
    assert (len(world.router.holds), world.router.releases) == (1, 0)
    (plan,) = world.router.begun
    assert plan.recipe is Recipe.HUNG
    record = world.journal.switches[-1]
    assert (record.result, record.waited.clients, record.severed, record.proof) == ("done", 2, 1, "18.6, system 7")
    steps = [entry.step for entry in world.journal.entries if entry.step is not None]
    assert [(step.step, step.done_wall_s is None) for step in steps] == [
        (Step.HOLD, True),
        (Step.HOLD, False),
        (Step.REPOINT, True),
    ]


def test_a_hold_that_cannot_be_made_is_told(make_world):
    world = make_world(policy=QUICK)
    world.router.hold_error = "console: connection refused"
    world.primary.fault = Fault.REFUSED
    world.until(lambda: bool(world.said(Kind.HELD)), within_s=3)
    assert world.said(Kind.HELD) == ["clients could not be held: console: connection refused"]
    world.until(lambda: world.now.active is SECONDARY, within_s=10)


def test_a_release_that_fails_is_tried_again_with_every_reading(make_world):
    world = make_world(policy=QUICK)
    world.primary.fault = Fault.REFUSED
    world.until(lambda: world.router.held, within_s=2)
    world.router.release_error = "console: connection refused"
    world.primary.fault = None
    world.until(lambda: world.router.releases > 2, within_s=5)
    world.router.release_error = ""
    world.until(lambda: not world.router.held, within_s=2).go(0.1)
    assert world.said(Kind.RELEASED)[-1] == "clients are no longer held: 3 clients waited, the longest 0.25s"


def test_a_sign_from_the_gateway_checks_long_before_the_next_check_is_due(make_world):
    world = make_world()
    world.router.traffic = CALM
    world.go(3.5)
    assert world.primary.checks == [True, False], "queries run and none ends"


def test_a_reading_that_a_switch_has_overtaken_says_nothing(make_world):
    """It began before the switch and ends after it: what it saw is no longer so."""
    world = make_world(policy=QUICK)
    world.router.reads_s = 0.4
    world.primary.fault = Fault.REFUSED
    world.until(lambda: world.now.active is SECONDARY, within_s=10).go(5)
    assert world.said(Kind.DISAGREES) == []


def test_an_unknown_outcome_is_settled_by_a_canary_only(make_world):
    world = make_world(policy=QUICK)
    world.router.outcome = OutcomeUnknownError("canary: timeout")
    world.router.proves = False
    world.primary.fault = Fault.REFUSED
    world.until(lambda: bool(world.router.verified), within_s=10)
    assert world.now.switch is not None
    world.router.proves = True
    world.until(lambda: world.now.active is SECONDARY, within_s=5).go(0.2)
    assert world.journal.switches[-1].result == "done"


@pytest.mark.parametrize(("proves", "result"), [(True, "done"), (False, "unknown")])
def test_a_switch_that_was_cut_off_after_its_arrival_is_proven_at_the_next_start(make_world, proves, result):
    switch = Switch(4, SwitchKind.FAILOVER, PRIMARY, SECONDARY, 0.0, "primary failed 3 checks")
    unfinished = SwitchRecord(switch, WALL_AT_ZERO_S)
    world = make_world(start=False, points_to=SECONDARY, restored=Restored(unfinished=unfinished))
    world.router.proves = proves
    world.start()
    assert (world.now.active, world.router.verified) == (SECONDARY, [SECONDARY])
    assert [record.result for record in world.journal.switches] == [result]


@pytest.mark.parametrize(("found", "active", "result"), [(SECONDARY, SECONDARY, "done"), (PRIMARY, PRIMARY, "failed")])
def test_a_switch_that_was_cut_off_waits_for_a_router_that_does_not_answer_yet(make_world, found, active, result):
    """After a power cut PgBouncer may be up later than this program."""
    switch = Switch(4, SwitchKind.FAILOVER, PRIMARY, SECONDARY, 0.0, "primary failed 3 checks")
    memory = Memory(PRIMARY, WALL_AT_ZERO_S, PAIR)
    restored = Restored(memory=memory, unfinished=SwitchRecord(switch, WALL_AT_ZERO_S))
    world = make_world(start=False, points_to=found, restored=restored)
    world.router.error = "PgBouncer does not answer"
    world.start(8)
    assert (world.now.state, world.journal.switches) == (State.FAILING_OVER, [])
    assert world.now.switch is not None
    assert world.now.switch.unknown
    world.router.error = ""
    world.until(lambda: world.now.switch is None, within_s=11).go(0.5)
    assert (world.now.active, world.now.mode.armed) == (active, True)
    assert world.said(Kind.DISAGREES)[0] == "PgBouncer cannot be read: PgBouncer does not answer"
    assert [record.result for record in world.journal.switches] == [result]


def test_a_cancelled_failover_lets_those_go_on_whom_the_suspicion_held(make_world):
    """The disk is slow: the router has not heard of the switch yet."""
    world = make_world(policy=QUICK)
    world.journal.takes_s = 0.8
    world.primary.fault = Fault.REFUSED
    world.until(lambda: world.now.switch is not None, within_s=10)
    world.spawn(world.engine.request(CancelRequest("pi@tty1")))
    world.until(lambda: world.now.switch is None, within_s=1).go(0.1)
    assert (world.router.begun, world.router.held) == ([], False)
    assert world.said(Kind.RELEASED) == ["clients are no longer held: 3 clients waited, the longest 0.25s"]


def test_what_the_router_put_in_order_at_the_start_is_told(make_world):
    world: World = make_world(start=False)
    world.router.left_over = [Tell(Kind.RELEASED, Level.WARNING, "a hold of an earlier run was released")]
    world.start()
    assert world.said(Kind.RELEASED) == ["a hold of an earlier run was released"]


def test_a_hold_ends_with_the_engine(make_world):
    """The router's aclose releases; the engine leaves that to it."""
    world = make_world(policy=QUICK)
    world.primary.fault = Fault.REFUSED
    world.until(lambda: world.router.held, within_s=2)
    world.engine.stop()
    world.go(3)
    assert world.router.closed
