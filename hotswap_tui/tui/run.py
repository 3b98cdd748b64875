"""Run the dashboard on a real terminal, and give the terminal back whatever ends it."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import TYPE_CHECKING

from hotswap_tui.tui.driver import output_file

if TYPE_CHECKING:
    from hotswap_tui.tui.app import HotSwapApp

NO_TERMINAL = 4
_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


async def show(app: HotSwapApp) -> int:
    """Show the dashboard until it ends; return an exit code: 0, 4 without a terminal, 128 + n after signal n.

    The mouse stays the terminal's own, so that text can be selected as everywhere else.
    """
    if output_file() is None or sys.__stdin__ is None or not sys.__stdin__.isatty():
        sys.stderr.write("the dashboard needs a terminal; `hotswap-tui status` works everywhere\n")
        return NO_TERMINAL
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, app.end, 128 + number)
    try:
        await app.run_async(mouse=False)
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
        # A terminal that closes often says so twice; the second time must not cut the engine's end short.
        loop.add_signal_handler(signal.SIGHUP, lambda: None)
    if not app.lost:
        _farewell(app)
    return app.return_code or 0


def run_dashboard(app: HotSwapApp) -> int:
    """Run `show` on an event loop of its own."""
    return asyncio.run(show(app))


def _farewell(app: HotSwapApp) -> None:
    if app.last_screen:
        sys.stdout.write(app.last_screen + "\n")
    if app.farewell:
        sys.stderr.write(app.farewell + "\n")
