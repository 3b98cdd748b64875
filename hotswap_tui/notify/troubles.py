"""What else people must know: setup faults, PgBouncer, a standby that is gone, the journal. Pure.

Each watcher has its own incident, so that one that lasts for days hides none of the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotswap_tui.core.traffic_words import RELEASE_COMMAND, cut_from_clients
from hotswap_tui.core.values import Fault, Health, Kind, Level, Role
from hotswap_tui.notify.message import LOOK_S, Message, span

if TYPE_CHECKING:
    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.core.values import Event
    from hotswap_tui.notify.incidents import Incidents

LASTING: Final = frozenset({Fault.CREDENTIALS, Fault.MISSING, Fault.TLS, Fault.INTERNAL})
"""Faults that wait for a person."""
UNREADABLE_S: Final = 10.0
"""A PgBouncer that is restarted is back by then."""
STANDBY_S: Final = 900.0
"""A standby that is gone for less is an update, or a cloud database that sleeps."""


class Setup:
    """Follows a database's credentials, TLS and name: what no switch can mend."""

    def __init__(self, incidents: Incidents, role: Role) -> None:
        self._incidents, self._role, self._topic = incidents, role, f"{role} setup"

    def hear(self, event: Event, snapshot: Snapshot) -> None:
        """Take in one event."""
        fault = event.data.get("fault")
        if event.kind is Kind.CHECK_DEGRADED and event.role is self._role and fault in LASTING:
            level = Level.BAD if self._role is snapshot.active else Level.WARNING
            advice = ("What is wrong and how to mend it: hotswap-tui check",)
            message = Message(self._topic, level, event.text, event.wall_s, advice)
            self._incidents.news(message, str(fault), snapshot.now_s)

    def look(self, snapshot: Snapshot) -> None:
        """End the incident when a check has passed."""
        incident, view = self._incidents.find(self._topic), snapshot.database(self._role)
        if incident is not None and (view is None or (view.verdict is not None and view.verdict.passed)):
            text = f"{self._role}: answers as expected again, after {span(snapshot.now_s - incident.since_s)}"
            message = Message(self._topic, Level.GOOD, text, snapshot.wall_s, incident.summary())
            self._incidents.close(message, snapshot.now_s)

    def wake_s(self, snapshot: Snapshot) -> float | None:
        """Return when to look again: a check that passes tells that itself."""
        return None if self._incidents.find(self._topic) is None else snapshot.now_s + LOOK_S


class Gateway:
    """Follows PgBouncer: out of reach, pointed elsewhere, paused."""

    topic: Final = "pgbouncer"

    def __init__(self, incidents: Incidents) -> None:
        self._incidents = incidents
        self._unread: tuple[float, Event] | None = None
        self._stuck = False
        """Clients could not be let go on."""

    def hear(self, event: Event, snapshot: Snapshot) -> None:
        """Take in one event."""
        if event.kind is Kind.DISAGREES and event.level is Level.WARNING:
            if snapshot.router.error:
                self._unread = self._unread or (snapshot.now_s + UNREADABLE_S, event)
            else:
                self._incidents.notice(Message(self.topic, event.level, event.text, event.wall_s), snapshot.now_s)
        elif event.kind is Kind.DISAGREES and event.level is Level.BAD:
            self._tell(event, snapshot, "points elsewhere", "To put it right: hotswap-tui repair")
        elif event.kind is Kind.HELD and event.level is Level.BAD:
            self._tell(event, snapshot, "paused", f"To let them go on: {RELEASE_COMMAND}")
        elif event.kind is Kind.RELEASED:
            self._stuck = event.level is Level.BAD
            if self._stuck:
                self._tell(event, snapshot, "stuck", f"To let them go on: {RELEASE_COMMAND}")

    def look(self, snapshot: Snapshot) -> None:
        """Tell what has lasted, and the end."""
        router = snapshot.router
        if not router.error:
            self._unread = None
        elif self._unread is not None and snapshot.now_s >= self._unread[0]:
            self._tell_unreadable(snapshot, self._unread[1].wall_s)
            self._unread = None
        incident = self._incidents.find(self.topic)
        if incident is None or router.error or snapshot.disagrees or router.paused or self._stuck:
            return
        where = f" and points to {router.address}" if router.address else ""
        text = f"PgBouncer is in order again{where}, after {span(snapshot.now_s - incident.since_s)}"
        message = Message(self.topic, Level.GOOD, text, snapshot.wall_s, incident.summary())
        self._incidents.close(message, snapshot.now_s)

    def wake_s(self, snapshot: Snapshot) -> float | None:
        """Return when to look again: a PAUSE that ends is no event."""
        if self._incidents.find(self.topic) is not None:
            return snapshot.now_s + LOOK_S
        return None if self._unread is None else self._unread[0]

    def _tell_unreadable(self, snapshot: Snapshot, wall_s: float) -> None:
        error, cut = snapshot.router.error, cut_from_clients(snapshot.router)
        text = f"applications cannot connect: {error}" if cut else f"PgBouncer cannot be read: {error}"
        message = Message(self.topic, Level.BAD if cut else Level.WARNING, text, wall_s)
        self._incidents.news(message, "cut" if cut else "unreadable", snapshot.now_s, urgent=cut)

    def _tell(self, event: Event, snapshot: Snapshot, key: str, advice: str) -> None:
        message = Message(self.topic, event.level, event.text, event.wall_s, (advice,))
        self._incidents.news(message, key, snapshot.now_s, urgent=True)


class Standby:
    """Follows the database that would take over, while the primary serves."""

    topic: Final = "standby"

    def __init__(self, incidents: Incidents) -> None:
        self._incidents = incidents

    def look(self, snapshot: Snapshot) -> None:
        """Tell when it has been gone for long, and when it is back."""
        since_s, incident = _standby_down_s(snapshot), self._incidents.find(self.topic)
        view = snapshot.secondary
        if since_s is not None and incident is None and snapshot.now_s >= since_s + STANDBY_S:
            fault = view.verdict.fault if view is not None and view.verdict is not None else None
            why = f" ({fault.words})" if fault is not None else ""
            text = f"no failover is possible: the secondary has been down for {span(snapshot.now_s - since_s)}{why}"
            self._incidents.news(Message(self.topic, Level.WARNING, text, snapshot.wall_s), "down", snapshot.now_s)
        elif incident is not None and view is not None and view.health is Health.UP:
            text = "the secondary answers again; a failover is possible"
            message = Message(self.topic, Level.GOOD, text, snapshot.wall_s, incident.summary())
            self._incidents.close(message, snapshot.now_s)

    def wake_s(self, snapshot: Snapshot) -> float | None:
        """Return when to look again; its return is an event."""
        since_s = _standby_down_s(snapshot)
        return None if since_s is None or self._incidents.find(self.topic) is not None else since_s + STANDBY_S


def _standby_down_s(snapshot: Snapshot) -> float | None:
    """Return since when the secondary is down while the primary serves."""
    view = snapshot.secondary
    serving = snapshot.serving and snapshot.active is Role.PRIMARY
    return view.down_since_s if view is not None and serving else None


class JournalWatch:
    """Follows the journal."""

    topic: Final = "journal"

    def __init__(self, incidents: Incidents) -> None:
        self._incidents = incidents

    def hear(self, event: Event, snapshot: Snapshot) -> None:
        """Take in one event."""
        if event.kind is not Kind.JOURNAL:
            return
        incident = self._incidents.find(self.topic)
        message = Message(self.topic, event.level, event.text, event.wall_s, incident.summary() if incident else ())
        if event.level is Level.BAD:
            self._incidents.news(message, "failing", snapshot.now_s)
        elif event.level is Level.GOOD:
            self._incidents.close(message, snapshot.now_s)
        else:
            self._incidents.notice(message, snapshot.now_s)
