"""What persons ask for. A request that cannot be carried out is refused with a sentence and changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hotswap_tui.core.effects import CancelSwitch, ProbeNow
from hotswap_tui.core.errors import RefusedError, StaleRequestError
from hotswap_tui.core.holding import release
from hotswap_tui.core.model import health
from hotswap_tui.core.switching import begin, plan
from hotswap_tui.core.turn import moves_to
from hotswap_tui.core.values import HOT_SWAP_HINT, OBSERVING, Kind, Level, Mode, Role, SwitchKind

if TYPE_CHECKING:
    from hotswap_tui.core.events import (
        ArmRequest,
        CancelRequest,
        CheckRequest,
        DisarmRequest,
        FailbackRequest,
        RepairRequest,
        SwitchRequest,
    )
    from hotswap_tui.core.turn import Turn


def switch(turn: Turn, request: SwitchRequest) -> None:
    """Move traffic to the target and keep it there: automation is disarmed when it has arrived."""
    _refuse_observing(turn)
    refuse_stale(turn, request.version)
    _refuse_target(turn, request.target, force=request.force)
    why = _in_a_drill(turn, request.by) + "switched by hand" + (" with force" if request.force else "")
    begin(turn, SwitchKind.MANUAL, request.target, why, by=request.by, forced=request.force)
    turn.fire(moves_to(request.target))


def fail_back(turn: Turn, request: FailbackRequest) -> None:
    """Move traffic to the primary and give the lead back to the mode that was."""
    _refuse_observing(turn)
    refuse_stale(turn, request.version)
    _refuse_target(turn, Role.PRIMARY, force=False)
    why = _in_a_drill(turn, request.by) + "failed back by hand"
    begin(turn, SwitchKind.FAILBACK, Role.PRIMARY, why, by=request.by)
    turn.fire(moves_to(Role.PRIMARY))


def cancel(turn: Turn, request: CancelRequest) -> None:
    """Stop the switch in flight while it can be."""
    in_flight = turn.model.switch
    if in_flight is None:
        msg = "no switch is in progress"
        raise RefusedError(msg)
    if not in_flight.cancellable:
        msg = f"the switch to {in_flight.target} can no longer be cancelled ({in_flight.step or 'under way'})"
        raise RefusedError(msg)
    if in_flight.cancelled_by:
        msg = f"the switch to {in_flight.target} is being cancelled already, asked by {in_flight.cancelled_by}"
        raise RefusedError(msg)
    turn.set(switch=replace(in_flight, cancelled_by=request.by))
    turn.effects.append(CancelSwitch(in_flight.id))


def repair(turn: Turn, request: RepairRequest) -> None:
    """Point the router back at the active database."""
    _refuse_observing(turn)
    refuse_stale(turn, request.version)
    if not turn.model.disagrees:
        msg = "nothing to repair: PgBouncer points to the active database"
        raise RefusedError(msg)
    _refuse_busy(turn)
    why = f"it points to {turn.model.reading.address}"
    begin(turn, SwitchKind.REPAIR, turn.model.active, why, by=request.by)


def arm(turn: Turn, request: ArmRequest) -> None:
    """Let automation act again, and look at both databases before it does."""
    if turn.model.disagrees:
        msg = f"PgBouncer points to {turn.model.reading.address}: repair that first"
        raise RefusedError(msg)
    if turn.model.mode.armed:
        msg = "automatic switching is on already"
        raise RefusedError(msg)
    turn.set(mode=Mode(by=request.by, since_s=turn.now_s), mode_before=None, told_obstacle="")
    turn.tell(Kind.ARMED, Level.INFO, f"{request.by} switched automatic switching on", by=request.by)
    for role in turn.model.roles:
        turn.probe(role)


def disarm(turn: Turn, request: DisarmRequest) -> None:
    """Keep automation's hands off; never refused."""
    until_s = None if request.for_s is None else turn.now_s + request.for_s
    mode = Mode(armed=False, by=request.by, since_s=turn.now_s, why=request.why, until_s=until_s)
    turn.set(mode=mode, mode_before=None, told_obstacle="")
    release(turn)
    limit = "" if request.for_s is None else f" for {request.for_s:.0f}s"
    why = f": {request.why}" if request.why else ""
    turn.tell(Kind.DISARMED, Level.WARNING, f"{request.by} switched automatic switching off{limit}{why}", by=request.by)


def check(turn: Turn, _request: CheckRequest) -> None:
    """Check both databases now, on new connections; never refused, and a lock-out is the asker's own risk."""
    turn.effects += [ProbeNow(role, fresh=True) for role in turn.model.roles]


def _refuse_observing(turn: Turn) -> None:
    if turn.policy.observe:
        raise RefusedError(f"{OBSERVING}; take HOTSWAP_OBSERVE away to let it act")


def refuse_stale(turn: Turn, version: int) -> None:
    """Raise StaleRequestError when something has changed that a decision rests on."""
    if version != turn.model.version:
        msg = f"the situation has changed since you looked: {turn.model.state}, {turn.model.active} active; look again"
        raise StaleRequestError(msg)


def _in_a_drill(turn: Turn, by: str) -> str:
    """Return what the reason of a switch begins with when it belongs to the planned drill of who asks."""
    drill = turn.model.drill
    return "drill: " if drill is not None and drill.planned and drill.by == by else ""


def _refuse_busy(turn: Turn) -> None:
    if obstacle := plan(turn, SwitchKind.MANUAL).obstacle:
        raise RefusedError(obstacle)
    in_flight = turn.model.switch
    if in_flight is not None:
        msg = f"a switch to {in_flight.target} is in progress; wait for it or cancel it"
        raise RefusedError(msg)


def _refuse_target(turn: Turn, target: Role, *, force: bool) -> None:
    if not turn.model.has_secondary:
        raise RefusedError(HOT_SWAP_HINT)
    _refuse_busy(turn)
    if target is turn.model.active:
        msg = f"{target} is the active database already"
        raise RefusedError(msg)
    if turn.model.disagrees:
        msg = f"PgBouncer points to {turn.model.reading.address}: repair that first"
        raise RefusedError(msg)
    record = turn.model.record(target)
    if not record.passed and not force:
        words = record.verdict.fault.words if record.verdict and record.verdict.fault else "not checked yet"
        msg = f"{target} is {health(record, turn.policy)} ({words}): no switch to a database that does not answer as it should"
        raise RefusedError(msg)
