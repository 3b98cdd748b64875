"""What a person looks at: windows and axes, full screens, files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hotswap_tui.core.values import Level, Role
from hotswap_tui.tui.commands import RATES_S, WINDOWS_S
from hotswap_tui.tui.desk import Desk
from hotswap_tui.tui.dialogs import Palette
from hotswap_tui.tui.events_page import EventsPage
from hotswap_tui.tui.full_pages import DetailPage, HelpPage, PanelPage
from hotswap_tui.tui.main_page import MainPage
from hotswap_tui.tui.record import screen_text, write_record
from hotswap_tui.tui.sync_page import SyncPage
from hotswap_tui.tui.traffic_page import TrafficPage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotswap_tui.core.values import Event
    from hotswap_tui.tui.pages import Page


def _for_a_shell(path: Path) -> str:
    """Return the whole path as a shell takes it, shortest first: the bottom line is one line."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


class Looking(Desk, inherit_bindings=False):
    """Navigation; nothing here changes what the engine does."""

    keymap: Mapping[str, str]
    directory: Path

    def step_window(self, by: int) -> None:
        """Choose the next shorter or longer time window."""
        index = WINDOWS_S.index(self.choices.window_s) + by
        self.choose(replace(self.choices, window_s=WINDOWS_S[max(min(index, len(WINDOWS_S) - 1), 0)]))

    def step_rate(self, by: int) -> None:
        """Redraw more or less often."""
        index = max(min(RATES_S.index(self.choices.rate_s) + by, len(RATES_S) - 1), 0)
        self.choose(replace(self.choices, rate_s=RATES_S[index]))
        self.say(f"redrawn every {self.choices.rate_s:g} s")

    def toggle_log(self) -> None:
        """Change between a linear and a logarithmic axis."""
        self.choose(replace(self.choices, log_axis=not self.choices.log_axis))

    def toggle_shared(self) -> None:
        """Change between one axis a graph and one for both."""
        self.choose(replace(self.choices, shared_axis=not self.choices.shared_axis))

    def back(self) -> None:
        """Leave the screen on top; the main screen stays."""
        if len(self.screen_stack) > 1:
            _ = self.pop_screen()

    def _show(self, page: Page) -> None:
        """Put `page` over the main screen, in place of whatever is there."""
        if len(self.screen_stack) > 1:
            _ = self.switch_screen(page)
        else:
            self.put(page)

    def open_panel(self, role: Role) -> None:
        """Show one database on the whole screen, or go back from it."""
        if isinstance(self.screen, PanelPage) and self.screen.role is role:
            self.back()
        else:
            self._show(PanelPage(role, ascii_only=self.choices.ascii))

    def open_traffic(self) -> None:
        """Show traffic and gateway on the whole screen, or go back from them."""
        if isinstance(self.screen, TrafficPage):
            self.back()
        else:
            self._show(TrafficPage())

    def open_sync(self) -> None:
        """Show how the data compares on the whole screen, or go back from it."""
        if isinstance(self.screen, SyncPage):
            self.back()
        else:
            self._show(SyncPage())

    def open_events(self) -> None:
        """Show the events on the whole screen, or go back from them."""
        if isinstance(self.screen, EventsPage):
            self.back()
        else:
            self._show(EventsPage())

    def filter_events(self) -> None:
        """Take keys as the text that events must contain."""
        if isinstance(self.screen, EventsPage):
            self.screen.start_filter()
            self.paint()
        else:
            self._show(EventsPage(typing=True))

    def open_detail(self) -> None:
        """Show everything about what is selected, failing that about the database that matters most."""
        subject = self._subject()
        if subject is not None:
            self.put(DetailPage(subject))

    def _subject(self) -> Event | Role | None:
        if isinstance(self.screen, DetailPage | HelpPage | TrafficPage | SyncPage):
            return None
        if isinstance(self.screen, PanelPage):
            return self.screen.role
        if isinstance(self.screen, EventsPage):
            return self.screen.selected
        selected = self.screen.selected if isinstance(self.screen, MainPage) else None
        if isinstance(selected, Role):
            return selected
        return next((e for e in self.view().events if e.id == selected), None) or self.view().snapshot.active

    def open_help(self) -> None:
        """Show every key, or go back."""
        if isinstance(self.screen, HelpPage):
            self.back()
        else:
            self.put(HelpPage(self.keymap))

    def open_palette(self) -> None:
        """Let the person find a command by its words."""
        self.put(Palette([c for c in self.commands if c.id != "palette"]))

    def copy_screen(self) -> None:
        """Copy the screen's text to the clipboard of the terminal (OSC 52)."""
        self.copy_to_clipboard(screen_text(self.screen))
        self.say("copied, if the terminal allows it (OSC 52)")

    def write_snapshot(self) -> None:
        """Write the picture into two files and say where."""
        try:
            text, facts = write_record(self.directory, self.view(), screen_text(self.screen))
        except OSError as error:
            self.say(f"not written: {error.strerror}: {error.filename}", Level.BAD)
        else:
            self.say(f"written {_for_a_shell(text)}, {facts.suffix}", Level.GOOD)
