"""Every decision not to act has its reason, told once and shown as long as it stands."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hotswap_tui.core.decide import LOOP_ADVICE, standing_obstacle
from hotswap_tui.core.values import ARMED, Fault, Kind, SwitchKind
from tests.core.machine_dsl import PRIMARY, SECONDARY, Machine, facts

BUDGET = "{n} automatic switches within an hour (DB_MAX_SWITCHES_PER_HOUR is {n}); " + LOOP_ADVICE


def suspected(**policy: Any) -> Machine:
    return Machine(**policy).both_up().check(PRIMARY, Fault.REFUSED)


@pytest.mark.parametrize(
    ("machine", "reason"),
    [
        (Machine().both_up(), ""),
        (Machine().both_up().disarm(), ""),
        (suspected(), "secondary is being checked"),
        (suspected().check(SECONDARY), ""),
        (suspected().check(SECONDARY, Fault.REFUSED), "secondary does not answer either"),
        (suspected().disarm(), "automatic switching is off (pi@tty1)"),
        (
            suspected(allow_read_only=False).check(SECONDARY, facts=facts(read_only=True)),
            "secondary is read-only and DB_ALLOW_READ_ONLY is 0",
        ),
        (Machine(has_secondary=False).check(PRIMARY, Fault.REFUSED), "no secondary database is configured"),
        (Machine(max_switches_per_hour=1).on_secondary().active_dies(), BUDGET.format(n=1)),
        (Machine().on_secondary(), ""),
        (
            Machine(failback_auto=False).on_secondary().check(PRIMARY, times=2),
            "DB_FAILBACK is manual; fail back when it suits",
        ),
        (
            Machine().on_secondary().disarm().check(PRIMARY, times=2),
            "automatic switching is off (pi@tty1); arm or fail back",
        ),
        (
            Machine().on_secondary().check(PRIMARY, times=2),
            "1 failovers within an hour: waiting 118s more; " + LOOP_ADVICE,
        ),
    ],
)
def test_the_reason_stands_as_long_as_it_holds(machine, reason):
    obstacle = standing_obstacle(machine.model, machine.now_s, machine.policy)
    assert (obstacle.text if obstacle else "") == reason


def until_s(machine: Machine) -> float | None:
    obstacle = standing_obstacle(machine.model, machine.now_s, machine.policy)
    assert obstacle is not None
    return obstacle.until_s


def test_a_wait_says_when_it_ends():
    machine = Machine().on_secondary().check(PRIMARY, times=2)
    assert until_s(machine) == machine.model.failback_not_before_s
    spent = Machine(max_switches_per_hour=2).on_secondary().wait(200).check(PRIMARY, times=2)
    assert until_s(spent) == spent.model.automatic_s[0] + 3600.0, "one slot is kept for a failover"
    never = Machine(max_switches_per_hour=1).on_secondary().wait(4000).check(PRIMARY, times=2)
    assert until_s(never) is None
    assert until_s(suspected().disarm()) is None


def test_a_database_that_answers_otherwise_than_it_should_is_not_said_to_be_silent():
    machine = suspected().check(SECONDARY, Fault.CREDENTIALS).check(PRIMARY, Fault.REFUSED, times=2)
    assert machine.said(Kind.NOT_SERVING) == ["primary is DOWN; no switch: secondary: credentials refused"]
    assert machine.said(Kind.BOTH_DOWN) == []


def test_a_repair_in_flight_keeps_automation_waiting():
    machine = Machine(routed=True).both_up().read_router(SECONDARY).repair()
    machine.model = replace(machine.model, mode=ARMED)
    machine.check(PRIMARY, Fault.REFUSED).check(SECONDARY).check(PRIMARY, Fault.REFUSED, times=2)
    assert [switch.kind for switch in machine.begun] == [SwitchKind.REPAIR]
    obstacle = standing_obstacle(machine.model, machine.now_s, machine.policy)
    assert obstacle is not None
    assert obstacle.text == "a repair is in progress"


def test_a_reason_is_told_once_however_its_figures_change():
    machine = Machine().on_secondary().check(PRIMARY, times=10)
    assert len(machine.said(Kind.NO_SWITCH)) == 1


def test_a_new_reason_is_told_again():
    machine = Machine().on_secondary().check(PRIMARY, times=2).disarm().check(PRIMARY, times=2)
    first, second = machine.said(Kind.NO_SWITCH)
    assert "waiting" in first
    assert "off" in second
