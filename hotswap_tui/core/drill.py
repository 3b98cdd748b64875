"""Drills. In one of automation the primary's checks fail on purpose, and everything after that is the real thing.

It ends by itself when traffic has moved, so that the way back begins, when its time is over, or when somebody disarms.
In a planned one nothing fails: a person moves traffic there and back, and here it is only told, so that nobody is alarmed by it;
it ends when that person says so, or by itself when its time is over.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hotswap_tui.core.errors import RefusedError
from hotswap_tui.core.policy import budget_allows, within_hour
from hotswap_tui.core.requests import refuse_stale
from hotswap_tui.core.schedule import failover_available
from hotswap_tui.core.values import HOT_SWAP_HINT, OBSERVING, Drill, Fault, Kind, Level, Role, State

if TYPE_CHECKING:
    from hotswap_tui.core.events import DrillRequest, EndDrillRequest
    from hotswap_tui.core.turn import Turn
    from hotswap_tui.core.values import Verdict


def begin(turn: Turn, request: DrillRequest) -> None:
    """Let the primary's checks fail from now on, if automation can show anything by that; of a planned drill only tell."""
    refuse_stale(turn, request.version)
    if obstacle := _obstacle(turn, planned=request.planned):
        raise RefusedError(f"no drill: {obstacle}")
    turn.set(drill=Drill(request.by, turn.now_s, turn.now_s + request.for_s, request.planned))
    what = "a planned switch there and back" if request.planned else "checks of the primary fail on purpose"
    text = f"drill: {what}, for at most {request.for_s:.0f}s, asked by {request.by}"
    turn.tell(Kind.DRILL, Level.INFO, text, Role.PRIMARY, by=request.by, for_s=request.for_s)
    if not request.planned:
        turn.probe(Role.PRIMARY)


def end(turn: Turn, request: EndDrillRequest) -> None:
    """Let the primary's checks say the truth again."""
    if turn.model.drill is None:
        raise RefusedError("no drill is in progress")
    _end(turn, f"ended by {request.by}")


def end_when_due(turn: Turn) -> None:
    """End a drill that has done its work, or that must not go on."""
    drill, model = turn.model.drill, turn.model
    if drill is None:
        return
    if model.active is Role.SECONDARY and not drill.planned:
        _end(turn, "traffic has moved")
    elif turn.now_s >= drill.until_s:
        _end(turn, "its time is over")
    elif not model.mode.armed and not drill.planned:
        _end(turn, "automatic switching is off")


def called(turn: Turn, verdict: Verdict) -> Verdict:
    """Return `verdict`, as failed when it is one of the primary that passed during a drill."""
    drill = turn.model.drill
    if drill is None or drill.planned or verdict.role is not Role.PRIMARY or verdict.fault is not None:
        return verdict
    return replace(verdict, fault=Fault.DRILL, detail=f"drill of {drill.by}")


def _end(turn: Turn, why: str) -> None:
    drill, model = turn.model.drill, turn.model
    turn.set(drill=None)
    if drill is None or not drill.planned:
        turn.tell(Kind.DRILL, Level.INFO, f"drill: checks of the primary say the truth again: {why}", Role.PRIMARY)
        return
    off = "" if model.mode.armed else ", automatic switching is off"
    left = model.active is Role.SECONDARY or bool(off)
    text = f"drill: over, {why}; {model.active} serves{off}"
    turn.tell(Kind.DRILL, Level.WARNING if left else Level.INFO, text, model.active)


def _obstacle(turn: Turn, *, planned: bool) -> str:
    """Return why there is nothing to be shown now; empty when there is."""
    model, policy = turn.model, turn.policy
    used = len(within_hour(model.automatic_s, turn.now_s))
    reasons = (
        (not model.has_secondary, HOT_SWAP_HINT),
        (policy.observe, OBSERVING),
        (model.drill is not None, "one is in progress"),
        (not model.mode.armed, "automatic switching is off; arm first"),
        (
            model.state is not State.PRIMARY or model.disagrees,
            f"the primary must serve undisturbed, and the state is {model.state}",
        ),
        (not failover_available(model, policy, turn.now_s), "the secondary is not known to be well"),
        # A failover and the failback after it, and one more for a failure that is none on purpose.
        (
            not planned and not budget_allows(used + 1, policy, rescue=False),
            f"{used} automatic switches within an hour (DB_MAX_SWITCHES_PER_HOUR is {policy.max_switches_per_hour})",
        ),
    )
    return next((reason for applies, reason in reasons if applies), "")
