"""A program that shows the dashboard over a `LiveClient`: what the terminal tests start on a pty.

`--attached` plays a client of an engine elsewhere; BEAT_FILE names a file that grows with each check.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys

from hotswap_tui.tui.app import HotSwapApp
from hotswap_tui.tui.run import show
from hotswap_tui.tui.terminal import terminal_profile
from tests.support.live_client import LiveClient


async def main() -> int:
    """Run client and dashboard on one loop, as the real program does."""
    client = LiveClient(owner="--attached" not in sys.argv)
    checks = asyncio.create_task(beat(client))
    try:
        return await show(HotSwapApp(client, profile=terminal_profile(os.environ, sys.stdout.encoding)))
    finally:
        checks.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await checks


async def beat(client: LiveClient) -> None:
    """Check at a steady pace and leave a trace of each."""
    name = os.environ.get("BEAT_FILE", os.devnull)
    with open(name, "a", encoding="ascii", buffering=1) as file:  # noqa: ASYNC230, PTH123 - a trace for another process
        while True:
            await asyncio.sleep(float(os.environ.get("BEAT_S", "1")))
            client.check()
            file.write("beat\n")


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
