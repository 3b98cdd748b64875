"""The picture in one sentence: who serves, since when, and what comes next. Screens and the command line say the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hotswap_tui.core.values import SWITCHING, Fault, Health, Level, Role, State

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from hotswap_tui.core.snapshot import DatabaseView, Snapshot
    from hotswap_tui.core.values import Switch

HOT_SWAP_HINT = "Set DATABASE_URL_SECONDARY to enable automatic database failover"
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
    short: str = ""
    """Said instead where room is scarce; empty: there is no shorter form."""
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
        return _starting(snapshot)
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
        doubt = Part(f"for {for_s}; reading the gateway", f"for {for_s}", Level.WARNING)
        return Sentence(Level.BAD, (Part(f"UNKNOWN whether {way} happened"), doubt))
    parts = [Part(f"SWITCHING {way}"), _step(switch), Part(for_s, rank=MAY)]
    if switch.cancellable:
        parts.append(Part("to cancel", command="cancel", rank=SHOULD))
    return Sentence(Level.WARNING, tuple(parts))


def _step(switch: Switch) -> Part:
    again = f", attempt {switch.attempt}" if switch.attempt > 1 else ""
    return Part(f"{switch.step or 'begin'} …{again}")


def _starting(snapshot: Snapshot) -> Sentence:
    if snapshot.secondary is None:
        return Sentence(Level.INFO, (Part("STARTING"), Part("first check of the database")))
    return Sentence(Level.INFO, (Part("STARTING"), Part("first check of both databases")))


def _nobody(snapshot: Snapshot, now_s: float, zone: tzinfo | None) -> Sentence:
    since_s = snapshot.unavailable_since_s
    subject = Part("NO DATABASE serving")
    if since_s is not None:
        wall = datetime.fromtimestamp(snapshot.wall_s - snapshot.now_s + since_s, UTC).astimezone(zone)
        long = f"NO DATABASE serving since {wall:%H:%M:%S} ({duration(now_s - since_s)})"
        subject = Part(long, short=f"NO DATABASE for {duration(now_s - since_s)}")
    return Sentence(Level.BAD, (subject, _why_nobody(snapshot), *_off(snapshot, now_s)))


def _why_nobody(snapshot: Snapshot) -> Part:
    second = snapshot.secondary
    if second is None:
        return Part("no secondary is configured; still checking", short="still checking", rank=SHOULD)
    if snapshot.primary.health is Health.DOWN and second.health is Health.DOWN:
        return Part("both are down; still checking", rank=SHOULD)
    reason = snapshot.blocked or f"{snapshot.active.other} may not take over"
    return Part(f"{reason}; still checking", short=reason, rank=SHOULD)


def _failing(snapshot: Snapshot, now_s: float) -> Sentence:
    view = _active(snapshot)
    subject = Part(f"{_name(snapshot.active)} failing {view.failures}/{snapshot.policy.failure_threshold}")
    off = _off(snapshot, now_s)
    if off:
        return Sentence(Level.BAD, (subject, *off))
    if snapshot.countdown is not None:
        left = remaining(snapshot.countdown.at_s - now_s)
        action = f"{snapshot.countdown.action} in {left}"
        coming = Part(f"{action} unless it answers", short=action)
        return Sentence(Level.WARNING, (subject, coming, Part("to stop", command="arm", rank=SHOULD)))
    return Sentence(Level.WARNING, (subject, _no_switch(snapshot)))


def _no_switch(snapshot: Snapshot) -> Part:
    if snapshot.blocked:
        return Part(f"no switch: {snapshot.blocked}")
    if snapshot.secondary is None:
        return Part("no secondary to switch to")
    return Part(f"waiting for a check of {snapshot.active.other}")


def _off(snapshot: Snapshot, now_s: float) -> tuple[Part, ...]:
    mode = snapshot.mode
    if mode.armed or snapshot.secondary is None:
        return ()
    who = f"{mode.by}, " if mode.by else ""
    until = f", on again in {remaining(mode.until_s - now_s)}" if mode.until_s is not None else ""
    since = age(now_s - mode.since_s)
    return (
        Part(
            f"automatic failover is OFF ({who}{since}{until})",
            short="automatic failover is OFF",
            level=Level.WARNING,
        ),
        Part("to arm", command="arm", rank=SHOULD),
    )


def _serving(snapshot: Snapshot, now_s: float) -> Sentence:
    off = _off(snapshot, now_s)
    parts = [_subject(snapshot, now_s), *off, *_standby(snapshot)]
    if snapshot.active is Role.SECONDARY:
        parts += _on_secondary(snapshot, now_s)
    parts += _gateway(snapshot)
    said = sorted(parts, key=lambda part: bool(part.command))
    return Sentence(_serving_level(snapshot, armed=not off), tuple(said))


def _subject(snapshot: Snapshot, now_s: float) -> Part:
    chosen = not snapshot.router.routed and snapshot.active is Role.SECONDARY
    return Part(f"{_name(snapshot.active)} {'chosen' if chosen else 'serving'} {duration(now_s - snapshot.since_s)}")


def _serving_level(snapshot: Snapshot, *, armed: bool) -> Level:
    if snapshot.active is Role.SECONDARY or not armed or snapshot.router.error:
        return Level.WARNING
    if _active(snapshot).health is Health.DEGRADED or _standby(snapshot):
        return Level.WARNING
    return Level.GOOD


def _standby(snapshot: Snapshot) -> list[Part]:
    active, other = _active(snapshot), snapshot.database(snapshot.active.other)
    parts = []
    if active.health is Health.DEGRADED and active.verdict is not None:
        fault = active.verdict.fault or Fault.UNKNOWN
        parts.append(Part(f"{fault.words}: alive, no reason to switch", short=fault.words, level=Level.WARNING))
    if other is None or snapshot.active is Role.SECONDARY or other.health in {Health.UP, Health.UNKNOWN}:
        return parts
    state = "DOWN" if other.health is Health.DOWN else other.health.value
    text = f"{other.role} is {state}: no failover possible"
    if snapshot.failover_available:
        text = f"{other.role} is {state}"
    parts.append(Part(text, short=f"{other.role} is {state}", level=Level.WARNING))
    return parts


def _on_secondary(snapshot: Snapshot, now_s: float) -> list[Part]:
    parts = []
    last = snapshot.last_switch
    if last is not None and last.result == "done" and snapshot.router.routed:
        parts.append(Part(f"moved in {last.took_s:.2f}s", rank=MAY))
    if snapshot.countdown is not None:
        parts.append(Part(f"{snapshot.countdown.action} in {remaining(snapshot.countdown.at_s - now_s)}"))
    elif snapshot.blocked:
        parts.append(Part(snapshot.blocked, rank=SHOULD))
    parts.append(Part("to fail back", command="failback", rank=SHOULD))
    return parts


def _gateway(snapshot: Snapshot) -> list[Part]:
    router = snapshot.router
    if snapshot.secondary is None:
        return [Part("watching one database", rank=MAY)]
    if not router.routed:
        if snapshot.active is Role.SECONDARY:
            return [Part("no gateway, nothing is moved", short="nothing is moved", level=Level.WARNING, rank=SHOULD)]
        long = "no gateway: nothing is moved, applications follow by themselves"
        return [Part(long, short="no gateway: nothing is moved", rank=MAY)]
    if router.error:
        return [Part(f"pgbouncer cannot be read: {router.error}", short="pgbouncer cannot be read", level=Level.BAD)]
    return [Part(f"pgbouncer → {router.address} ✓", short="pgbouncer ✓", rank=MAY)]
