"""Why a drill would be refused now, and what it risks: everything at once, so that nobody has to try again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.plan import choose
from hotswap_tui.core.policy import budget_allows
from hotswap_tui.core.proposal import propose_switch, risks
from hotswap_tui.core.traffic_words import paused_by_others
from hotswap_tui.core.values import HOT_SWAP_HINT, OBSERVING, Health, Level, Role, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.drill.order import Order


def obstacles(snapshot: Snapshot, order: Order) -> list[str]:
    """Return what forbids the drill as things are; nothing when it would run."""
    if snapshot.secondary is None:
        return [HOT_SWAP_HINT]
    told = [*_of_the_engine(snapshot), *_of_the_databases(snapshot), *_of_the_gateway(snapshot)]
    if order.automatic:
        told += _of_automation(snapshot)
    return list(dict.fromkeys(told))


def _of_the_engine(snapshot: Snapshot) -> Iterator[str]:
    mode = snapshot.mode
    if snapshot.policy.observe:
        yield OBSERVING
    if not mode.armed:
        why = f": {mode.why}" if mode.why else ""
        yield f"automatic switching is off{f' by {mode.by}' if mode.by else ''}{why}; `hotswap-tui arm` first"
    if snapshot.drill is not None:
        yield f"a drill of {snapshot.drill.by} is in progress"
    if snapshot.switch is not None:
        yield f"a switch to {snapshot.switch.target} is in progress"


def _of_the_databases(snapshot: Snapshot) -> Iterator[str]:
    if snapshot.active is not Role.PRIMARY:
        yield "the secondary serves; `hotswap-tui failback` first"
    elif snapshot.state is not State.PRIMARY and snapshot.switch is None:
        yield f"the primary must serve undisturbed, and the state is {snapshot.state}"
    for view in (snapshot.primary, snapshot.secondary):
        if view is not None and view.health is not Health.UP:
            fault = view.verdict.fault if view.verdict is not None else None
            yield f"the {view.role} is {view.health}" + (f" ({fault.words})" if fault is not None else "")
    secondary = snapshot.secondary
    if secondary is not None and secondary.health is Health.UP and not snapshot.failover_available:
        yield "the secondary has not passed a check lately"


def _of_the_gateway(snapshot: Snapshot) -> Iterator[str]:
    router = snapshot.router
    if not router.routed:
        return
    if router.error:
        yield f"PgBouncer cannot be read: {router.error}"
    elif snapshot.disagrees:
        yield f"PgBouncer points to {router.address or 'nowhere'}, not to the {snapshot.active}; `hotswap-tui repair` first"
    if paused_by_others(snapshot):
        yield "somebody else has PAUSED PgBouncer; `hotswap-tui gateway release` first"
    if obstacle := choose(Role.PRIMARY, None, router.pool_mode, router.version).obstacle:
        yield obstacle


def _of_automation(snapshot: Snapshot) -> Iterator[str]:
    policy, secondary = snapshot.policy, snapshot.secondary
    # A failover and the failback after it, and one more for a failure that is none on purpose.
    if not budget_allows(snapshot.switches_in_hour + 1, policy, rescue=False):
        limit = policy.max_switches_per_hour
        yield f"{snapshot.switches_in_hour} automatic switches within an hour (DB_MAX_SWITCHES_PER_HOUR is {limit})"
    read_only = secondary is not None and secondary.facts is not None and secondary.facts.read_only
    if read_only and not policy.allow_read_only:
        yield "the secondary is read-only and DB_ALLOW_READ_ONLY is 0"


def dangers(snapshot: Snapshot) -> list[tuple[str, Level]]:
    """Return what may be lost or surprise while the secondary serves, the worst first."""
    told = [risk for risk in risks(propose_switch(snapshot, Role.SECONDARY), snapshot) if risk[1] is not Level.INFO]
    told.append(
        ("what the secondary takes while it serves stays there, unless replication brings it back", Level.WARNING)
    )
    return told
