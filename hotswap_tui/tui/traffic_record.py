"""Traffic, holds and switches as plain values, for the snapshot's JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.traffic_words import agrees, unanswered, unproven

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap_tui.core.snapshot import Snapshot, SwitchOutcome
    from hotswap_tui.core.values import Switch
    from hotswap_tui.tui.view import View


def traffic_record(view: View, iso: Callable[[View, float | None], str | None]) -> dict[str, object]:
    """Return gateway, hold, the switch in flight and the last one; `iso` writes monotonic moments."""
    snapshot = view.snapshot
    hold = snapshot.hold
    return {
        "gateway": _gateway(snapshot) | {"traffic": _traffic(view, iso)},
        "hold": None if hold is None else {"since": iso(view, hold.since_s), "until": iso(view, hold.until_s)},
        "switch": None if snapshot.switch is None else _switch(snapshot.switch, iso(view, snapshot.switch.started_s)),
        "last_switch": None if snapshot.last_switch is None else _outcome(view, snapshot.last_switch, iso),
    }


def _gateway(snapshot: Snapshot) -> dict[str, object]:
    router = snapshot.router
    return {
        "configured": router.routed,
        "points_to": router.points_to,
        "address": router.address,
        "error": router.error,
        "disagrees": snapshot.disagrees,
        "agrees": agrees(snapshot),
        "version": ".".join(map(str, router.version)),
        "pool_mode": router.pool_mode,
        "paused_by_others": router.paused,
    } | _proof(snapshot)


def _proof(snapshot: Snapshot) -> dict[str, object]:
    """Return whether a query has shown who answers since the last switch; nothing before there was one."""
    last = snapshot.last_switch
    if last is None or last.result not in {"done", "unknown"} or not snapshot.router.routed:
        return {}
    return {"proven": not unproven(snapshot), "proof": last.proof or snapshot.router.proof}


def _traffic(view: View, iso: Callable[[View, float | None], str | None]) -> dict[str, object] | None:
    traffic = view.snapshot.router.traffic
    if traffic is None:
        return None
    return {
        "at": iso(view, traffic.at_s),
        "clients_active": traffic.clients_active,
        "clients_waiting": traffic.clients_waiting,
        "clients_unanswered": unanswered(view.snapshot),
        "servers_active": traffic.servers_active,
        "servers_idle": traffic.servers_idle,
        "max_wait_s": traffic.max_wait_s,
        "queries_per_s": traffic.queries_per_s,
        "mean_query_ms": traffic.mean_query_ms,
    }


def _switch(switch: Switch, started: str | None) -> dict[str, object]:
    return {
        "id": switch.id,
        "kind": switch.kind,
        "source": switch.source,
        "target": switch.target,
        "started": started,
        "why": switch.why,
        "by": switch.by,
        "recipe": switch.plan.recipe if switch.plan is not None else None,
        "steps": list(switch.plan.steps) if switch.plan is not None else [],
        "steps_done": list(switch.steps_done),
        "step": switch.step,
        "detail": switch.detail,
        "unknown": switch.unknown,
    }


def _outcome(view: View, last: SwitchOutcome, iso: Callable[[View, float | None], str | None]) -> dict[str, object]:
    return _switch(last.switch, iso(view, last.switch.started_s)) | {
        "finished": iso(view, last.finished_s),
        "took_s": last.took_s,
        "result": last.result,
        "error": last.error,
        "waited_clients": last.waited.clients,
        "waited_longest_s": last.waited.longest_s,
        "severed": last.severed,
        "proof": last.proof,
    }
