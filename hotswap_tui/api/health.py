"""What load balancers, monitors and the reference's users ask: is a database there, which one, does the engine live.

All of these are open to whoever reaches the port, so they say no more than that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hotswap_tui.api.moments import Moments, zulu_iso
from hotswap_tui.core.values import HOT_SWAP_HINT, Health, Role, State

if TYPE_CHECKING:
    from hotswap_tui.core.snapshot import DatabaseView, Snapshot

OK: Final = 200
UNAVAILABLE: Final = 503
BOTH_DOWN: Final = "Both primary and secondary databases are unavailable"
"""The reference's words."""
_LATE_S: Final = 5.0
"""How much later than planned a check may end before the engine counts as stalled: a busy machine is not a dead one."""


def serves(snapshot: Snapshot) -> bool:
    """Return whether the active database is believed to serve and has shown it: a check of it has passed since the start.

    An engine that begins at a dead database suspects it for as long as any other; what it has never seen, it does not vouch for.
    """
    passed_s = _active(snapshot).last_pass_s
    return snapshot.serving and passed_s is not None and passed_s >= snapshot.started_s


def health_document(snapshot: Snapshot) -> tuple[int, dict[str, Any]]:
    """Return the status code and the reference's document: the same keys, order, types and formats.

    200 while a database `serves`, also while a failure is being confirmed and while a switch is in flight, where `currentDatabase`
    is the one that is left until traffic has arrived at the other. Otherwise 503, with `error` before `hotSwap`; that is so until
    the first check has passed, too.

    `lastFailover` and `uptimeSinceFailover` are there whenever the secondary serves, whoever brought it there: users of the
    reference know no other way. Both count from `snapshot.since_s`, as the dashboard does, so that they survive a restart; an
    outage of the secondary itself begins them anew. An engine that only observes tells of the database that clients are at.
    """
    serving = serves(snapshot)
    document: dict[str, Any] = {
        "status": "healthy" if serving else "unhealthy",
        "timestamp": zulu_iso(snapshot.wall_s),
        "database": "connected" if serving else "disconnected",
    }
    if not serving:
        document["error"] = _error(snapshot)
    document["hotSwap"] = _hot_swap(snapshot)
    return (OK if serving else UNAVAILABLE), document


def _hot_swap(snapshot: Snapshot) -> dict[str, Any]:
    if snapshot.secondary is None:
        return {"enabled": False, "message": HOT_SWAP_HINT}
    told: dict[str, Any] = {
        "enabled": True,
        "currentDatabase": snapshot.active.value,
        "failoverAvailable": snapshot.failover_available,
        "failureCount": _active(snapshot).failures,
    }
    if snapshot.active is Role.SECONDARY and serves(snapshot):
        moments = Moments.of(snapshot)
        told["lastFailover"] = moments.zulu(snapshot.since_s)
        told["uptimeSinceFailover"] = f"{int(moments.ago_s(snapshot.since_s))}s"
    return told


def _error(snapshot: Snapshot) -> str:
    active, other = snapshot.active, snapshot.database(snapshot.active.other)
    if snapshot.state is State.STARTING or snapshot.serving:
        return f"No check of the {active} database has passed yet"
    if snapshot.secondary is None or other is None:
        return f"The {active} database is unavailable"
    if other.health is not Health.UP:
        return BOTH_DOWN
    return f"The {active} database is unavailable, and no failover to the {other.role} was made"


def _active(snapshot: Snapshot) -> DatabaseView:
    return snapshot.database(snapshot.active) or snapshot.primary


def role_document(snapshot: Snapshot, role: Role) -> tuple[int, dict[str, Any]]:
    """Return 200 when `role` is the database that serves, else 503."""
    serving = serves(snapshot) and snapshot.active is role
    return (OK if serving else UNAVAILABLE), {"database": role.value, "serving": serving}


def alive_document(snapshot: Snapshot) -> tuple[int, dict[str, Any]]:
    """Return 200 while the engine checks as it should, however the databases are; else 503 with what is overdue."""
    late = overdue(snapshot)
    return (UNAVAILABLE, {"status": "stalled", "error": late}) if late else (OK, {"status": "alive"})


def overdue(snapshot: Snapshot) -> str:
    """Return which check should have ended long ago, as a sentence; empty when none should."""
    for view in (snapshot.primary, snapshot.secondary):
        if view is None:
            continue
        due_s = max(view.next_check_s, snapshot.started_s) + snapshot.policy.connection_timeout_s + _LATE_S
        if snapshot.now_s > due_s:
            return f"the check of the {view.role} is overdue by {snapshot.now_s - due_s + _LATE_S:.0f} s"
    return ""
