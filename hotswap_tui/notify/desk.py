"""From what happens to what people are told. Pure: time comes with the events and pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from hotswap_tui.core.sync import Safety
from hotswap_tui.core.values import Kind, Level, Role
from hotswap_tui.notify.incidents import Incidents
from hotswap_tui.notify.message import Message
from hotswap_tui.notify.mode import TOPIC as DISARMED
from hotswap_tui.notify.mode import ModeWatch
from hotswap_tui.notify.serving import TOPIC as SERVING
from hotswap_tui.notify.serving import Serving, begins_drill
from hotswap_tui.notify.troubles import Gateway, JournalWatch, Setup, Standby

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.core.values import Event

TOLD: Final = "topic"
"""The key under which an event of `Kind.NOTIFY` says what a message was about."""
_FAULTS: Final = 10
"""So many sentences one message holds."""


class _Hearer(Protocol):
    def hear(self, event: Event, snapshot: Snapshot) -> None: ...


class _Looker(Protocol):
    def look(self, snapshot: Snapshot) -> None: ...

    def wake_s(self, snapshot: Snapshot) -> float | None: ...


class Desk:
    """Takes in events and gives out messages.

    `past` are the events of lives before, `now_s` and `wall_s` the present moment: a restart forgets neither how much people
    were told in the last hour, nor that they know that automation is off.
    """

    def __init__(self, past: Iterable[Event], now_s: float, wall_s: float) -> None:
        told = [event for event in past if event.kind is Kind.NOTIFY and TOLD in event.data]
        self._incidents = Incidents(min(now_s - wall_s + event.wall_s, now_s) for event in told)
        reminded = [event.wall_s for event in told if event.data[TOLD] == DISARMED]
        self._serving = Serving(self._incidents)
        self._gateway = Gateway(self._incidents)
        self._mode = ModeWatch(self._incidents, reminded[-1] if reminded else None)
        self._setups = tuple(Setup(self._incidents, role) for role in Role)
        self._journal = JournalWatch(self._incidents)
        self._lookers: tuple[_Looker, ...] = (
            self._serving,
            self._gateway,
            self._mode,
            *self._setups,
            Standby(self._incidents),
        )
        self._faults: list[Event] = []
        """What keeps us from working as configured: several sentences that come together are one message."""
        self._drilled = False
        """A drill is under way that has led to nothing yet."""

    def hear(self, event: Event, snapshot: Snapshot) -> None:
        """Take in one event; `snapshot` is the picture after it."""
        self._notices(event, snapshot)
        self._serving.hear(event, snapshot)
        hearers: tuple[_Hearer, ...] = (self._gateway, self._mode, *self._setups, self._journal)
        for hearer in hearers:
            hearer.hear(event, snapshot)

    def look(self, snapshot: Snapshot) -> Sequence[Message]:
        """Take in the picture, and return what is due now."""
        self._tell_faults(snapshot)
        for looker in self._lookers:
            looker.look(snapshot)
        return self._incidents.outgoing(snapshot.now_s, snapshot.wall_s)

    def wake_s(self, snapshot: Snapshot) -> float | None:
        """Return when to look again, though nothing may have happened; None: not before something happens."""
        moments = (self._incidents.wake_s(), *(looker.wake_s(snapshot) for looker in self._lookers))
        return min((moment for moment in moments if moment is not None), default=None)

    def _notices(self, event: Event, snapshot: Snapshot) -> None:
        """Tell what belongs to no incident: drills, data at risk, and settings that could not be read again."""
        message = Message(event.kind.value, event.level, event.text, event.wall_s)
        if event.kind is Kind.CONFIG and event.level is Level.BAD:
            self._faults.append(event)
        elif event.kind is Kind.SYNC and (event.level is Level.BAD or event.data.get("verdict") == Safety.DIVERGED):
            advice = ("What is known of the data: hotswap-tui status; hotswap-tui failback --dossier",)
            self._incidents.notice(Message("data", event.level, event.text, event.wall_s, advice), snapshot.now_s)
        elif event.kind is Kind.DRILL and begins_drill(event):
            self._drilled = True
            self._incidents.tell(message, snapshot.now_s)
        elif event.kind is Kind.DRILL:
            # Where traffic has moved, the way back is what ends a drill for people.
            if self._drilled and self._incidents.find(SERVING) is None:
                self._incidents.tell(message, snapshot.now_s)
            self._drilled = False

    def _tell_faults(self, snapshot: Snapshot) -> None:
        if self._faults:
            *before, last = self._faults
            more = (f"({len(before) - _FAULTS} more)",) if len(before) > _FAULTS else ()
            lines = (*(event.text for event in before[:_FAULTS]), *more)
            self._incidents.notice(Message(last.kind.value, last.level, last.text, last.wall_s, lines), snapshot.now_s)
            self._faults = []
