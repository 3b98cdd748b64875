"""The main screen: both databases, their graphs, traffic, the data and the newest events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Container

from hotswap_tui.core.values import Role
from hotswap_tui.tui.chart_block import ChartBlock, paint_blocks
from hotswap_tui.tui.event_rows import event_row, folded, head_row
from hotswap_tui.tui.pages import Page
from hotswap_tui.tui.rows import Rows
from hotswap_tui.tui.sync_table import sync_rows
from hotswap_tui.tui.table import table_rows
from hotswap_tui.tui.traffic_table import traffic_rows

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import Key

    from hotswap_tui.core.values import Event
    from hotswap_tui.tui.view import View

WIDE = 118
COMPACT_BELOW = (76, 22)
ROOM_FOR_TRAFFIC = 30
"""From so many lines on the gateway's figures do not take the place of events."""
ROOM_FOR_SYNC = 36
"""The same for what is known of the data."""
_TABLE_LINES = 3
_TALLEST = 20


class MainPage(Page):
    """Status, sentence, table, graphs, events, keys."""

    def __init__(self, *, secondary: bool, ascii_only: bool) -> None:
        super().__init__(id="main")
        self._secondary = secondary
        self._ascii_only = ascii_only
        self._routed = False
        self._synced = False
        self._selected: Role | int | None = None
        self._shown: list[Event] = []

    @property
    def selected(self) -> Role | int | None:
        """Return what the arrows have selected: a database, an event's number, or nothing."""
        return self._selected

    def body(self) -> ComposeResult:
        """Yield table, graphs, traffic, data and events."""
        yield Rows(id="table")
        with Container(id="charts"):
            yield ChartBlock(Role.PRIMARY, ascii_only=self._ascii_only)
            if self._secondary:
                yield ChartBlock(Role.SECONDARY, ascii_only=self._ascii_only)
        yield Rows(id="traffic")
        yield Rows(id="sync")
        yield Rows(id="events")

    def classify(self, width: int, height: int) -> None:
        """Choose compact (one row a graph), normal (below each other) or wide (side by side), and what has room."""
        compact = width < COMPACT_BELOW[0] or height < COMPACT_BELOW[1]
        present = self.dashboard.present()
        self._routed, self._synced = present.router.routed, present.sync is not None
        self.set_class(compact, "compact")
        self.set_class(width >= WIDE and not compact, "wide")
        self.set_class(self._routed and not compact and height >= ROOM_FOR_TRAFFIC, "with-traffic")
        self.set_class(self._synced and not compact and height >= ROOM_FOR_SYNC, "with-sync")

    def divide(self, width: int, height: int) -> None:
        """Give graphs and table their lines, and the events the rest."""
        del width
        compact, wide = self.has_class("compact"), self.has_class("wide")
        graphs = list(self.query(ChartBlock))
        rows = graph_rows(height, len(graphs), wide=wide, compact=compact)
        for index, block in enumerate(graphs):
            ruled = not compact and (wide or index == len(graphs) - 1)
            block.set_class(not ruled, "unruled")
            block.styles.height = rows if compact else rows + 1 + ruled
        blocks_high = 1 if wide else len(graphs)
        ruler = 0 if compact else 1
        self.query_one("#charts").styles.height = (rows + (0 if compact else 1)) * blocks_high + ruler
        hint_breaks = compact and not self._secondary
        self.query_one("#table").styles.height = _TABLE_LINES + (1 if hint_breaks else 0)

    def draw(self, view: View, width: int, *, faded: bool) -> None:
        """Draw table, graphs, traffic and data where there is room, and events."""
        if (view.snapshot.router.routed, view.snapshot.sync is not None) != (self._routed, self._synced):
            self._divide()
        table = table_rows(view, width, self._selected if isinstance(self._selected, Role) else None)
        self.query_one("#table", Rows).show(table, faded=faded)
        paint_blocks(list(self.query(ChartBlock)), view, faded=faded)
        if self.has_class("with-traffic"):
            self.query_one("#traffic", Rows).show(traffic_rows(view, width), faded=faded)
        if self.has_class("with-sync"):
            self.query_one("#sync", Rows).show(sync_rows(view, width), faded=faded)
        self._draw_events(view, width, faded=faded)

    def _draw_events(self, view: View, width: int, *, faded: bool) -> None:
        pane = self.query_one("#events", Rows)
        room = max(pane.size.height - 1, 0)
        self._shown = folded(view.events)[-room:] if room else []
        head = head_row("events", f"{len(view.events)}, following", width)
        rows = [event_row(e, width, selected=e.id == self._selected) for e in self._shown]
        pane.show([head, *rows], faded=faded)

    def on_key(self, event: Key) -> None:
        """Move the selection with the arrows; escape drops it."""
        if event.key not in {"up", "down", "escape"}:
            return
        event.stop()
        self._selected = None if event.key == "escape" else self._moved(1 if event.key == "down" else -1)
        self.dashboard.paint()

    def _moved(self, by: int) -> Role | int | None:
        roles = [Role.PRIMARY, Role.SECONDARY] if self._secondary else [Role.PRIMARY]
        places: list[Role | int] = [*roles, *(event.id for event in self._shown)]
        if self._selected not in places:
            return places[0] if by > 0 else places[-1]
        return places[max(min(places.index(self._selected) + by, len(places) - 1), 0)]


def graph_rows(height: int, graphs: int, *, wide: bool, compact: bool) -> int:
    """Return how many rows each graph gets in a terminal `height` lines high."""
    if compact:
        return 1
    if wide:
        return min(max(height // 4, 3), _TALLEST)
    both = max((height - 12) // 2, 6)
    return min(both // graphs, _TALLEST)
