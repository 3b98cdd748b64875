"""When the pair is looked at: arithmetic on the model, without a clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.values import Role, State

if TYPE_CHECKING:
    from hotswap_tui.core.model import Model
    from hotswap_tui.core.policy import Policy

NEVER_S = float("inf")
SHORTEST_S = 1.0
"""Looks may be wanted more often than DB_SYNC_CHECK_INTERVAL, but not more often than this."""


def look_interval_s(model: Model, policy: Policy) -> float:
    """Return the seconds between looks.

    DB_MAX_LAG counts the age of a figure, so half of it is the longest interval; while an automatic failback is ahead, what it
    would lose is looked at as often as the primary is rechecked.
    """
    interval_s = policy.sync_interval_s
    if policy.max_lag_s is not None:
        interval_s = min(interval_s, max(policy.max_lag_s / 2, SHORTEST_S))
    if model.active is Role.SECONDARY and model.primary.passed and model.mode.armed and policy.failback_auto:
        interval_s = min(interval_s, max(policy.failure_retry_interval_s, SHORTEST_S))
    return interval_s


def look_due_s(model: Model, policy: Policy, last_s: float | None) -> float:
    """Return when the next look is due, the last one having begun at `last_s`; NEVER_S while there is nothing to look at.

    Nobody looks during a switch or a suspicion: the servers have other things to do, and the picture is about to change.
    """
    if not policy.sync_interval_s or not model.has_secondary or not _quiet(model):
        return NEVER_S
    if last_s is None or last_s < model.discard_before_s:  # this computer has slept since
        return float("-inf")
    return last_s + look_interval_s(model, policy)


def _quiet(model: Model) -> bool:
    if model.switch is not None or model.state not in {State.PRIMARY, State.SECONDARY}:
        return False
    return model.primary.verdict is not None and model.secondary.verdict is not None


def ask(model: Model, policy: Policy, now_s: float, asked_s: float | None) -> frozenset[Role]:
    """Return the databases to ask in a look that begins now; `asked_s`: when the one that does not serve was asked last.

    The secondary is asked no more often than it is checked while it does not serve: each question wakes a cloud database.
    """
    standby = model.standby
    rest_s = policy.standby_check_interval_s if standby is Role.SECONDARY else 0.0
    rested = asked_s is None or now_s - asked_s >= rest_s
    return frozenset(role for role in model.roles if model.record(role).passed and (role is model.active or rested))
