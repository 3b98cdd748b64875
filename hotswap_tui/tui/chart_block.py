"""A database's graph with its head: name, figures over the window, axis and time ruler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Container

from hotswap_tui.core.latency import step_for
from hotswap_tui.tui.cells import Row, Span, Tone, right
from hotswap_tui.tui.chart import LatencyChart
from hotswap_tui.tui.chart_ruler import TimeRuler
from hotswap_tui.tui.chart_scale import Scale, next_scale, shared
from hotswap_tui.tui.event_rows import head_row
from hotswap_tui.tui.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

    from hotswap_tui.core.latency import Buckets, Stats
    from hotswap_tui.core.values import Role
    from hotswap_tui.tui.view import View

_ROOMY = 64
_REDRAW_NOW_S = 5.0
"""How long the bar of now may lag behind its bucket's maximum: drawing is most of what the dashboard costs."""


class ChartBlock(Container):
    """One graph. On a small screen the head shrinks to the name, left of a single row."""

    def __init__(self, role: Role, *, ascii_only: bool) -> None:
        super().__init__(classes="chart-block")
        self.role = role
        self._ascii_only = ascii_only
        self._scale: Scale | None = None
        self._scaled_for: tuple[object, ...] = ()
        self._settled: tuple[object, ...] = ()
        self._drawn_s = -_REDRAW_NOW_S

    def compose(self) -> ComposeResult:
        """Yield head, graph and ruler."""
        yield Rows(classes="head")
        yield LatencyChart(ascii_only=self._ascii_only)
        yield TimeRuler(ascii_only=self._ascii_only)

    def paint_head(self, view: View, *, faded: bool) -> None:
        """Write the name and the figures."""
        head = self.query_one(Rows)
        width = head.size.width
        name = self.role.value
        if width < len(name) + 20:
            head.show([Row((Span(f" {name}", Tone.DIM),))], faded=faded)
            return
        head.show([head_row(name, figures(view.stats(self.role), roomy=width >= _ROOMY), width)], faded=faded)

    def measure(self, view: View) -> tuple[Buckets, Scale]:
        """Return what the graph would show, on its own axis."""
        chart = self.query_one(LatencyChart)
        cells = max(chart.points // chart.per_cell, 1)
        step_s = step_for(view.choices.window_s, cells * chart.per_cell)
        history = view.histories[self.role]
        buckets = history.buckets(
            view.now_s, step_s, cells * chart.per_cell, per_cell=chart.per_cell, hold_s=view.hold_s(self.role)
        )
        seen = (view.choices.window_s, view.choices.log_axis, chart.points)
        previous = self._scale if seen == self._scaled_for else None
        self._scale, self._scaled_for = next_scale(previous, buckets, view.now_s, log=view.choices.log_axis), seen
        return buckets, self._scale

    def draw(self, view: View, buckets: Buckets, scale: Scale) -> None:
        """Draw the graph and its ruler; the bucket of now alone waits until it ends or a check in it fails."""
        settled = (scale, buckets.failed, buckets.max_ms[: buckets.end - 1], buckets.end, self.size)
        if settled == self._settled and view.clock_s - self._drawn_s < _REDRAW_NOW_S:
            return
        self._settled, self._drawn_s = settled, view.clock_s
        self.query_one(LatencyChart).update(buckets, scale)
        self.query_one(TimeRuler).update(buckets, view.choices.window_s, view.switches_s())


def paint_blocks(blocks: Sequence[ChartBlock], view: View, *, faded: bool = False) -> None:
    """Paint heads and, once the first frame is out, graphs; on one axis when the person shares it."""
    for block in blocks:
        block.paint_head(view, faded=faded)
    drawn = [block for block in blocks if block.query_one(LatencyChart).size.height]
    if not view.charts_ready or not drawn:
        return
    measured = [(block, *block.measure(view)) for block in drawn]
    common = measured[0][2]
    for _, _, scale in measured[1:]:
        common = shared(common, scale)
    for block, buckets, scale in measured:
        block.draw(view, buckets, common if view.choices.shared_axis else scale)


def figures(stats: Stats, *, roomy: bool) -> str:
    """Return the window's percentiles and losses in fixed widths."""
    p50, p95, top = (right(_short(value), 5) for value in (stats.p50_ms, stats.p95_ms, stats.max_ms))
    lost = f"lost {stats.lost}/{stats.total}"
    return f"p50 {p50}  p95 {p95}  max {top} ms  {lost}" if roomy else f"p50 {p50}  p95 {p95} ms  {lost}"


def _short(value_ms: float | None) -> str:
    if value_ms is None:
        return "-"
    return f"{value_ms:.1f}" if value_ms < 1000 else f"{value_ms:.0f}"
