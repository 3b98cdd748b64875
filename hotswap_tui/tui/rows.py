"""The one widget that most of the dashboard is made of: lines that are sent again only when they changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from hotswap_tui.tui.cells import BLANK, Row, Tone, clip

if TYPE_CHECKING:
    from collections.abc import Sequence

_REVERSE = Style(reverse=True)


class Rows(Widget, can_focus=False):
    """Show rows from the top; `show` compares with what is on the screen and repaints the difference."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"tone-{tone}" for tone in Tone}
    DEFAULT_CLASSES = "rows"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id, classes=classes)
        self._rows: tuple[Row, ...] = ()
        self._faded = False
        self._styles_of_tones: dict[Tone, Style] = {}

    @property
    def rows(self) -> tuple[Row, ...]:
        """Return what is shown."""
        return self._rows

    def show(self, rows: Sequence[Row], *, faded: bool = False) -> int:
        """Replace the rows, all dimmed when `faded`; return how many lines changed."""
        new, old = tuple(rows), self._rows
        longest = max(len(new), len(old))
        changed = [
            y
            for y in range(longest)
            if faded != self._faded or (new[y] if y < len(new) else BLANK) != (old[y] if y < len(old) else BLANK)
        ]
        self._rows, self._faded = new, faded
        if changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed if y < self.size.height))
        return len(changed)

    def render_line(self, y: int) -> Strip:
        """Return the strip of line `y`, exactly as wide as the widget."""
        shown = self._rows[y] if y < len(self._rows) else BLANK
        width = self.size.width
        segments = [Segment(span.text, self._style(span.tone)) for span in clip(shown.spans, width)]
        strip = Strip(segments).adjust_cell_length(width, self._style(Tone.PLAIN))
        return strip.apply_style(_REVERSE) if shown.selected else strip

    def _style(self, tone: Tone) -> Style:
        shown = Tone.DIM if self._faded else tone
        if shown not in self._styles_of_tones:
            self._styles_of_tones[shown] = self.get_component_rich_style(f"tone-{shown}")
        return self._styles_of_tones[shown]

    def notify_style_update(self) -> None:
        """Look the tones up again: the stylesheet has been applied anew."""
        super().notify_style_update()
        self._styles_of_tones.clear()
