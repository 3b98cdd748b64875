"""The reference's advice on slow failovers and loops, from the settings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotswap_tui.core.policy import Policy
from hotswap_tui.doctor.finding import Level
from hotswap_tui.doctor.tuning import detection_s, loops, slow_failover, tight_timeout

POLICY = Policy()


@pytest.mark.parametrize(
    ("changed", "crashed_s", "hung_s"),
    [
        ({}, 40, 50),
        ({"failure_threshold": 1}, 30, 35),
        ({"check_interval_s": 1.0, "failure_retry_interval_s": 1.0, "connection_timeout_s": 1.0}, 3, 5),
    ],
)
def test_how_long_it_takes_to_be_sure(changed, crashed_s, hung_s):
    assert detection_s(replace(POLICY, **changed)) == (crashed_s, hung_s)


@pytest.mark.parametrize(
    ("changed", "level", "first"),
    [
        ({}, Level.OK, ""),
        ({"check_interval_s": 120.0}, Level.WARNING, "lower DB_HEALTH_CHECK_INTERVAL first"),
        ({"failure_threshold": 10, "connection_timeout_s": 20.0}, Level.WARNING, "lower DB_CONNECTION_TIMEOUT first"),
        ({"failure_retry_interval_s": 60.0}, Level.WARNING, "lower DB_FAILURE_RETRY_INTERVAL first"),
    ],
)
def test_a_slow_failover_is_named_with_what_makes_it_slow(changed, level, first):
    (found,) = slow_failover(replace(POLICY, **changed), has_secondary=True)
    assert found.level is level
    assert first in found.fix
    assert ("Slow Failover" in found.fix) is (level is Level.WARNING)


@pytest.mark.parametrize(
    ("changed", "failovers", "words"),
    [
        ({}, 0, []),
        ({}, 2, []),
        ({}, 3, ["Constant Failover Loops: 3 failovers in the last hour"]),
        ({"failure_threshold": 1}, 0, ["DB_FAILURE_THRESHOLD=1"]),
        ({"recovery_threshold": 1}, 0, ["DB_RECOVERY_THRESHOLD=1"]),
        ({"recovery_threshold": 1, "failback_auto": False}, 0, []),
    ],
)
def test_what_makes_loops(changed, failovers, words):
    found = [*loops(replace(POLICY, **changed), failovers, has_secondary=True)]
    assert len(found) == len(words)
    assert all(each.text.startswith(word) and each.fix for each, word in zip(found, words, strict=True))


def test_a_timeout_near_what_a_check_takes_is_too_short():
    (found,) = tight_timeout(replace(POLICY, connection_timeout_s=0.5), {"primary": 20.0, "secondary": 310.0})
    assert (found.subject, found.level) == ("secondary", Level.WARNING)
    assert "raise DB_CONNECTION_TIMEOUT to 1000 or more" in found.fix


def test_one_database_alone_is_not_told_about_failovers():
    assert not [*slow_failover(POLICY, has_secondary=False), *loops(POLICY, 9, has_secondary=False)]
