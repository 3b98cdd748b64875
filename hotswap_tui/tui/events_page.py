"""Events on the whole screen: follow the newest, scroll back, filter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.tui.cells import Row, Span, Tone
from hotswap_tui.tui.dialogs import edited
from hotswap_tui.tui.event_rows import folded, head_row, matching, wrapped_event
from hotswap_tui.tui.pages import Page
from hotswap_tui.tui.rows import Rows

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import Key

    from hotswap_tui.core.values import Event
    from hotswap_tui.tui.view import View

_MOVES = {"up": -1, "k": -1, "down": 1, "j": 1, "pageup": -10, "pagedown": 10, "home": -(10**6), "end": 10**6}


class EventsPage(Page):
    """Follows the newest event until an arrow selects one; escape follows again, then goes back."""

    def __init__(self, *, typing: bool = False) -> None:
        super().__init__()
        self._filter = ""
        self._typing = typing
        self._selected: int | None = None
        self._found: list[Event] = []

    @property
    def selected(self) -> Event | None:
        """Return the selected event, the newest while following."""
        chosen = next((event for event in self._found if event.id == self._selected), None)
        return chosen or (self._found[-1] if self._found else None)

    def body(self) -> ComposeResult:
        """Yield the list."""
        yield Rows(id="text")

    def start_filter(self) -> None:
        """Take keys as the filter's text."""
        self._typing = True

    def draw(self, view: View, width: int, *, faded: bool) -> None:
        """Draw the events that match, the selected one in sight."""
        pane = self.query_one("#text", Rows)
        room = max(pane.size.height - 1, 1)
        self._found = folded(matching(view.events, self._filter))
        at = self._index()
        if at is None:
            self._selected = None
            state = "following"
        else:
            state = f"at {at + 1}"
        counted = f"{len(self._found)} of {len(view.events)}" if self._filter else f"{len(view.events)}"
        head = head_row("events", f"{counted}, {state}", width)
        pane.show([head, *self._lines(at, room, width)], faded=faded)

    def _lines(self, at: int | None, room: int, width: int) -> list[Row]:
        """Return `room` lines: the newest while following, else those around the selected event."""
        centre = len(self._found) - 1 if at is None else at
        above = [line for e in self._found[max(centre - room, 0) : centre] for line in wrapped_event(e, width)]
        chosen = [
            line for e in self._found[centre : centre + 1] for line in wrapped_event(e, width, selected=at is not None)
        ]
        below = [line for e in self._found[centre + 1 : centre + 1 + room] for line in wrapped_event(e, width)]
        lines = [*above, *chosen, *below]
        first = min(len(above) - (room - len(chosen)) // 2, len(lines) - room)
        return lines[max(first, 0) :][:room]

    def foot(self, view: View, width: int) -> Row:
        """Return the filter while it is typed or set."""
        if self._typing:
            words = " enter keeps it, escape drops it"
            return Row(
                (Span(" filter: ", Tone.KEY), Span(f"{self._filter}_", Tone.STRONG), Span(f"   {words}", Tone.DIM))
            )
        if self._filter and view.note is None:
            return Row(
                (Span(" filter: ", Tone.KEY), Span(self._filter, Tone.STRONG), Span("   escape drops it", Tone.DIM))
            )
        return super().foot(view, width)

    def _index(self) -> int | None:
        return next((i for i, event in enumerate(self._found) if event.id == self._selected), None)

    def on_key(self, event: Key) -> None:
        """Edit the filter, or move."""
        if self._typing:
            event.stop()
            self._type(event)
        elif event.key == "escape":
            event.stop()
            self._step_back()
        elif event.key in _MOVES and self._found:
            event.stop()
            self._move(_MOVES[event.key])
        else:
            return
        self.dashboard.paint()

    def _type(self, event: Key) -> None:
        if event.key in {"escape", "ctrl+c"}:
            self._typing, self._filter = False, ""
        elif event.key == "enter":
            self._typing = False
        else:
            self._filter = edited(self._filter, event)

    def _step_back(self) -> None:
        if self._selected is not None:
            self._selected = None
        elif self._filter:
            self._filter = ""
        else:
            self.dashboard.back()

    def _move(self, by: int) -> None:
        at = self._index()
        start = len(self._found) if at is None else at
        target = start + by
        past_the_end = target >= len(self._found)
        self._selected = None if past_the_end else self._found[max(target, 0)].id
