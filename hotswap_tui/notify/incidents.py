"""Incidents: each thing is told once from the first bad message until the recovery, which is told once, too. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.values import Level
from hotswap_tui.notify.message import Message, clock
from hotswap_tui.notify.rate import Rate

if TYPE_CHECKING:
    from collections.abc import Iterable

STORY: Final = 12
"""Lines that a summary tells; between the first and the newest, the rest is only counted."""
_ONCE_IN_S: Final = 86400.0
"""What belongs to no incident is not repeated in the same words within this time."""
_REMEMBERED: Final = 100
"""So many of them are remembered."""


@dataclass(slots=True)
class Incident:
    """From the first bad message until recovery. `since_s` is monotonic."""

    topic: str
    since_s: float
    urgent: bool = False
    told: bool = False
    said: set[str] = field(default_factory=set)
    story: list[str] = field(default_factory=list)
    untold: int = 0
    """Lines of the story that were dropped."""
    last: str = ""

    def add(self, line: str, wall_s: float) -> None:
        """Put one line into the story."""
        self.last = line
        self.story.append(f"{clock(wall_s)} {line}")
        if len(self.story) > STORY:
            del self.story[1]
            self.untold += 1

    def summary(self) -> tuple[str, ...]:
        """Return the story."""
        dropped = (f"({self.untold} more)",) if self.untold else ()
        return (*self.story[:1], *dropped, *self.story[1:])


class Incidents:
    """Decides what of all that happens becomes a message. Times are monotonic, `wall_s` since 1970.

    `sent_s`: when messages went out in a life before.
    """

    def __init__(self, sent_s: Iterable[float] = ()) -> None:
        self._open: dict[str, Incident] = {}
        self._rate = Rate(sent_s)
        self._noticed: dict[tuple[str, str], float] = {}
        self._left_out = 0
        self._left_out_since_s = 0.0
        self._outgoing: list[Message] = []

    # -- what watchers tell ---------------------------------------------------------------------

    def find(self, topic: str) -> Incident | None:
        """Return the incident that is open under `topic`."""
        return self._open.get(topic)

    def open(self, topic: str, now_s: float, *, urgent: bool = False) -> Incident:
        """Return the incident under `topic`, begun now if none is; nothing is told by that."""
        return self._open.setdefault(topic, Incident(topic, now_s, urgent))

    def news(self, message: Message, key: str, now_s: float, *, urgent: bool = False) -> None:
        """Tell one thing of an incident, which it begins if need be; nothing if `key` was told in it."""
        incident = self.open(message.topic, now_s, urgent=urgent)
        incident.urgent |= urgent
        if key in incident.said:
            return
        incident.said.add(key)
        incident.add(message.sentence, message.wall_s)
        if self._admit(message, now_s, more=1 if incident.told else 2, urgent=urgent):
            incident.told = True

    def close(self, message: Message, now_s: float, *, always: bool = False) -> None:
        """End an incident with its summary, which is told if the incident was, or `always`."""
        incident = self._open.pop(message.topic, None)
        if incident is not None and incident.told:
            self._send(message, now_s)
        elif always:
            self._admit(message, now_s, more=1, urgent=incident is not None and incident.urgent)

    def notice(self, message: Message, now_s: float) -> None:
        """Tell something that belongs to no incident; the same words once a day."""
        key = (message.topic, message.text)
        if now_s < self._noticed.get(key, float("-inf")) + _ONCE_IN_S:
            return
        self._noticed.pop(key, None)
        self._noticed[key] = now_s
        if len(self._noticed) > _REMEMBERED:
            del self._noticed[next(iter(self._noticed))]
        self._admit(message, now_s, more=1)

    def tell(self, message: Message, now_s: float) -> None:
        """Tell something that belongs to no incident and is news each time, however alike the words."""
        self._admit(message, now_s, more=1)

    # -- what goes out --------------------------------------------------------------------------

    def outgoing(self, now_s: float, wall_s: float) -> list[Message]:
        """Return the messages that are due, with a line about those that were left out once there is room for it."""
        self._catch_up(now_s, wall_s)
        due, self._outgoing = self._outgoing, []
        return due

    def wake_s(self) -> float | None:
        """Return when there may be room for what was left out; None when nothing was."""
        return self._rate.frees_s() if self._left_out else None

    def _kept(self) -> int:
        return sum(incident.told for incident in self._open.values())

    def _admit(self, message: Message, now_s: float, *, more: int, urgent: bool = False) -> bool:
        if self._rate.admits(now_s, kept=self._kept(), more=more, urgent=urgent):
            self._send(message, now_s)
            return True
        if not self._left_out:
            self._left_out_since_s = now_s
        self._left_out += 1
        return False

    def _send(self, message: Message, now_s: float) -> None:
        self._rate.send(now_s)
        self._outgoing.append(message)

    def _catch_up(self, now_s: float, wall_s: float) -> None:
        if not self._left_out:
            return
        silent = [incident for incident in self._open.values() if not incident.told and incident.said]
        urgent = any(incident.urgent for incident in silent)
        if not self._rate.admits(now_s, kept=self._kept(), more=1 + len(silent), urgent=urgent):
            return
        minutes = (now_s - self._left_out_since_s) / 60
        many = "1 message was" if self._left_out == 1 else f"{self._left_out} messages were"
        text = f"{many} left out in the last {minutes:.0f} min: too many for an hour"
        lines = tuple(f"still open: {incident.last}" for incident in silent)
        self._send(Message("left out", Level.WARNING, text, wall_s, lines), now_s)
        for incident in silent:
            incident.told = True
        self._left_out = 0
