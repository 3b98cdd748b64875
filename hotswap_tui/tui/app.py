"""The dashboard: it looks at an engine through `EngineClient` and passes on what a person asks for.

One timer draws everything, at most once in its interval, and once more as soon as a decision was taken.
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.segment import Segments
from rich.traceback import Traceback
from textual.app import App
from textual.binding import BindingsMap
from textual.theme import Theme

from hotswap_tui.core.errors import RefusedError
from hotswap_tui.core.events import ArmRequest, CancelRequest, CheckRequest, DisarmRequest
from hotswap_tui.core.values import Level, Role
from hotswap_tui.tui.ascii_filter import AsciiFilter
from hotswap_tui.tui.commands import COMMANDS, RATES_S, WINDOWS_S, Command, key_names
from hotswap_tui.tui.confirm import ConfirmDialog
from hotswap_tui.tui.dialogs import Dialog, Palette, QuitDialog
from hotswap_tui.tui.driver import TerminalDriver
from hotswap_tui.tui.events_page import EventsPage
from hotswap_tui.tui.full_pages import DetailPage, HelpPage, PanelPage
from hotswap_tui.tui.main_page import MainPage
from hotswap_tui.tui.pages import Page
from hotswap_tui.tui.plans import Plan, failback_plan, repair_plan, switch_plan
from hotswap_tui.tui.record import screen_text, write_record
from hotswap_tui.tui.terminal import TerminalProfile, operator
from hotswap_tui.tui.view import Choices, Note, View

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from textual.filter import LineFilter
    from textual.timer import Timer

    from hotswap_tui.core.events import Request
    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.core.values import Event
    from hotswap_tui.engine.client import EngineClient

NOTE_S = 6.0
SOON_S = 0.1
"""Changes are gathered for so long before they are drawn: at most ten extra frames a second."""
CHECKS_IN_WINDOW = 100
"""The first window is the shortest with room for so many checks."""
THEME = Theme(
    name="hotswap",
    primary="#4aa3df",
    secondary="#56b6c2",
    accent="#61c0e8",
    success="#7cc96f",
    warning="#e5b454",
    error="#f0655f",
    foreground="#d4d8de",
    background="#14171c",
    surface="#14171c",
    panel="#1d2128",
    dark=True,
    variables={"text-muted": "#838b97"},
)
PLAIN = TerminalProfile(ascii=False, ansi=False)


class HotSwapApp(App[None], inherit_bindings=False):
    """The dashboard over `client`. Raises ValueError when the user's keys name no command.

    `keys` maps command ids to Textual key names, several separated by commas. `clock` gives monotonic seconds on the
    engine's scale. `extra_commands` stand after the built-in ones and are bound, shown and listed like them.
    """

    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False

    def __init__(
        self,
        client: EngineClient,
        *,
        read_only: bool = False,
        profile: TerminalProfile = PLAIN,
        keys: Mapping[str, str] | None = None,
        extra_commands: Sequence[Command] = (),
        by: str = "",
        snapshot_directory: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(driver_class=TerminalDriver, ansi_color=True if profile.ansi else None)
        self.register_theme(THEME)
        self.theme = "ansi-dark" if profile.ansi else THEME.name
        self.animation_level = "none"
        self.client = client
        self.by = by or operator()
        self.now_s = clock
        self.lost = False
        self.last_screen = ""
        self.farewell = ""
        self._ascii = AsciiFilter(enabled=profile.ascii)
        self._keymap_of_user = dict(keys or {})
        self._all_commands = (*COMMANDS, *extra_commands)
        self._directory = snapshot_directory or Path.cwd()
        interval_s = client.snapshot().policy.check_interval_s
        window_s = next((w for w in WINDOWS_S if w >= CHECKS_IN_WINDOW * interval_s), WINDOWS_S[-1])
        self._choices = Choices(window_s=window_s, read_only=read_only, ascii=profile.ascii)
        self._note: Note | None = None
        self._frozen: View | None = None
        self._charts_ready = False
        self._drawn: tuple[object, ...] = ()
        self._soon: Timer | None = None
        self._ticker: Timer | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self._usable = tuple(c for c in self._all_commands if not (read_only and c.acting))
        self._bind_commands()

    def _bind_commands(self) -> None:
        known = {command.id for command in self._all_commands}
        if unknown := set(self._keymap_of_user) - known:
            message = f"keys are given for commands that do not exist: {', '.join(sorted(unknown))}"
            raise ValueError(message)
        self._bindings = BindingsMap([command.binding() for command in self._usable])
        self.set_keymap(self._keymap_of_user)
        self._key_names = {c.id: key_names(c, self._keymap_of_user)[0] for c in self._usable}

    # The picture

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return Textual's filters, and ours for terminals without our signs."""
        return [*super().get_line_filters(), self._ascii] if self._ascii.enabled else super().get_line_filters()

    def get_default_screen(self) -> MainPage:
        """Return the main screen."""
        return MainPage(secondary=self.present().secondary is not None, ascii_only=self._choices.ascii)

    def on_mount(self) -> None:
        """Start the one timer, and draw graphs once the first frame is out."""
        self._unsubscribe = self.client.subscribe(self._changed)
        self._ticker = self.set_interval(self._choices.rate_s, self._tick)
        self.call_after_refresh(self._first_frame_is_out)

    def on_unmount(self) -> None:
        """Stop listening to the engine."""
        if self._unsubscribe is not None:
            self._unsubscribe()

    def _first_frame_is_out(self) -> None:
        self.set_timer(SOON_S, self._load_charts)

    def _load_charts(self) -> None:
        self._charts_ready = True
        self.paint()

    def present(self) -> Snapshot:
        """Return the engine's present picture, frozen or not."""
        return self.client.snapshot()

    def view(self) -> View:
        """Return what is to be drawn now."""
        clock_s = self.now_s()
        if self._note is not None and clock_s >= self._note.until_s:
            self._note = None
        snapshot = self.present()
        if self._frozen is not None:
            changed = snapshot.version != self._frozen.snapshot.version
            return replace(
                self._frozen,
                clock_s=clock_s,
                choices=self._choices,
                note=self._note,
                changed_since=changed,
                charts_ready=self._charts_ready,
            )
        roles = (Role.PRIMARY,) if snapshot.secondary is None else tuple(Role)
        return View(
            snapshot=snapshot,
            events=self.client.events(),
            histories={role: self.client.latency(role) for role in roles},
            now_s=clock_s,
            clock_s=clock_s,
            choices=self._choices,
            commands=self._usable,
            keys=self._key_names,
            note=self._note,
            charts_ready=self._charts_ready,
        )

    def paint(self) -> None:
        """Draw the screen on top, and the page below it when that is a dialogue."""
        if not self.is_running or not self.screen_stack:
            return
        view = self.view()
        self._drawn = _decision(view.snapshot)
        with self.batch_update():
            if isinstance(self.screen, Dialog):
                page = next((s for s in reversed(self.screen_stack[:-1]) if isinstance(s, Page)), None)
                self.screen.paint(view)
                if page is not None:
                    page.paint(view)
            elif isinstance(self.screen, Page):
                self.screen.paint(view)

    def _tick(self) -> None:
        if isinstance(self._driver, TerminalDriver) and self._driver.caught_up():
            self.screen.refresh(layout=True)
        self.paint()

    def _changed(self) -> None:
        if self._soon is None and _decision(self.present()) != self._drawn:
            self._soon = self.set_timer(SOON_S, self._paint_change)

    def _paint_change(self) -> None:
        self._soon = None
        self.paint()

    def say(self, text: str, level: Level = Level.INFO) -> None:
        """Say `text` in the bottom line for a few seconds."""
        self._note = Note(text, level, self.now_s() + NOTE_S)
        self.paint()

    # Commands

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Say whether a command may run now; Textual asks before each."""
        if action != "command":
            return super().check_action(action, parameters)
        return any(command.id == parameters[0] for command in self._usable)

    def action_command(self, command_id: str) -> None:
        """Run the command, or say why it cannot be run now."""
        command = next(c for c in self._usable if c.id == command_id)
        if command.enabled(self.present()):
            command.run(self)
        else:
            self.say(f"{command.label.rstrip('…')}: not now", Level.INFO)

    def ask(self, request: Request) -> None:
        """Send a request; a refusal is said in the bottom line."""
        self.run_worker(self._ask(request), exit_on_error=False)

    async def _ask(self, request: Request) -> None:
        try:
            await self.client.request(request)
        except RefusedError as error:
            self.say(str(error), Level.WARNING)
        except OSError as error:
            self.say(f"no answer from the engine: {error}", Level.BAD)

    def ask_switch(self) -> None:
        """Ask before traffic is switched to the other database."""
        self._confirm(switch_plan(self.present()))

    def ask_failback(self) -> None:
        """Ask before traffic goes back to the primary."""
        self._confirm(failback_plan(self.present()))

    def ask_repair(self) -> None:
        """Ask before the gateway is pointed at the active database."""
        self._confirm(repair_plan(self.present()))

    def _confirm(self, plan: Plan) -> None:
        self.push_screen(ConfirmDialog(plan, self.present()))

    def toggle_arm(self) -> None:
        """Turn automatic switching off or on."""
        armed = self.present().mode.armed
        self.ask(DisarmRequest(self.by) if armed else ArmRequest(self.by))

    def cancel_switch(self) -> None:
        """Cancel the switch in flight."""
        self.ask(CancelRequest(self.by))

    def check_now(self) -> None:
        """Check both databases now."""
        self.ask(CheckRequest(self.by))

    def toggle_freeze(self) -> None:
        """Keep the present picture, or let it go on."""
        self._frozen = None if self._frozen is not None else replace(self.view(), frozen=True)
        self.paint()

    def step_window(self, by: int) -> None:
        """Choose the next shorter or longer time window."""
        index = WINDOWS_S.index(self._choices.window_s) + by
        self._choices = replace(self._choices, window_s=WINDOWS_S[max(min(index, len(WINDOWS_S) - 1), 0)])
        self.paint()

    def step_rate(self, by: int) -> None:
        """Redraw more or less often."""
        index = max(min(RATES_S.index(self._choices.rate_s) + by, len(RATES_S) - 1), 0)
        self._choices = replace(self._choices, rate_s=RATES_S[index])
        if self._ticker is not None:
            self._ticker.stop()
        self._ticker = self.set_interval(self._choices.rate_s, self._tick)
        self.say(f"redrawn every {self._choices.rate_s:g} s")

    def toggle_log(self) -> None:
        """Change between a linear and a logarithmic axis."""
        self._choices = replace(self._choices, log_axis=not self._choices.log_axis)
        self.paint()

    def toggle_shared(self) -> None:
        """Change between one axis a graph and one for both."""
        self._choices = replace(self._choices, shared_axis=not self._choices.shared_axis)
        self.paint()

    # Screens

    def back(self) -> None:
        """Leave the screen on top; the main screen stays."""
        if len(self.screen_stack) > 1:
            self.pop_screen()

    def _show(self, page: Page) -> None:
        """Put `page` over the main screen, in place of whatever is there."""
        if len(self.screen_stack) > 1:
            self.switch_screen(page)
        else:
            self.push_screen(page)

    def open_panel(self, role: Role) -> None:
        """Show one database on the whole screen, or go back from it."""
        if isinstance(self.screen, PanelPage) and self.screen.role is role:
            self.back()
        else:
            self._show(PanelPage(role, ascii_only=self._choices.ascii))

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
            self.push_screen(DetailPage(subject))

    def _subject(self) -> Event | Role | None:
        if isinstance(self.screen, DetailPage | HelpPage):
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
            self.push_screen(HelpPage(self._keymap_of_user))

    def open_palette(self) -> None:
        """Let the person find a command by its words."""
        self.push_screen(Palette([c for c in self._usable if c.id != "palette"]))

    def copy_screen(self) -> None:
        """Copy the screen's text to the clipboard of the terminal (OSC 52)."""
        self.copy_to_clipboard(screen_text(self.screen))
        self.say("copied, if the terminal allows it (OSC 52)")

    def write_snapshot(self) -> None:
        """Write the picture into two files and say where."""
        try:
            text, facts = write_record(self._directory, self.view(), screen_text(self.screen))
        except OSError as error:
            self.say(f"not written: {error.strerror}: {error.filename}", Level.BAD)
        else:
            self.say(f"written: {text} and {facts.suffix}", Level.GOOD)

    # The end

    def ask_quit(self, *, keep_screen: bool = False) -> None:
        """End an attached view at once; ask first where the engine would end with it."""
        if self.client.owner:
            self.push_screen(QuitDialog(keep_screen=keep_screen))
        else:
            self.leave(keep_screen=keep_screen)

    def leave(self, *, keep_screen: bool = False) -> None:
        """End the dashboard."""
        pages = [screen for screen in self.screen_stack if isinstance(screen, Page)]
        if keep_screen and pages:
            self.last_screen = screen_text(pages[-1])
        pid = self.present().pid
        self.farewell = "stopped; nothing is watched any more" if self.client.owner else f"the engine goes on, pid {pid}"
        self.exit()

    def end(self, return_code: int) -> None:
        """End at once, as a signal asks."""
        self.exit(return_code=return_code)

    def terminal_gone(self) -> None:
        """End because nobody can see it any more."""
        self.lost = True
        self.exit(return_code=128 + 1)

    def _fatal_error(self) -> None:
        """Show where it failed, without the values: they are nobody's business in a bug report."""
        trace = Traceback(show_locals=False, width=None)
        self._exit_renderables.append(Segments(self.console.render(trace, self.console.options)))
        self._close_messages_no_wait()


def _decision(snapshot: Snapshot) -> tuple[object, ...]:
    """Return what of a picture is drawn at once when it changes; the rest waits for the timer."""
    switch = snapshot.switch
    step = (switch.id, switch.step, switch.unknown) if switch is not None else None
    return (snapshot.version, snapshot.state, snapshot.active, snapshot.mode, snapshot.disagrees, step)
