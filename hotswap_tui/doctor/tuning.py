"""What the reference's troubleshooting says, computed from the settings and what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotswap_tui.core.policy import confirmation_s
from hotswap_tui.doctor.finding import Check, Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hotswap_tui.core.policy import Policy

SLOW_S: Final = 90.0
"""The reference's "90 seconds max" from failure to failover."""
_ROUND_TRIPS: Final = 3
_MANY_FAILOVERS: Final = 3
_SUBJECT: Final = "failover"


def detection_s(policy: Policy) -> tuple[float, float]:
    """Return how long it takes at most until a crashed database and one that hangs are given up: refused, and timed out."""
    between_s = policy.failure_retry_interval_s * (policy.failure_threshold - 1)
    return policy.check_interval_s + between_s, (
        policy.check_interval_s + policy.connection_timeout_s + confirmation_s(policy)
    )


def slow_failover(policy: Policy, *, has_secondary: bool) -> Iterator[Finding]:
    """Yield how long a failover takes with these settings."""
    if not has_secondary:
        return
    crashed_s, hung_s = detection_s(policy)
    text = f"a crash is confirmed within {crashed_s:g} s, a hang within {hung_s:g} s"
    if hung_s <= SLOW_S:
        yield Finding(Check.TUNING, Level.OK, _SUBJECT, text)
        return
    first, *others = _by_share(policy)
    others += ["DB_FAILURE_THRESHOLD"] if policy.failure_threshold > 1 else []
    fix = f"Slow Failover: lower {first} first, then {' and '.join(others)}"
    yield Finding(Check.TUNING, Level.WARNING, _SUBJECT, f"{text}, which is more than {SLOW_S:g} s", fix)


def loops(policy: Policy, failovers_in_hour: int, *, has_secondary: bool) -> Iterator[Finding]:
    """Yield what makes, or has made, traffic go to and fro."""
    if not has_secondary:
        return
    if failovers_in_hour >= _MANY_FAILOVERS:
        text = f"Constant Failover Loops: {failovers_in_hour} failovers in the last hour"
        fix = (
            "raise DB_FAILURE_THRESHOLD and DB_CONNECTION_TIMEOUT, look at the database's load and at the network; hotswap-tui history "
            "shows each with its reason"
        )
        yield Finding(Check.LOOPS, Level.WARNING, _SUBJECT, text, fix)
    if policy.failure_threshold == 1:
        text = "DB_FAILURE_THRESHOLD=1: one lost packet is a failover, and several are Constant Failover Loops"
        yield Finding(Check.LOOPS, Level.WARNING, _SUBJECT, text, "set DB_FAILURE_THRESHOLD to 2 or 3")
    if policy.failback_auto and policy.recovery_threshold == 1:
        text = "DB_RECOVERY_THRESHOLD=1: one passed check brings traffic back to a primary that may be flapping"
        yield Finding(Check.LOOPS, Level.NOTE, _SUBJECT, text, "set DB_RECOVERY_THRESHOLD to 2 or more")


def tight_timeout(policy: Policy, measured_ms: Mapping[str, float]) -> Iterator[Finding]:
    """Yield where a check's time is short; `measured_ms`: login and query together, by database."""
    for name, took_ms in measured_ms.items():
        if policy.connection_timeout_s * 1000 >= took_ms * _ROUND_TRIPS:
            continue
        text = (
            f"DB_CONNECTION_TIMEOUT ({policy.connection_timeout_s * 1000:.0f} ms) is less than {_ROUND_TRIPS} times what a check took "
            f"just now ({took_ms:.0f} ms): a slow moment counts as a failure"
        )
        fix = f"Constant Failover Loops: raise DB_CONNECTION_TIMEOUT to {_rounded(took_ms * _ROUND_TRIPS)} or more"
        yield Finding(Check.LATENCY, Level.WARNING, name, text, fix)


def _by_share(policy: Policy) -> list[str]:
    """Return the times of which the longest wait is made, the greatest share first."""
    missing = policy.failure_threshold - 1
    shares = {
        "DB_HEALTH_CHECK_INTERVAL": policy.check_interval_s,
        "DB_CONNECTION_TIMEOUT": policy.connection_timeout_s * (missing + 1),
        "DB_FAILURE_RETRY_INTERVAL": policy.failure_retry_interval_s * missing,
    }
    return sorted(filter(shares.__getitem__, shares), key=shares.__getitem__, reverse=True)


def _rounded(milliseconds: float) -> int:
    return -(-int(milliseconds) // 100) * 100
