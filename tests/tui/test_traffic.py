"""Traffic on the screen: the block, the page's graphs, and what is written down of it."""

from __future__ import annotations

import json
from dataclasses import replace
from statistics import fmean
from typing import TYPE_CHECKING, Any

import pytest

from hotswap_tui.core.time_words import age
from hotswap_tui.tui.traffic_history import KEPT, SHOWN_S, TrafficHistory, bars, series
from tests.support.pictures import NOW_S, ROUTED, TO_SECONDARY, TRAFFIC
from tests.support.routed_pictures import PROOF, pictures
from tests.support.screens import running, shown
from tests.support.scripted_client import ScriptedClient
from tests.support.until import until

if TYPE_CHECKING:
    from pathlib import Path


def test_the_history_is_bounded_and_keeps_each_reading_once() -> None:
    """Frames outnumber readings; an older reading never comes after a newer one."""
    history = TrafficHistory()
    history.add(None)
    for at_s in [*range(KEPT + 5), KEPT + 4, 3]:
        history.add(replace(TRAFFIC, at_s=float(at_s)))
    assert [reading.at_s for reading in history.readings()] == [float(at_s) for at_s in range(5, KEPT + 5)]


def test_a_series_joins_what_falls_into_one_span() -> None:
    """Spans without a reading, or with one that knows no rate yet, are empty; older readings are left out."""
    step_s = SHOWN_S // 10
    readings = [
        replace(TRAFFIC, at_s=at_s, queries_per_s=rate)
        for at_s, rate in ((1.0, 9.0), (9 * step_s, 100.0), (9 * step_s + 1, 200.0), (10 * step_s, None))
    ]
    assert series(readings, lambda t: t.queries_per_s, fmean, 10.5 * step_s, 10) == [*[None] * 8, 150.0, None]


@pytest.mark.parametrize(
    ("values", "height", "lines"),
    [
        ([0.0, 4.0, 8.0, None], 1, ["▁▄█·"]),
        ([4.0, 8.0, None], 2, [" █ ", "██·"]),
        ([0.0, None], 1, ["▁·"]),
        ([], 2, ["", ""]),
    ],
)
def test_bars(values: list[float | None], height: int, lines: list[str]) -> None:
    """Zero is a foot, nothing read a dot."""
    assert bars(values, height) == lines


@pytest.mark.parametrize(("size", "there"), [((80, 24), False), ((80, 30), True), ((120, 40), True), ((70, 40), False)])
async def test_the_block_is_there_where_it_takes_no_event_away(size: tuple[int, int], there: bool) -> None:
    """Small screens say what matters in the second line."""
    async with running(ScriptedClient(pictures()["routed"]), size) as (app, _):
        assert ("queries/s" in shown(app)) is there
        assert "42 clients, 0 wait" in shown(app)


async def test_without_a_gateway_nothing_is_wasted() -> None:
    """The events have the block's lines, until there is a gateway."""
    client = ScriptedClient()
    async with running(client, (120, 40)) as (app, pilot):
        before = shown(app).splitlines().index(next(line for line in shown(app).splitlines() if "─ events" in line))
        assert "─ traffic" not in shown(app)
        client.change(router=ROUTED)
        app.paint()
        await pilot.pause()
        after = next(n for n, line in enumerate(shown(app).splitlines()) if "─ events" in line)
        assert after == before + 3


async def test_figures_that_grow_old_say_so() -> None:
    """An age stands beside the figures; without any reading there are none."""
    client = ScriptedClient(pictures()["routed"])
    async with running(client, (120, 40)) as (app, pilot):
        client.change(router=replace(ROUTED, traffic=replace(TRAFFIC, at_s=NOW_S - 42)))
        app.paint()
        await pilot.pause()
        assert f"seen {age(42):>4}" in shown(app)
        client.change(router=replace(ROUTED, traffic=None))
        app.paint()
        await pilot.pause()
        assert "no figures" in shown(app)


async def test_a_long_address_keeps_its_mark() -> None:
    """What is cut is the address, never whether it agrees."""
    long = replace(TO_SECONDARY, address="ep-" + "cool-" * 20 + "name.neon.tech:5432")
    async with running(ScriptedClient(replace(pictures()["failed-over-routed"], router=long)), (80, 32)) as (app, _):
        row = next(line for line in shown(app).splitlines() if line.startswith("  → "))
        assert "… ✓" in row


async def test_a_step_is_drawn_before_the_timer() -> None:
    """Steps tick off as they come, at the slowest rate, too."""
    picture = pictures()["draining"]
    client = ScriptedClient(picture)
    async with running(client) as (app, pilot):
        await pilot.press(*["minus"] * 4)
        client.change(switch=replace(picture.switch, detail="1 open transaction"))  # type: ignore[type-var]
        await until(lambda: "1 open transaction  " in shown(app), 2)


async def test_what_is_written_down_has_the_gateway_the_hold_and_the_switch(tmp_path: Path) -> None:
    """The text below the screen and the JSON both."""
    for name in ("held", "failed-over-routed", "draining"):
        client = ScriptedClient(pictures()[name])
        async with running(client, directory=tmp_path / name) as (app, _):
            (tmp_path / name).mkdir()
            app.write_snapshot()
    held, moved, draining = (_facts(tmp_path / name) for name in ("held", "failed-over-routed", "draining"))
    assert held["gateway"]["traffic"]["clients_waiting"] == 8
    assert held["gateway"]["version"] == "1.18.0"
    assert held["hold"]["since"].startswith("2025-11-14T")
    assert moved["last_switch"]["waited_clients"] == 8
    assert moved["last_switch"]["proof"] == PROOF
    assert moved["last_switch"]["steps_done"][-1] == "canary"
    assert draining["switch"]["step"] == "hold"
    text = next((tmp_path / "failed-over-routed").rglob("*.txt")).read_text(encoding="utf-8")
    assert f"canary          {PROOF}" in text


def _facts(directory: Path) -> dict[str, Any]:
    path = next(directory.rglob("*.json"))
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
