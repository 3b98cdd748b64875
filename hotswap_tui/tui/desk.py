"""The picture: taken from the engine, kept while it is frozen, drawn by one timer and at once after a decision."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.app import App
from textual.events import Key

from hotswap_tui.core.values import Level, Role
from hotswap_tui.tui.dialogs import Dialog
from hotswap_tui.tui.driver import TerminalDriver
from hotswap_tui.tui.pages import Page
from hotswap_tui.tui.traffic_history import TrafficHistory
from hotswap_tui.tui.view import Choices, Note, View

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from textual.events import Event
    from textual.screen import Screen
    from textual.timer import Timer

    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.engine.client import EngineClient
    from hotswap_tui.tui.commands import Command

NOTE_S = 5.0
NOTE_ALONE_S = 2.0
"""How long a short note may hide the keys where both do not fit; a longer one for as long as reading takes."""
READING_S = 0.05
"""A character's share of that."""
SOON_S = 0.1
"""Changes are gathered for so long before they are drawn: at most ten extra frames a second."""


class Desk(App[None], inherit_bindings=False):
    """An app that draws an engine's picture; its subclasses let a person look around and act."""

    def __init__(
        self,
        client: EngineClient,
        *,
        by: str,
        choices: Choices,
        commands: Sequence[Command],
        key_names: Mapping[str, str],
        clock: Callable[[], float],
        ansi: bool,
    ) -> None:
        super().__init__(driver_class=TerminalDriver, ansi_color=True if ansi else None)
        self.client = client
        self.by = by
        self.now_s = clock
        self.choices = choices
        self.commands = tuple(commands)
        self.key_names = key_names
        self._traffic = TrafficHistory()
        self._note: Note | None = None
        self._frozen: View | None = None
        self._charts_ready = False
        self.first_frame = asyncio.Event()
        self._drawn: tuple[object, ...] = ()
        self._soon: asyncio.TimerHandle | None = None
        self._ticker: Timer | None = None
        self._unsubscribe: Callable[[], None] | None = None

    def on_mount(self) -> None:
        """Start the one timer, and draw graphs once the first frame is out."""
        self._unsubscribe = self.client.subscribe(self._changed)
        self._ticker = self.set_interval(self.choices.rate_s, self._tick)
        self.call_after_refresh(self._first_frame_is_out)

    def on_unmount(self) -> None:
        """Stop listening to the engine."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        if self._soon is not None:
            self._soon.cancel()

    def _first_frame_is_out(self) -> None:
        self.first_frame.set()
        self.set_timer(SOON_S, self._load_charts)

    def _load_charts(self) -> None:
        self._charts_ready = True
        self.paint()

    def present(self) -> Snapshot:
        """Return the engine's present picture, frozen or not."""
        return self.client.snapshot()

    def view(self) -> View:
        """Return what is to be drawn now: the frozen picture while there is one."""
        live = self.live()
        if self._frozen is None:
            return live
        return replace(
            self._frozen,
            clock_s=live.clock_s,
            choices=live.choices,
            note=live.note,
            changed_since=live.snapshot.version != self._frozen.snapshot.version,
            charts_ready=live.charts_ready,
        )

    def live(self) -> View:
        """Return the present, frozen or not."""
        clock_s = self.now_s()
        if self._note is not None and clock_s >= self._note.until_s:
            self._note = None
        snapshot = self.present()
        self._traffic.add(snapshot.router.traffic)
        roles = (Role.PRIMARY,) if snapshot.secondary is None else tuple(Role)
        return View(
            snapshot=snapshot,
            events=self.client.events(),
            histories={role: self.client.latency(role) for role in roles},
            now_s=clock_s,
            clock_s=clock_s,
            silence=self.client.silence,
            choices=self.choices,
            commands=self.commands,
            keys=self.key_names,
            note=self._note,
            readings=self._traffic.readings(),
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
                self.screen.paint(self.live())
                if page is not None:
                    page.paint(view)
            elif isinstance(self.screen, Page):
                self.screen.paint(view)

    def _tick(self) -> None:
        if isinstance(self._driver, TerminalDriver) and self._driver.caught_up():
            self.screen.refresh(layout=True)
        self.paint()

    def _changed(self) -> None:
        # Not a Textual timer: the engine may call this while the app takes its timers down.
        present = self.present()
        self._traffic.add(present.router.traffic)
        if self._soon is None and not self._exit and _decision(present) != self._drawn:
            self._soon = asyncio.get_running_loop().call_later(SOON_S, self.call_later, self._paint_change)

    def _paint_change(self) -> None:
        self._soon = None
        self.paint()

    def say(self, text: str, level: Level = Level.INFO, *, until_key: bool = False) -> None:
        """Say `text` in the bottom line for a few seconds, `until_key` only until the next key."""
        now_s = self.now_s()
        alone_s = max(NOTE_ALONE_S, READING_S * len(text))
        alone_s = min(alone_s, NOTE_S) if until_key else alone_s
        self._note = Note(text, level, now_s + max(NOTE_S, alone_s), now_s + alone_s, until_key)
        self.paint()

    def forget_refusal(self) -> None:
        """Let go of what was said until the next key."""
        if self._note is not None and self._note.until_key:
            self._note = None
            self.paint()

    async def on_event(self, event: Event) -> None:
        """Let each key end a refusal before it does its own."""
        if isinstance(event, Key) and not event.is_forwarded:
            self.forget_refusal()
        await super().on_event(event)

    def put(self, screen: Screen[None]) -> None:
        """Put `screen` over what is shown."""
        _ = self.push_screen(screen)

    def choose(self, choices: Choices) -> None:
        """Draw by other choices from now on."""
        if self._ticker is not None and choices.rate_s != self.choices.rate_s:
            self._ticker.stop()
            self._ticker = self.set_interval(choices.rate_s, self._tick)
        self.choices = choices
        self.paint()

    def toggle_freeze(self) -> None:
        """Keep the present picture, or let it go on."""
        if self._frozen is None:
            view = self.view()
            self._frozen = replace(view, frozen=True, events=tuple(view.events))
        else:
            self._frozen = None
        self.paint()


def _decision(snapshot: Snapshot) -> tuple[object, ...]:
    """Return what of a picture is drawn at once when it changes; the rest waits for the timer."""
    switch = snapshot.switch
    step = (switch.id, switch.step, switch.steps_done, switch.detail, switch.unknown) if switch is not None else None
    router = snapshot.router
    gateway = (snapshot.disagrees, snapshot.hold, router.paused, router.error)
    return (snapshot.version, snapshot.state, snapshot.active, snapshot.mode, gateway, step)
