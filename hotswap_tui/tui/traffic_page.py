"""Traffic on the whole screen: the gateway's facts, and what it carried in the last minutes."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

from hotswap_tui.tui.cells import Row, Span, Tone, right
from hotswap_tui.tui.event_rows import head_row
from hotswap_tui.tui.full_pages import TextPage
from hotswap_tui.tui.traffic_facts import traffic_facts
from hotswap_tui.tui.traffic_history import SHOWN_S, bars, series

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotswap_tui.core.traffic import Traffic
    from hotswap_tui.tui.view import View

_AXIS = 8
_FRAME_LINES = 4
"""Status, sentence, heading, foot."""
_GRAPHS = 2
_TALLEST = 6


class TrafficPage(TextPage):
    """Everything that is known about traffic; arrows scroll."""

    heading = "traffic"

    def text(self, view: View, width: int) -> list[Row]:
        """Return the facts, and under them the last minutes as high as there is room."""
        facts = traffic_facts(view, width)
        captioned = self.dashboard.caption is not None
        room = self.app.size.height - _FRAME_LINES - captioned - len(facts)
        height = max(min(room // _GRAPHS - 1, _TALLEST), 1)
        cells = max(width - _AXIS - 1, 1)
        return [
            *facts,
            *_graph("queries/s", "{:.0f}", series(view.readings, _rate, fmean, view.now_s, cells), width, height),
            *_graph("max wait s", "{:.2f}", series(view.readings, _wait, max, view.now_s, cells), width, height),
        ]


def _rate(traffic: Traffic) -> float | None:
    return traffic.queries_per_s


def _wait(traffic: Traffic) -> float | None:
    return traffic.max_wait_s


def _graph(title: str, form: str, values: Sequence[float | None], width: int, height: int) -> list[Row]:
    top = max((found for found in values if found is not None), default=0.0)
    figures = f"highest reading {form.format(top)} in the last {SHOWN_S // 60}m"
    lines = bars(values, height)
    labels = [form.format(top), *("" for _ in lines[1:])]
    rows = [
        Row((Span(f"{right(label, _AXIS - 1)}{'┤' if label else '│'}", Tone.DIM), Span(line)))
        for label, line in zip(labels, lines, strict=True)
    ]
    return [head_row(title, figures, width), *rows]
