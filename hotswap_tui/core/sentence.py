"""The picture in one sentence: who serves, since when, and what comes next. Screens and the command line say the same."""

from __future__ import annotations

from dataclasses import replace
from textwrap import shorten
from typing import TYPE_CHECKING

from hotswap_tui.core.failback_words import arming_fails_back, fault_of, primary_next, trouble, way_back
from hotswap_tui.core.sentence_parts import MAY, SHOULD, Part, Sentence, clause, keys_last
from hotswap_tui.core.switch_words import steps_shortened, way
from hotswap_tui.core.sync_sentence import urgent
from hotswap_tui.core.time_words import age, clock_time, coming, duration
from hotswap_tui.core.traffic_words import (
    gateway,
    in_trouble,
    news,
    not_proven,
    paused,
    paused_by_others,
    unproven,
    unreadable,
    waiting,
)
from hotswap_tui.core.values import SWITCHING, Health, Level, Role, State, SwitchKind

if TYPE_CHECKING:
    from datetime import tzinfo

    from hotswap_tui.core.snapshot import DatabaseView, Snapshot
    from hotswap_tui.core.values import Switch

_SHORT = 42
"""Cells for a reason beside who fails on the narrowest usual screen."""
AUTOMATION_OFF = "AUTO OFF"
"""The one short form of "automatic switching is off", wherever it stands."""
OBSERVES = "OBSERVING"
"""The same for an engine that never acts."""


def verdict(snapshot: Snapshot, now_s: float, zone: tzinfo | None = None) -> Sentence:
    """Say how things stand at `now_s` (monotonic); wall times in `zone`, local when None."""
    switch = snapshot.switch
    if snapshot.disagrees and (switch is None or switch.kind is not SwitchKind.REPAIR):
        return _disagrees(snapshot, now_s)
    if switch is not None or snapshot.state in SWITCHING:
        return _switching(snapshot, now_s)
    if snapshot.state is State.STARTING:
        return _starting(snapshot, now_s)
    if not snapshot.serving:
        return _nobody(snapshot, now_s, zone)
    if _active(snapshot).failures:
        return _failing(snapshot, now_s)
    return _serving(snapshot, now_s, zone)


def silence(stale_s: float, reason: str = "") -> Sentence:
    """Say that the engine has not answered for `stale_s` seconds."""
    why = f": {reason}" if reason else ""
    return Sentence(
        Level.BAD, (Part(f"NO ENGINE answers for {age(stale_s)}{why}"), Part("last picture below", rank=MAY))
    )


def _active(snapshot: Snapshot) -> DatabaseView:
    return snapshot.database(snapshot.active) or snapshot.primary


def _name(role: Role) -> str:
    return role.value.upper()


def _disagrees(snapshot: Snapshot, now_s: float) -> Sentence:
    where = snapshot.router.address or ("unreadable" if snapshot.router.error else "nowhere")
    role = f"{_name(snapshot.active)} {'serving' if snapshot.serving else 'chosen'}"
    points = f"pgbouncer → {where} ✗ DISAGREES"
    subject = Part(f"{role} but {points}", (points, "pgbouncer ✗ DISAGREES"))
    return Sentence(Level.BAD, (subject, *waiting(snapshot, now_s), Part("to repair", command="repair")))


def _switching(snapshot: Snapshot, now_s: float) -> Sentence:
    switch = snapshot.switch
    if switch is None:
        return Sentence(Level.WARNING, (Part(f"SWITCHING to {snapshot.active.other}"),))
    for_s = age(now_s - switch.started_s)
    if switch.unknown:
        doubt = Part(f"for {for_s}; reading the gateway", (f"for {for_s}",), Level.WARNING)
        return Sentence(Level.BAD, (Part(f"UNKNOWN whether {way(switch)} happened"), doubt))
    verb = "REPAIRING" if switch.kind is SwitchKind.REPAIR else "SWITCHING"
    parts = [
        Part(f"{verb} {way(switch)}", (f"{verb} → {switch.target}",)),
        _step(switch, routed=snapshot.router.routed),
    ]
    if switch.detail:
        parts.append(
            Part(switch.detail, (clause(switch.detail), clause(switch.detail).partition(": ")[0]), rank=SHOULD)
        )
    parts.append(Part(for_s, rank=MAY))
    if switch.cancelled_by:
        putting_back = f"cancelled by {switch.cancelled_by}, putting everything back"
        parts.append(Part(putting_back, ("being cancelled",), Level.WARNING))
    elif switch.cancellable:
        parts.append(Part("to cancel", ("cancel",), command="cancel"))
    return Sentence(Level.WARNING, tuple(parts))


def _step(switch: Switch, *, routed: bool) -> Part:
    again = f", attempt {switch.attempt}" if switch.attempt > 1 else ""
    if not routed:
        return Part(f"{switch.step or 'begin'} …{again}")
    every, *shorter = steps_shortened(switch)
    return Part(f"{every}{again}", (*(f"{form}{again}" for form in shorter), shorter[-1] if shorter else every))


def _starting(snapshot: Snapshot, now_s: float) -> Sentence:
    view = _active(snapshot)
    if view.health is Health.DEGRADED:
        words = f"{view.role}: {fault_of(view).words}"
        told = Part(f"{words}; does not count as a failure", (words,))
        return Sentence(Level.BAD, (Part("NO DATABASE serving", ("NO DATABASE",)), told, *_rescue(snapshot, now_s)))
    which = "the database" if snapshot.secondary is None else "both databases"
    return Sentence(Level.INFO, keys_last([Part("STARTING"), Part(f"first check of {which}"), *_off(snapshot, now_s)]))


def _rescue(snapshot: Snapshot, now_s: float) -> tuple[Part, ...]:
    """Say what a person can do while nobody serves, and whether automation may."""
    off = _off(snapshot, now_s)
    parts = [*off]
    other = snapshot.database(snapshot.active.other)
    if other is not None and other.health is Health.UP and not snapshot.policy.observe:
        if off:
            parts.append(Part(f"{other.role} is up", rank=SHOULD))
        parts.insert(0, Part("to switch", command="switch", rank=SHOULD))
    return keys_last(parts)


def _nobody(snapshot: Snapshot, now_s: float, zone: tzinfo | None) -> Sentence:
    since_s = snapshot.unavailable_since_s
    subject = Part("NO DATABASE serving")
    if since_s is not None:
        wall = clock_time(snapshot.wall_s - snapshot.now_s + since_s, zone)
        for_s = duration(now_s - since_s)
        subject = Part(f"NO DATABASE serving since {wall} ({for_s})", (f"NO DATABASE for {for_s}",))
    told = (subject, *_why_nobody(snapshot), *in_trouble(snapshot, now_s), *_rescue(snapshot, now_s))
    return Sentence(Level.BAD, keys_last(told))


def _why_nobody(snapshot: Snapshot) -> tuple[Part, ...]:
    second = snapshot.secondary
    if second is None:
        return (Part("no secondary is configured; still checking", ("still checking",), rank=SHOULD),)
    if snapshot.primary.health is Health.DOWN and second.health is Health.DOWN:
        return (Part("both are down; still checking", ("both are down",), rank=SHOULD),)
    other = snapshot.active.other
    view = snapshot.database(other)
    if not snapshot.mode.armed and view is not None and view.health is Health.UP:
        return ()
    reason = snapshot.blocked or f"{other} may not take over"
    return (Part(f"{reason}; still checking", (reason, clause(reason)), rank=SHOULD),)


def _failing(snapshot: Snapshot, now_s: float) -> Sentence:
    view = _active(snapshot)
    threshold = snapshot.policy.failure_threshold
    subject = Part(f"{_name(snapshot.active)} failing {min(view.failures, threshold)}/{threshold}")
    who_waits = in_trouble(snapshot, now_s)
    off = _off(snapshot, now_s)
    if off:
        return Sentence(Level.BAD, keys_last((subject, *off, *who_waits)))
    if snapshot.drill is not None and not snapshot.drill.planned:
        subject = Part(f"{subject.text} in a drill of {snapshot.drill.by}", (f"{subject.text} (drill)",), Level.WARNING)
    if snapshot.countdown is None:
        return Sentence(Level.WARNING, (subject, _no_switch(snapshot), *who_waits))
    action, due = snapshot.countdown.action, coming(snapshot.countdown.at_s - now_s)
    verb = action.partition(" ")[0]
    next_act = Part(f"{action} {due} unless it answers", (f"{action} {due}", f"{verb} {due}"))
    return Sentence(Level.WARNING, (subject, next_act, *who_waits, Part("to stop", command="arm", rank=SHOULD)))


def _no_switch(snapshot: Snapshot) -> Part:
    if snapshot.blocked:
        return Part(f"no switch: {snapshot.blocked}", (f"no switch: {clause(snapshot.blocked)}", *_cut_short(snapshot)))
    if snapshot.secondary is None:
        return Part("no secondary to switch to", ("no secondary",))
    return Part(f"waiting for a check of {snapshot.active.other}", (f"{snapshot.active.other} unchecked",))


def _cut_short(snapshot: Snapshot) -> tuple[str, ...]:
    reason = clause(snapshot.blocked)
    return (
        f"no switch: {reason.partition(': ')[0]}",
        f"no switch: {shorten(reason, _SHORT, placeholder=' …')}",
        "no switch",
    )


def _off(snapshot: Snapshot, now_s: float) -> tuple[Part, ...]:
    mode = snapshot.mode
    if snapshot.policy.observe and snapshot.secondary is not None:
        return (Part("observing only: nothing is moved", ("observing only", OBSERVES), Level.WARNING),)
    if mode.armed or snapshot.secondary is None:
        return ()
    who = f"{mode.by}, " if mode.by else ""
    until = f", on again {coming(mode.until_s - now_s)}" if mode.until_s is not None else ""
    off = "automatic switching is OFF"
    told = f"{off} ({who}{age(now_s - mode.since_s)}{until})"
    arm = "to arm and fail back" if arming_fails_back(snapshot) else "to arm"
    return (Part(told, (off, AUTOMATION_OFF), Level.WARNING), Part(arm, command="arm", rank=SHOULD))


def _serving(snapshot: Snapshot, now_s: float, zone: tzinfo | None) -> Sentence:
    off = _off(snapshot, now_s)
    if unreachable := _through_no_gateway(snapshot):
        return Sentence(Level.BAD, keys_last((*unreachable, *off)))
    doubt = not_proven(snapshot) if unproven(snapshot) else []
    parts = [_subject(snapshot, now_s), *doubt, *_degraded(snapshot), *_drill(snapshot), *off, *_standby(snapshot)]
    parts += urgent(snapshot, now_s)
    parts += waiting(snapshot, now_s)
    rest = [primary_next(snapshot, now_s, zone)] if snapshot.active is Role.SECONDARY else []
    rest += gateway(snapshot)
    parts += [replace(part, rank=MAY) for part in rest] if doubt else rest
    parts += [*news(snapshot, now_s), *way_back(snapshot)]
    return Sentence(Level.BAD if doubt else _serving_level(snapshot, now_s, armed=not off), keys_last(parts))


def _drill(snapshot: Snapshot) -> list[Part]:
    """Say whose drill it is, so that nobody takes it for trouble."""
    return [] if snapshot.drill is None else [Part(f"drill of {snapshot.drill.by}", ("drill",), Level.WARNING)]


def _through_no_gateway(snapshot: Snapshot) -> list[Part]:
    """Say why clients do not reach a database that serves; nothing when they do."""
    if snapshot.router.error:
        return unreadable(snapshot)
    return paused(snapshot) if paused_by_others(snapshot) else []


def _subject(snapshot: Snapshot, now_s: float) -> Part:
    since = duration(now_s - snapshot.since_s)
    if snapshot.active is Role.SECONDARY and not snapshot.router.routed:
        return Part(f"SECONDARY chosen {since}, no gateway", (f"SECONDARY chosen {since}", "SECONDARY chosen"))
    return Part(f"{_name(snapshot.active)} serving {since}")


def _serving_level(snapshot: Snapshot, now_s: float, *, armed: bool) -> Level:
    if snapshot.active is Role.SECONDARY or not armed:
        return Level.WARNING
    troubled = _degraded(snapshot) or _standby(snapshot) or urgent(snapshot, now_s)
    return Level.WARNING if troubled else Level.GOOD


def _degraded(snapshot: Snapshot) -> list[Part]:
    active = _active(snapshot)
    if active.health is not Health.DEGRADED:
        return []
    words = fault_of(active).words
    return [Part(f"{words}; does not count as a failure", (words,), Level.WARNING)]


def _standby(snapshot: Snapshot) -> list[Part]:
    other = snapshot.database(snapshot.active.other)
    if other is None or snapshot.active is Role.SECONDARY or other.health in {Health.UP, Health.UNKNOWN}:
        return []
    state = trouble(other)
    text = state if snapshot.failover_available else f"{state}, no failover possible"
    return [Part(text, (state,), Level.WARNING)]
