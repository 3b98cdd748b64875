"""What differs between two readings of the settings, and what each difference needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotswap_tui.config import load
from hotswap_tui.config.settings import variables
from hotswap_tui.service.changes import Need, changes, needs, without_restart

BEFORE = {
    "DATABASE_URL": "postgresql://app:hunter2@db1/app",
    "DATABASE_URL_SECONDARY": "postgresql://app:hunter2@db2/app",
    "HOTSWAP_STATE_DIR": "/nowhere/state",
}


def read(**given):
    return load({}, {**BEFORE, **given}, [], Path("/nonexistent"), None)


@pytest.mark.parametrize(
    ("given", "said", "need"),
    [
        ({"DB_FAILURE_THRESHOLD": "5"}, "DB_FAILURE_THRESHOLD 3 → 5", Need.POLICY),
        ({"DB_ALLOW_READ_ONLY": "0"}, "DB_ALLOW_READ_ONLY 1 → 0", Need.POLICY),
        ({"HOTSWAP_OBSERVE": "1"}, "HOTSWAP_OBSERVE 0 → 1", Need.RESTART),
        ({"DB_CONNECTION_TIMEOUT": "4000"}, "DB_CONNECTION_TIMEOUT 5000 → 4000", Need.ENGINE),
        ({"HOTSWAP_LISTEN": "off"}, "HOTSWAP_LISTEN 127.0.0.1:8484 → off", Need.HOST),
        ({"HOTSWAP_TOKEN": "0123456789abcdef"}, "HOTSWAP_TOKEN not set → set", Need.HOST),
        ({"HOTSWAP_GROUP": "staff"}, "HOTSWAP_GROUP not set → staff", Need.RESTART),
        ({"HOTSWAP_STATE_DIR": "/other"}, "HOTSWAP_STATE_DIR /nowhere/state → /other", Need.RESTART),
        (
            {"DATABASE_URL": "postgresql://app:hunter2@db3/app"},
            "DATABASE_URL postgresql://app:****@db1/app → postgresql://app:****@db3/app",
            Need.ENGINE,
        ),
        (
            {"DATABASE_URL": "postgresql://app:hunter3@db1/app"},
            "DATABASE_URL postgresql://app:****@db1/app → the same with another secret",
            Need.ENGINE,
        ),
        ({"DATABASE_URL_SECONDARY": ""}, "DATABASE_URL_SECONDARY postgresql://app:****@db2/app → not set", Need.ENGINE),
        (
            {"DB_PRIMARY_URL_FROM_SECONDARY": "postgresql://app:hunter2@pi/app"},
            "DB_PRIMARY_URL_FROM_SECONDARY not set → postgresql://app:****@pi/app",
            Need.POLICY,
        ),
    ],
)
def test_a_change_is_said_without_secrets(given, said, need):
    (change,) = changes(read(), read(**given))
    assert (str(change), change.need) == (said, need)


def test_another_token_is_another_one():
    found = changes(read(HOTSWAP_TOKEN="0123456789abcdef"), read(HOTSWAP_TOKEN="fedcba9876543210"))
    assert [str(change) for change in found] == ["HOTSWAP_TOKEN set → another one"]


def test_nothing_changes_when_nothing_has():
    assert changes(read(), read()) == ()


def test_what_needs_a_restart_stays_as_it_was_and_the_rest_is_taken():
    before, after = read(), read(HOTSWAP_GROUP="staff", DB_FAILURE_THRESHOLD="5")
    kept = without_restart(before, after)
    assert (kept.settings.group, kept.settings.failure_threshold) == (None, 5)
    assert needs(changes(before, kept)) == {Need.POLICY}


def test_who_only_observes_acts_after_a_restart_only():
    """The gateway's lock is not held, and its router moves nothing: a policy that acts would fail at the first failover."""
    before, after = read(HOTSWAP_OBSERVE="1"), read(HOTSWAP_OBSERVE="0", DB_FAILURE_THRESHOLD="5")
    policy = without_restart(before, after).settings.policy()
    assert (policy.observe, policy.failure_threshold) == (True, 5)


def test_every_variable_has_been_thought_of():
    """A new setting is a matter of policy only when `Policy` knows it."""
    policy = {
        "DB_HEALTH_CHECK_INTERVAL", "DB_FAILURE_THRESHOLD", "DB_PRIMARY_RETRY_INTERVAL", "DB_FAILURE_RETRY_INTERVAL",
        "DB_RECOVERY_THRESHOLD", "DB_FAILBACK", "DB_MAX_SWITCHES_PER_HOUR", "DB_STANDBY_CHECK_INTERVAL",
        "DB_FRESH_CONNECT_EVERY", "DB_ALLOW_READ_ONLY", "DB_HOLD_MAX", "DB_SYNC_CHECK_INTERVAL", "DB_MAX_LAG", "DB_FAILBACK_GUARD",
    }  # fmt: skip
    from hotswap_tui.service.changes import _NEEDS

    assert policy.isdisjoint(_NEEDS)
    others = {"DB_PRIMARY_URL_FROM_SECONDARY"}  # read by `sync setup` alone
    assert policy | others | set(_NEEDS) == set(variables())
