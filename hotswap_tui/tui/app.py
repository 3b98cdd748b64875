"""The dashboard: it looks at an engine through `EngineClient` and passes on what a person asks for."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.segment import Segments
from textual.binding import BindingsMap
from textual.theme import Theme

from hotswap_tui.core.values import Level
from hotswap_tui.engine.operator import operator
from hotswap_tui.tui.acting import Acting
from hotswap_tui.tui.ascii_filter import AsciiFilter
from hotswap_tui.tui.commands import COMMANDS, WINDOWS_S, Command, check_keymap, key_names
from hotswap_tui.tui.dialogs import QuitDialog
from hotswap_tui.tui.looking import Looking
from hotswap_tui.tui.main_page import MainPage
from hotswap_tui.tui.pages import Page
from hotswap_tui.tui.record import screen_text
from hotswap_tui.tui.terminal import TerminalProfile
from hotswap_tui.tui.view import Choices

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from textual.filter import LineFilter

    from hotswap_tui.engine.client import EngineClient
    from hotswap_tui.tui.cells import Row

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
SNAPSHOTS = "snapshots"
HANGUP = 128 + 1
"""The exit code of a dashboard that SIGHUP ends, or whose terminal is gone."""
PLAIN = TerminalProfile(ascii=False, ansi=False)


class HotSwapApp(Acting, Looking, inherit_bindings=False):
    """The dashboard over `client`.

    `keys` maps command ids to Textual key names, several separated by commas; ValueError as in `check_keymap`.
    `clock` gives monotonic seconds on the engine's scale. `extra_commands` stand after the built-in ones and are
    bound, shown and listed like them; `caption` gives a line above the keys. Snapshots are written into `snapshots` in
    `directory`, by default into the working directory itself. `may_go_on`: an engine of this process can go on in the background
    when the dashboard ends, and `goes_on` says in the end whether it shall.
    """

    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False

    def __init__(  # noqa: PLR0913 - one argument for each thing that a program around it decides
        self,
        client: EngineClient,
        *,
        read_only: bool = False,
        profile: TerminalProfile = PLAIN,
        keys: Mapping[str, str] | None = None,
        extra_commands: Sequence[Command] = (),
        caption: Callable[[], Row] | None = None,
        by: str = "",
        directory: Path | None = None,
        may_go_on: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.keymap = dict(keys or {})
        every = (*COMMANDS, *extra_commands)
        check_keymap(every, self.keymap)
        usable = [command for command in every if not (read_only and command.acting)]
        interval_s = client.snapshot().policy.check_interval_s
        window_s = next((w for w in WINDOWS_S if w >= CHECKS_IN_WINDOW * interval_s), WINDOWS_S[-1])
        super().__init__(
            client,
            by=by or operator(),
            choices=Choices(window_s=window_s, read_only=read_only, ascii=profile.ascii),
            commands=usable,
            key_names={command.id: key_names(command, self.keymap)[0] for command in usable},
            clock=clock,
            ansi=profile.ansi,
        )
        self.register_theme(THEME)
        self.theme = "ansi-dark" if profile.ansi else THEME.name
        self.animation_level = "none"
        self.directory = Path.cwd() if directory is None else directory.absolute() / SNAPSHOTS
        self.caption = caption
        self.may_go_on = may_go_on
        self.goes_on = False
        self.lost = False
        self.last_screen = ""
        self.farewell = ""
        self._ascii = AsciiFilter(enabled=profile.ascii)
        self._bindings = BindingsMap([command.binding() for command in usable])
        self.set_keymap(self.keymap)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return Textual's filters, and ours for terminals without our signs."""
        return [*super().get_line_filters(), self._ascii] if self._ascii.enabled else super().get_line_filters()

    def get_default_screen(self) -> MainPage:
        """Return the main screen."""
        return MainPage(secondary=self.present().secondary is not None, ascii_only=self.choices.ascii)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Say whether a command may run now; Textual asks before each."""
        if action != "command":
            return super().check_action(action, parameters)
        return any(command.id == parameters[0] for command in self.commands)

    def action_command(self, command_id: str) -> None:
        """Run the command, or say why it cannot be run now."""
        command = next(c for c in self.commands if c.id == command_id)
        if hindrance := command.hindrance(self.present()):
            self.say(f"{command.label.rstrip('…')}: {hindrance}", Level.INFO, until_key=True)
        else:
            command.run(self)

    def ask_quit(self, *, keep_screen: bool = False) -> None:
        """End an attached view at once; ask first where the engine would end with it."""
        if self.client.owner:
            self.put(QuitDialog(keep_screen=keep_screen, may_go_on=self.may_go_on))
        else:
            self.leave(keep_screen=keep_screen)

    def leave(self, *, keep_screen: bool = False, goes_on: bool = False) -> None:
        """End the dashboard."""
        pages = [screen for screen in self.screen_stack if isinstance(screen, Page)]
        if keep_screen and pages:
            self.last_screen = screen_text(pages[-1])
        self.goes_on = goes_on
        if (silence := self.client.silence) is not None:
            self.farewell = (
                f"the engine, pid {self.present().pid}, did not answer any more: {silence.why}; see hotswap-tui status"
            )
        elif not self.client.owner:
            self.farewell = f"the engine goes on, pid {self.present().pid}"
        elif not goes_on:
            self.farewell = "stopped; nothing is watched any more"
        self.exit()

    def end(self, return_code: int) -> None:
        """End at once, as a signal asks; that of a terminal which is gone is not meant for the engine."""
        self.goes_on = self.may_go_on and return_code == HANGUP
        self.exit(return_code=return_code)

    def terminal_gone(self) -> None:
        """End because nobody can see it any more."""
        self.lost = True
        self.end(HANGUP)

    def _fatal_error(self) -> None:
        """Show where it failed, without the values: they are nobody's business in a bug report. The engine has not failed."""
        self.goes_on = self.may_go_on
        from rich.traceback import Traceback  # noqa: PLC0415 - 40 ms of start-up and 2 MB that only a failure needs

        trace = Traceback(show_locals=False, width=None)
        self._exit_renderables.append(Segments(self.console.render(trace, self.console.options)))
        self._close_messages_no_wait()
