"""What all full screens share: they are painted from a view, and give way to one line when the terminal is too small."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.screen import Screen

from hotswap_tui.tui.cells import Row, Span, Tone, clip
from hotswap_tui.tui.footer import footer_row
from hotswap_tui.tui.rows import Rows
from hotswap_tui.tui.status import status_row, verdict_row

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from hotswap_tui.tui.app import HotSwapApp
    from hotswap_tui.tui.view import View

SMALLEST = (60, 16)
TOP_LINES = 2
"""Status and verdict stand on every page."""


class Page(Screen[None], inherit_bindings=False):
    """A full screen: `#top` with status and sentence, the subclass's body, `#foot`."""

    @property
    def dashboard(self) -> HotSwapApp:
        """Return the app by its own type."""
        return cast("HotSwapApp", self.app)

    def compose(self) -> ComposeResult:
        """Yield top, body and foot."""
        # A class that a screen gets once it has children styles them all again: a tenth of the time to the first frame.
        self._classify()
        yield Rows(id="top")
        yield from self.body()
        yield Rows(id="foot")

    def body(self) -> ComposeResult:
        """Yield what stands between top and foot."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Arrange before the first frame."""
        self._divide()

    def on_resize(self) -> None:
        """Arrange and draw at the new size."""
        self._divide()
        self.call_after_refresh(self._repaint)

    def on_screen_resume(self) -> None:
        """Draw at once on coming to the top."""
        self.call_after_refresh(self._repaint)

    def _repaint(self) -> None:
        if self.is_attached:
            self.paint(self.dashboard.view())

    def _classify(self) -> tuple[int, int] | None:
        """Set the classes for the terminal's size; return the room for a page, None when that is too small."""
        width, height = self.app.size
        small = width < SMALLEST[0] or height < SMALLEST[1]
        captioned = self.dashboard.caption is not None
        self.set_class(small, "too-small")
        self.set_class(captioned, "captioned")
        if small:
            return None
        self.classify(width, height - captioned)
        return width, height - captioned

    def _divide(self) -> None:
        if room := self._classify():
            self.divide(*room)

    def classify(self, width: int, height: int) -> None:
        """Set classes for a terminal of this size; called before there is a body, too."""

    def divide(self, width: int, height: int) -> None:
        """Set heights for a terminal of this size."""

    def paint(self, view: View) -> None:
        """Draw `view`; called at each tick and after each change."""
        width = self.app.size.width
        top = self.query_one("#top", Rows)
        if self.has_class("too-small"):
            quits = "asks to quit" if self.dashboard.client.owner else "quits"
            need = f"needs {SMALLEST[0]}x{SMALLEST[1]}, has {width}x{self.app.size.height}; {view.keys['quit']} {quits}"
            top.show([Row((Span(need, Tone.WARNING),))])
            return
        faded = view.stale_s is not None
        self.set_class(faded, "stale")
        top.show([status_row(view, width), verdict_row(view, width)])
        caption = self.dashboard.caption
        above = [Row(clip(caption().spans, width))] if caption else []
        self.query_one("#foot", Rows).show([*above, self.foot(view, width)])
        self.draw(view, width, faded=faded)

    def foot(self, view: View, width: int) -> Row:
        """Return the bottom line."""
        return footer_row(view, width)

    def draw(self, view: View, width: int, *, faded: bool) -> None:
        """Draw the body."""
        raise NotImplementedError
