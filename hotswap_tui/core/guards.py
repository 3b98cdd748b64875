"""What the data has to say about a switch: whether automation may make it, and what is done about the data on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.obstacle import Obstacle
from hotswap_tui.core.plan import DataPlan
from hotswap_tui.core.sync import Relation, Safety, behind_s
from hotswap_tui.core.values import Role, SwitchKind

if TYPE_CHECKING:
    from hotswap_tui.core.model import Model
    from hotswap_tui.core.policy import Policy
    from hotswap_tui.core.sync import Mark, SyncReading
    from hotswap_tui.core.turn import Turn

WAY_BACK_S = 60.0
"""How long an automatic failback waits for the primary's subscription to stream again; PostgreSQL tries every 5 s."""
LOGICAL = frozenset({Relation.LOGICAL, Relation.LOGICAL_BACK, Relation.TWO_WAY})
AWAITED = LOGICAL | {Relation.PHYSICAL, Relation.PHYSICAL_BACK}
"""PostgreSQL itself says when everything has arrived; of another method only a heartbeat is seen."""


def stale(turn: Turn) -> Obstacle | None:
    """Return why the secondary lacks too much for an automatic failover to it (DB_MAX_LAG)."""
    limit_s = turn.policy.max_lag_s
    if limit_s is None or turn.model.standby is not Role.SECONDARY:
        return None
    flow = turn.model.sync.flow(Role.PRIMARY) if turn.model.sync is not None else None
    lacks_s = behind_s(flow, turn.active.last_pass_s or turn.now_s)
    if lacks_s is None:
        return Obstacle("lag", f"how much the secondary lacks is not known, and DB_MAX_LAG is {limit_s:g}s; {_BY_HAND}")
    if lacks_s <= limit_s:
        return None
    return Obstacle("lag", f"the secondary may lack {lacks_s:.1f}s of writes, DB_MAX_LAG is {limit_s:g}s; {_BY_HAND}")


_BY_HAND = "a switch by hand is possible all the same"


def failback_guard(turn: Turn) -> Obstacle | None:
    """Return why what was written on the secondary keeps traffic there: nothing proves that a failback would not lose it.

    A way back that is not streaming yet is waited for, with DB_FAILBACK_GUARD=warn not longer than WAY_BACK_S.
    """
    model, guarded = turn.model, turn.policy.failback_guarded
    dossier = model.sync.dossier if model.sync is not None else None
    if dossier is not None and dossier.verdict is Safety.SAFE:
        return _unheld(turn) if guarded else None
    if guarded and dossier is None:
        return Obstacle("guard", "DB_FAILBACK_GUARD is block, and what was written on the secondary is not known yet")
    if waiting := _way_back(turn):
        return waiting
    if not guarded or dossier is None or dossier.verdict is not Safety.DIVERGED:
        return None
    return Obstacle("guard", f"DB_FAILBACK_GUARD is block, and the secondary is DIVERGED: {dossier.why}")


def _unheld(turn: Turn) -> Obstacle | None:
    """Return that nobody can be held without a gateway: what is safe now may not be any more when applications follow."""
    reading = turn.model.sync
    if turn.model.reading.routed or reading is None or reading.relation in {Relation.SAME, Relation.PHYSICAL}:
        return None
    flow = reading.flow(Role.SECONDARY)
    if flow is not None and flow.streaming and not flow.missing and not flow.not_ready:
        return None
    text = (
        "DB_FAILBACK_GUARD is block, and without a gateway what applications write until they follow would stay behind"
    )
    return Obstacle("guard", text)


def _way_back(turn: Turn) -> Obstacle | None:
    """Return that the primary has only just come back, and what was written meanwhile is still on its way."""
    reading, up_since_s = turn.model.sync, turn.model.primary.up_since_s
    if reading is None or up_since_s is None:
        return None
    flow, unknown = reading.flow(Role.SECONDARY), reading.relation is Relation.UNKNOWN
    if not unknown and (flow is None or (flow.streaming and reading.read_s >= up_since_s)):
        return None
    until_s = up_since_s + WAY_BACK_S
    if turn.policy.failback_guarded:
        why = flow.error if flow is not None else ""
        return Obstacle("way back", f"the way back to the primary does not stream: {why or 'not seen yet'}")
    if turn.now_s >= until_s:
        return None
    if unknown:
        return Obstacle("way back", "waiting to learn whether replication leads back to the primary", until_s)
    return Obstacle("way back", "waiting for replication to bring back what was written on the secondary", until_s)


def left_behind(model: Model, *, waits: bool) -> str:
    """Return what moving traffic away from the secondary leaves there; empty when that is nothing, or not known.

    `waits`: traffic moves only when the way back has carried everything.
    """
    dossier = model.sync.dossier if model.sync is not None else None
    if dossier is None or dossier.verdict is Safety.SAFE:
        return ""
    if dossier.verdict is Safety.NEEDS_SYNC and waits:
        return ""
    rows = f", {dossier.rows} rows counted" if dossier.rows else ""
    return f"the secondary is {dossier.verdict.words}: {dossier.why}{rows}"


def data_plan(
    reading: SyncReading | None,
    kind: SwitchKind,
    target: Role,
    policy: Policy,
    *,
    automatic: bool,
    firm: bool = False,
    mark: Mark | None = None,
) -> DataPlan:
    """Return what a switch to `target` does about the data, as far as anything is known of the pair.

    `mark`: where the secondary stood when traffic was moved to it.
    """
    if kind is SwitchKind.REPAIR:
        return DataPlan()
    flow = reading.flow(target.other) if reading is not None else None
    prove_safe = automatic and target is Role.PRIMARY and kind is SwitchKind.FAILBACK and policy.failback_guarded
    return DataPlan(
        catch_up=flow is not None and reading is not None and flow.streaming and reading.relation in AWAITED,
        must_catch_up=not firm,
        prove_safe=prove_safe,
        sequences=flow is not None and reading is not None and reading.relation in LOGICAL,
        mark=target is Role.SECONDARY,
        since=mark if prove_safe else None,
    )
