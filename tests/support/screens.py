"""The dashboard as text: run it headless over a scripted client and read what the terminal would show."""

from __future__ import annotations

import io
import os
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from hotswap_tui.tui.app import HotSwapApp
from hotswap_tui.tui.chart import LatencyChart
from tests.support.scripted_client import ScriptedClient, SettableClock
from tests.support.until import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from textual.pilot import Pilot

STORED = Path(__file__).parents[1] / "tui" / "screens"
REGENERATE = "HOTSWAP_REGENERATE_SCREENS"
"""Set in the environment, it stores what the screens show now; read the difference before you commit it."""
SIZES = {"80x24": (80, 24), "120x40": (120, 40), "60x16": (60, 16)}


def shown(app: HotSwapApp) -> str:
    """Return the whole terminal, windows over pages included, without trailing blanks."""
    width, height = app.size
    console = Console(
        file=io.StringIO(), width=width, height=height, record=True, color_system=None, legacy_windows=False
    )
    compositor = app.screen._compositor
    console.print(compositor.render_update(full=True, screen_stack=app._background_screens))
    return "\n".join(line.rstrip() for line in console.export_text().splitlines()[:height]) + "\n"


@asynccontextmanager
async def running(
    client: ScriptedClient, size: tuple[int, int] = (80, 24), **options: Any
) -> AsyncIterator[tuple[HotSwapApp, Pilot[None]]]:
    """Run the dashboard headless until its graphs are drawn."""
    options.setdefault("clock", SettableClock())
    app = HotSwapApp(client, by="pi@tty1", **options)
    async with app.run_test(size=size) as pilot:
        await until(lambda: _drawn(app), what="the graphs are drawn")
        await pilot.pause()
        yield app, pilot


def _drawn(app: HotSwapApp) -> bool:
    charts = app.screen.query(LatencyChart)
    small = app.screen.has_class("too-small")
    return app.is_running and bool(charts) and (small or all(chart._buckets is not None for chart in charts))


def check(name: str, text: str) -> None:
    """Compare with the stored screen `name`, or store it when asked to."""
    path = STORED / f"{name}.txt"
    if os.environ.get(REGENERATE):
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path} does not exist; run once with {REGENERATE}=1 and read it"
    assert text == path.read_text(encoding="utf-8"), f"{name} differs; if it is better, run with {REGENERATE}=1"
