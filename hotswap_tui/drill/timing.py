"""How long automation takes by its settings: to notice, and to come back. Seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.policy import confirmation_s, failback_wait_s

if TYPE_CHECKING:
    from hotswap_tui.core.policy import Policy

_SLACK_S: Final = 5.0
"""What a busy machine may add."""


@dataclass(frozen=True, slots=True)
class Timing:
    """What is expected where every check is quick, and what is waited for at most."""

    detection_s: float
    """From the first check that fails to the decision to fail over."""
    detection_limit_s: float
    return_s: float
    """From the secondary's first moment to the decision to fail back."""
    return_limit_s: float


def timing(policy: Policy, failovers_in_hour: int) -> Timing:
    """Return what `policy` makes of the next failover, `failovers_in_hour` having been before it.

    Each of those doubles the wait before an automatic failback.
    """
    retry_s, timeout_s = policy.failure_retry_interval_s, policy.connection_timeout_s
    rechecks_s = (policy.recovery_threshold - 1) * retry_s
    return_s = max(policy.primary_retry_interval_s + rechecks_s, failback_wait_s(failovers_in_hour + 1, policy))
    return Timing(
        detection_s=(policy.failure_threshold - 1) * retry_s,
        detection_limit_s=timeout_s + confirmation_s(policy) + _SLACK_S,
        return_s=return_s,
        return_limit_s=return_s + policy.recovery_threshold * (retry_s + timeout_s) + _SLACK_S,
    )
