"""The incident that matters most: the database that serves fails, another takes over, and the way back. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.switch_words import at_most_s, clients
from hotswap_tui.core.values import SWITCHING, Event, Health, Kind, Level, Role, State, SwitchKind
from hotswap_tui.notify.message import LOOK_S, Message, span

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.notify.incidents import Incidents

TOPIC: Final = "serving"
SLOW_S: Final = 5.0
"""A switch that takes longer is told when it is under way; the end of a faster one says all."""
_NOT_NEWS: Final = frozenset({"busy", "retry", "unchecked"})
"""Obstacles that pass by themselves within seconds."""
ADVICE: Final[Mapping[str, str]] = {
    "disarmed": "To let automation act again: hotswap-tui arm; to move traffic yourself: hotswap-tui switch --to …",
    "manual": "When it suits: hotswap-tui failback",
    "degraded": "What is wrong and how to mend it: hotswap-tui check",
}
"""What a person can do about an obstacle."""


@dataclass(slots=True)
class Course:
    """What the summary tells about one incident. Monotonic seconds."""

    home: Role
    """The database that shall serve: the one that did, or the one that a person chose."""
    drill: bool = False
    down: bool = False
    """Nothing serves, and people may have been told so."""
    unserved_s: float = 0.0
    on_secondary_s: float = 0.0
    secondary_since_s: float | None = None
    switches: int = 0
    waited: int = 0
    longest_s: float = 0.0


class Serving:
    """Follows who serves. `look` is called after events and at `wake_s`."""

    def __init__(self, incidents: Incidents) -> None:
        self._incidents = incidents
        self._course: Course | None = None
        self._home: Role | None = None
        self._slow: tuple[float, Event] | None = None
        """A switch that is under way, and when it is slow."""
        self._by: dict[int, str] = {}
        """Who asked for the switch in flight."""
        self._drill = False
        self._unproven = False
        """People were told that nobody knows who answers."""
        self._hearers: Mapping[Kind, Callable[[Event, Snapshot], None]] = {
            Kind.BOTH_DOWN: self._not_serving,
            Kind.NOT_SERVING: self._not_serving,
            Kind.OBSERVED: self._not_serving,
            Kind.NO_SWITCH: self._no_switch,
            Kind.SWITCHING: self._switching,
            Kind.SWITCHED: self._switched,
            Kind.SWITCH_FAILED: self._failed,
            Kind.SWITCH_UNKNOWN: self._failed,
            Kind.SWITCH_CANCELLED: self._cancelled,
            Kind.PROVEN: self._proven,
            Kind.RECOVERED: self._serves_again,
            Kind.CONNECTED: self._serves_again,
        }

    def hear(self, event: Event, snapshot: Snapshot) -> None:
        """Take in one event."""
        if self._home is None:
            self._begin_life(snapshot)
        if event.kind is Kind.DRILL:
            self._drill = begins_drill(event)
        hearer = self._hearers.get(event.kind)
        if hearer is not None:
            hearer(event, snapshot)

    def look(self, snapshot: Snapshot) -> None:
        """Tell of a switch that has become slow; end what no event has ended."""
        if self._home is None:
            self._begin_life(snapshot)
        if self._slow is not None and snapshot.now_s >= self._slow[0]:
            event, self._slow = self._slow[1], None
            if snapshot.state in SWITCHING:
                self._tell(event, snapshot, f"slow {event.role}", Level.WARNING)
        if self._course is not None and self._at_home(snapshot) and _undisturbed(snapshot):
            text = f"{snapshot.active} serves undisturbed again"
            self._close(Event(0, snapshot.wall_s, Kind.RECOVERED, Level.GOOD, text, snapshot.active), snapshot)

    def wake_s(self, snapshot: Snapshot) -> float | None:
        """Return when to look again."""
        if self._slow is not None:
            return self._slow[0]
        return snapshot.now_s + LOOK_S if self._course is not None and self._at_home(snapshot) else None

    def _at_home(self, snapshot: Snapshot) -> bool:
        home = self._home if self._course is None else self._course.home
        return snapshot.active in {Role.PRIMARY, home}

    def _begin_life(self, snapshot: Snapshot) -> None:
        """Go on where a life before has stopped: on the secondary, by automation's choice, the way back is awaited."""
        away = snapshot.active is Role.SECONDARY
        self._home = Role.SECONDARY if away and not snapshot.mode.armed else Role.PRIMARY
        if away and snapshot.mode.armed:
            course = self._begin(snapshot)
            course.secondary_since_s = snapshot.since_s

    def _begin(self, snapshot: Snapshot) -> Course:
        if self._course is None:
            self._course = Course(self._home or snapshot.active, drill=self._drill)
            self._incidents.open(TOPIC, snapshot.now_s, urgent=True)
        return self._course

    # -- what goes wrong ------------------------------------------------------------------------

    def _not_serving(self, event: Event, snapshot: Snapshot) -> None:
        course = self._begin(snapshot)
        course.down |= event.kind is not Kind.OBSERVED or not snapshot.serving
        reason = str(event.data.get("reason", ""))
        incident = self._incidents.open(TOPIC, snapshot.now_s)
        if reason not in _NOT_NEWS or not incident.said:
            self._tell(event, snapshot, f"{event.kind} {event.role} {reason}", event.level, ADVICE.get(reason, ""))

    def _no_switch(self, event: Event, snapshot: Snapshot) -> None:
        reason = str(event.data.get("reason", ""))
        if self._course is None or reason in _NOT_NEWS:
            return
        level = Level.WARNING if reason in {"budget", "wait"} or self._course.down else Level.INFO
        self._tell(event, snapshot, f"no switch {event.role} {reason}", level, ADVICE.get(reason, ""))

    def _failed(self, event: Event, snapshot: Snapshot) -> None:
        """Tell of a switch of automation's; who asked for one sees himself what became of it."""
        self._slow = None
        number = _number(event)
        if not self._by.get(number, "") or event.kind is Kind.SWITCH_UNKNOWN:
            self._begin(snapshot)
            self._tell(event, snapshot, f"{event.kind} {event.role}", event.level)

    def _cancelled(self, event: Event, snapshot: Snapshot) -> None:
        self._slow = None
        if self._course is not None:
            self._tell(event, snapshot, f"cancelled {event.role}", event.level)

    # -- what is done about it ------------------------------------------------------------------

    def _switching(self, event: Event, snapshot: Snapshot) -> None:
        by = str(event.data.get("by", ""))
        self._by = {_number(event): by}
        if not by:
            self._begin(snapshot)
            incident = self._incidents.open(TOPIC, snapshot.now_s)
            incident.add(self._said(event.text.removeprefix("switching: ")), event.wall_s)
            self._slow = (snapshot.now_s + SLOW_S, event)

    def _proven(self, event: Event, snapshot: Snapshot) -> None:
        if self._course is not None:
            self._tell(event, snapshot, "proven", event.level)
        elif self._unproven:
            self._incidents.tell(self._message(event), snapshot.now_s)
        self._unproven = False

    def _switched(self, event: Event, snapshot: Snapshot) -> None:
        self._slow = None
        kind, target = event.data.get("kind"), event.role
        if kind == SwitchKind.REPAIR.value or target is None:
            return
        self._unproven = event.level is not Level.GOOD
        if kind == SwitchKind.MANUAL.value or target is Role.PRIMARY:
            self._home = target
        if self._course is None:
            self._incidents.tell(self._message(event, self._asked(event)), snapshot.now_s)
            return
        course = self._course
        if kind == SwitchKind.MANUAL.value:
            course.home = target
        _count(course, event, snapshot)
        if self._at_home(snapshot):
            self._close(event, snapshot, always=True)
        else:
            self._tell(event, snapshot, f"switched {target}", self._tone(event.level))

    def _serves_again(self, event: Event, snapshot: Snapshot) -> None:
        course = self._course
        if course is None or not snapshot.serving:
            return
        was_down, course.down = course.down, False
        if was_down or self._at_home(snapshot):
            course.unserved_s += float(event.data.get("down_s", 0.0))
        if self._at_home(snapshot):
            self._close(event, snapshot)
        elif was_down:
            self._tell(event, snapshot, f"serves {course.switches}", event.level)

    # -- words ----------------------------------------------------------------------------------

    def _said(self, text: str) -> str:
        drill = self._course is not None and self._course.drill
        return f"DRILL: {text}" if drill else text

    def _tone(self, level: Level) -> Level:
        """Return the level of a success that is not the end yet; in a drill everything goes as it should."""
        if self._course is not None and self._course.drill:
            return Level.INFO
        return Level.WARNING if level is Level.GOOD else level

    def _asked(self, event: Event) -> tuple[str, ...]:
        by = self._by.get(_number(event), "")
        return (f"Asked by {by}.",) if by else ()

    def _message(self, event: Event, lines: tuple[str, ...] = (), level: Level | None = None) -> Message:
        return Message(TOPIC, level or event.level, self._said(event.text), event.wall_s, lines)

    def _tell(self, event: Event, snapshot: Snapshot, key: str, level: Level, advice: str = "") -> None:
        incident = self._incidents.open(TOPIC, snapshot.now_s)
        why = (incident.last,) if incident.last and event.kind is Kind.SWITCHED else ()
        lines = (*why, *self._asked(event), *((advice,) if advice else ()))
        self._incidents.news(self._message(event, lines, level), key, snapshot.now_s, urgent=True)

    def _close(self, event: Event, snapshot: Snapshot, *, always: bool = False) -> None:
        course, incident = self._course, self._incidents.open(TOPIC, snapshot.now_s)
        assert course is not None
        incident.add(self._said(event.text.partition("; ")[0]), event.wall_s)
        lines = (*self._asked(event), *incident.summary(), *figures(course))
        level = Level.INFO if course.drill and event.level is Level.GOOD else event.level
        self._incidents.close(self._message(event, lines, level), snapshot.now_s, always=always)
        self._course = None


def figures(course: Course) -> tuple[str, ...]:
    """Return what an incident has cost, in words."""
    told = []
    if not course.drill:
        told.append(
            f"Nothing served for {span(course.unserved_s)}." if course.unserved_s else "A database always served."
        )
    if course.on_secondary_s:
        told.append(f"The secondary served for {span(course.on_secondary_s)}.")
    if course.switches:
        told.append(f"{course.switches} {'switch' if course.switches == 1 else 'switches'}.")
    if course.waited:
        told.append(f"{clients(course.waited)} waited, at most {at_most_s(course.longest_s)}.")
    return (" ".join(told),)


def _count(course: Course, event: Event, snapshot: Snapshot) -> None:
    """Keep the books of a switch that has arrived."""
    course.switches += 1
    course.down = False
    down_s = float(event.data.get("down_s", 0.0))
    if down_s and not event.data.get("was_down"):
        course.unserved_s += down_s
    if event.role is Role.SECONDARY:
        course.secondary_since_s = snapshot.now_s
    elif course.secondary_since_s is not None:
        course.on_secondary_s += snapshot.now_s - course.secondary_since_s
        course.secondary_since_s = None
    last = snapshot.last_switch
    if last is not None and last.switch.id == _number(event):
        course.waited += last.waited.clients
        course.longest_s = max(course.longest_s, last.waited.longest_s)


def begins_drill(event: Event) -> bool:
    """Say whether an event of `Kind.DRILL` is the beginning of one."""
    return "for_s" in event.data


def _undisturbed(snapshot: Snapshot) -> bool:
    view = snapshot.database(snapshot.active)
    steady = snapshot.state in {State.PRIMARY, State.SECONDARY} and snapshot.switch is None
    return steady and view is not None and view.health is Health.UP


def _number(event: Event) -> int:
    return int(event.data.get("switch", 0))
