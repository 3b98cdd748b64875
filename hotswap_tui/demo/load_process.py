"""`python -m hotswap_tui.demo.load_process`: the demo's clients as a program of their own, as applications are.

In the dashboard's process every repaint would look like a wait, and every transaction like a slow check. The first line of standard
input is the connection string, later ones are `pause` or `go`; the end of it ends the program. Standard output gets a report
as JSON every quarter of a second, each for the time since the one before.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from pydantic import SecretStr

from hotswap_tui.demo.load import Load

if TYPE_CHECKING:
    from hotswap_tui.drill.totals import Totals

CLIENTS: Final = 8
PERIOD_S: Final = 0.1
REPORT_S: Final = 0.25
PAUSE: Final = b"pause\n"
GO: Final = b"go\n"


def report(lap: Totals) -> str:
    """Return what the clients met in one lap, as a line of JSON."""
    fields = {
        "seconds": lap.at_s - lap.since_s,
        "successes": lap.successes,
        "errors": lap.errors,
        "longest_s": lap.wait.took_s,
        "waiting_s": lap.waiting_s,
        "servers": list(lap.markers),
        "error": next((failure.text for failure in lap.failures if failure.at_s >= lap.since_s), ""),
    }
    return json.dumps(fields)


async def _obey(commands: asyncio.StreamReader, load: Load) -> None:
    while command := await commands.readline():
        load.pause(paused=command == PAUSE)


async def main() -> None:
    """Run the clients until standard input ends."""
    commands = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    url = SecretStr((await commands.readline()).decode().strip())
    async with Load(url, clients=CLIENTS, period_s=PERIOD_S) as load:
        obeying = asyncio.create_task(_obey(commands, load))
        while not obeying.done():
            await asyncio.wait({obeying}, timeout=REPORT_S)
            sys.stdout.write(f"{report(load.lap())}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    with suppress(BrokenPipeError, KeyboardInterrupt):
        asyncio.run(main())
