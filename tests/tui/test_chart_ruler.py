from __future__ import annotations

import pytest
from textual.app import App

from hotswap_tui.core.latency import LatencyHistory
from hotswap_tui.tui.chart_ruler import TimeRuler, ruler, span_text


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        pytest.param([], " -5m             -2m30s              now", id="no switch"),
        pytest.param([10, 11], " -5m      ↕↕     -2m30s              now", id="between the labels"),
        pytest.param([1], " ↕               -2m30s              now", id="on the first label"),
        pytest.param([20], " -5m                ↕                now", id="on the middle one"),
        pytest.param([38], " -5m             -2m30s               ↕ ", id="on now"),
        pytest.param([-1, 40], " -5m             -2m30s              now", id="outside the window"),
        pytest.param(range(40), "↕" * 40, id="no room for labels"),
    ],
)
def test_a_ruler(marks: list[int], expected: str) -> None:
    """Labels never move; one that a switch would cut stays away."""
    assert ruler(40, 8.0, 300.0, marks, "↕") == expected


@pytest.mark.parametrize(("width", "expected"), [(8, "-5m  now"), (7, "-5m now"), (6, "   now"), (3, "now"), (2, "  ")])
def test_a_narrow_ruler_leaves_labels_out(width: int, expected: str) -> None:
    assert ruler(width, 300 / width, 300.0, [], "|") == expected


def test_the_window_may_be_shorter_than_the_graph() -> None:
    """Its begin stands where it is, not at the edge."""
    assert ruler(40, 10.0, 300.0, [], "|") == "         -5m         -2m30s          now"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (30, "30s"),
        (60, "1m"),
        (150, "2m30s"),
        (450, "7m30s"),
        (3600, "1h"),
        (43_200, "12h"),
        (5400, "1h30m"),
    ],
)
def test_spans(seconds: float, text: str) -> None:
    assert span_text(seconds) == text


@pytest.mark.parametrize(("ascii_only", "mark"), [(False, "↕"), (True, "|")])
async def test_the_widget_rules_below_the_graph(ascii_only: bool, mark: str) -> None:
    """It leaves the axis free and draws only when a mark or the window moved."""
    made = TimeRuler(ascii_only=ascii_only)

    class Stage(App[None]):
        def compose(self) -> list[TimeRuler]:
            return [made]

    async with Stage().run_test(size=(47, 1)):
        shown = LatencyHistory().buckets(1000.0, 4.0, 80, per_cell=2)
        assert made.render_line(0).text == " " * 47
        assert made.update(shown, 300.0, [shown.first * 4.0 + 80.0, 5.0])
        assert made.render_line(0).text == f"        -5m      {mark}      -2m30s              now"
        assert not made.update(shown, 300.0, [shown.first * 4.0 + 87.0])
        assert made.update(shown, 60.0)
        assert all(segment.style is not None for segment in made.render_line(0))
