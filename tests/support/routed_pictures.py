"""Pictures of an engine with a gateway: traffic that flows, waits, moves, and goes where it should not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hotswap_tui.core.plan import Plan, PoolMode, Step, choose
from hotswap_tui.core.snapshot import SwitchOutcome
from hotswap_tui.core.traffic import Hold, Waited
from hotswap_tui.core.values import Fault, Role, State, SwitchKind
from tests.support.pictures import (
    ELSEWHERE,
    FAILING,
    NOBODY,
    NOW_S,
    ON_SECONDARY,
    POLICY,
    ROUTED,
    TO_SECONDARY,
    TRAFFIC,
    database,
    down,
    failed,
    snapshot,
    switch,
    unrouted_pictures,
)
from tests.support.sync_pictures import sync_pictures

if TYPE_CHECKING:
    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.core.values import RouterReading, Switch

PLANNED = choose(Role.PRIMARY, None, PoolMode.TRANSACTION, (1, 18, 0))
HASTY = choose(Role.PRIMARY, Fault.TIMEOUT, PoolMode.TRANSACTION, (1, 18, 0))
PROOF = "18.6 started 2025-11-13 09:42:07, system 7571234567890123456"
WAITING = replace(TRAFFIC, clients_active=34, clients_waiting=8, max_wait_s=1.15, servers_active=0, queries_per_s=0.0)
HANGING = replace(TRAFFIC, clients_active=42, clients_waiting=0, servers_active=8, servers_idle=0, queries_per_s=0.0)
LIMITED = (
    "6 automatic switches within an hour (DB_MAX_SWITCHES_PER_HOUR is 6); against failover loops: increase "
    "DB_FAILURE_THRESHOLD to avoid false positives, increase DB_CONNECTION_TIMEOUT for slow networks"
)
DEAD_GATEWAY = (
    "PgBouncer does not answer at /etc/hotswap/.s.PGSQL.6432: connection refused; "
    "start it with hotswap-tui gateway run --dir /etc/hotswap"
)
OPEN_TRANSACTIONS = (
    "2 transactions still open: psql (pid 812) idle in transaction for 312 s; api (pid 901) active for 4.1 s"
)


def waiting(reading: RouterReading = ROUTED) -> RouterReading:
    """Return a reading with eight clients that wait."""
    return replace(reading, traffic=WAITING)


def at_step(step: Step, plan: Plan = PLANNED, **changes: Any) -> Switch:
    """Return a switch that has just begun `step`."""
    begun = plan.steps.index(step)
    changes.setdefault("cancellable", begun < plan.steps.index(Step.REPOINT))
    return switch(**{"plan": plan, "step": step.value, "steps_done": plan.steps[:begun], **changes})


def arrived(result: str = "done", error: str = "", **changes: Any) -> SwitchOutcome:
    """Return a failover of two and a half minutes ago."""
    done = at_step(Step.CANARY, HASTY, started_s=NOW_S - 151, steps_done=HASTY.steps)
    if result == "unknown":
        done = replace(done, steps_done=HASTY.steps[:-1])
    ended = SwitchOutcome(done, NOW_S - 150.92, result, error, waited=Waited(8, 0.047), severed=3, proof=PROOF)
    return replace(ended, **changes)


def pictures() -> dict[str, Snapshot]:
    """Return a picture for every state that a screen must tell apart."""
    return unrouted_pictures() | _steady() | _moving() | _troubled() | sync_pictures()


def _withheld(**changes: Any) -> Snapshot:
    """Return the secondary serving beside a primary that is well again."""
    back = {**ON_SECONDARY, "last_switch": None, "primary": database(Role.PRIMARY), "router": TO_SECONDARY}
    return snapshot(**{**back, **changes})


def _steady() -> dict[str, Snapshot]:
    return {
        "routed": snapshot(router=ROUTED),
        "failed-over-routed": snapshot(**{**ON_SECONDARY, "last_switch": arrived()}, router=TO_SECONDARY),
        "session": snapshot(router=replace(ROUTED, pool_mode=PoolMode.SESSION)),
        "too-old": snapshot(router=replace(ROUTED, version=(1, 17, 0))),
        "hung-routed": snapshot(**NOBODY, router=replace(ROUTED, traffic=HANGING)),
        "failback-limited": _withheld(
            blocked=LIMITED, blocked_until_s=NOW_S + 1133, switches_in_hour=6, last_switch=arrived()
        ),
        "failback-manual": _withheld(
            blocked="DB_FAILBACK is manual; fail back when it suits", policy=replace(POLICY, failback_auto=False)
        ),
        "failed-back": snapshot(
            router=ROUTED,
            since_s=NOW_S - 20,
            last_switch=SwitchOutcome(
                at_step(
                    Step.CANARY,
                    target=Role.PRIMARY,
                    kind=SwitchKind.FAILBACK,
                    steps_done=PLANNED.steps,
                    started_s=NOW_S - 20.09,
                ),
                NOW_S - 20,
                "done",
                waited=Waited(1, 0.031),
                proof=PROOF,
            ),
        ),
    }


def _moving() -> dict[str, Snapshot]:
    moving = {"state": State.FAILING_OVER, "router": ROUTED}
    dead = {**moving, "primary": down(Role.PRIMARY, 3, 3.1)}
    return {
        "held": snapshot(**FAILING, router=waiting(), hold=Hold(NOW_S - 1.2, NOW_S + 13.8)),
        "held-unread": snapshot(**FAILING, router=ROUTED, hold=Hold(NOW_S - 0.1, NOW_S + 14.9)),
        "hanging": snapshot(**FAILING, router=replace(ROUTED, traffic=HANGING)),
        "switching": snapshot(**dead, switch=at_step(Step.RELEASE, HASTY)),
        "draining": snapshot(
            **moving,
            switch=at_step(Step.HOLD, kind=SwitchKind.MANUAL, detail=OPEN_TRANSACTIONS, started_s=NOW_S - 1.9),
        ),
        "cancelling": snapshot(**moving, switch=at_step(Step.HOLD, cancelled_by="pi@tty1")),
        "unknown": snapshot(**moving, switch=at_step(Step.CANARY, unknown=True, cancellable=False)),
    }


def _troubled() -> dict[str, Snapshot]:
    repair = at_step(Step.HOLD, kind=SwitchKind.REPAIR, source=Role.PRIMARY, target=Role.PRIMARY)
    hung = down(Role.PRIMARY, verdict=failed(Role.PRIMARY), for_s=154)
    return {
        "disagrees": snapshot(router=ELSEWHERE, disagrees=True),
        "repairing": snapshot(router=ELSEWHERE, disagrees=True, switch=repair),
        "disagrees-paused": snapshot(router=replace(waiting(ELSEWHERE), paused=True), disagrees=True),
        "paused-by-others": snapshot(router=replace(waiting(), paused=True)),
        "gateway-unreadable": snapshot(router=replace(ROUTED, points_to=None, traffic=None, error=DEAD_GATEWAY)),
        "unproven": snapshot(
            **{**ON_SECONDARY, "primary": hung, "last_switch": arrived("unknown", "no answer within 2 s", proof="")},
            router=TO_SECONDARY,
        ),
    }
