"""A drill of automation: the primary's checks are called failed, and everything after that is the real thing."""

from __future__ import annotations

from typing import Any

import pytest

from hotswap_tui.core import events
from hotswap_tui.core.errors import StaleRequestError
from hotswap_tui.core.plan import Recipe
from hotswap_tui.core.schedule import wake_s
from hotswap_tui.core.values import Fault, Kind, State, SwitchKind
from tests.core.machine_dsl import PI, PRIMARY, SECONDARY, Machine

FOR_S = 60.0


def drilling(**settings: Any) -> Machine:
    machine = Machine(**settings).both_up()
    return machine.step(events.DrillRequest(PI, machine.model.version, FOR_S))


def fault_of(machine: Machine) -> Fault | None:
    verdict = machine.record(PRIMARY).verdict
    assert verdict is not None
    return verdict.fault


def failed_over(machine: Machine) -> Machine:
    machine.check(PRIMARY).check(SECONDARY)
    return machine.check(PRIMARY, times=2, after_s=5.0)


def test_checks_that_pass_are_called_failed_and_lead_to_a_failover():
    machine = drilling()
    assert machine.probes == [(PRIMARY, False)]
    assert machine.check(PRIMARY).state is State.SUSPECT
    assert fault_of(machine) is Fault.DRILL
    assert "failed on purpose (drill of pi@tty1)" in machine.said(Kind.CHECK_FAILED)[0]
    machine.check(SECONDARY).check(PRIMARY, times=2, after_s=5.0)
    assert (machine.in_flight.kind, machine.in_flight.automatic) == (SwitchKind.FAILOVER, True)
    assert machine.in_flight.plan is not None
    assert machine.in_flight.plan.recipe is Recipe.CRASHED, "as after a crash"


def test_the_truth_is_told_again_when_traffic_has_moved_and_the_way_back_begins():
    machine = failed_over(drilling()).arrives()
    assert machine.model.drill is None
    assert machine.said(Kind.DRILL)[-1].endswith("say the truth again: traffic has moved")
    machine.primary_returns()
    assert machine.in_flight.kind is SwitchKind.FAILBACK
    assert machine.arrives().active is PRIMARY


def test_the_secondarys_checks_say_the_truth():
    assert drilling().check(SECONDARY).record(SECONDARY).passed


def test_a_fault_of_its_own_keeps_its_name():
    assert fault_of(drilling().check(PRIMARY, Fault.TIMEOUT)) is Fault.TIMEOUT


def test_it_ends_when_its_time_is_over():
    machine = drilling(failure_threshold=100)
    assert machine.model.drill is not None
    assert wake_s(machine.model) == machine.model.drill.until_s
    assert machine.check(PRIMARY).tick(FOR_S).model.drill is None
    assert machine.said(Kind.DRILL)[-1].endswith("its time is over")
    assert machine.check(PRIMARY).state is State.PRIMARY


def test_disarming_ends_it():
    assert drilling().check(PRIMARY).disarm().model.drill is None


def test_a_person_ends_it():
    machine = drilling().check(PRIMARY).step(events.EndDrillRequest(PI))
    assert (machine.model.drill, machine.said(Kind.DRILL)[-1]) == (
        None,
        "drill: checks of the primary say the truth again: ended by pi@tty1",
    )
    assert machine.refuses(events.EndDrillRequest(PI)) == "no drill is in progress"


@pytest.mark.parametrize(
    ("machine", "why"),
    [
        (Machine(has_secondary=False).check(PRIMARY), "Set DATABASE_URL_SECONDARY to enable"),
        (Machine(observe=True).both_up(), "HOTSWAP_OBSERVE is 1"),
        (drilling(), "one is in progress"),
        (Machine().both_up().disarm(), "automatic switching is off; arm first"),
        (Machine().on_secondary(), "the primary must serve undisturbed, and the state is SECONDARY"),
        (Machine().both_up().check(SECONDARY, Fault.REFUSED), "the secondary is not known to be well"),
        (Machine(max_switches_per_hour=2).both_up(), "0 automatic switches within an hour"),
    ],
)
def test_it_is_refused_where_automation_could_show_nothing(machine: Machine, why: str):
    said = machine.refuses(events.DrillRequest(PI, machine.model.version, FOR_S))
    assert said.startswith(f"no drill: {why}")


def test_it_rests_on_what_the_person_saw():
    machine = Machine().both_up()
    with pytest.raises(StaleRequestError):
        machine.step(events.DrillRequest(PI, machine.model.version - 1, FOR_S))
