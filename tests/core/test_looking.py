"""When the pair is looked at, and whom a look asks."""

from __future__ import annotations

import pytest

from hotswap_tui.core.events import Slept
from hotswap_tui.core.looking import NEVER_S, ask, look_due_s, look_interval_s
from hotswap_tui.core.values import Fault, Role
from tests.core.machine_dsl import START_S, Machine

PRIMARY, SECONDARY = Role.PRIMARY, Role.SECONDARY
BOTH = frozenset(Role)


@pytest.mark.parametrize(
    ("policy", "expected_s"),
    [
        ({}, 60.0),
        ({"sync_interval_s": 5.0}, 5.0),
        ({"max_lag_s": 10.0}, 5.0),
        ({"max_lag_s": 0.5}, 1.0),
        ({"max_lag_s": 600.0}, 60.0),
    ],
)
def test_a_limit_for_the_lag_makes_looks_more_frequent(policy, expected_s):
    machine = Machine(**policy).both_up()
    assert look_interval_s(machine.model, machine.policy) == expected_s


@pytest.mark.parametrize(("policy", "expected_s"), [({}, 5.0), ({"failure_retry_interval_s": 0.05}, 1.0)])
def test_before_a_failback_it_is_looked_as_often_as_the_primary_is_rechecked(policy, expected_s):
    machine = Machine(**policy).on_secondary()
    assert look_interval_s(machine.model, machine.policy) == 60.0
    machine.check(PRIMARY)
    assert look_interval_s(machine.model, machine.policy) == expected_s


def test_where_only_a_person_fails_back_it_is_looked_as_ever():
    """For days, perhaps, at servers that charge for what is asked of them."""
    for machine in (Machine().on_secondary().disarm(), Machine(failback_auto=False).on_secondary()):
        machine.check(PRIMARY)
        assert look_interval_s(machine.model, machine.policy) == 60.0


@pytest.mark.parametrize(
    ("machine", "quiet"),
    [
        (Machine(), False),
        (Machine().check(PRIMARY), False),
        (Machine().both_up(), True),
        (Machine().check(PRIMARY).check(SECONDARY, Fault.REFUSED), True),
        (Machine().both_up().check(PRIMARY, Fault.REFUSED), False),
        (Machine().both_up().switch_to(SECONDARY), False),
        (Machine().on_secondary(), True),
        (Machine().both_down(), False),
        (Machine(has_secondary=False).check(PRIMARY), False),
        (Machine(sync_interval_s=0.0).both_up(), False),
    ],
)
def test_nobody_looks_in_trouble_or_before_both_were_checked(machine, quiet):
    due_s = look_due_s(machine.model, machine.policy, None)
    assert due_s == (float("-inf") if quiet else NEVER_S)


def test_the_next_look_is_due_an_interval_after_the_last_has_begun():
    machine = Machine().both_up()
    assert look_due_s(machine.model, machine.policy, START_S) == START_S + 60.0


def test_the_secondary_is_asked_no_more_often_than_it_is_checked():
    machine = Machine(standby_check_interval_s=300.0).both_up()
    assert ask(machine.model, machine.policy, machine.now_s, None) == BOTH
    assert ask(machine.model, machine.policy, machine.now_s, machine.now_s - 299.0) == {PRIMARY}
    assert ask(machine.model, machine.policy, machine.now_s, machine.now_s - 300.0) == BOTH


def test_the_primary_is_asked_as_often_as_wanted_while_the_secondary_serves():
    machine = Machine(standby_check_interval_s=300.0).on_secondary().check(SECONDARY).check(PRIMARY)
    assert ask(machine.model, machine.policy, machine.now_s, machine.now_s - 5.0) == BOTH


def test_a_database_that_does_not_answer_is_not_asked():
    machine = Machine().both_up().check(SECONDARY, Fault.TIMEOUT)
    assert ask(machine.model, machine.policy, machine.now_s, None) == {PRIMARY}


def test_after_a_sleep_of_this_computer_it_is_looked_at_once():
    machine = Machine().both_up()
    last_s = machine.now_s
    machine.wait(1.0).step(Slept(3600.0)).both_up()
    assert look_due_s(machine.model, machine.policy, last_s) == float("-inf")
