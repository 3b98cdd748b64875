"""One run of a user's command: an argument list, a bounded time, a bounded output, and no secret of ours."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hotswap_tui.engine.hook_output import Tail

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEADLINE_S: Final = 30.0
TERM_S: Final = 2.0
"""From SIGTERM to SIGKILL."""
LAST_S: Final = 2.0
"""What a running hook still gets when this program ends."""
_KILL_S: Final = 1.0
"""A process that SIGKILL does not end within this hangs in the kernel, or is not ours to end (sudo): it is left behind."""
_CHUNK: Final = 65_536
_PAUSE_S: Final = 0.01
"""Between two reads: a hook that prints without end waits for us, not we for it."""

_ALLOWED: Final = frozenset({"PATH", "HOME", "LANG", "TZ", "USER", "LOGNAME", "TMPDIR"})


class HookStartError(Exception):
    """The command could not be started; one line."""


@dataclass(frozen=True, slots=True)
class HookResult:
    """How a run ended."""

    exit_code: int | None
    """Negative: the signal that ended it; None: it could not be ended."""
    took_s: float
    output: str
    """The last of stdout and stderr, cleaned."""
    ended: str = ""
    """Why it was ended; empty when it ended by itself."""


def environment(ambient: Mapping[str, str], facts: Mapping[str, str]) -> dict[str, str]:
    """Return what a hook gets to know: `facts`, and of the `ambient` variables those that hold no secret."""
    allowed = {name: value for name, value in ambient.items() if name in _ALLOWED or name.startswith("LC_")}
    return {**allowed, **facts}


async def run(argv: tuple[str, ...], variables: Mapping[str, str], closing: asyncio.Event) -> HookResult:
    """Run `argv` to its end, or end it and its process group; `closing`: this program ends. Raises HookStartError.

    What it leaves running in the background when it ends by itself goes on, without an output.
    """
    loop = asyncio.get_running_loop()
    begun_s = loop.time()
    with _starting(argv[0]):
        source, sink = os.pipe()
    output = _Output(source)
    try:
        with _starting(argv[0]):
            process = await _start(argv, variables, sink)
        output.follow()
        ended = await _supervise(process, closing)
        return HookResult(process.returncode, loop.time() - begun_s, output.close(), ended)
    finally:
        output.close()


@contextmanager
def _starting(program: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise HookStartError(_why(error, program)) from error


async def _start(argv: tuple[str, ...], variables: Mapping[str, str], sink: int) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            env=dict(variables),
            start_new_session=True,
        )
    finally:
        os.close(sink)


class _Output:
    """Reads a pipe as it fills. A pipe of our own: what the hook leaves in the background may keep it open for ever."""

    def __init__(self, source: int) -> None:
        os.set_blocking(source, False)
        self._source = source
        self._tail = Tail()
        self._timer: asyncio.TimerHandle | None = None
        self._open = True

    def follow(self) -> None:
        """Begin, or go on after a pause."""
        asyncio.get_running_loop().add_reader(self._source, self._readable)

    def close(self) -> str:
        """Take what is there, stop, and return the text."""
        if self._open:
            self._open = False
            if self._timer is not None:
                self._timer.cancel()
            asyncio.get_running_loop().remove_reader(self._source)
            self._read()
            os.close(self._source)
        return self._tail.text()

    def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._source)
        if self._read():
            self._timer = loop.call_later(_PAUSE_S, self.follow)

    def _read(self) -> bool:
        """Take one pipe's fill; False at its end."""
        with suppress(BlockingIOError):
            data = os.read(self._source, _CHUNK)
            self._tail.take(data)
            return bool(data)
        return True


async def _supervise(process: asyncio.subprocess.Process, closing: asyncio.Event) -> str:
    """Wait for the end of `process`, or bring it about; return why that was necessary."""
    exited = asyncio.ensure_future(process.wait())
    try:
        why = await _overdue(exited, closing)
        if why:
            await _end(process.pid, exited)
    except asyncio.CancelledError:
        _signal(process.pid, signal.SIGKILL)
        await asyncio.wait({exited}, timeout=_KILL_S)
        raise
    finally:
        exited.cancel()
    return why


async def _overdue(exited: asyncio.Future[int], closing: asyncio.Event) -> str:
    closed = asyncio.ensure_future(closing.wait())
    try:
        either: set[asyncio.Future[Any]] = {exited, closed}
        await asyncio.wait(either, timeout=DEADLINE_S, return_when=asyncio.FIRST_COMPLETED)
        if exited.done():
            return ""
        if not closed.done():
            return f"it took longer than {DEADLINE_S:g} s"
        await asyncio.wait({exited}, timeout=LAST_S)
        return "" if exited.done() else "hotswap-tui ends"
    finally:
        closed.cancel()


async def _end(pid: int, exited: asyncio.Future[int]) -> None:
    for number, patience_s in ((signal.SIGTERM, TERM_S), (signal.SIGKILL, _KILL_S)):
        _signal(pid, number)
        await asyncio.wait({exited}, timeout=patience_s)
        if exited.done():
            break
    _signal(pid, signal.SIGKILL)  # those of its group that have not taken the hint


def _signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _why(error: OSError | ValueError, program: str) -> str:
    if isinstance(error, FileNotFoundError):
        there = os.path.exists(program)  # noqa: PTH110  Path.exists raises where nobody may look
        return "the interpreter that its first line names is missing" if there else "there is no such program"
    if isinstance(error, PermissionError):
        return "it may not be executed"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error)
