"""PgBouncer's own figures as signs, and what the machine makes of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotswap_tui.core.signs import Sign, sign
from hotswap_tui.core.traffic import Traffic
from hotswap_tui.core.values import Fault
from tests.core.machine_dsl import PRIMARY, SECONDARY, Machine

CALM = Traffic(
    at_s=0.0,
    clients_active=8,
    clients_waiting=0,
    servers_active=3,
    servers_idle=2,
    max_wait_s=0.0,
    queries=100,
    query_time_us=5000,
)
GOING = replace(CALM, queries=140)
STARVED = replace(GOING, clients_waiting=3, servers_active=0, servers_idle=0, max_wait_s=0.1)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (CALM, GOING, None),
        (None, CALM, None),
        (CALM, replace(GOING, clients_waiting=4, max_wait_s=0.02), None),
        (CALM, replace(GOING, clients_waiting=1, max_wait_s=1.2), Sign.LONG_WAIT),
        (CALM, STARVED, Sign.NO_SERVER),
        (None, STARVED, Sign.NO_SERVER),
        (CALM, CALM, Sign.STALLED),
        (replace(CALM, servers_active=0), CALM, None),
        (CALM, replace(CALM, servers_active=0), None),
    ],
)
def test_what_calls_for_a_check(before, after, expected):
    assert sign(before, after) is expected


def routed() -> Machine:
    return Machine(routed=True).both_up().read_router(PRIMARY, traffic=CALM).wait(1)


@pytest.mark.parametrize(("traffic", "probes"), [(GOING, []), (CALM, [(PRIMARY, False)]), (STARVED, [(PRIMARY, True)])])
def test_a_sign_checks_the_active_database_at_once(traffic, probes):
    machine = routed().read_router(PRIMARY, traffic=traffic)
    assert machine.probes == probes
    assert machine.quiet()


def test_a_sign_that_lasts_calls_for_one_check_in_an_interval():
    """A long report looks like a stall, and the check has answered that the server lives."""
    machine = routed().read_router(PRIMARY, traffic=CALM)
    assert machine.probes
    for _ in range(20):
        assert not machine.wait(1).read_router(PRIMARY, traffic=CALM).probes
    assert machine.wait(10).read_router(PRIMARY, traffic=CALM).probes
    assert machine.wait(1).read_router(PRIMARY, traffic=STARVED).probes == [(PRIMARY, True)], "another sign"
    assert not machine.wait(1).read_router(PRIMARY, traffic=GOING).probes
    assert machine.wait(1).read_router(PRIMARY, traffic=STARVED).probes == [(PRIMARY, True)], "it had been absent"


def test_a_server_that_refuses_our_password_is_not_asked_again_and_again():
    machine = routed().check(PRIMARY, Fault.CREDENTIALS).read_router(PRIMARY, traffic=STARVED)
    assert machine.probes == [(PRIMARY, False)]


@pytest.mark.parametrize(
    ("story", "reading"),
    [
        (lambda m: m.check(PRIMARY, Fault.REFUSED), {}),
        (lambda m: m, {"paused": True}),
        (lambda m: m.read_router(SECONDARY), {}),
    ],
)
def test_a_sign_says_nothing_new_in_a_suspicion_a_pause_or_a_disagreement(story, reading):
    machine = story(routed())
    where = SECONDARY if machine.model.disagrees else PRIMARY
    assert machine.read_router(where, traffic=STARVED, **reading).probes == []
