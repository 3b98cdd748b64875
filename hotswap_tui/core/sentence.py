"""The picture in one sentence: who serves, since when, and what comes next. Screens and the command line say the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hotswap_tui.core.values import SWITCHING, Fault, Health, Level, Role, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import tzinfo

    from hotswap_tui.core.snapshot import DatabaseView, Snapshot
    from hotswap_tui.core.values import Switch

NO_GATEWAY = "no gateway, nothing is moved, applications follow by themselves"
AUTOMATION_OFF = "AUTO OFF"
"""The one short form of "automatic switching is off", wherever it stands."""
SEPARATOR = "   "
_MINUTE_S = 60
_HOUR_S = 3600
_DAY_S = 86400
_TENTHS_BELOW_S = 10.0
MUST, SHOULD, MAY = range(3)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the sentence. With `command` it names what a person can press, `text` being what that does."""

    text: str
    shorter: tuple[str, ...] = ()
    """Said instead where room is scarce, the longest first."""
    level: Level | None = None
    rank: int = MUST
    """What goes first when room is scarce: the highest."""
    command: str = ""

    def say(self, keys: Mapping[str, str]) -> str:
        """Return the words, the command's key before them."""
        return f"{keys[self.command]} {self.text}" if self.command else self.text


@dataclass(frozen=True, slots=True)
class Sentence:
    """Parts in the order in which they are read; the first names who serves."""

    level: Level
    parts: tuple[Part, ...]

    def say(self, keys: Mapping[str, str] | None = None) -> str:
        """Return it as one line; parts about commands without a key in `keys` are left out."""
        known = keys or {}
        said = (part.say(known) for part in self.parts if not part.command or part.command in known)
        return SEPARATOR.join(said)


def duration(seconds: float) -> str:
    """Return `00:02:31`, from a day on `3d 04:12`."""
    whole = max(int(seconds), 0)
    hours, minutes = whole // _HOUR_S, whole // _MINUTE_S % _MINUTE_S
    if whole < _DAY_S:
        return f"{hours:02}:{minutes:02}:{whole % _MINUTE_S:02}"
    return f"{whole // _DAY_S}d {hours % 24:02}:{minutes:02}"


def age(seconds: float | None) -> str:
    """Return at most four characters: `0.4s`, `42s`, `12m`, `31h`, `12d`; `-` for None."""
    if seconds is None:
        return "-"
    value = max(seconds, 0.0)
    if value < _TENTHS_BELOW_S - 0.05:
        return f"{value:.1f}s"
    for unit_s, sign, until_s in ((1, "s", 100), (_MINUTE_S, "m", 100 * _MINUTE_S), (_HOUR_S, "h", 100 * _HOUR_S)):
        if value < until_s:
            return f"{int(value) // unit_s}{sign}"
    return f"{int(value) // _DAY_S}d"


def remaining(seconds: float) -> str:
    """Return the time left: `1.0s`, `42s`, `1:23`, `1:02:03`."""
    value = max(seconds, 0.0)
    if value < _TENTHS_BELOW_S - 0.05:
        return f"{value:.1f}s"
    whole = round(value)
    if whole < _MINUTE_S:
        return f"{whole}s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S}:{whole % _MINUTE_S:02}"
    return f"{whole // _HOUR_S}:{whole // _MINUTE_S % _MINUTE_S:02}:{whole % _MINUTE_S:02}"


def verdict(snapshot: Snapshot, now_s: float, zone: tzinfo | None = None) -> Sentence:
    """Say how things stand at `now_s` (monotonic); wall times in `zone`, local when None."""
    if snapshot.disagrees:
        return _disagrees(snapshot)
    if snapshot.switch is not None or snapshot.state in SWITCHING:
        return _switching(snapshot, now_s)
    if snapshot.state is State.STARTING:
        return _starting(snapshot, now_s)
    if not snapshot.serving:
        return _nobody(snapshot, now_s, zone)
    if _active(snapshot).failures:
        return _failing(snapshot, now_s)
    return _serving(snapshot, now_s)


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


def _disagrees(snapshot: Snapshot) -> Sentence:
    where = snapshot.router.address or "nowhere"
    return Sentence(
        Level.BAD,
        (
            Part(
                f"{_name(snapshot.active)} {'serving' if snapshot.serving else 'chosen'} but pgbouncer → {where} ✗ DISAGREES"
            ),
            Part("to repair", command="repair", rank=SHOULD),
        ),
    )


def _switching(snapshot: Snapshot, now_s: float) -> Sentence:
    switch = snapshot.switch
    if switch is None:
        return Sentence(Level.WARNING, (Part(f"SWITCHING to {snapshot.active.other}"),))
    way = f"{switch.source} → {switch.target}"
    for_s = age(now_s - switch.started_s)
    if switch.unknown:
        doubt = Part(f"for {for_s}; reading the gateway", (f"for {for_s}",), Level.WARNING)
        return Sentence(Level.BAD, (Part(f"UNKNOWN whether {way} happened"), doubt))
    parts = [Part(f"SWITCHING {way}"), _step(switch), Part(for_s, rank=MAY)]
    if switch.cancellable:
        parts.append(Part("to cancel", command="cancel", rank=SHOULD))
    return Sentence(Level.WARNING, tuple(parts))


def _step(switch: Switch) -> Part:
    again = f", attempt {switch.attempt}" if switch.attempt > 1 else ""
    return Part(f"{switch.step or 'begin'} …{again}")


def _starting(snapshot: Snapshot, now_s: float) -> Sentence:
    view = _active(snapshot)
    if view.health is Health.DEGRADED:
        words = f"{view.role}: {_fault(view).words}"
        told = Part(f"{words}; does not count as a failure", (words,))
        return Sentence(Level.BAD, (Part("NO DATABASE serving", ("NO DATABASE",)), told, *_rescue(snapshot, now_s)))
    which = "the database" if snapshot.secondary is None else "both databases"
    return Sentence(Level.INFO, _keys_last([Part("STARTING"), Part(f"first check of {which}"), *_off(snapshot, now_s)]))


def _fault(view: DatabaseView) -> Fault:
    return (view.verdict.fault if view.verdict is not None else None) or Fault.UNKNOWN


def _keys_last(parts: Iterable[Part]) -> tuple[Part, ...]:
    return tuple(sorted(parts, key=lambda part: bool(part.command)))


def _rescue(snapshot: Snapshot, now_s: float) -> tuple[Part, ...]:
    """Say what a person can do while nobody serves, and whether automation may."""
    off = _off(snapshot, now_s)
    parts = [*off]
    other = snapshot.database(snapshot.active.other)
    if other is not None and other.health is Health.UP:
        if off:
            parts.append(Part(f"{other.role} is up", rank=SHOULD))
        parts.insert(0, Part("to switch", command="switch", rank=SHOULD))
    return _keys_last(parts)


def _nobody(snapshot: Snapshot, now_s: float, zone: tzinfo | None) -> Sentence:
    since_s = snapshot.unavailable_since_s
    subject = Part("NO DATABASE serving")
    if since_s is not None:
        wall = datetime.fromtimestamp(snapshot.wall_s - snapshot.now_s + since_s, UTC).astimezone(zone)
        for_s = duration(now_s - since_s)
        subject = Part(f"NO DATABASE serving since {wall:%H:%M:%S} ({for_s})", (f"NO DATABASE for {for_s}",))
    return Sentence(Level.BAD, (subject, *_why_nobody(snapshot), *_rescue(snapshot, now_s)))


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
    return (Part(f"{reason}; still checking", (reason, _clause(reason)), rank=SHOULD),)


def _clause(reason: str) -> str:
    """Return what stands before the advice."""
    return reason.partition("; ")[0]


def _failing(snapshot: Snapshot, now_s: float) -> Sentence:
    view = _active(snapshot)
    threshold = snapshot.policy.failure_threshold
    subject = Part(f"{_name(snapshot.active)} failing {min(view.failures, threshold)}/{threshold}")
    off = _off(snapshot, now_s)
    if off:
        return Sentence(Level.BAD, (subject, *off))
    if snapshot.countdown is not None:
        action = f"{snapshot.countdown.action} in {remaining(snapshot.countdown.at_s - now_s)}"
        coming = Part(f"{action} unless it answers", (action,))
        return Sentence(Level.WARNING, (subject, coming, Part("to stop", command="arm", rank=SHOULD)))
    return Sentence(Level.WARNING, (subject, _no_switch(snapshot)))


def _no_switch(snapshot: Snapshot) -> Part:
    if snapshot.blocked:
        return Part(f"no switch: {snapshot.blocked}", (f"no switch: {_clause(snapshot.blocked)}",))
    if snapshot.secondary is None:
        return Part("no secondary to switch to")
    return Part(f"waiting for a check of {snapshot.active.other}")


def arming_fails_back(snapshot: Snapshot) -> bool:
    """Say whether automation, once on again, would move traffic back to the primary at once."""
    idle = not snapshot.mode.armed and snapshot.switch is None and not snapshot.disagrees
    proven = snapshot.primary.passes >= snapshot.policy.recovery_threshold
    return idle and snapshot.state is State.SECONDARY and snapshot.policy.failback_auto and proven


def _off(snapshot: Snapshot, now_s: float) -> tuple[Part, ...]:
    mode = snapshot.mode
    if mode.armed or snapshot.secondary is None:
        return ()
    who = f"{mode.by}, " if mode.by else ""
    until = f", on again in {remaining(mode.until_s - now_s)}" if mode.until_s is not None else ""
    off = "automatic switching is OFF"
    told = f"{off} ({who}{age(now_s - mode.since_s)}{until})"
    arm = "to arm and fail back" if arming_fails_back(snapshot) else "to arm"
    return (Part(told, (off, AUTOMATION_OFF), Level.WARNING), Part(arm, command="arm", rank=SHOULD))


def _serving(snapshot: Snapshot, now_s: float) -> Sentence:
    off = _off(snapshot, now_s)
    parts = [_subject(snapshot, now_s), *_degraded(snapshot), *off, *_standby(snapshot)]
    if snapshot.active is Role.SECONDARY:
        parts += _on_secondary(snapshot, now_s)
    parts += _gateway(snapshot)
    return Sentence(_serving_level(snapshot, armed=not off), _keys_last(parts))


def _subject(snapshot: Snapshot, now_s: float) -> Part:
    since = duration(now_s - snapshot.since_s)
    if snapshot.active is Role.SECONDARY and not snapshot.router.routed:
        return Part(f"SECONDARY chosen {since}, no gateway", (f"SECONDARY chosen {since}", "SECONDARY chosen"))
    return Part(f"{_name(snapshot.active)} serving {since}")


def _serving_level(snapshot: Snapshot, *, armed: bool) -> Level:
    if snapshot.active is Role.SECONDARY or not armed or snapshot.router.error:
        return Level.WARNING
    return Level.WARNING if _degraded(snapshot) or _standby(snapshot) else Level.GOOD


def _degraded(snapshot: Snapshot) -> list[Part]:
    active = _active(snapshot)
    if active.health is not Health.DEGRADED:
        return []
    words = _fault(active).words
    return [Part(f"{words}; does not count as a failure", (words,), Level.WARNING)]


def _standby(snapshot: Snapshot) -> list[Part]:
    other = snapshot.database(snapshot.active.other)
    if other is None or snapshot.active is Role.SECONDARY or other.health in {Health.UP, Health.UNKNOWN}:
        return []
    state = _trouble(other)
    text = state if snapshot.failover_available else f"{state}, no failover possible"
    return [Part(text, (state,), Level.WARNING)]


def _trouble(view: DatabaseView) -> str:
    """Return the role and what is wrong with it: down, failing, or the fault that does not count."""
    if view.health is Health.DEGRADED:
        return f"{view.role}: {_fault(view).words}"
    return f"{view.role} DOWN" if view.health is Health.DOWN else f"{view.role} {view.health}"


def _on_secondary(snapshot: Snapshot, now_s: float) -> list[Part]:
    parts = [_primary_next(snapshot, now_s)]
    last = snapshot.last_switch
    if last is not None and last.result == "done" and snapshot.router.routed:
        parts.append(Part(f"moved in {last.took_s:.2f}s", rank=MAY))
    if snapshot.primary.health is Health.UP and not arming_fails_back(snapshot):
        parts.append(Part("to fail back", ("fail back",), command="failback", rank=SHOULD))
    return parts


def _primary_next(snapshot: Snapshot, now_s: float) -> Part:
    """Say how far the primary is from taking traffic back."""
    view = snapshot.primary
    if view.health is not Health.UP:
        return _next_try(view, now_s)
    needed = snapshot.policy.recovery_threshold
    back = f"primary back {view.passes}/{needed}" if view.passes < needed else "primary is up"
    if snapshot.countdown is not None:
        left = f"failback in {remaining(snapshot.countdown.at_s - now_s)}"
        return Part(f"{back}, {left}", (left,))
    if snapshot.blocked and snapshot.mode.armed:
        reason = f"{back}, no failback: {snapshot.blocked}"
        return Part(reason, (f"{back}, no failback: {_clause(snapshot.blocked)}", back))
    return Part(back)


def _next_try(view: DatabaseView, now_s: float) -> Part:
    trouble = _trouble(view)
    if view.health is Health.UNKNOWN or view.checking or view.next_check_s <= now_s:
        return Part(f"{trouble}, trying it now", (trouble,))
    left = remaining(view.next_check_s - now_s)
    return Part(f"{trouble}, next try in {left}", (f"{trouble}, try in {left}", f"next try in {left}"))


def _gateway(snapshot: Snapshot) -> list[Part]:
    router = snapshot.router
    if snapshot.secondary is None:
        return [Part("watching one database", rank=MAY)]
    if not router.routed:
        told = NO_GATEWAY if snapshot.active is Role.PRIMARY else NO_GATEWAY.partition(", ")[2]
        return [Part(told, (told.rpartition(", ")[0],), rank=MAY)]
    if router.error:
        return [Part(f"pgbouncer cannot be read: {router.error}", ("pgbouncer cannot be read",), Level.BAD)]
    return [Part(f"pgbouncer → {router.address} ✓", ("pgbouncer ✓",), rank=MAY)]
