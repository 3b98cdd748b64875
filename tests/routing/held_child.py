"""Holds the clients of the gateway in argv[1], pulses the time-outs, says so, and waits for its end.

As `hung` in argv[2] asks, its guard takes it for hung at once.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from hotswap_tui.routing import holding
from hotswap_tui.routing.console import Console, now_s
from hotswap_tui.routing.layout import load
from hotswap_tui.routing.severing import PULSE, PULSED


async def main(directory: Path) -> None:
    gateway = load(directory)
    console = Console(gateway)
    hold = holding.Holding(gateway, console)
    await hold.open(60.0 if sys.argv[2] == "killed" else 1.0)
    await hold.pause(now_s() + 5)
    hold.note_settings(dict.fromkeys(PULSED, "0"))
    for name in PULSED:
        await console.run(f"SET {name}='{PULSE}'", now_s() + 5)
    print("held", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    holding._MARGIN_S = 0.0  # type: ignore[misc]
    asyncio.run(main(Path(sys.argv[1])))
