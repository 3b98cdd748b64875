"""What has been told: sentences get their place in time, are kept, and go to the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.values import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hotswap_tui.core.values import Tell

KEPT_EVENTS = 1000


class Chronicle:
    """Number events from where a former run stopped, and keep the newest."""

    def __init__(self, log: Callable[[Event], None], wall_s: Callable[[], float]) -> None:
        self._log = log
        self._wall_s = wall_s
        self._last_id = 0
        self.events: tuple[Event, ...] = ()
        """The newest, oldest first."""

    def restore(self, events: tuple[Event, ...], last_id: int) -> None:
        """Go on after the events of a former run."""
        self.events = (*events, *self.events)[-KEPT_EVENTS:]
        self._last_id = max(last_id, self._last_id)

    def record(self, told: Iterable[Tell]) -> tuple[Event, ...]:
        """Make events of sentences, log them all, and return those that are to be kept."""
        made = []
        for tell in told:
            event = self._made(tell)
            self._log(event)
            if not tell.log_only:
                self._last_id = event.id
                made.append(event)
        if made:
            self.events = (*self.events, *made)[-KEPT_EVENTS:]
        return tuple(made)

    def _made(self, tell: Tell) -> Event:
        return Event(self._last_id + 1, self._wall_s(), tell.kind, tell.level, tell.text, tell.role, tell.data)
