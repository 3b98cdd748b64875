"""A planned drill: no check fails, and everyone is told that the switches there and back are one."""

from __future__ import annotations

from typing import Any

import pytest

from hotswap_tui.core import events
from hotswap_tui.core.schedule import wake_s
from hotswap_tui.core.values import Kind, Level, State
from tests.core.machine_dsl import PI, PRIMARY, SECONDARY, Machine

FOR_S = 60.0


def drilling(**settings: Any) -> Machine:
    machine = Machine(**settings).both_up()
    return machine.step(events.DrillRequest(PI, machine.model.version, FOR_S, planned=True))


def levels(machine: Machine) -> list[Level]:
    return [tell.level for tell in machine.tells if tell.kind is Kind.DRILL]


def test_no_check_fails_on_purpose():
    machine = drilling()
    assert machine.probes == []
    assert machine.check(PRIMARY, times=3).state is State.PRIMARY


def test_the_reasons_of_the_switches_say_that_it_is_one():
    machine = drilling().switch_to(SECONDARY)
    assert machine.in_flight.why == "drill: switched by hand"
    machine.arrives().check(PRIMARY).check(SECONDARY).fail_back()
    assert machine.in_flight.why == "drill: failed back by hand"
    machine.arrives()
    assert machine.model.mode.armed
    assert machine.step(events.EndDrillRequest(PI)).model.drill is None
    assert machine.said(Kind.DRILL)[-1] == f"drill: over, ended by {PI}; primary serves"
    assert levels(machine) == [Level.INFO, Level.INFO]


def test_a_switch_of_somebody_else_is_none():
    machine = drilling()
    machine.step(events.SwitchRequest("eve", SECONDARY, machine.model.version))
    assert machine.in_flight.why == "switched by hand"


def test_it_lasts_while_the_secondary_serves_and_automation_is_off():
    machine = drilling().switch_to(SECONDARY).arrives()
    assert (machine.model.mode.armed, machine.model.drill is not None) == (False, True)
    assert wake_s(machine.model) == machine.now_s - 0.5 + FOR_S


def test_what_a_drill_that_nobody_ended_has_left_is_told_loudly():
    machine = drilling().switch_to(SECONDARY).arrives().tick(FOR_S)
    assert machine.model.drill is None
    assert machine.said(Kind.DRILL)[-1] == "drill: over, its time is over; secondary serves, automatic switching is off"
    assert levels(machine)[-1] is Level.WARNING


@pytest.mark.parametrize("spent", [False, True])
def test_it_needs_no_slot_of_the_hour(spent):
    limit = 1 if spent else 6
    assert drilling(max_switches_per_hour=limit).model.drill is not None
