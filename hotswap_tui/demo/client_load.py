"""The clients that the demo shows: started as a process, and what it reports."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from hotswap_tui.demo import load_process

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import SecretStr

_RECENT: Final = round(2.0 / load_process.REPORT_S)
"""Reports that the rate is drawn from."""
_END_S: Final = 5.0
_REPORT_S: Final = 3.0
CLIENTS: Final = load_process.CLIENTS


@dataclass(frozen=True, slots=True)
class Met:
    """What all clients met in some time."""

    seconds: float = 0.0
    successes: int = 0
    errors: int = 0
    longest_s: float = 0.0
    """The longest wait for one transaction, those that go on included."""
    waiting_s: float = 0.0
    """How long the client waited at its end that waited longest then."""
    servers: tuple[str, ...] = ()
    """Which servers answered in it, in the order in which they began to."""
    error: str = ""
    """The first error's text; empty without one."""

    def then(self, later: Met) -> Met:
        """Return what was met in both times."""
        return Met(
            self.seconds + later.seconds,
            self.successes + later.successes,
            self.errors + later.errors,
            max(self.longest_s, later.longest_s),
            later.waiting_s,
            tuple(dict.fromkeys((*self.servers, *later.servers))),
            self.error or later.error,
        )


class ClientLoad:
    """Run the clients against `url` while the context lasts, in a process that works in `directory`.

    Where the process has ended by itself, `alive` is false; `load.log` in the directory says why.
    """

    def __init__(self, url: SecretStr, directory: Path) -> None:
        self._url = url
        self._directory = directory
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._reported = asyncio.Event()
        self._recent: deque[Met] = deque(maxlen=_RECENT)
        self._lap = Met()
        self._warm = False
        self.total = Met()
        self.paused = False

    async def __aenter__(self) -> Self:
        """Start the process and return when all clients have been served, or after a few seconds in any case."""
        with (self._directory / "load.log").open("xb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", load_process.__name__),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                cwd=self._directory,
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
                start_new_session=True,
            )
        self._send(self._url.get_secret_value().encode() + b"\n")
        self._reading = asyncio.create_task(self._read(self._process))
        await self._report()
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the clients and the process."""
        process, reading = self._process, self._reading
        assert process is not None
        assert process.stdin is not None
        assert reading is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(_END_S):
                await process.wait()
                await reading
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            reading.cancel()

    @property
    def alive(self) -> bool:
        """Say whether the clients are there."""
        return self._reading is not None and not self._reading.done()

    @property
    def recent(self) -> Met:
        """Return what the clients met in the last two seconds."""
        met = Met()
        for each in self._recent:
            met = met.then(each)
        return met

    @property
    def servers(self) -> tuple[str, ...]:
        """Return which servers have answered in the last quarter of a second."""
        return self._recent[-1].servers if self._recent else ()

    def pause(self, *, paused: bool) -> None:
        """Let the clients rest, or go on."""
        self.paused = paused
        self._send(load_process.PAUSE if paused else load_process.GO)

    async def lap(self) -> Met:
        """Return what the clients have met since the last lap, up to now, and begin another."""
        await self._report()
        lap, self._lap = self._lap, Met()
        return lap

    async def _report(self) -> None:
        """Wait for the next report, which may never come."""
        self._reported.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(_REPORT_S):
                await self._reported.wait()

    def _send(self, command: bytes) -> None:
        if self._process is not None and self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(command)

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            fields: dict[str, Any] = json.loads(line)
            met = Met(**fields | {"servers": tuple(fields["servers"])})
            if not self._warm:
                # Eight logins at once, at both ends of PgBouncer, are the demo's start and no wait of a client.
                self._warm = met.successes > 0 and met.waiting_s == 0
                continue
            self.total, self._lap = self.total.then(met), self._lap.then(met)
            self._recent.append(met)
            self._reported.set()
