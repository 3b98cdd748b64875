"""The life of one switch: begun, reported on, ended; and what the router says about it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hotswap_tui.core.effects import BeginSwitch, ReadRouter
from hotswap_tui.core.errors import IllegalEventError
from hotswap_tui.core.events import SwitchDone, SwitchFailed
from hotswap_tui.core.guards import data_plan, left_behind
from hotswap_tui.core.holding import who_waited
from hotswap_tui.core.model import Retry
from hotswap_tui.core.plan import Step, choose
from hotswap_tui.core.policy import failback_wait_s, switch_retry_s, within_hour
from hotswap_tui.core.reading import AUTOMATION, compare, heed, next_reading_s
from hotswap_tui.core.snapshot import SwitchOutcome
from hotswap_tui.core.table import Trigger
from hotswap_tui.core.turn import serves
from hotswap_tui.core.values import Kind, Level, Mode, Role, Switch, SwitchKind

if TYPE_CHECKING:
    from hotswap_tui.core.events import OutcomeUnknown, RouterRead, SwitchStep
    from hotswap_tui.core.plan import Plan
    from hotswap_tui.core.turn import Turn
    from hotswap_tui.core.values import RouterReading


def begin(turn: Turn, kind: SwitchKind, target: Role, why: str, *, by: str = "", forced: bool = False) -> None:
    """Start a switch. An automatic one takes a slot of the hour's budget, or keeps the one of its failed attempt."""
    model = turn.model
    retry = model.retry if model.retry and (model.retry.kind, model.retry.target) == (kind, target) else None
    switch = Switch(
        id=model.next_switch_id,
        kind=kind,
        source=model.active,
        target=target,
        started_s=turn.now_s,
        why=why,
        by=by,
        forced=forced,
        attempt=retry.attempts + 1 if retry and not by else 1,
        plan=plan(turn, kind, automatic=not by, forced=forced),
    )
    if not by:
        kept = model.automatic_s[:-1] if retry else model.automatic_s
        turn.set(automatic_s=(*within_hour(kept, turn.now_s), turn.now_s))
    turn.set(switch=switch, next_switch_id=switch.id + 1, hold=None)
    asked = f", asked by {by}" if by else ""
    arrow = f"pointing PgBouncer back at {target}" if kind is SwitchKind.REPAIR else f"{model.active} → {target}"
    turn.tell(Kind.SWITCHING, Level.INFO, f"switching: {arrow}: {why}{asked}", target, switch=switch.id, by=by)
    turn.effects.append(BeginSwitch(switch))


def plan(turn: Turn, kind: SwitchKind, *, automatic: bool = False, forced: bool = False) -> Plan:
    """Return how traffic would be moved away from the active database now, or by a repair from wherever it goes."""
    verdict, reading = turn.active.verdict, turn.model.reading
    repair = kind is SwitchKind.REPAIR
    fault = None if repair or verdict is None else verdict.fault
    firm = forced or repair
    model = turn.model
    data = data_plan(model.sync, kind, model.standby, turn.policy, automatic=automatic, firm=firm, mark=model.mark)
    return choose(turn.model.active, fault, reading.pool_mode, reading.version, firm=firm, data=data)


def stepped(turn: Turn, event: SwitchStep) -> None:
    """Note how far the switch in flight has come; from its REPOINT on it can no longer be cancelled."""
    switch = _in_flight(turn, event.switch_id)
    turn.set(
        switch=replace(
            switch,
            step=event.step,
            steps_done=(*switch.steps_done, event.step) if event.done else switch.steps_done,
            detail=event.detail,
            cancellable=switch.cancellable and event.step is not Step.REPOINT,
        )
    )


def done(turn: Turn, event: SwitchDone) -> None:
    """Traffic has arrived at the target."""
    _arrived(turn, _in_flight(turn, event.switch_id), event)


def failed(turn: Turn, event: SwitchFailed) -> None:
    """Traffic stayed where it was."""
    _stayed(turn, _in_flight(turn, event.switch_id), event)


def outcome_unknown(turn: Turn, event: OutcomeUnknown) -> None:
    """Nobody knows; read the router until somebody does, and begin nothing else."""
    switch = replace(_in_flight(turn, event.switch_id), unknown=True, cancellable=False)
    turn.set(switch=switch, read_router_at_s=turn.now_s + turn.policy.failure_retry_interval_s)
    turn.effects.append(ReadRouter(verify=switch.target))
    text = f"outcome of the switch to {switch.target} is unknown: {event.error}; reading PgBouncer back"
    turn.tell(Kind.SWITCH_UNKNOWN, Level.BAD, text, switch.target, switch=switch.id, error=event.error)


def router_read(turn: Turn, event: RouterRead) -> None:
    """Compare where the router points with what we hold true; settle an unknown outcome by it."""
    switch, reading = turn.model.switch, event.reading
    if switch is None:
        compare(turn, reading)
        heed(turn, reading)
    elif switch.unknown and reading.points_to is switch.target:
        _verified(turn, switch, reading)
    elif switch.unknown and reading.points_to is not None:
        _stayed(turn, switch, SwitchFailed(switch.id, switch.step, "PgBouncer still points to it"))
    turn.set(read_router_at_s=next_reading_s(turn, reading))


def _verified(turn: Turn, switch: Switch, reading: RouterReading) -> None:
    """Settle a switch that PgBouncer says has arrived: done by a canary's proof, else unknown after as many as count."""
    switch = replace(switch, canaries=switch.canaries + 1)
    if reading.proven or switch.canaries >= turn.policy.failure_threshold:
        _arrived(turn, switch, SwitchDone(switch.id, reading, proof=reading.proof))
    else:
        turn.set(switch=switch)


def _in_flight(turn: Turn, switch_id: int) -> Switch:
    switch = turn.model.switch
    if switch is None or switch.id != switch_id:
        msg = f"switch {switch_id} is not in flight"
        raise IllegalEventError(msg)
    return switch


def _arrived(turn: Turn, switch: Switch, end: SwitchDone) -> None:
    down, down_s = _outage(turn, switch)
    reading = end.reading
    result = "unknown" if switch.unknown and not reading.proven else "done"
    outcome = SwitchOutcome(
        switch,
        turn.now_s,
        result,
        reading.proof if result == "unknown" else "",
        down,
        down_s,
        end.waited,
        end.severed,
        end.proof,
    )
    turn.set(held_s=turn.now_s, hold_told=False, release_failed=False, paused_readings=0)
    turn.set(switch=None, last_switch=outcome, reading=reading, disagrees=False, retry=None, told_obstacle="")
    mode, before = mode_after(switch, turn.model.mode, turn.model.mode_before, turn.now_s)
    turn.set(read_router_at_s=next_reading_s(turn, reading), mode=mode, mode_before=before)
    if switch.kind is SwitchKind.REPAIR:
        text = f"PgBouncer points to {switch.target} again, repaired by {switch.by}"
        turn.tell(Kind.SWITCHED, Level.GOOD, text, switch.target, kind=switch.kind.value, switch=switch.id)
        return
    _count(turn, switch)
    stays = (
        left_behind(turn.model, waits=False)
        if switch.kind is SwitchKind.FAILOVER and switch.source is Role.SECONDARY
        else ""
    )
    sync = turn.model.sync and replace(turn.model.sync, dossier=None)
    turn.set(sync=sync, mark=end.mark if switch.target is Role.SECONDARY else None)
    turn.set(
        active=switch.target,
        primary_down_since_s=turn.model.primary.down_since_s if switch.target is Role.SECONDARY else None,
        since_s=turn.now_s,
        suspicion_since_s=None,
        unavailable_since_s=None,
        takeover_after_s=None,
    )
    _tell_arrival(turn, switch, outcome, end.data)
    _tell_data(turn, switch.target, end.data_problem, stays)
    turn.probe(switch.target)
    turn.fire(serves(switch.target))


def _count(turn: Turn, switch: Switch) -> None:
    """Keep the books of the hour; a slot is dated by its completion, so that no hour ever holds more than the budget."""
    if not switch.automatic:
        return
    turn.set(automatic_s=(*turn.model.automatic_s[:-1], turn.now_s))
    if switch.kind is SwitchKind.FAILOVER:
        failovers = (*within_hour(turn.model.failovers_s, turn.now_s), turn.now_s)
        wait_s = failback_wait_s(len(failovers), turn.policy)
        turn.set(failovers_s=failovers, failback_not_before_s=turn.now_s + wait_s)


def mode_after(switch: Switch, mode: Mode, before: Mode | None, now_s: float) -> tuple[Mode, Mode | None]:
    """Return the mode after `switch` has arrived, and the one to restore later.

    Rule 6: a person's switch stays; giving the lead back restores the mode that was.
    """
    if switch.kind is SwitchKind.MANUAL:
        why = f"switched to {switch.target} by hand"
        return Mode(armed=False, by=switch.by, since_s=now_s, why=why), before or mode
    if switch.kind is SwitchKind.REPAIR and mode.by != AUTOMATION:
        return mode, before
    if switch.by and before is not None:
        return before, None
    return mode, before


def _outage(turn: Turn, switch: Switch) -> tuple[Role | None, float]:
    """Return which database was down and for how long: the one that is left, or the primary before it came back."""
    model = turn.model
    since_s = model.record(switch.source).down_since_s
    if since_s is not None:
        return switch.source, turn.now_s - since_s
    if switch.target is Role.PRIMARY and model.primary_down_since_s is not None:
        up_since_s = model.primary.up_since_s
        return Role.PRIMARY, max(0.0, (turn.now_s if up_since_s is None else up_since_s) - model.primary_down_since_s)
    return None, 0.0


def _tell_data(turn: Turn, target: Role, problem: str, stays: str) -> None:
    """Tell what a person must know about the data where applications go on now."""
    if turn.active.read_only:
        turn.tell(Kind.SYNC, Level.WARNING, f"{target} is read-only: reads are served, writes fail", target)
    if problem:
        turn.tell(Kind.SYNC, Level.BAD, f"{target}: {problem}", target)
    if stays:
        turn.tell(Kind.SYNC, Level.BAD, f"left behind: {stays}", target.other)


def _tell_arrival(turn: Turn, switch: Switch, outcome: SwitchOutcome, data: str) -> None:
    target = switch.target
    how, moved = ("serves", "") if turn.model.reading.routed else ("chosen", "; no gateway, nothing is moved")
    off = "" if turn.model.mode.armed else "; automatic switching is off"
    turn.tell(
        Kind.SWITCHED,
        Level.GOOD if outcome.result == "done" else Level.WARNING,
        f"{target} {how} after {outcome.took_s:.2f}s ({switch.kind}){moved}{_burden(outcome)}{data and f'; {data}'}{off}",
        target,
        kind=switch.kind.value,
        switch=switch.id,
        took_s=outcome.took_s,
        source=switch.source.value,
        down_s=outcome.down_s,
        was_down=int(outcome.down is target),
    )


def _burden(outcome: SwitchOutcome) -> str:
    """Return what the switch did to clients, and what is not proven about it."""
    parts = [who_waited(outcome.waited)] if outcome.waited.clients else []
    if outcome.severed:
        parts.append(f"{outcome.severed} connections to the {outcome.switch.source} cut off")
    if outcome.result == "unknown":
        parts.append(f"but no canary has shown that it answers: {outcome.error}")
    return "".join(f"; {part}" for part in parts)


def _stayed(turn: Turn, switch: Switch, end: SwitchFailed) -> None:
    result = "cancelled" if end.cancelled else "failed"
    outcome = SwitchOutcome(switch, turn.now_s, result, end.error, waited=end.waited)
    turn.set(switch=None, last_switch=outcome, retry=None, hold_told=False, held_s=turn.now_s, paused_readings=0)
    turn.set(read_router_at_s=next_reading_s(turn, turn.model.reading))
    if end.cancelled:
        _tell_cancelled(turn, switch)
    else:
        where = f" at step {end.step}" if end.step else ""
        burden = _burden(outcome)
        text = f"switch to {switch.target} failed{where}: {end.error}{burden}; {switch.source} stays active"
        turn.tell(Kind.SWITCH_FAILED, Level.BAD, text, switch.target, switch=switch.id, step=end.step, error=end.error)
        if switch.automatic:
            at_s = turn.now_s + switch_retry_s(switch.kind, switch.attempt, turn.policy)
            turn.set(retry=Retry(switch.kind, switch.target, switch.attempt, at_s))
    if switch.kind is SwitchKind.REPAIR:
        return
    if not turn.active.failures:
        turn.set(suspicion_since_s=None, unavailable_since_s=None, takeover_after_s=None)
        turn.fire(serves(turn.model.active))
        return
    if turn.model.suspicion_since_s is None:
        turn.set(suspicion_since_s=turn.now_s)
        turn.probe(turn.model.standby, fresh=True)
    turn.fire(Trigger.SUSPECTED)


def _tell_cancelled(turn: Turn, switch: Switch) -> None:
    """Tell it, and disarm when a person stopped automation's switch: it must not begin again by itself."""
    by = switch.cancelled_by
    if switch.automatic:
        turn.set(mode=Mode(armed=False, by=by, since_s=turn.now_s, why=f"cancelled the switch to {switch.target}"))
    off = "; automatic switching is off" if switch.automatic else ""
    text = f"switch to {switch.target} cancelled by {by}; {switch.source} stays active{off}"
    turn.tell(Kind.SWITCH_CANCELLED, Level.WARNING, text, switch.target, switch=switch.id, by=by)
