"""The rules: from facts to a trigger, or to a reason for leaving things as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.events import Checked
from hotswap_tui.core.guards import failback_guard, left_behind, stale
from hotswap_tui.core.holding import hold, release
from hotswap_tui.core.obstacle import Obstacle
from hotswap_tui.core.policy import HOUR_S, budget_allows, within_hour
from hotswap_tui.core.switching import begin, plan
from hotswap_tui.core.table import Trigger
from hotswap_tui.core.turn import Turn, moves_to, serves
from hotswap_tui.core.values import OBSERVING, Fault, Kind, Level, Role, State, SwitchKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotswap_tui.core.events import Input
    from hotswap_tui.core.model import Model
    from hotswap_tui.core.policy import Policy

LOOP_ADVICE = (
    "against failover loops: increase DB_FAILURE_THRESHOLD to avoid false positives, increase DB_CONNECTION_TIMEOUT "
    "for slow networks, check database load, verify network stability"
)
"""The reference's troubleshooting of constant failover loops."""


_OBSERVING = Obstacle("observe", OBSERVING)
"""The last obstacle of all: without it, this would be the moment to act."""


def settle(turn: Turn, event: Input) -> None:
    """Apply the rules of the present state until none has anything more to conclude."""
    while trigger := _conclude(turn, event):
        turn.fire(trigger)


def _conclude(turn: Turn, event: Input) -> Trigger | None:
    for rule in RULES.get(turn.model.state, ()):
        trigger = rule(turn, event)
        if trigger is not None:
            return trigger
    return None


def first_pass(turn: Turn, _event: Input) -> Trigger | None:
    """Begin to serve: the active database answers for the first time."""
    if not turn.active.passed:
        return None
    active = turn.model.active
    mode = " (FAILOVER MODE)" if active is Role.SECONDARY else ""
    turn.tell(Kind.CONNECTED, Level.GOOD, f"connected to {active} database{mode}", active)
    return serves(active)


def suspect(turn: Turn, _event: Input) -> Trigger | None:
    """Rule 2: the first failure of the active database starts the suspicion; the other is checked at once."""
    if not turn.active.failures:
        return None
    turn.set(suspicion_since_s=turn.now_s, told_obstacle="")
    turn.probe(turn.model.standby, fresh=True)
    if turn.active.failures < turn.policy.failure_threshold:
        hold(turn)
    return Trigger.SUSPECTED


def cleared(turn: Turn, _event: Input) -> Trigger | None:
    """Return to service: the active database answers again before anything was moved."""
    if not turn.active.passed:
        return None
    role, before = turn.model.active, turn.before.record(turn.model.active)
    down_s = turn.now_s - before.down_since_s if before.down_since_s is not None else 0.0
    needed = turn.policy.failure_threshold
    if turn.model.state is State.UNAVAILABLE:
        reason = "it serves again; no switch was made"
        turn.set(since_s=turn.now_s)
    else:
        reason = f"no switch ({needed} needed)" if before.failures < needed else "no switch was made"
    turn.tell(
        Kind.RECOVERED,
        Level.GOOD,
        f"{role}: back after {before.failures} failures, {down_s:.1f}s; {reason}",
        role,
        count=before.failures,
        down_s=down_s,
    )
    turn.set(suspicion_since_s=None, unavailable_since_s=None, takeover_after_s=None, retry=None, told_obstacle="")
    release(turn)
    return serves(role)


def fail_over(turn: Turn, _event: Input) -> Trigger | None:
    """Rules 1 and 4: leave a database that is proven dead for one that is proven alive."""
    if turn.active.failures < turn.policy.failure_threshold or not turn.active.dead or rescue_obstacle(turn):
        return None
    return _rescue(turn)


def exhausted(turn: Turn, _event: Input) -> Trigger | None:
    """Rule 5: the active database is down and nothing can take over now."""
    if turn.active.failures < turn.policy.failure_threshold or not turn.active.dead:
        return None
    obstacle = rescue_obstacle(turn)
    if obstacle is None or obstacle.key == "unchecked":
        return None
    turn.set(unavailable_since_s=turn.active.down_since_s)
    release(turn)
    _tell_not_serving(turn, obstacle)
    return Trigger.EXHAUSTED


def take_over(turn: Turn, _event: Input) -> Trigger | None:
    """Rule 5: with both down, the one that served last gets one more check before the other takes over."""
    if not turn.standby.proven_since(turn.model.suspicion_since_s):
        if turn.model.takeover_after_s is not None:
            turn.set(takeover_after_s=None)
        return None
    if turn.model.takeover_after_s is None:
        turn.set(takeover_after_s=turn.now_s)
        turn.probe(turn.model.active, fresh=True)
    obstacle = rescue_obstacle(turn)
    if obstacle:
        _tell_once(turn, obstacle)
        return None
    return _rescue(turn) if turn.active.dead and turn.active.checked_since(turn.model.takeover_after_s) else None


def fail_back(turn: Turn, event: Input) -> Trigger | None:
    """Rule 3: the primary has passed often enough, this very moment included: traffic returns."""
    if not isinstance(event, Checked) or event.verdict.role is not Role.PRIMARY:
        return None
    if turn.standby.passes < turn.policy.recovery_threshold:
        if not turn.standby.passed and turn.model.told_obstacle:
            turn.set(told_obstacle="")
        return None
    obstacle = failback_obstacle(turn)
    if obstacle:
        _tell_once(turn, obstacle)
        return None
    why = f"primary passed {turn.standby.passes} checks in a row"
    if lost := left_behind(turn.model, waits=True):
        turn.tell(
            Kind.SYNC, Level.WARNING, f"failing back all the same, DB_FAILBACK_GUARD is warn: {lost}", Role.SECONDARY
        )
    begin(turn, SwitchKind.FAILBACK, Role.PRIMARY, why)
    return moves_to(Role.PRIMARY)


def rescue_obstacle(turn: Turn) -> Obstacle | None:
    """Return what forbids leaving the active database automatically, None when nothing does."""
    model = turn.model
    if not model.has_secondary:
        return Obstacle("single", "no secondary database is configured")
    if not model.mode.armed:
        return Obstacle("disarmed", f"automatic switching is off ({model.mode.by or 'disarmed'})")
    return (
        _unproven(turn)
        or _useless(turn)
        or stale(turn)
        or _switch_obstacle(turn, SwitchKind.FAILOVER)
        or _observing(turn)
    )


def _unproven(turn: Turn) -> Obstacle | None:
    """Return why the other database is not known to be well since the suspicion began."""
    since_s, target = turn.model.suspicion_since_s, turn.model.standby
    if not turn.standby.tried_afresh_since(since_s) and not turn.standby.locked_out(turn.now_s):
        return Obstacle("unchecked", f"{target} is being checked")
    if not turn.standby.proven_since(since_s):
        fault = turn.standby.verdict.fault if turn.standby.verdict is not None else None
        if fault is not None and not turn.standby.dead:
            return Obstacle("degraded", f"{target}: {fault.words}")
        return Obstacle("down", f"{target} does not answer either")
    return None


def _useless(turn: Turn) -> Obstacle | None:
    """Return why a living but read-only database is no help."""
    target = turn.model.standby
    if target is not Role.SECONDARY or not turn.standby.read_only:
        return None
    if not turn.policy.allow_read_only:
        return Obstacle("read_only", f"{target} is read-only and DB_ALLOW_READ_ONLY is 0")
    if turn.active.verdict is not None and turn.active.verdict.fault is Fault.READ_ONLY:
        return Obstacle("read_only_both", f"{target} is read-only as well: nothing would be gained")
    return None


def failback_obstacle(turn: Turn) -> Obstacle | None:
    """Return what forbids an automatic failback, None when nothing does."""
    model = turn.model
    if not model.mode.armed:
        return Obstacle("disarmed", f"automatic switching is off ({model.mode.by or 'disarmed'}); arm or fail back")
    if not turn.policy.failback_auto:
        return Obstacle("manual", "DB_FAILBACK is manual; fail back when it suits")
    wait_s = model.failback_not_before_s - turn.now_s
    if wait_s > 0:
        failovers = len(within_hour(model.failovers_s, turn.now_s))
        text = f"{failovers} failovers within an hour: waiting {wait_s:.0f}s more; {LOOP_ADVICE}"
        return Obstacle("wait", text, model.failback_not_before_s)
    return failback_guard(turn) or _switch_obstacle(turn, SwitchKind.FAILBACK) or _observing(turn)


def _observing(turn: Turn) -> Obstacle | None:
    return _OBSERVING if turn.policy.observe else None


def standing_obstacle(model: Model, now_s: float, policy: Policy) -> Obstacle | None:
    """Return why automation does not act although it might be expected to; None when nothing holds it."""
    turn = Turn(model, now_s, policy)
    obstacle: Obstacle | None = None
    if model.state in {State.SUSPECT, State.UNAVAILABLE}:
        obstacle = rescue_obstacle(turn)
    elif model.state is State.SECONDARY and model.primary.passes >= policy.recovery_threshold:
        obstacle = failback_obstacle(turn)
    return obstacle


def _switch_obstacle(turn: Turn, kind: SwitchKind) -> Obstacle | None:
    """Return the switch in flight, the wait after a failed attempt, or the spent budget of the hour."""
    if turn.model.switch is not None:
        return Obstacle("busy", f"a {turn.model.switch.kind} is in progress")
    if obstacle := plan(turn, kind).obstacle:
        return Obstacle("version", obstacle)
    retry = turn.model.retry
    used = within_hour(turn.model.automatic_s, turn.now_s)
    if retry is not None and (retry.kind, retry.target) == (kind, turn.model.standby):
        if turn.now_s < retry.at_s:
            text = f"attempt {retry.attempts} failed; next in {retry.at_s - turn.now_s:.0f}s"
            return Obstacle("retry", text, retry.at_s)
        if used and turn.model.automatic_s[-1] == used[-1]:
            return None
    if budget_allows(len(used), turn.policy, rescue=kind is SwitchKind.FAILOVER):
        return None
    limit = turn.policy.max_switches_per_hour
    text = f"{len(used)} automatic switches within an hour (DB_MAX_SWITCHES_PER_HOUR is {limit}); {LOOP_ADVICE}"
    return Obstacle("budget", text, _affordable_s(used, limit, spare=0 if kind is SwitchKind.FAILOVER else 1))


def _affordable_s(used: tuple[float, ...], limit: int, *, spare: int) -> float | None:
    """Return when as many switches have left the hour as must; None where the limit never leaves room."""
    leaving = len(used) + spare - limit
    return used[leaving] + HOUR_S if 0 <= leaving < len(used) else None


def _rescue(turn: Turn) -> Trigger:
    source, target = turn.model.active, turn.model.standby
    count, threshold = turn.active.failures, turn.policy.failure_threshold
    fault = turn.active.verdict.fault if turn.active.verdict else None
    named = " (read-only)" if turn.standby.read_only else ""
    turn.tell(
        Kind.THRESHOLD,
        Level.BAD,
        f"{source} is DOWN ({count}/{threshold}), failing over to {target}{named}",
        source,
        count=count,
        threshold=threshold,
        target=target.value,
    )
    begin(turn, SwitchKind.FAILOVER, target, f"{source} failed {count} checks: {fault.words if fault else 'down'}")
    return moves_to(target)


def _tell_not_serving(turn: Turn, obstacle: Obstacle) -> None:
    role = turn.model.active
    turn.set(told_obstacle=obstacle.key)
    if obstacle is _OBSERVING:
        _tell_observed(turn, f"{role} is DOWN")
    elif obstacle.key == "down":
        text = "both primary and secondary databases are unavailable; still checking"
        turn.tell(Kind.BOTH_DOWN, Level.BAD, text)
    else:
        turn.tell(Kind.NOT_SERVING, Level.BAD, f"{role} is DOWN; no switch: {obstacle.text}", role, reason=obstacle.key)


def _tell_once(turn: Turn, obstacle: Obstacle) -> None:
    if turn.model.told_obstacle == obstacle.key:
        return
    turn.set(told_obstacle=obstacle.key)
    target = turn.model.standby
    if obstacle is _OBSERVING:
        _tell_observed(turn, f"{target} is well")
        return
    text = f"{target} is well; no switch: {obstacle.text}"
    turn.tell(Kind.NO_SWITCH, Level.INFO, text, target, reason=obstacle.key)


def _tell_observed(turn: Turn, why: str) -> None:
    target = turn.model.standby
    act = "fail back" if turn.model.state is State.SECONDARY else "fail over"
    turn.tell(Kind.OBSERVED, Level.WARNING, f"{why}: would {act} to {target} now, but {OBSERVING}", target)


RULES: Mapping[State, tuple[Callable[[Turn, Input], Trigger | None], ...]] = {
    State.STARTING: (first_pass, suspect),
    State.PRIMARY: (suspect,),
    State.SECONDARY: (suspect, fail_back),
    State.SUSPECT: (cleared, fail_over, exhausted),
    State.UNAVAILABLE: (cleared, take_over),
}
