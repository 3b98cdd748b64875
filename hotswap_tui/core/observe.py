"""What checks, lost connections and this computer's sleep change. Decisions follow in `decide`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hotswap_tui.core.drill import called
from hotswap_tui.core.errors import IllegalEventError
from hotswap_tui.core.holding import release
from hotswap_tui.core.model import Record
from hotswap_tui.core.reading import AUTOMATION
from hotswap_tui.core.sync import aged
from hotswap_tui.core.table import TABLE, Trigger
from hotswap_tui.core.values import SWITCHING, Kind, Level, Mode, State, Tell, counts

_EARLY_S = 0.005
"""A timer may fire this much early."""

if TYPE_CHECKING:
    from hotswap_tui.core.events import Checked, ConnectionLost, Elapsed, Slept
    from hotswap_tui.core.turn import Turn
    from hotswap_tui.core.values import Verdict


def checked(turn: Turn, event: Checked) -> None:
    """Take in a verdict. One from before a suspension of this computer says nothing."""
    verdict, role = called(turn, event.verdict), event.verdict.role
    if role not in turn.model.roles:
        msg = f"a check of the {role}, which is not configured"
        raise IllegalEventError(msg)
    if verdict.started_s < turn.model.discard_before_s:
        return
    before = turn.model.record(role)
    after = absorb(before, verdict, spacing_s=_spacing_s(turn, verdict))
    turn.set_record(role, after)
    if role is turn.model.active:
        _tell_active(turn, before, after, verdict)
    else:
        _tell_standby(turn, before, after, verdict)


def _spacing_s(turn: Turn, verdict: Verdict) -> float:
    """Return how far apart failures must lie to count: while clients are held, looks in between only find a recovery."""
    held = turn.model.hold is not None and verdict.role is turn.model.active
    return turn.policy.failure_retry_interval_s - _EARLY_S if held else 0.0


def absorb(record: Record, verdict: Verdict, *, spacing_s: float = 0.0) -> Record:
    """Return `record` with `verdict` added: streaks, facts, and whether the next checks need a new connection.

    A failure that began less than `spacing_s` after the last counted one is not counted again.
    """
    passed = verdict.fault is None
    counted = verdict.fault is not None and counts(verdict.role, verdict.fault)
    if record.failures and record.counted_s is not None and verdict.started_s < record.counted_s + spacing_s:
        counted = False
    failures = 0 if passed else record.failures + counted
    return Record(
        failures=failures,
        passes=record.passes + 1 if passed else 0,
        verdict=verdict,
        facts=verdict.facts or record.facts,
        counted_s=verdict.started_s if counted else record.counted_s,
        last_start_s=verdict.started_s,
        last_pass_s=verdict.finished_s if passed else record.last_pass_s,
        down_since_s=(record.down_since_s if record.failures else verdict.started_s) if failures else None,
        up_since_s=(record.up_since_s if record.passes else verdict.finished_s) if passed else None,
        fresh_until_pass=not passed and (record.fresh_until_pass or verdict.fresh),
        checks_since_fresh=0 if verdict.fresh else record.checks_since_fresh + 1,
        last_fresh_s=verdict.started_s if verdict.fresh else record.last_fresh_s,
        last_fresh_pass_s=verdict.started_s if passed and verdict.fresh else record.last_fresh_pass_s,
        lost_s=record.lost_s,
    )


def _tell_active(turn: Turn, before: Record, after: Record, verdict: Verdict) -> None:
    role, threshold = verdict.role, turn.policy.failure_threshold
    if verdict.fault is None:
        if before.verdict is not None and not before.passed and not before.failures:
            turn.tell(Kind.RECOVERED, Level.GOOD, f"{role}: answers as expected again", role, count=0)
        return
    if not counts(role, verdict.fault):
        _tell_degraded(turn, before, verdict)
    elif before.failures < after.failures <= threshold and turn.model.state not in SWITCHING | {State.UNAVAILABLE}:
        turn.tell(
            Kind.CHECK_FAILED,
            Level.WARNING,
            f"{role}: check failed {after.failures}/{threshold} after {_took_ms(verdict)} ms: {_why(verdict)}",
            role,
            count=after.failures,
            threshold=threshold,
            fault=verdict.fault.value,
            error=verdict.detail,
            after_ms=_took_ms(verdict),
        )


def _tell_standby(turn: Turn, before: Record, after: Record, verdict: Verdict) -> None:
    role = verdict.role
    if turn.model.state is State.SECONDARY and before.failures:
        _tell_retry(turn, before, verdict)
    if verdict.fault is None:
        if before.failures and before.down_since_s is not None:
            down_s = turn.now_s - before.down_since_s
            text = f"{role}: answers again after {before.failures} failures, {down_s:.1f}s"
            turn.tell(Kind.STANDBY_UP, Level.GOOD, text, role, count=before.failures, down_s=down_s)
        elif before.verdict is not None and not before.passed:
            turn.tell(Kind.STANDBY_UP, Level.GOOD, f"{role}: answers as expected again", role, count=0)
    elif after.failures == before.failures:
        _tell_degraded(turn, before, verdict)
    elif after.failures == 1:
        turn.tell(
            Kind.STANDBY_DOWN,
            Level.WARNING,
            f"{role}: check failed after {_took_ms(verdict)} ms: {_why(verdict)}; it could not take over now",
            role,
            fault=verdict.fault.value,
            error=verdict.detail,
        )


def _tell_retry(turn: Turn, before: Record, verdict: Verdict) -> None:
    """Tell each try of the failed primary to the log, and to everyone what came of the first and of a different one."""
    outcome = f": {_why(verdict)}" if verdict.fault else ""
    first = before.last_start_s is None or before.last_start_s < turn.model.since_s
    same = before.verdict is not None and before.verdict.fault is verdict.fault
    told = verdict.fault is None or (same and not first)
    text = f"tried the primary again{outcome}"
    turn.effects.append(Tell(Kind.RETRYING, Level.INFO, text, verdict.role, log_only=told))


def _tell_degraded(turn: Turn, before: Record, verdict: Verdict) -> None:
    """Tell a fault that does not count once, not at every check."""
    if before.verdict is not None and before.verdict.fault is verdict.fault:
        return
    turn.tell(
        Kind.CHECK_DEGRADED,
        Level.WARNING,
        f"{verdict.role}: {_why(verdict)}; this does not count as a failure",
        verdict.role,
        fault=verdict.fault.value if verdict.fault else "",
        error=verdict.detail,
    )


def _took_ms(verdict: Verdict) -> int:
    return round((verdict.finished_s - verdict.started_s) * 1000)


def _why(verdict: Verdict) -> str:
    words = verdict.fault.words if verdict.fault else ""
    adds = verdict.detail and not verdict.detail.lower().startswith(words)
    return f"{words} ({verdict.detail})" if adds else words


def connection_lost(turn: Turn, event: ConnectionLost) -> None:
    """Check the active database at once on a new connection: the loss of an idle one proves nothing yet.

    At most once in a check interval, since servers and poolers may end idle sessions for good reasons. The standby waits for
    its turn: a cloud database that has gone to sleep ends its sessions, and must not be woken by that.
    """
    if event.role not in turn.model.roles:
        msg = f"a lost connection to the {event.role}, which is not configured"
        raise IllegalEventError(msg)
    record = turn.model.record(event.role)
    turn.set_record(event.role, replace(record, lost_s=turn.now_s))
    if event.role is not turn.model.active:
        return
    if record.lost_s is None or turn.now_s - record.lost_s >= turn.policy.check_interval_s:
        text = f"{event.role}: idle connection lost, checking at once"
        turn.tell(Kind.CONNECTION_LOST, Level.WARNING, text, event.role, error=event.detail)
        turn.probe(event.role, fresh=True)


def slept(turn: Turn, event: Slept) -> None:
    """Forget streaks and void the checks in flight: they measured our sleep, not a server."""
    release(turn)
    for role in turn.model.roles:
        record = turn.model.record(role)
        turn.set_record(role, Record(facts=record.facts, last_pass_s=record.last_pass_s))
        turn.probe(role, fresh=True)
    turn.set(
        discard_before_s=turn.now_s,
        suspicion_since_s=None,
        unavailable_since_s=None,
        takeover_after_s=None,
        told_obstacle="",
        sync=turn.model.sync and aged(turn.model.sync, event.seconds),
    )
    text = f"this computer slept for {event.seconds:.0f}s: earlier failures are forgotten, checking anew"
    turn.tell(Kind.SLEPT, Level.INFO, text, seconds=event.seconds)
    if Trigger.FORGOTTEN in TABLE[turn.model.state]:
        turn.fire(Trigger.FORGOTTEN)


def elapsed(turn: Turn, _event: Elapsed) -> None:
    """Arm again when a disarming was limited in time."""
    mode = turn.model.mode
    if mode.until_s is not None and turn.now_s >= mode.until_s and turn.model.disagrees and not turn.policy.observe:
        why = f"PgBouncer points to {turn.model.reading.address}"
        turn.set(
            mode=Mode(armed=False, by=AUTOMATION, since_s=turn.now_s, why=why), mode_before=Mode(since_s=turn.now_s)
        )
    elif mode.until_s is not None and turn.now_s >= mode.until_s:
        turn.set(mode=Mode(since_s=turn.now_s), mode_before=None)
        turn.tell(Kind.ARMED, Level.INFO, "automatic switching is on again: the time of the disarming is over")
    before = turn.model.mode_before
    if before is not None and before.until_s is not None and turn.now_s >= before.until_s:
        turn.set(mode_before=replace(before, armed=True, by="", why="", until_s=None))
