"""Automatic switching that is off: told when it begins, daily while it lasts, and when it is on again. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotswap_tui.core.values import Kind, Level, SwitchKind
from hotswap_tui.notify.message import Message, span

if TYPE_CHECKING:
    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.core.values import Event
    from hotswap_tui.notify.incidents import Incidents

TOPIC: Final = "disarmed"
DAY_S: Final = 86_400.0
_SAY_SO: Final = "automatic switching is off"


class ModeWatch:
    """Follows the mode. `reminded_wall_s`: when a life before told last that automation is off, None if it never did."""

    def __init__(self, incidents: Incidents, reminded_wall_s: float | None = None) -> None:
        self._incidents = incidents
        self._reminded_wall_s = reminded_wall_s
        self._remind_s: float | None = None
        self._said = False
        """An event of this turn says it in passing, and is told to people by somebody else."""

    def hear(self, event: Event, snapshot: Snapshot) -> None:
        """Take in one event."""
        manual = event.kind is Kind.SWITCHED and event.data.get("kind") == SwitchKind.MANUAL.value
        self._said |= not snapshot.mode.armed and (
            manual or (event.kind is Kind.DISAGREES and event.level is Level.BAD)
        )
        if event.kind is Kind.DISARMED:
            self._begin(snapshot, event.text, event.wall_s)
        elif event.kind is Kind.ARMED and self._incidents.find(TOPIC) is not None:
            self._end(snapshot, event.text, event.wall_s)

    def look(self, snapshot: Snapshot) -> None:
        """Tell what no event told, and remind."""
        said, self._said = self._said, False
        incident = self._incidents.find(TOPIC)
        if snapshot.mode.armed:
            if incident is not None:
                self._end(snapshot, "automatic switching is on again", snapshot.wall_s)
        elif incident is None and self._known(snapshot):
            self._resume(snapshot)
        elif incident is None and said:
            self._incidents.open(TOPIC, snapshot.now_s)
            self._remind_s = snapshot.now_s + DAY_S
        elif incident is None:
            self._begin(snapshot, f"{_SAY_SO}{_reason(snapshot)}", snapshot.wall_s)
        elif self._remind_s is not None and snapshot.now_s >= self._remind_s:
            self._remind(snapshot)

    def wake_s(self, snapshot: Snapshot) -> float | None:
        """Return when the next reminder is due."""
        return None if snapshot.mode.armed else self._remind_s

    def _begin(self, snapshot: Snapshot, text: str, wall_s: float) -> None:
        """Tell it: for each disarming anew, since each has its own reason."""
        self._reminded_wall_s = None
        self._remind_s = snapshot.now_s + DAY_S
        message = Message(TOPIC, Level.WARNING, text, wall_s, (_UNTIL_ARMED,))
        self._incidents.news(message, text, snapshot.now_s)

    def _known(self, snapshot: Snapshot) -> bool:
        """Say whether people were told of this very disarming."""
        since_wall_s = snapshot.wall_s - snapshot.now_s + snapshot.mode.since_s
        return self._reminded_wall_s is not None and self._reminded_wall_s >= since_wall_s

    def _resume(self, snapshot: Snapshot) -> None:
        """Go on after a restart: people know already, and are reminded when a day has passed since."""
        assert self._reminded_wall_s is not None
        ago_s = max(snapshot.wall_s - self._reminded_wall_s, 0.0)
        self._reminded_wall_s = None
        self._incidents.open(TOPIC, snapshot.now_s - ago_s)
        self._remind_s = snapshot.now_s + max(DAY_S - ago_s, 0.0)

    def _remind(self, snapshot: Snapshot) -> None:
        self._remind_s = snapshot.now_s + DAY_S
        lasted = span(snapshot.now_s - snapshot.mode.since_s)
        text = f"{_SAY_SO} for {lasted} now{_reason(snapshot)}"
        self._incidents.tell(Message(TOPIC, Level.WARNING, text, snapshot.wall_s, (_UNTIL_ARMED,)), snapshot.now_s)

    def _end(self, snapshot: Snapshot, text: str, wall_s: float) -> None:
        incident = self._incidents.open(TOPIC, snapshot.now_s)
        off = f"It was off for {span(snapshot.now_s - incident.since_s)}."
        self._remind_s = None
        message = Message(TOPIC, Level.GOOD, text, wall_s, (off,))
        self._incidents.close(message, snapshot.now_s, always=True)


_UNTIL_ARMED: Final = "Nothing fails over by itself until somebody runs: hotswap-tui arm"


def _reason(snapshot: Snapshot) -> str:
    mode = snapshot.mode
    by = f", by {mode.by}" if mode.by else ""
    return f"{by}: {mode.why}" if mode.why else by
