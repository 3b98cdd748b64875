"""Screenshots: the real dashboard over the demo's real servers, in the states that matter.

`python -m hotswap_tui.demo.pictures DIRECTORY` writes SVG files, and PNG files where `rsvg-convert` is installed.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.values import Role, State
from hotswap_tui.demo.picture_file import cell_exact
from hotswap_tui.demo.stage import Stage
from hotswap_tui.engine.assembly import assemble
from hotswap_tui.engine.local import LocalClient
from hotswap_tui.tui.app import HotSwapApp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from textual.pilot import Pilot

    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.engine.engine import Engine

SETTINGS: Final = {"DB_PRIMARY_RETRY_INTERVAL": "5000"}
"""Otherwise the demo's own."""
WIDE: Final = (120, 40)
NARROW: Final = (80, 24)
WINDOW_S: Final = 62.0
"""A little more than the graphs show."""
USUAL_MS: Final = {Role.PRIMARY: 1.5, Role.SECONDARY: 28.0}
SLOW_SPELL_S: Final = (24.0, 29.0)
SLOW_SPELL_MS: Final = 14.0
PNG_ZOOM: Final = "1"


async def weather(stage: Stage) -> None:
    """Make the way to both servers as uneven as real ones, with one slow spell of the primary."""
    draw = random.Random(4)  # noqa: S311 - a network's whims are no secret
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    while True:
        for role, usual_ms in USUAL_MS.items():
            slow = role is Role.PRIMARY and SLOW_SPELL_S[0] < loop.time() - began_s < SLOW_SPELL_S[1]
            stage.delay(role, usual_ms * draw.lognormvariate(0, 0.25) + (SLOW_SPELL_MS * draw.random() if slow else 0))
        await asyncio.sleep(0.1)


class Photographer:
    """Takes pictures of the dashboard over one engine."""

    def __init__(self, engine: Engine, directory: Path) -> None:
        self._engine = engine
        self._directory = directory
        self._changed = asyncio.Event()
        engine.subscribe(self._changed.set)

    @asynccontextmanager
    async def dashboard(self, size: tuple[int, int]) -> AsyncIterator[Pilot[None]]:
        """Show the dashboard at `size` without a terminal."""
        app = HotSwapApp(LocalClient(self._engine), by="pi@tty1")
        async with app.run_test(size=size) as pilot:
            await asyncio.sleep(1.0)
            yield pilot

    async def until(self, expected: Callable[[Snapshot], bool]) -> None:
        """Wait for a picture of the engine."""
        async with asyncio.timeout(30):
            while not expected(self._engine.snapshot()):
                self._changed.clear()
                await self._changed.wait()

    async def take(self, pilot: Pilot[None], name: str) -> None:
        """Write what the dashboard shows now as `name`.svg and `name`.png."""
        app = pilot.app
        assert isinstance(app, HotSwapApp)
        app.paint()
        await pilot.pause()
        path = self._directory / f"{name}.svg"
        path.write_text(cell_exact(app.export_screenshot(title="hotswap-tui")), encoding="utf-8")
        await _to_png(path)
        print(path)


async def _to_png(path: Path) -> None:
    converter = shutil.which("rsvg-convert")
    if converter is None:
        print("no PNG: rsvg-convert is missing (Debian: librsvg2-bin)", file=sys.stderr)
        return
    command = (converter, "--zoom", PNG_ZOOM, "--output", str(path.with_suffix(".png")), str(path))
    process = await asyncio.create_subprocess_exec(*command)
    if await process.wait():
        raise OSError(f"{converter} failed on {path}")


async def sitting(stage: Stage, photographer: Photographer) -> None:
    """Bring servers and dashboard from state to state and take the pictures."""
    await asyncio.sleep(WINDOW_S)
    async with photographer.dashboard(NARROW) as pilot:
        await photographer.take(pilot, "steady-80x24")
    async with photographer.dashboard(WIDE) as pilot:
        await photographer.take(pilot, "steady")
        await pilot.press("S", *"second")
        await photographer.take(pilot, "dialogue")
        await pilot.press("escape")
        await stage.crash(Role.PRIMARY)
        await photographer.until(lambda s: s.state is State.SUSPECT and s.primary.failures == 2)
        await photographer.take(pilot, "failing")
        await photographer.until(lambda s: s.state is State.SECONDARY)
        await asyncio.sleep(12)
        await photographer.take(pilot, "failed-over")
        await stage.crash(Role.SECONDARY)
        await photographer.until(lambda s: s.state is State.UNAVAILABLE)
        await asyncio.sleep(4)
        await photographer.take(pilot, "both-down")


async def main(directory: Path) -> None:
    """Take every picture into `directory`."""
    async with Stage(SETTINGS) as stage, assemble(stage.loaded, lambda _event: None) as engine:
        if stage.clients is None:
            print(*stage.loaded.warnings, sep="\n", file=sys.stderr)
        uneven = asyncio.create_task(weather(stage))
        try:
            await sitting(stage, Photographer(engine, directory))
        finally:
            uneven.cancel()


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots")
    target.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(target))
