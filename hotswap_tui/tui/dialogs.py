"""Small windows over the running picture. They take every key, so that nothing typed reaches a command below."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.screen import ModalScreen

from hotswap_tui.core.events import ArmRequest
from hotswap_tui.core.failback_words import arming_fails_back
from hotswap_tui.core.proposal import changes
from hotswap_tui.core.values import Level
from hotswap_tui.tui.cells import BLANK, Row, Span, Tone, fit, wrap
from hotswap_tui.tui.commands import find
from hotswap_tui.tui.rows import Rows

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import Key

    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.tui.app import HotSwapApp
    from hotswap_tui.tui.commands import Command
    from hotswap_tui.tui.view import View

_WIDEST = 80
_AROUND = 5
"""Lines that stay free: border, the two lines above, the one below."""
_ANSWER = 3
"""The last rows say what can be pressed; they are never cut."""
_FRAME = 4
"""Border and padding, both sides."""


class Dialog(ModalScreen[None], inherit_bindings=False):
    """A window of rows, over the live picture always: a frozen one is no ground for acting."""

    heading = ""

    @property
    def dashboard(self) -> HotSwapApp:
        """Return the app by its own type."""
        return cast("HotSwapApp", self.app)

    def compose(self) -> ComposeResult:
        """Yield the one box."""
        yield Rows(id="box")

    def on_mount(self) -> None:
        """Draw before the first frame."""
        self.paint(self.dashboard.live())

    def on_resize(self) -> None:
        """Draw at the new size."""
        self.paint(self.dashboard.live())

    def paint(self, view: View) -> None:
        """Draw the rows and fit the box to them."""
        box = self.query_one("#box", Rows)
        width = min(self.app.size.width, _WIDEST)
        rows = shortened(self.rows(view, width - _FRAME), self.app.size.height - _AROUND)
        if box.styles.width is None or (box.size.width, box.size.height) != (width - _FRAME, len(rows)):
            box.styles.width, box.styles.height = width, len(rows) + 2
        box.border_title = self.heading
        box.show(rows)

    def on_key(self, event: Key) -> None:
        """Take the key; none reaches the app."""
        event.stop()
        event.prevent_default()
        self.press(event)
        if self.is_active:
            self.paint(self.dashboard.live())

    def shut(self) -> None:
        """Close the window; what is below goes on."""
        _ = self.dismiss()

    def rows(self, view: View, width: int) -> list[Row]:
        """Return what the window shows."""
        raise NotImplementedError

    def press(self, event: Key) -> None:
        """Act on a key."""
        raise NotImplementedError


class QuitDialog(Dialog):
    """Ask what becomes of the engine in this terminal; staying is what any other key does."""

    heading = "Quit?"

    def __init__(self, *, keep_screen: bool, may_go_on: bool) -> None:
        super().__init__()
        self._keep_screen = keep_screen
        self._may_go_on = may_go_on
        """Whether watching can go on in the background."""

    def rows(self, view: View, width: int) -> list[Row]:
        """Return what ends with the dashboard, and what need not."""
        what = "Both databases are" if view.snapshot.secondary is not None else "The database is"
        text = f"{what} watched from this terminal. When that stops, nothing is checked and nothing switches."
        trouble = _lines(_trouble_now(view.snapshot), width, Tone.BAD)
        return [*trouble, *_lines(text, width), BLANK, *self._keys()]

    def _keys(self) -> list[Row]:
        stay = _key_row("escape", "stay here")
        if not self._may_go_on:
            return [_key_row("s", "stop watching"), stay]
        return [_key_row("enter", "quit, and go on watching in the background"), _key_row("s", "stop watching"), stay]

    def press(self, event: Key) -> None:
        """Go on in the background on enter and on a second ctrl+c; stop on `s`."""
        if event.key == "s" or (event.key == "ctrl+c" and not self._may_go_on):
            self.dashboard.leave(keep_screen=self._keep_screen)
        elif event.key in {"enter", "ctrl+c"} and self._may_go_on:
            self.dashboard.leave(keep_screen=self._keep_screen, goes_on=True)
        else:
            self.shut()


class ArmDialog(Dialog):
    """Ask before automatic switching is turned on where it would fail back at once; only `y` does it."""

    heading = "Arm and fail back?"

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self._asked_on = snapshot
        self._void = False

    def paint(self, view: View) -> None:
        """Draw it; where it has lost its meaning, close it and say why in the bottom line."""
        super().paint(view)
        if not (self._void or arming_fails_back(view.snapshot)):
            self._void = True
            self.call_later(self._withdraw, changes(self._asked_on, view.snapshot))

    def _withdraw(self, what: str) -> None:
        if self.is_current:
            self.shut()
            self.dashboard.say(f"nothing was armed: {what}", Level.WARNING)

    def rows(self, view: View, width: int) -> list[Row]:
        """Return what would follow, or that it would not any more."""
        snapshot = view.snapshot
        if not arming_fails_back(snapshot):
            return [*_lines("the situation has changed; nothing was done", width), BLANK, _LEAVE_ROW]
        text = (
            f"The primary has passed {snapshot.primary.passes} checks in a row: "
            "with automatic switching on, traffic goes back to it at once."
        )
        keys = Row((Span("y", Tone.KEY), Span(" arm and fail back    "), *_LEAVE_ROW.spans))
        return [*_lines(text, width), BLANK, keys]

    def press(self, event: Key) -> None:
        """Arm on `y`, as long as that still means what was asked."""
        if event.key == "y" and arming_fails_back(self.dashboard.present()):
            self.dashboard.ask(ArmRequest(self.dashboard.by))
        self.shut()


def _key_row(key: str, meaning: str) -> Row:
    return Row((Span(f"{key:<7}", Tone.KEY), Span(f" {meaning}")))


_LEAVE_ROW = Row((Span("escape", Tone.KEY), Span(" leaves everything as it is")))


def _lines(text: str, width: int, tone: Tone = Tone.PLAIN) -> list[Row]:
    return [Row((Span(line, tone),)) for line in wrap(text, width)] if text else []


def _trouble_now(snapshot: Snapshot) -> str:
    """Return what is going on that nobody would see to the end; empty when nothing is."""
    told = []
    active = snapshot.database(snapshot.active)
    if snapshot.switch is not None:
        told.append(f"A switch to {snapshot.switch.target} is in progress.")
    if active is not None and active.failures:
        told.append(f"The {snapshot.active} fails: {active.failures} checks in a row.")
    if snapshot.hold is not None:
        told.append("Clients are held; they would be let go on, to a database that may not answer.")
    return " ".join(told)


class Palette(Dialog):
    """Find a command by its words and run it."""

    heading = "Commands"
    _SHOWN = 12

    def __init__(self, commands: list[Command]) -> None:
        super().__init__()
        self._commands = commands
        self._typed = ""
        self._index = 0

    def rows(self, view: View, width: int) -> list[Row]:
        """Return the typed words and the commands that match them."""
        found = find(self._commands, self._typed)
        self._index = max(min(self._index, len(found) - 1), 0)
        first = max(self._index - self._SHOWN + 1, 0)
        shown = [self._row(c, view, width, i) for i, c in list(enumerate(found))[first : first + self._SHOWN]]
        place = scroll_sign(first, len(shown), len(found))
        prompt = Row(
            (Span("> ", Tone.KEY), Span(fit(f"{self._typed}_", width - 2 - len(place))), Span(place, Tone.DIM))
        )
        none = [Row((Span("no command has these words", Tone.DIM),))]
        filled = (shown or none) + [BLANK] * (min(self._SHOWN, len(self._commands)) - len(shown or none))
        return [prompt, BLANK, *filled]

    def _row(self, command: Command, view: View, width: int, index: int) -> Row:
        tone = Tone.PLAIN if command.enabled(view.snapshot) else Tone.DIM
        key = Span(fit(view.keys.get(command.id, ""), 7), Tone.KEY)
        label = Span(f"{fit(command.label, 24)}  ", tone)
        return Row((key, label, Span(fit(command.help, width - 33), Tone.DIM)), selected=index == self._index)

    def press(self, event: Key) -> None:
        """Edit the words, move, run with enter, leave with escape."""
        if event.key in {"escape", "ctrl+c", "ctrl+p"}:
            self.shut()
        elif event.key in {"up", "down"}:
            self._index += 1 if event.key == "down" else -1
        elif event.key == "enter":
            self._run()
        else:
            self._typed, self._index = edited(self._typed, event), 0

    def _run(self) -> None:
        found = find(self._commands, self._typed)
        self.shut()
        if found:
            self.app.call_later(self.dashboard.action_command, found[self._index].id)


def scroll_sign(first: int, shown: int, total: int) -> str:
    """Return which of `total` lines are shown and where there are more; empty when all are."""
    if shown >= total:
        return ""
    up, down = "↑" if first else " ", "↓" if first + shown < total else " "
    return f"{first + 1}-{first + shown} of {total} {up}{down}"


def shortened(rows: list[Row], room: int) -> list[Row]:
    """Return at most `room` rows; what is too much is cut before the last ones."""
    if len(rows) <= room:
        return rows
    return [*rows[: max(room - _ANSWER - 1, 0)], Row((Span(" …", Tone.DIM),)), *rows[-_ANSWER:]]


def edited(text: str, event: Key) -> str:
    """Return `text` after the key: a character at its end, or one less."""
    if event.key in {"backspace", "ctrl+h"}:
        return text[:-1]
    if event.key == "ctrl+u":
        return ""
    return text + event.character if event.character and event.is_printable else text
