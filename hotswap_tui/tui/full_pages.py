"""One thing on the whole screen: a database, a detail, the help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.values import Event, Role
from hotswap_tui.tui.cells import BLANK, Row, Span, Tone, fit, wrap
from hotswap_tui.tui.chart_block import ChartBlock, paint_blocks
from hotswap_tui.tui.commands import key_names
from hotswap_tui.tui.detail_rows import database_rows, event_rows
from hotswap_tui.tui.event_rows import head_row
from hotswap_tui.tui.pages import Page
from hotswap_tui.tui.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.app import ComposeResult
    from textual.events import Key

    from hotswap_tui.tui.commands import Command
    from hotswap_tui.tui.view import View

_FRAME_LINES = 3
"""Status, sentence, foot."""
_FACT_LINES = 12
_PAGE_KEYS = {"up": -1, "k": -1, "down": 1, "j": 1, "pageup": -10, "pagedown": 10, "home": -(10**6), "end": 10**6}


class TextPage(Page):
    """Rows that may be longer than the screen; arrows scroll, escape goes back."""

    heading = ""

    def __init__(self) -> None:
        super().__init__()
        self._first = 0

    def body(self) -> ComposeResult:
        """Yield the text."""
        yield Rows(id="text")

    def text(self, view: View, width: int) -> list[Row]:
        """Return every row, however many."""
        raise NotImplementedError

    def draw(self, view: View, width: int, *, faded: bool) -> None:
        """Draw the part that the offset selects."""
        pane = self.query_one("#text", Rows)
        rows = self.text(view, width)
        room = max(pane.size.height - 1, 1)
        self._first = max(min(self._first, len(rows) - room), 0)
        more = f"{self._first + 1}-{min(self._first + room, len(rows))} of {len(rows)}" if len(rows) > room else ""
        head = head_row(self.heading, f"{more}  escape goes back".strip(), width)
        pane.show([head, *rows[self._first : self._first + room]], faded=faded)

    def on_key(self, event: Key) -> None:
        """Scroll, or go back."""
        if event.key == "escape":
            event.stop()
            self.dashboard.back()
        elif event.key in _PAGE_KEYS:
            event.stop()
            self._first += _PAGE_KEYS[event.key]
            self.dashboard.paint()


class DetailPage(TextPage):
    """Everything about one event or one database."""

    def __init__(self, subject: Event | Role) -> None:
        super().__init__()
        self._subject = subject
        self.heading = subject.value if isinstance(subject, Role) else f"event {subject.id}"

    def text(self, view: View, width: int) -> list[Row]:
        """Return the labelled facts."""
        if isinstance(self._subject, Event):
            return event_rows(self._subject, width)
        database = view.snapshot.database(self._subject)
        return database_rows(view, database, width) if database is not None else []


class HelpPage(TextPage):
    """Every key and what it does, made from the commands."""

    heading = "help"

    def __init__(self, keymap: Mapping[str, str]) -> None:
        super().__init__()
        self._keymap = keymap

    def text(self, view: View, width: int) -> list[Row]:
        """Return a block of commands for each heading, those of others first: nobody knows them yet."""
        rows: list[Row] = []
        usable = [c for c in view.commands if c.id in view.keys]
        for title in dict.fromkeys([*(c.heading for c in usable if c.heading), _ACTING, _LOOKING]):
            commands = [c for c in usable if _heading(c) == title]
            if commands:
                rows += [Row((Span(f" {title}", Tone.TITLE),))]
                rows += [
                    line for c in commands for line in _help_lines(" ".join(key_names(c, self._keymap)), c.help, width)
                ]
                rows.append(BLANK)
        rows.append(Row((Span(" Moving and marks", Tone.TITLE),)))
        for sign, meaning in _MARKS:
            rows += _help_lines(sign, meaning, width)
        return rows


_ACTING, _LOOKING = "Upper case acts", "Lower case looks"


def _heading(command: Command) -> str:
    return command.heading or (_ACTING if command.acting else _LOOKING)


_MARKS = (
    ("↑ ↓", "select a database or an event, or scroll; enter shows all of it"),
    ("escape", "goes back"),
    ("▶", "the database that serves"),
    ("● up", "the last check passed; r/o: it refuses writes"),
    ("▲ failing", "checks fail, fewer than the threshold; degraded: a fault that does not count as a failure"),
    ("✗ DOWN", "as many checks in a row failed as the threshold says"),
    ("×  ·", "in a graph: a failed check; no check made"),
    ("↕", "under a graph: traffic moved"),
    ("lag", "how far the database that does not serve was behind when that was measured; it grows while nothing flows"),
)
_KEY_WIDTH = 12


def _help_lines(keys: str, text: str, width: int) -> list[Row]:
    lines = wrap(text, width - _KEY_WIDTH - 2)
    labels = [keys, *("" for _ in lines[1:])]
    return [
        Row((Span(f" {fit(label, _KEY_WIDTH)}", Tone.KEY), Span(line)))
        for label, line in zip(labels, lines, strict=True)
    ]


class PanelPage(Page):
    """One database on the whole screen: a tall graph and its facts."""

    def __init__(self, role: Role, *, ascii_only: bool) -> None:
        super().__init__()
        self.role = role
        self._ascii_only = ascii_only

    def body(self) -> ComposeResult:
        """Yield graph and facts."""
        yield ChartBlock(self.role, ascii_only=self._ascii_only)
        yield Rows(id="text")

    def divide(self, width: int, height: int) -> None:
        """Give the facts their lines and the graph the rest."""
        del width
        block = self.query_one(ChartBlock)
        block.styles.height = max(height - _FRAME_LINES - _FACT_LINES, 6)

    def draw(self, view: View, width: int, *, faded: bool) -> None:
        """Draw graph and facts."""
        paint_blocks([self.query_one(ChartBlock)], view, faded=faded)
        database = view.snapshot.database(self.role)
        pane = self.query_one("#text", Rows)
        room = max(pane.size.height - 1, 0)
        rows = database_rows(view, database, width)[:room] if database is not None else []
        pane.show([head_row("facts", "enter: all of it  escape goes back", width), *rows], faded=faded)

    def on_key(self, event: Key) -> None:
        """Go back on escape."""
        if event.key == "escape":
            event.stop()
            self.dashboard.back()
