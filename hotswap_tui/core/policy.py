"""The settings that decisions need, and their arithmetic. Every duration is in seconds."""

from __future__ import annotations

from dataclasses import dataclass

from hotswap_tui.core.values import SwitchKind

HOUR_S = 3600.0
FRESH_AT_LEAST_EVERY_S = 60.0
"""A hung postmaster keeps old sessions alive, so the active database gets a new connection at least this often."""
CREDENTIALS_BACKOFF_S = 150.0
"""Cloud poolers block an address after repeated failed logins; a standby is not tried more often than this."""
SWITCH_RETRY_CAP_S = 60.0
PEEK_S = 0.25
"""While clients are held, the active database is looked at this often, so that a false alarm costs them no more."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Say how fast to check and when to switch; the defaults are those of the settings."""

    check_interval_s: float = 30.0
    connection_timeout_s: float = 5.0
    failure_threshold: int = 3
    primary_retry_interval_s: float = 120.0
    failure_retry_interval_s: float = 5.0
    recovery_threshold: int = 2
    failback_auto: bool = True
    max_switches_per_hour: int = 6
    standby_check_interval_s: float = 30.0
    fresh_connect_every: int = 10
    allow_read_only: bool = True
    write_check: bool = False
    hold_max_s: float = 15.0
    """How long clients may be kept waiting while a failure is confirmed; 0 holds nobody."""
    observe: bool = False
    """Decide, tell and count, but never act: nothing is held and nothing moves."""
    sync_interval_s: float = 60.0
    """How often to look at what the two databases have in common; 0: never."""
    max_lag_s: float | None = None
    """How much the secondary may lack for an automatic failover to it."""
    failback_guarded: bool = False
    """No automatic failback unless it is proven that nothing is lost."""
    gateway_interval_s: float = 1.0
    """How often the data plane is read back; its own signs may call for a check before the next one is due."""


def confirmation_s(policy: Policy, failures: int = 1) -> float:
    """Return how long it may take from the failed check number `failures` until the failure is confirmed."""
    missing = policy.failure_threshold - failures
    if missing <= 0:
        return 0.0
    between_s = max(policy.failure_retry_interval_s, policy.connection_timeout_s)
    return policy.failure_retry_interval_s + (missing - 1) * between_s + policy.connection_timeout_s


def within_hour(times_s: tuple[float, ...], now_s: float) -> tuple[float, ...]:
    """Return those of `times_s` that lie in the hour before `now_s`."""
    return tuple(t for t in times_s if now_s - t < HOUR_S)


def budget_allows(used: int, policy: Policy, *, rescue: bool) -> bool:
    """Say whether one more automatic switch fits into the hour.

    A rescue, from a dead database to a proven one, may use every slot. Anything else leaves the last one for it.
    """
    reserve = 0 if rescue else 1
    return used + reserve < policy.max_switches_per_hour


def failback_wait_s(failovers_in_hour: int, policy: Policy) -> float:
    """Return how long the secondary serves at least before an automatic failback: doubled by each failover of the hour."""
    doublings = min(max(failovers_in_hour - 1, 0), 16)
    return float(min(policy.primary_retry_interval_s * 2**doublings, max(HOUR_S, policy.primary_retry_interval_s)))


def switch_retry_s(kind: SwitchKind, attempts: int, policy: Policy) -> float:
    """Return the wait after the `attempts`-th failed attempt of the same switch: doubling, at most a minute.

    A failback, where a database serves, has more time: from the primary's retry interval on, at most an hour.
    """
    if kind is SwitchKind.FAILBACK:
        longest_s = max(HOUR_S, policy.primary_retry_interval_s)
        return float(min(policy.primary_retry_interval_s * 2 ** min(attempts - 1, 16), longest_s))
    return float(min(policy.failure_retry_interval_s * 2 ** min(attempts - 1, 16), SWITCH_RETRY_CAP_S))
