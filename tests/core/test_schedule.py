"""When which database is checked, on what kind of connection, and what is announced."""

from __future__ import annotations

import pytest

from hotswap_tui.core.schedule import countdown, due_s, failover_available, interval_s, wake_s, wants_fresh
from hotswap_tui.core.values import Fault
from tests.core.machine_dsl import PRIMARY, SECONDARY, Machine, facts


@pytest.mark.parametrize(
    ("story", "primary_s", "secondary_s"),
    [
        (lambda m: m, 5, 5),
        (lambda m: m.both_up(), 30, 300),
        (lambda m: m.both_up().check(PRIMARY, Fault.TOO_MANY), 30, 300),
        (lambda m: m.both_up().check(PRIMARY, Fault.REFUSED), 5, 5),
        (lambda m: m.both_up().check(SECONDARY, Fault.REFUSED), 30, 300),
        (lambda m: m.both_down(), 5, 5),
        (lambda m: m.on_secondary(), 120, 30),
        (lambda m: m.on_secondary().wait(120).check(PRIMARY, Fault.REFUSED), 120, 30),
        (lambda m: m.on_secondary().wait(120).check(PRIMARY), 5, 30),
        (lambda m: m.on_secondary().disarm().wait(120).check(PRIMARY, times=2), 120, 30),
        (lambda m: m.on_secondary().check(SECONDARY, Fault.REFUSED), 5, 5),
        (lambda m: m.both_up().check(SECONDARY, Fault.CREDENTIALS), 30, 300),
        (lambda m: m.both_up().check(SECONDARY, Fault.CREDENTIALS).check(PRIMARY, Fault.REFUSED), 5, 150),
        (lambda m: m.both_up().check(PRIMARY, Fault.CREDENTIALS), 30, 300),
        (lambda m: m.on_secondary().check(PRIMARY, Fault.CREDENTIALS), 150, 30),
    ],
)
def test_intervals_follow_the_state_and_the_role(story, primary_s, secondary_s):
    """A suspicion checks both fast; a refused password on the standby is tried every 150 s at most."""
    machine = story(Machine(standby_check_interval_s=300.0))
    found = (interval_s(machine.model, PRIMARY, machine.policy), interval_s(machine.model, SECONDARY, machine.policy))
    assert found == (primary_s, secondary_s)


def test_a_database_that_was_never_checked_is_due_at_once():
    machine = Machine()
    assert due_s(machine.model, PRIMARY, machine.policy) == float("-inf")


def test_intervals_run_from_start_to_start():
    """A time-out of 5 s does not stretch an interval of 5 s."""
    machine = Machine().both_up().check(PRIMARY, Fault.TIMEOUT, took_s=5.0)
    assert due_s(machine.model, PRIMARY, machine.policy) == machine.now_s


def test_after_a_failover_the_primary_is_left_in_peace_for_the_retry_interval():
    machine = Machine().on_secondary()
    assert due_s(machine.model, PRIMARY, machine.policy) == machine.model.since_s + 120


def test_a_primary_that_waits_for_its_failback_is_checked_the_moment_it_may():
    machine = Machine().on_secondary().primary_returns(after_s=0)
    assert due_s(machine.model, PRIMARY, machine.policy) == machine.model.failback_not_before_s


def test_the_tenth_check_makes_a_new_connection():
    machine = Machine(check_interval_s=1.0).check(PRIMARY, fresh=True)
    wanted = []
    for _ in range(20):
        fresh = wants_fresh(machine.model, PRIMARY, machine.policy, machine.now_s)
        wanted.append(fresh)
        machine.check(PRIMARY, fresh=fresh)
    assert [n for n, fresh in enumerate(wanted, 1) if fresh] == [10, 20]


@pytest.mark.parametrize(
    ("role", "interval_s", "after_s", "fresh"),
    [
        (PRIMARY, 30.0, 30.5, False),
        (PRIMARY, 30.0, 60.0, True),
        (PRIMARY, 45.0, 45.0, True),  # the next one would come after 90 s
        (PRIMARY, 10.0, 50.5, False),
        (SECONDARY, 30.0, 3600.0, False),
    ],
)
def test_the_active_database_gets_a_new_connection_once_a_minute(role, interval_s, after_s, fresh):
    machine = Machine(check_interval_s=interval_s).check(PRIMARY, fresh=True).check(SECONDARY, fresh=True)
    last_s = machine.record(role).last_fresh_s
    assert last_s is not None
    assert wants_fresh(machine.model, role, machine.policy, last_s + after_s) is fresh


def test_the_first_check_and_every_one_after_a_failed_new_connection_are_new():
    machine = Machine()
    assert wants_fresh(machine.model, PRIMARY, machine.policy, machine.now_s)
    machine.check(PRIMARY, fresh=True).check(PRIMARY, Fault.TIMEOUT, fresh=True).check(PRIMARY, Fault.TIMEOUT)
    assert wants_fresh(machine.model, PRIMARY, machine.policy, machine.now_s)
    machine.check(PRIMARY, fresh=True)
    assert not wants_fresh(machine.model, PRIMARY, machine.policy, machine.now_s)


@pytest.mark.parametrize(
    ("story", "after_s"),
    [
        (lambda m: m.both_up(), float("inf")),
        (lambda m: m.both_up().disarm(), float("inf")),
        (lambda m: m.both_up().disarm(for_s=60), 60),
        (lambda m: m.both_up().disarm(for_s=60).switch_to(SECONDARY).arrives(after_s=0), 60),
    ],
)
def test_the_machine_wakes_for_the_end_of_a_limited_disarming(story, after_s):
    machine = story(Machine())
    assert wake_s(machine.model) == machine.now_s + after_s


def test_the_machine_wakes_to_read_the_router():
    machine = Machine(routed=True).both_up().read_router(PRIMARY)
    assert wake_s(machine.model) == machine.now_s + 1
    machine.active_dies().vanishes()
    assert wake_s(machine.model) == machine.now_s + 5


# -- what is announced --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("story", "available"),
    [
        (lambda m: m, False),
        (lambda m: m.check(PRIMARY), False),
        (lambda m: m.both_up(), True),
        (lambda m: m.both_up().wait(59.9), True),
        (lambda m: m.both_up().wait(60.1), False),
        (lambda m: m.both_up().check(SECONDARY, Fault.REFUSED), False),
        (lambda m: m.both_up().check(SECONDARY, Fault.TOO_MANY), False),
        (lambda m: m.both_up().check(PRIMARY, Fault.REFUSED).wait(10.1), False),
        (lambda m: m.both_up().check(PRIMARY, Fault.REFUSED).check(SECONDARY), True),
        (lambda m: m.on_secondary(), False),
        (lambda m: m.on_secondary().check(PRIMARY), True),
        (lambda m: m.both_up().sleep(), False),
    ],
)
def test_failover_is_available_while_the_other_passed_its_last_check_not_long_ago(story, available):
    """Not older than two of its intervals."""
    machine = story(Machine())
    assert failover_available(machine.model, machine.policy, machine.now_s) is available


def test_failover_is_never_available_without_a_secondary():
    machine = Machine(has_secondary=False).check(PRIMARY)
    assert not failover_available(machine.model, machine.policy, machine.now_s)


SUSPECT = "switch to secondary"
BACK = "fail back to primary"


@pytest.mark.parametrize(
    ("story", "action", "in_s"),
    [
        (lambda m: m.both_up(), None, 0),
        (lambda m: m.both_up().check(PRIMARY, Fault.REFUSED), SUSPECT, 10),
        (lambda m: m.both_up().check(PRIMARY, Fault.REFUSED, times=2), SUSPECT, 5),
        (lambda m: m.both_up().disarm().check(PRIMARY, Fault.REFUSED), None, 0),
        (lambda m: m.both_up().check(SECONDARY, Fault.TLS).check(PRIMARY, Fault.REFUSED), None, 0),
        (lambda m: m.both_up().check(SECONDARY, Fault.REFUSED, times=3).check(PRIMARY, Fault.REFUSED), None, 0),
        (lambda m: m.both_down(), None, 0),
        (lambda m: m.both_up().active_dies(), None, 0),
        (lambda m: m.on_secondary(), None, 0),
        (lambda m: m.on_secondary().wait(200).check(PRIMARY), BACK, 5),
        (lambda m: m.on_secondary().disarm().wait(200).check(PRIMARY), None, 0),
    ],
)
def test_the_countdown_says_what_comes_and_when_at_the_earliest(story, action, in_s):
    machine = story(Machine())
    coming = countdown(machine.model, machine.policy)
    assert (coming and coming.action) == action
    if coming is not None:
        assert coming.at_s == pytest.approx(machine.now_s - 0.01 + in_s)


def test_the_countdown_to_a_failback_includes_its_wait():
    machine = Machine().on_secondary().check(PRIMARY)
    coming = countdown(machine.model, machine.policy)
    assert coming is not None
    assert coming.at_s == machine.model.failback_not_before_s


def test_nothing_is_announced_that_a_setting_or_the_budget_forbids():
    manual = Machine(failback_auto=False).on_secondary().wait(200).check(PRIMARY)
    spent = Machine(max_switches_per_hour=2).on_secondary().wait(200).check(PRIMARY)
    rescue = Machine(max_switches_per_hour=1).on_secondary().check(SECONDARY, Fault.REFUSED)
    read_only = Machine(allow_read_only=False).both_up().check(SECONDARY, facts=facts(read_only=True))
    read_only.check(PRIMARY, Fault.REFUSED)
    alone = Machine(has_secondary=False).check(PRIMARY).check(PRIMARY, Fault.REFUSED)
    for machine in (manual, spent, rescue, read_only, alone):
        assert countdown(machine.model, machine.policy) is None


def test_a_failed_attempt_puts_the_countdown_off():
    machine = Machine(routed=True, max_switches_per_hour=2).on_secondary().wait(4000).check(PRIMARY, times=2).breaks()
    coming = countdown(machine.model, machine.policy)
    assert machine.model.retry is not None
    assert coming is not None
    assert coming.at_s == machine.model.retry.at_s
