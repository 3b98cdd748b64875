"""While the secondary serves: how far the primary is from taking traffic back, and what keeps it from that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.policy import budget_allows
from hotswap_tui.core.sentence_parts import MAY, SHOULD, Part, clause
from hotswap_tui.core.time_words import clock_time, coming
from hotswap_tui.core.values import Fault, Health, Role, State

if TYPE_CHECKING:
    from datetime import tzinfo

    from hotswap_tui.core.snapshot import DatabaseView, Snapshot

_LIMIT = "DB_MAX_SWITCHES_PER_HOUR"
_BY_THE_CLOCK_S = 600.0
"""What is further away is told by the time of day."""


def fault_of(view: DatabaseView) -> Fault:
    """Return why the last check failed."""
    return (view.verdict.fault if view.verdict is not None else None) or Fault.UNKNOWN


def trouble(view: DatabaseView) -> str:
    """Return the role and what is wrong with it: down, failing, or the fault that does not count."""
    if view.health is Health.DEGRADED:
        return f"{view.role}: {fault_of(view).words}"
    return f"{view.role} DOWN" if view.health is Health.DOWN else f"{view.role} {view.health}"


def arming_fails_back(snapshot: Snapshot) -> bool:
    """Say whether automation, once on again, would move traffic back to the primary at once."""
    idle = not snapshot.mode.armed and snapshot.switch is None and not snapshot.disagrees
    proven = snapshot.primary.passes >= snapshot.policy.recovery_threshold
    return idle and snapshot.state is State.SECONDARY and snapshot.policy.failback_auto and proven


def way_back(snapshot: Snapshot) -> list[Part]:
    """Name the key by which a person moves traffic back, where that can be done."""
    if snapshot.active is Role.PRIMARY or snapshot.primary.health is not Health.UP or arming_fails_back(snapshot):
        return []
    by_itself = snapshot.countdown is not None or snapshot.blocked_until_s is not None
    return [Part("to fail back", ("fail back",), command="failback", rank=MAY if by_itself else SHOULD)]


def primary_next(snapshot: Snapshot, now_s: float, zone: tzinfo | None) -> Part:
    """Say when the primary takes traffic back, or what keeps it from that; wall times in `zone`, local when None."""
    view = snapshot.primary
    if view.health is not Health.UP:
        return _next_try(view, now_s)
    needed = snapshot.policy.recovery_threshold
    back = f"primary back {view.passes}/{needed}" if view.passes < needed else "primary is up"
    if not snapshot.mode.armed:
        return Part(back)
    if not snapshot.policy.failback_auto:
        return Part(f"{back}, failback is manual", ("failback is manual",))
    at_s = snapshot.countdown.at_s if snapshot.countdown is not None else snapshot.blocked_until_s
    if at_s is not None:
        due = f"fails back {_due(snapshot, at_s, now_s, zone)}{_at_least(snapshot)}"
        why = f": {_reason(snapshot)}" if snapshot.blocked else ""
        return Part(f"{back}, {due}{why}", (f"{due}{why}", due))
    if snapshot.blocked:
        reason = clause(snapshot.blocked)
        return Part(f"{back}, no failback: {snapshot.blocked}", (f"{back}, no failback: {reason}", "no failback"))
    return Part(back)


def _due(snapshot: Snapshot, at_s: float, now_s: float, zone: tzinfo | None) -> str:
    if at_s - now_s < _BY_THE_CLOCK_S:
        return coming(at_s - now_s)
    return f"at {clock_time(snapshot.wall_s - snapshot.now_s + at_s, zone, '%H:%M')}"


def _reason(snapshot: Snapshot) -> str:
    """Return why not yet, without the figures that the time itself says."""
    return "hourly limit" if _LIMIT in snapshot.blocked else clause(snapshot.blocked).partition(": ")[0]


def _at_least(snapshot: Snapshot) -> str:
    """Say that another reason comes after the present one: the hour's switches are spent as well."""
    spent = not budget_allows(snapshot.switches_in_hour, snapshot.policy, rescue=False)
    return " at the earliest" if spent and snapshot.countdown is None and _LIMIT not in snapshot.blocked else ""


def _next_try(view: DatabaseView, now_s: float) -> Part:
    words = trouble(view)
    if view.health is Health.UNKNOWN or view.checking or view.next_check_s <= now_s:
        return Part(f"{words}, trying it now", (words,))
    due = coming(view.next_check_s - now_s)
    return Part(f"{words}, tried again {due}", (f"{words}, tried {due}", f"{view.role} tried {due}", words))
