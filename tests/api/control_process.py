"""An engine over fakes with its control socket in a process of its own: what tests kill, stop and let go on."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from hotswap_tui.core.policy import Policy
from tests.api.control_world import control_world

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")
_POLICY = Policy(check_interval_s=0.2, standby_check_interval_s=0.2, hold_max_s=0.0)


class ControlProcess:
    """Start one in `directory`; a context manager that kills what is left of it."""

    def __init__(self, directory: Path) -> None:
        self._ready, theirs = _CONTEXT.Pipe(duplex=False)
        self._process = _CONTEXT.Process(target=_live, args=(directory, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self.pid = self._process.pid or 0

    async def ready(self) -> Self:
        """Wait until it listens."""
        await asyncio.to_thread(self._ready.recv)
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._ready.close()

    def kill(self) -> None:
        """Send SIGKILL and wait for the end."""
        self._process.kill()
        self._process.join()

    def stop(self) -> None:
        """Let it hang."""
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)


def _live(directory: Path, ready: Connection) -> None:
    asyncio.run(_engine(directory, ready))


async def _engine(directory: Path, ready: Connection) -> None:
    async with control_world(directory, _POLICY) as world:
        await world.settled()
        with suppress(BrokenPipeError):
            ready.send("")
        await asyncio.Event().wait()
