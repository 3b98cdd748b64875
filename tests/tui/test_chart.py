from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.style import Style
from textual.app import App
from textual.geometry import Size

from hotswap_tui.core.latency import Buckets
from hotswap_tui.tui.chart import LatencyChart
from hotswap_tui.tui.chart_marks import Ink
from hotswap_tui.tui.chart_scale import Scale
from hotswap_tui.tui.sparkline import sparkline
from tests.support.until import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from textual.widget import Widget

Value = float | str
LINEAR, LOG = Scale(10.0), Scale(1000.0, 1.0)


def buckets(*values: Value, per_cell: int = 1) -> Buckets:
    """Make buckets of latencies; x failed, . unchecked, a space unknown (at either end)."""
    known = [index for index, value in enumerate(values) if value != " "]
    begin, end = (known[0], known[-1] + 1) if known else (0, 0)
    return Buckets(
        first=0,
        step_s=1.0,
        per_cell=per_cell,
        begin=begin,
        end=end,
        max_ms=tuple(value if isinstance(value, float) else None for value in values),
        failed=tuple(value == "x" for value in values),
        checked=tuple(value == "x" or isinstance(value, float) for value in values),
    )


class Stage(App[None]):
    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self.widget = widget

    def compose(self) -> list[Widget]:
        return [self.widget]


@asynccontextmanager
async def on_stage(widget: Widget, width: int, rows: int) -> AsyncIterator[None]:
    widget.styles.height = rows
    async with Stage(widget).run_test(size=(width, rows)):
        yield


def lines(widget: Widget) -> list[str]:
    return [widget.render_line(row).text for row in range(widget.size.height)]


STEADY = buckets(*[5.0] * 40, per_cell=2)
MIXED = buckets(" ", " ", " ", 1.0, 5.0, 10.0, "x", 2.0, ".", ".", 3.0, ".", ".", 4.0, 12.0, 1.0, 7.0, " ", per_cell=2)
SINGLE = buckets(" ", 1.0, 5.0, 10.0, "x", ".", 3.0, 12.0, 7.0, " ")


@pytest.mark.parametrize(
    ("shown", "scale", "ascii_only", "width", "rows", "expected"),
    [
        pytest.param(
            STEADY,
            LINEAR,
            False,
            27,
            3,
            [
                "  10ms┤                    ",
                "      │⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤",
                "     0┤⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿",
            ],
            id="steady",
        ),
        pytest.param(
            MIXED,
            LINEAR,
            False,
            24,
            3,
            [
                "  10ms┤          ⢸│   ▲⡀",
                "      │          ⣼│  ⢀⡇⡇",
                "     0┤         ⢠⣿×·⡇⢸⣧⡇",
            ],
            id="gap, failure, overflow",
        ),
        pytest.param(
            MIXED,
            LINEAR,
            False,
            24,
            5,
            [
                "  10ms┤          ⢸│   ▲ ",
                "      │          ⢸│   ⡇⡄",
                "      │          ⣼│   ⡇⡇",
                "      │          ⣿│ ⡄⢸⡇⡇",
                "     0┤         ⢠⣿×·⡇⢸⣧⡇",
            ],
            id="five rows",
        ),
        pytest.param(
            MIXED,
            LOG,
            False,
            24,
            3,
            [
                "    1s┤           │     ",
                "      │           │   ⡀ ",
                "   1ms┤         ⢀⣾×·⡄⢰⣇⡇",
            ],
            id="logarithmic",
        ),
        pytest.param(
            SINGLE,
            LINEAR,
            True,
            24,
            3,
            [
                "  10ms+          |!  ^: ",
                "      |         :|!  || ",
                "     0+        :||x.||| ",
            ],
            id="ascii",
        ),
        pytest.param(
            SINGLE,
            LOG,
            True,
            24,
            3,
            [
                "    1s+           !     ",
                "      |           !  :  ",
                "   1ms+        :||x.:|| ",
            ],
            id="ascii, logarithmic",
        ),
        pytest.param(
            SINGLE,
            LINEAR,
            False,
            24,
            1,
            [
                "  10ms┤        ▁▄█×·▃▲▆ ",
            ],
            id="one row",
        ),
        pytest.param(
            SINGLE,
            LINEAR,
            True,
            24,
            1,
            [
                "  10ms+        _-#x.-^= ",
            ],
            id="one row, ascii",
        ),
        pytest.param(
            MIXED,
            LINEAR,
            False,
            24,
            1,
            [
                "  10ms┤         ▁█×·▃▄▲▆",
            ],
            id="one row merges pairs",
        ),
        pytest.param(
            SINGLE,
            LINEAR,
            False,
            24,
            3,
            [
                "  10ms┤          ⣿│  ▲⣀ ",
                "      │         ⣤⣿│  ⣿⣿ ",
                "     0┤        ⣤⣿⣿×·⣿⣿⣿ ",
            ],
            id="one bucket a column fills both halves",
        ),
        pytest.param(
            MIXED,
            LINEAR,
            False,
            6,
            3,
            [
                "│   ▲⡀",
                "│  ⢀⡇⡇",
                "×·⡇⢸⣧⡇",
            ],
            id="narrow: newest cells, no axis",
        ),
        pytest.param(
            MIXED,
            LINEAR,
            False,
            24,
            7,
            [
                "  10ms┤          ⢸│   ▲ ",
                "      │          ⢸│   ⡇ ",
                "      │          ⢸│   ⡇⡇",
                "   5ms┤          ⣼│   ⡇⡇",
                "      │          ⣿│ ⡀⢸⡇⡇",
                "      │          ⣿│ ⡇⢸⡇⡇",
                "     0┤         ⢰⣿×·⡇⢸⣷⡇",
            ],
            id="seven rows have a middle tick",
        ),
    ],
)
async def test_a_picture(
    shown: Buckets, scale: Scale, ascii_only: bool, width: int, rows: int, expected: list[str]
) -> None:
    """Bars end where the values do; × stands for failed, · for unchecked, ▲ for above the axis; the rest is empty."""
    chart = LatencyChart(ascii_only=ascii_only)
    async with on_stage(chart, width, rows):
        assert lines(chart) == [" " * width] * rows
        assert chart.update(shown, scale)
        assert lines(chart) == expected


async def test_only_a_changed_picture_is_drawn() -> None:
    """The same buckets and axis again, or ones that look the same, draw nothing."""
    chart = LatencyChart()
    async with on_stage(chart, 40, 3):
        assert chart.update(STEADY, LINEAR)
        assert not chart.update(STEADY, LINEAR)
        assert not chart.update(replace(STEADY, first=2), replace(LINEAR, slack_since_s=3.0))
        assert chart.update(STEADY, LOG)


async def test_only_changed_rows_are_refreshed_from_the_first_changed_column_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A newest bucket that grows within the lowest row touches that cell, not the graph."""
    chart = LatencyChart()
    async with on_stage(chart, 27, 3):
        chart.update(buckets(*[2.0] * 40, per_cell=2), LINEAR)
        lines(chart)
        regions: list[tuple[int, int, int, int]] = []
        monkeypatch.setattr(chart, "refresh", lambda *found: regions.extend(found))
        chart.update(buckets(*[2.0] * 39, 3.0, per_cell=2), LINEAR)
        assert regions == [(26, 2, 1, 1)]


async def test_a_new_size_is_painted_whole() -> None:
    """The chart asks for as many buckets as fit it, and keeps the newest at the right edge."""
    chart = LatencyChart()
    async with on_stage(chart, 40, 3):
        assert (chart.points, chart.per_cell) == (66, 2)
        chart.update(STEADY, LINEAR)
        chart.styles.height = 1
        await until(lambda: chart.size == Size(40, 1))
        assert (chart.points, chart.per_cell) == (33, 1)
        assert lines(chart) == ["  10ms┤" + " " * 13 + "▄" * 20]


async def test_segments_always_carry_a_style() -> None:
    """The NO_COLOR filter of Textual crashes on a segment without one."""
    chart = LatencyChart()
    async with on_stage(chart, 40, 3):
        chart.update(MIXED, LINEAR)
        segments = [segment for row in range(3) for segment in chart.render_line(row)]
        assert all(isinstance(segment.style, Style) for segment in segments)
        bar, failed = (next(s for s in segments if glyph in s.text) for glyph in "⣿×")
        assert bar.style != failed.style


async def test_a_changed_theme_repaints() -> None:
    chart = LatencyChart()
    async with on_stage(chart, 40, 3):
        chart.update(MIXED, LINEAR)
        before = chart.render_line(2)
        chart.app.theme = "textual-light"
        await until(lambda: chart.render_line(2) != before)


value = st.floats(0, 1e5) | st.sampled_from(["x", "."])


@settings(deadline=None, max_examples=150)
@given(
    st.lists(value, min_size=2, max_size=450),
    st.sampled_from([1, 2]),
    st.sampled_from([LINEAR, LOG, Scale(1e6), Scale(0.1)]),
    st.booleans(),
    st.integers(1, 200),
    st.integers(1, 20),
)
def test_any_buckets_at_any_size_make_lines_of_the_exact_width(
    values: list[Value], per_cell: int, scale: Scale, ascii_only: bool, width: int, rows: int
) -> None:
    chart = Sized(width, rows, ascii_only=ascii_only)
    chart.update(buckets(*values[: len(values) // 2 * 2], per_cell=per_cell), scale)
    painted = chart.paint()
    assert [len(strip.text) for strip in painted] == [width] * rows
    assert [strip.cell_length for strip in painted] == [width] * rows
    assert not ascii_only or all(strip.text.isascii() for strip in painted)


class Sized(LatencyChart):
    """A chart without an app."""

    def __init__(self, width: int, rows: int, *, ascii_only: bool) -> None:
        super().__init__(ascii_only=ascii_only)
        self._extent = Size(width, rows)

    @property
    def size(self) -> Size:
        return self._extent

    def repaint(self) -> None:
        """There is no screen."""

    def _styles(self) -> dict[Ink, Style]:
        return dict.fromkeys(Ink, Style.null())


@pytest.mark.parametrize(
    ("shown", "width", "ascii_only", "expected"),
    [
        (SINGLE, 12, False, "   ▁▄█×·▃▲▆ "),
        (SINGLE, 12, True, "   _-#x.-^= "),
        (SINGLE, 4, False, "▃▲▆ "),
        (buckets(" ", " "), 3, False, "   "),
    ],
)
def test_a_sparkline(shown: Buckets, width: int, ascii_only: bool, expected: str) -> None:
    assert sparkline(shown, width, LINEAR, ascii_only=ascii_only) == expected
