"""A widget of finished lines that sends only what changed."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from hotswap_tui.tui.strips import first_difference

if TYPE_CHECKING:
    from textual import events


class Canvas(Widget):
    """Hold one strip for each row; a subclass paints them. Has no border and no padding."""

    _painted: list[Strip] | None = None

    @abstractmethod
    def paint(self) -> list[Strip]:
        """Return a strip of the widget's width for each of its rows."""

    def repaint(self) -> None:
        """Paint, and refresh each row from its first changed column on; wait for the next frame if it is not on screen."""
        width, height = self.size
        old = self._painted
        if old is None or [strip.cell_length for strip in old] != [width] * height:
            self._painted = None
            self.refresh()
            return
        self._painted = self.paint()
        regions = []
        for row, (before, after) in enumerate(zip(old, self._painted, strict=True)):
            column = first_difference(before, after)
            if column is not None:
                regions.append(Region(column, row, width - column, 1))
        if regions:
            self.refresh(*regions)

    def render_line(self, y: int) -> Strip:
        """Return row `y`."""
        if self._painted is None:
            self._painted = self.paint()
        return self._painted[y] if y < len(self._painted) else Strip.blank(self.size.width, self.rich_style)

    def on_resize(self, _: events.Resize) -> None:
        """Paint anew at the new size."""
        self._painted = None

    def notify_style_update(self) -> None:
        """Paint anew in the new colours."""
        super().notify_style_update()
        self._painted = None
