"""The arithmetic of waits, budget and hours, and which faults count."""

from __future__ import annotations

import pytest

from hotswap_tui.core.model import Record, health
from hotswap_tui.core.policy import Policy, budget_allows, failback_wait_s, switch_retry_s, within_hour
from hotswap_tui.core.values import FAULT_WORDS, Fault, Health, SwitchKind, counts
from tests.core.machine_dsl import COUNTING, NOT_COUNTING, PRIMARY, SECONDARY, verdict


@pytest.mark.parametrize(
    ("failovers", "interval_s", "wait_s"),
    [
        (0, 120, 120),
        (1, 120, 120),
        (2, 120, 240),
        (3, 120, 480),
        (5, 120, 1920),
        (6, 120, 3600),
        (1000, 120, 3600),
        (3, 7200, 7200),
    ],
)
def test_each_failover_doubles_the_wait_up_to_an_hour(failovers, interval_s, wait_s):
    """An interval longer than an hour is a wish, and is kept."""
    assert failback_wait_s(failovers, Policy(primary_retry_interval_s=interval_s)) == wait_s


@pytest.mark.parametrize(("attempts", "wait_s"), [(1, 5), (2, 10), (3, 20), (4, 40), (5, 60), (10_000, 60)])
def test_attempts_wait_longer_and_longer_up_to_a_minute(attempts, wait_s):
    assert switch_retry_s(SwitchKind.FAILOVER, attempts, Policy()) == wait_s


@pytest.mark.parametrize(("attempts", "wait_s"), [(1, 120), (2, 240), (5, 1920), (6, 3600), (10_000, 3600)])
def test_a_failback_that_failed_has_time(attempts, wait_s):
    """A database serves, and every attempt may keep clients waiting."""
    assert switch_retry_s(SwitchKind.FAILBACK, attempts, Policy()) == wait_s


@pytest.mark.parametrize("limit", range(1, 8))
@pytest.mark.parametrize("used", range(9))
def test_a_rescue_may_use_every_slot_and_anything_else_leaves_one(limit, used):
    policy = Policy(max_switches_per_hour=limit)
    assert budget_allows(used, policy, rescue=True) is (used + 1 <= limit)
    assert budget_allows(used, policy, rescue=False) is (used + 2 <= limit)


def test_an_hour_ends_after_exactly_an_hour():
    assert within_hour((0.0, 0.1, 100.0), 3600.0) == (0.1, 100.0)
    assert within_hour((), 3600.0) == ()


@pytest.mark.parametrize("fault", Fault)
def test_which_faults_count(fault):
    """A read-only answer counts where a writable database is expected, on the primary."""
    assert counts(PRIMARY, fault) is (fault in COUNTING)
    assert counts(SECONDARY, fault) is (fault in COUNTING and fault is not Fault.READ_ONLY)
    assert (fault in COUNTING) is not (fault in NOT_COUNTING)


def test_every_fault_has_words():
    assert all(FAULT_WORDS[fault] == fault.words for fault in Fault)
    assert len(set(FAULT_WORDS.values())) == len(Fault)


@pytest.mark.parametrize(
    ("failures", "fault", "expected"),
    [
        (0, None, Health.UP),
        (0, Fault.TOO_MANY, Health.DEGRADED),
        (1, Fault.REFUSED, Health.FAILING),
        (2, Fault.TOO_MANY, Health.FAILING),
        (3, Fault.REFUSED, Health.DOWN),
        (9, Fault.TLS, Health.DOWN),
    ],
)
def test_health_in_one_word(failures, fault, expected):
    assert health(Record(failures=failures, verdict=verdict(PRIMARY, 0.0, fault)), Policy()) is expected
    assert health(Record(), Policy()) is Health.UNKNOWN
