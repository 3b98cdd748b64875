"""HOTSWAP_OBSERVE: everything is decided, told and counted, and nothing is done."""

from __future__ import annotations

from hotswap_tui.core import events
from hotswap_tui.core.schedule import countdown
from hotswap_tui.core.values import Fault, Kind, State
from tests.core.machine_dsl import PI, PRIMARY, SECONDARY, Machine, points_at

WOULD_FAIL_OVER = "primary is DOWN: would fail over to secondary now, but HOTSWAP_OBSERVE is 1: nothing is moved"


def test_a_failover_is_told_once_and_not_done():
    machine = Machine(observe=True, routed=True).both_up().active_dies()
    assert (machine.begun, machine.active, machine.state) == ([], PRIMARY, State.UNAVAILABLE)
    machine.check(SECONDARY).check(PRIMARY, Fault.REFUSED, times=5)
    assert machine.said(Kind.OBSERVED) == [WOULD_FAIL_OVER]


def test_nobody_is_held_and_nothing_counts_down():
    machine = Machine(observe=True, routed=True).both_up().check(PRIMARY, Fault.REFUSED).check(SECONDARY)
    assert (machine.model.hold, countdown(machine.model, machine.policy)) == (None, None)
    assert machine.check(PRIMARY).state is State.PRIMARY


def test_each_outage_is_told_anew():
    machine = Machine(observe=True).both_up().active_dies().check(PRIMARY).active_dies()
    assert machine.said(Kind.OBSERVED) == [WOULD_FAIL_OVER] * 2


def test_both_down_is_no_moment_to_act_until_the_secondary_returns():
    machine = Machine(observe=True).both_down()
    assert (machine.said(Kind.OBSERVED), len(machine.said(Kind.BOTH_DOWN))) == ([], 1)
    machine.check(SECONDARY).check(PRIMARY, Fault.REFUSED)
    assert machine.said(Kind.OBSERVED) == [
        "secondary is well: would fail over to secondary now, but HOTSWAP_OBSERVE is 1: nothing is moved"
    ]


def test_a_failback_is_told_and_not_done():
    machine = Machine(observe=True, active=SECONDARY, routed=True).both_up().primary_returns()
    assert (machine.begun, machine.active) == ([], SECONDARY)
    assert machine.said(Kind.OBSERVED) == [
        "primary is well: would fail back to primary now, but HOTSWAP_OBSERVE is 1: nothing is moved"
    ]


def test_what_other_obstacles_forbid_is_not_what_it_would_do():
    assert Machine(observe=True).both_up().disarm().active_dies().said(Kind.OBSERVED) == []


def test_persons_cannot_move_traffic_either():
    machine = Machine(observe=True).both_up()
    for request in (
        events.SwitchRequest(PI, SECONDARY, machine.model.version, force=True),
        events.FailbackRequest(PI, machine.model.version),
        events.RepairRequest(PI, machine.model.version),
    ):
        assert machine.refuses(request).startswith("HOTSWAP_OBSERVE is 1: nothing is moved")


def test_whoever_moves_the_traffic_meanwhile_does_not_end_the_observing():
    """Beside an engine that acts, the gateway follows that one; after its failback the next outage is told as well."""
    machine = Machine(observe=True, routed=True).both_up().active_dies()
    machine.step(events.RouterRead(points_at(SECONDARY)))
    (told,) = machine.said(Kind.DISAGREES)
    assert (machine.model.disagrees, machine.model.mode.armed, "repair" in told) == (True, True, False)
    machine.check(PRIMARY).step(events.RouterRead(points_at(PRIMARY)))
    assert (machine.model.disagrees, machine.state) == (False, State.PRIMARY)
    assert machine.active_dies().said(Kind.OBSERVED) == [WOULD_FAIL_OVER] * 2


def test_a_disarming_that_ends_while_somebody_else_moves_traffic_ends_all_the_same():
    machine = Machine(observe=True, routed=True).both_up()
    machine.step(events.DisarmRequest(PI, for_s=60.0)).step(events.RouterRead(points_at(SECONDARY)))
    assert machine.tick(61.0).model.mode.armed
