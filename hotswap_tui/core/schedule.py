"""When to check which database, and when to wake up; pure arithmetic over the model. Monotonic seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.model import health
from hotswap_tui.core.policy import CREDENTIALS_BACKOFF_S, FRESH_AT_LEAST_EVERY_S, PEEK_S, budget_allows, within_hour
from hotswap_tui.core.snapshot import Countdown
from hotswap_tui.core.values import Fault, Health, Role, State, SwitchKind

if TYPE_CHECKING:
    from hotswap_tui.core.model import Model
    from hotswap_tui.core.policy import Policy
    from hotswap_tui.core.values import Verdict

_LATE_S = 1.0
"""A check may begin a little late; that alone does not make every second one of a minute a new login."""
_CHECK_FAST = frozenset({State.STARTING, State.SUSPECT, State.UNAVAILABLE})


def interval_s(model: Model, role: Role, policy: Policy) -> float:
    """Return the seconds from the start of one check of `role` to the start of the next."""
    record = model.record(role)
    if role is not model.active and record.verdict is not None and record.verdict.fault is Fault.CREDENTIALS:
        return max(CREDENTIALS_BACKOFF_S, _plain_interval_s(model, role, policy))
    return _plain_interval_s(model, role, policy)


def _plain_interval_s(model: Model, role: Role, policy: Policy) -> float:
    """Return the interval by state. Still STARTING after a verdict: a fault that does not count, which haste does not mend."""
    if model.state in _CHECK_FAST and not (model.state is State.STARTING and model.record(model.active).verdict):
        return policy.failure_retry_interval_s
    if role is model.active:
        return policy.check_interval_s
    if role is Role.SECONDARY:
        return policy.standby_check_interval_s
    if 0 < model.primary.passes < policy.recovery_threshold:
        return policy.failure_retry_interval_s
    return policy.primary_retry_interval_s


def due_s(model: Model, role: Role, policy: Policy) -> float:
    """Return when the next check of `role` is to start; the distant past for one that was never made."""
    record = model.record(role)
    if record.last_start_s is None:
        return float("-inf")
    due = record.last_start_s + interval_s(model, role, policy)
    if model.hold is not None and role is model.active and record.verdict is not None and record.counted_s is not None:
        return _peek_s(record.verdict, record.counted_s + policy.failure_retry_interval_s, policy)
    waits = model.failback_not_before_s
    if role is Role.PRIMARY and model.state is State.SECONDARY:
        if record.last_start_s < model.since_s:
            due = max(due, model.since_s + policy.primary_retry_interval_s)
        elif record.last_start_s < waits < due and not record.locked_out(waits):
            due = waits
    return due


def _peek_s(last: Verdict, counted_due_s: float, policy: Policy) -> float:
    """Return when to look again while clients are held: soon, but never so that it could delay the check that counts.

    A refusal comes at once; what may hang must have ended by then.
    """
    at_s = last.finished_s + min(PEEK_S, policy.failure_retry_interval_s)
    took_s = policy.connection_timeout_s if last.finished_s - last.started_s > PEEK_S else 0.0
    return at_s if at_s + took_s <= counted_due_s else counted_due_s


def wants_fresh(model: Model, role: Role, policy: Policy, now_s: float) -> bool:
    """Say whether the next check of `role` must make a new connection."""
    record = model.record(role)
    if record.fresh_until_pass or record.last_fresh_s is None:
        return True
    if record.checks_since_fresh + 1 >= policy.fresh_connect_every:
        return True
    next_s = now_s + interval_s(model, role, policy)
    return role is model.active and next_s - record.last_fresh_s > FRESH_AT_LEAST_EVERY_S + _LATE_S


def wake_s(model: Model) -> float:
    """Return when the machine itself wants an Elapsed event, checks aside; infinity for never."""
    before = model.mode_before
    held, drill = model.hold, model.drill
    moments = (
        model.mode.until_s,
        model.read_router_at_s,
        None if before is None else before.until_s,
        None if held is None else held.until_s,
        None if drill is None else drill.until_s,
    )
    return min((m for m in moments if m is not None), default=float("inf"))


def failover_available(model: Model, policy: Policy, now_s: float) -> bool:
    """Say whether the other database passed its last check, no older than two of its intervals."""
    standby = model.record(model.standby)
    if not model.has_secondary or standby.last_pass_s is None or not standby.passed:
        return False
    return now_s - standby.last_pass_s <= 2 * interval_s(model, model.standby, policy)


def countdown(model: Model, policy: Policy) -> Countdown | None:
    """Return what automation is about to do and when at the earliest, None when it is about to do nothing."""
    if not model.mode.armed or model.switch is not None or not model.has_secondary or policy.observe:
        return None
    active, standby = model.record(model.active), model.record(model.standby)
    if model.state is State.SUSPECT and active.last_start_s is not None and active.dead:
        barred = model.standby is Role.SECONDARY and standby.read_only and not policy.allow_read_only
        if barred or health(standby, policy) in {Health.DOWN, Health.DEGRADED}:
            return None
        missing = max(policy.failure_threshold - active.failures, 0)
        took_s = _took_s(active.verdict)
        each_s = max(policy.failure_retry_interval_s, took_s)
        at_s = (active.counted_s or active.last_start_s) + missing * each_s + took_s
        return _affordable(f"switch to {model.standby}", SwitchKind.FAILOVER, at_s, model, policy)
    if model.state is State.SECONDARY and policy.failback_auto and standby.passes and standby.last_start_s is not None:
        missing = max(policy.recovery_threshold - standby.passes, 0)
        at_s = standby.last_start_s + missing * policy.failure_retry_interval_s
        at_s = max(at_s, model.failback_not_before_s)
        return _affordable("fail back to primary", SwitchKind.FAILBACK, at_s, model, policy)
    return None


def _took_s(verdict: Verdict | None) -> float:
    """Return how long the last check took, and the next ones may: a database that hangs costs its time-out each time."""
    return 0.0 if verdict is None else verdict.finished_s - verdict.started_s


def _affordable(action: str, kind: SwitchKind, at_s: float, model: Model, policy: Policy) -> Countdown | None:
    """Return the countdown to a switch that the hour's budget allows, put off by the wait after a failed attempt."""
    if model.retry is not None and (model.retry.kind, model.retry.target) == (kind, model.standby):
        return Countdown(action, max(at_s, model.retry.at_s))
    used = len(within_hour(model.automatic_s, at_s))
    return Countdown(action, at_s) if budget_allows(used, policy, rescue=kind is SwitchKind.FAILOVER) else None
