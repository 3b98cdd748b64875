"""Rules 2 and 10: what a first failure starts, fresh connections, lost connections, and this computer's sleep."""

from __future__ import annotations

import pytest

from hotswap_tui.core import events
from hotswap_tui.core.errors import IllegalEventError
from hotswap_tui.core.values import Fault, Kind, State
from tests.core.machine_dsl import PRIMARY, SECONDARY, Machine, facts

# -- rule 2: suspicion ---------------------------------------------------------------------------


def test_the_first_failure_starts_the_suspicion_and_a_check_of_the_other():
    machine = Machine().both_up().check(PRIMARY, Fault.REFUSED)
    assert machine.state is State.SUSPECT
    assert machine.model.suspicion_since_s == machine.now_s
    assert machine.probes == [(SECONDARY, True)]


def test_an_old_session_of_the_other_proves_nothing():
    """Its postmaster may hang: who has a session is served, who wants one is not."""
    machine = Machine().both_up().check(PRIMARY, Fault.REFUSED).check(SECONDARY, fresh=False)
    machine.check(PRIMARY, Fault.REFUSED, times=2)
    assert (machine.state, machine.begun) == (State.SUSPECT, [])
    machine.check(SECONDARY, Fault.TIMEOUT, fresh=True).check(SECONDARY, fresh=False)
    machine.check(PRIMARY, Fault.REFUSED)
    assert (machine.state, machine.begun) == (State.UNAVAILABLE, [])
    machine.check(SECONDARY, fresh=True).check(PRIMARY, Fault.REFUSED)
    assert machine.model.switch is not None


def test_a_later_failure_does_not_move_the_suspicion():
    """Otherwise an answer of the other one, given in between, would never count."""
    machine = Machine().both_up().check(PRIMARY, Fault.REFUSED)
    since_s = machine.model.suspicion_since_s
    assert machine.check(PRIMARY, Fault.REFUSED).model.suspicion_since_s == since_s


def test_the_other_is_not_tried_while_it_has_locked_us_out():
    machine = Machine().both_up().check(SECONDARY, Fault.CREDENTIALS).check(PRIMARY, Fault.REFUSED)
    assert machine.probes == []


def test_a_locked_out_standby_counts_as_down_without_another_try():
    machine = Machine().both_up().check(SECONDARY, Fault.CREDENTIALS).check(PRIMARY, Fault.REFUSED, times=3)
    assert machine.state is State.UNAVAILABLE


def test_every_failure_is_told_with_its_count_duration_and_reason():
    machine = Machine().both_up().check(PRIMARY, Fault.TIMEOUT, took_s=5.0, detail="no answer within 5 s")
    assert machine.said(Kind.CHECK_FAILED) == [
        "primary: check failed 1/3 after 5000 ms: timeout (no answer within 5 s)"
    ]


def test_coming_back_before_the_threshold_says_why_nothing_was_done():
    machine = Machine().both_up().check(PRIMARY, Fault.REFUSED, times=2).check(PRIMARY, after_s=0.1)
    assert machine.state is State.PRIMARY
    (sentence,) = machine.said(Kind.RECOVERED)
    assert sentence == "primary: back after 2 failures, 1.1s; no switch (3 needed)"
    assert machine.model.suspicion_since_s is None


def test_coming_back_after_the_threshold_says_that_no_switch_was_made():
    machine = Machine().both_up().disarm().active_dies().check(PRIMARY)
    assert machine.said(Kind.RECOVERED)[-1].endswith("; no switch was made")


def test_the_first_pass_says_that_it_is_connected():
    assert Machine().check(PRIMARY).said(Kind.CONNECTED) == ["connected to primary database"]
    assert Machine(active=SECONDARY).check(SECONDARY).said(Kind.CONNECTED) == [
        "connected to secondary database (FAILOVER MODE)"
    ]


def test_passes_of_a_healthy_pair_say_nothing():
    machine = Machine().both_up()
    said = len(machine.tells)
    for _ in range(20):
        machine.check(PRIMARY).check(SECONDARY)
    assert len(machine.tells) == said


def test_a_class_that_does_not_count_is_told_once_not_at_every_check():
    machine = Machine().both_up().check(PRIMARY, Fault.TOO_MANY, times=5)
    assert machine.said(Kind.CHECK_DEGRADED) == ["primary: too many clients; this does not count as a failure"]
    assert machine.check(PRIMARY).said(Kind.RECOVERED) == ["primary: answers as expected again"]


def test_a_failing_standby_is_told_once_and_its_return_too():
    machine = Machine().both_up().check(SECONDARY, Fault.REFUSED, times=4).check(SECONDARY)
    assert (machine.state, len(machine.said(Kind.STANDBY_DOWN))) == (State.PRIMARY, 1)
    assert machine.said(Kind.STANDBY_UP) == ["secondary: answers again after 4 failures, 4.1s"]


def test_a_failing_standby_is_no_suspicion():
    machine = Machine().both_up().check(SECONDARY, Fault.REFUSED, times=9)
    assert (machine.state, machine.model.suspicion_since_s, machine.begun) == (State.PRIMARY, None, [])


def test_a_server_that_ends_idle_sessions_is_not_checked_more_often_than_twice():
    """Each loss would otherwise bring a check, and each check a session that is lost again."""
    machine = Machine().both_up()
    probed = 0
    for _ in range(30):
        machine.wait(1.0).step(events.ConnectionLost(PRIMARY, "idle session timeout"))
        probed += len(machine.probes)
        machine.check(PRIMARY, after_s=0.0)
    assert probed == 1
    assert len(machine.said(Kind.CONNECTION_LOST)) == 1


def test_a_standby_that_went_to_sleep_is_not_woken_by_that():
    machine = Machine().both_up().step(events.ConnectionLost(SECONDARY, "suspended"))
    assert (machine.probes, machine.said(Kind.CONNECTION_LOST)) == ([], [])


def test_a_lost_idle_connection_is_no_failure_but_is_looked_into_at_once():
    machine = Machine().both_up().step(events.ConnectionLost(PRIMARY, "reset by peer"))
    assert (machine.state, machine.record(PRIMARY).failures) == (State.PRIMARY, 0)
    assert machine.probes == [(PRIMARY, True)]
    assert machine.said(Kind.CONNECTION_LOST) == ["primary: idle connection lost, checking at once"]


@pytest.mark.parametrize("event", [events.ConnectionLost(SECONDARY), None])
def test_news_about_a_database_that_is_not_configured_is_illegal(event):
    machine = Machine(has_secondary=False).check(PRIMARY)
    before = machine.model
    with pytest.raises(IllegalEventError, match="not configured"):
        machine.step(event) if event else machine.check(SECONDARY)
    assert machine.model is before


# -- fresh connections -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("story", "fresh_until_pass"),
    [
        ([(Fault.TIMEOUT, True)], True),
        ([(Fault.TIMEOUT, False)], False),
        ([(Fault.TIMEOUT, True), (Fault.REFUSED, False)], True),
        ([(Fault.TIMEOUT, True), (Fault.TOO_MANY, True)], True),
        ([(Fault.TIMEOUT, True), (None, True)], False),
        ([(None, True)], False),
    ],
)
def test_after_a_failed_new_connection_every_check_is_new_until_one_passes(story, fresh_until_pass):
    """An old session must not hide a server that takes no new ones."""
    machine = Machine().both_up()
    for fault, fresh in story:
        machine.check(PRIMARY, fault, fresh=fresh)
    assert machine.record(PRIMARY).fresh_until_pass is fresh_until_pass


def test_facts_of_the_last_answer_are_kept_while_it_fails():
    machine = Machine().both_up().check(PRIMARY, facts=facts(read_only=True)).check(PRIMARY, Fault.REFUSED)
    assert machine.record(PRIMARY).read_only


# -- rule 10: sleep -----------------------------------------------------------------------------------


def test_sleep_forgets_streaks_and_checks_everything_anew():
    machine = Machine().both_up().check(PRIMARY, Fault.REFUSED, times=2).sleep(7200)
    assert (machine.record(PRIMARY).failures, machine.record(SECONDARY).passes) == (0, 0)
    assert machine.state is State.STARTING
    assert machine.probes == [(PRIMARY, True), (SECONDARY, True)]
    assert machine.said(Kind.SLEPT) == ["this computer slept for 7200s: earlier failures are forgotten, checking anew"]


@pytest.mark.parametrize("role", [PRIMARY, SECONDARY])
def test_verdicts_in_flight_when_the_computer_slept_are_void(role):
    """They measured our own sleep."""
    machine = Machine().both_up().sleep()
    record = machine.record(role)
    machine.check(role, Fault.TIMEOUT, after_s=-1.0, took_s=2.0)
    assert machine.record(role) is record
    assert machine.quiet()


def test_failures_from_before_the_sleep_do_not_add_up_with_those_after_it():
    machine = Machine().both_up().check(PRIMARY, Fault.REFUSED, times=2).sleep().check(SECONDARY)
    machine.check(PRIMARY, Fault.REFUSED, times=2).check(SECONDARY)
    assert (machine.state, machine.begun) == (State.SUSPECT, [])
    assert machine.check(PRIMARY, Fault.REFUSED).state is State.FAILING_OVER


def test_sleep_keeps_what_is_not_about_health():
    machine = Machine().on_secondary().disarm("maintenance")
    mode, automatic_s, active = machine.model.mode, machine.model.automatic_s, machine.active
    machine.sleep()
    assert (machine.model.mode, machine.model.automatic_s, machine.active) == (mode, automatic_s, active)
    assert machine.state is State.SECONDARY


def test_sleep_during_a_switch_leaves_it_in_flight():
    machine = Machine().both_up().active_dies().sleep()
    assert machine.state is State.FAILING_OVER
    assert machine.arrives().active is SECONDARY


def test_sleep_with_both_down_starts_over():
    machine = Machine().both_down().sleep()
    assert (machine.state, machine.model.unavailable_since_s) == (State.STARTING, None)
    assert machine.check(PRIMARY).state is State.PRIMARY
