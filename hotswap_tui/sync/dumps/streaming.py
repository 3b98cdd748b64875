"""Programs joined by pipes, with this one in the middle, which copies block by block and says how far it is.

A stream of any size takes no more memory than a block. However it ends, no program is left behind: each is killed and waited for. Where a program fails, the ones after it are
killed before they see the end of their input, which they must not take for a whole one.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Self

from hotswap_tui.core.text import clean
from hotswap_tui.probes.classify import redact
from hotswap_tui.sync.errors import SyncError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

BLOCK: Final = 1 << 18
TICK_S: Final = 0.2
_LIMIT: Final = 300
_SAID_BYTES: Final = 1 << 16
_NEIGHBOURS_S: Final = 0.3
_CONSEQUENCES: Final = (
    *("SIGPIPE", "roken pipe", "error writing output file", "could not read from input file", "end of file"),
    *("does not appear to be a valid archive", "did not find magic string"),
)
"""How programs fail because the one before or behind them has."""
_CANNOT_DROP: Final = "ERROR:  cannot drop "
"""Of pg_restore with --clean: something that stays needs what is to be replaced."""
_MARKS: Final = ("error: ", "fatal: ", "age: ", "bad decrypt")


@dataclass(frozen=True, slots=True)
class Command:
    """A program to start."""

    argv: Sequence[str]
    environment: Mapping[str, str]
    descriptors: tuple[int, ...] = ()
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """What must not be shown of its words."""

    @property
    def name(self) -> str:
        """Return the program's name."""
        return Path(self.argv[0]).name


class Programs:
    """Programs that run, each reading what the one before it writes; as a context manager it leaves none behind."""

    def __init__(self) -> None:
        """Start with none."""
        self._running: list[_Program] = []

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Kill what still runs."""
        self.kill()

    def start(self, command: Command, *, stdin: int | IO[bytes], stdout: int | IO[bytes]) -> subprocess.Popen[bytes]:
        """Start a program; raises SyncError when it cannot be."""
        program = _Program(command, stdin, stdout)
        self._running.append(program)
        return program.process

    def chain(self, commands: Sequence[Command], *, stdin: int | IO[bytes]) -> IO[bytes]:
        """Start `commands` one behind the other and return what the last one writes."""
        source = stdin
        for command in commands:
            process = self.start(command, stdin=source, stdout=subprocess.PIPE)
            if source is not stdin and not isinstance(source, int):
                source.close()
            assert process.stdout is not None
            source = process.stdout
        assert not isinstance(source, int)
        return source

    def failed(self) -> str:
        """Return what the program says that has failed, and not only lost its reader or its writer to another; empty when none has."""
        said = [program.why() for program in self._running if program.process.poll() not in {None, 0}]
        causes = (words for words in said if not any(mark in words for mark in _CONSEQUENCES))
        return next(causes, said[0] if said else "")

    def require(self, process: subprocess.Popen[bytes], tick: Callable[[], None]) -> None:
        """Wait until `process` has ended well; raises SyncError as soon as it or another has not."""
        while process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(TICK_S)
            self.check()
            tick()
        self.check()

    def finish(self, tick: Callable[[], None]) -> None:
        """Wait until all have ended well; raises SyncError when one has not."""
        for program in self._running:
            self.require(program.process, tick)

    def check(self) -> None:
        """Raise SyncError when one has failed; the others are killed."""
        if self.failed():
            self.settle()

    def settle(self) -> None:
        """Raise SyncError with what was said by the program which failed, once its neighbours had a moment to fail first."""
        end_s = time.monotonic() + _NEIGHBOURS_S
        while time.monotonic() < end_s and any(program.process.poll() is None for program in self._running[:-1]):
            time.sleep(0.01)
        why = self.failed()
        self.kill()
        raise SyncError(why or "a program has closed its pipe")

    def kill(self) -> None:
        """Kill what still runs, the last in the row first, and wait for its end."""
        for program in reversed(self._running):
            program.close()


class _Program:
    """One program and what it says."""

    def __init__(self, command: Command, stdin: int | IO[bytes], stdout: int | IO[bytes]) -> None:
        self.command = command
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        try:
            self.process = subprocess.Popen(
                list(command.argv),
                stdin=stdin,
                stdout=stdout,
                stderr=self._said,
                env=dict(command.environment),
                pass_fds=command.descriptors,
                # Ctrl-C reaches this program alone, which then ends the others in the right order.
                start_new_session=True,
            )
        except OSError as error:
            self._said.close()
            raise SyncError(f"{command.argv[0]} cannot be started: {error.strerror}") from error

    def why(self) -> str:
        """Return in one line what it failed with."""
        code = self.process.returncode
        lines = self._lines()
        words = next((line for mark in _MARKS for line in lines if mark in line), lines[-1] if lines else "")
        words = words.removeprefix(f"{self.command.name}: ").removeprefix("error: ")
        if code < 0 and not words:
            words = f"it was ended by {signal.Signals(-code).name}"
        if _CANNOT_DROP in words:
            words += "; the database is as it was: drop that there yourself, and try again"
        text = clean(redact(words, self.command.secrets), _LIMIT)
        return f"{self.command.name}: {text or f'it failed with status {code}'}"

    def _lines(self) -> list[str]:
        if self._said.closed:
            return []
        self._said.seek(0)
        text = self._said.read(_SAID_BYTES).decode(errors="replace")
        return [line.strip() for line in text.splitlines() if line.strip()]

    def close(self) -> None:
        """Kill it, and let go of everything."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self._said):
            if stream is not None:
                with suppress(OSError):
                    stream.close()


def pump(source: IO[bytes], write: Callable[[bytes], None], tick: Callable[[int], None], already: int = 0) -> int:
    """Hand over what `source` gives, block by block, to its end, and return how many bytes; `tick` is told so five times a second."""
    done, next_s = already, 0.0
    while True:
        ready, _, _ = select.select([source], [], [], TICK_S)
        if ready:
            block = os.read(source.fileno(), BLOCK)
            if not block:
                tick(done)
                return done
            write(block)
            done += len(block)
        if time.monotonic() >= next_s:
            tick(done)
            next_s = time.monotonic() + TICK_S


class Feed:
    """The input of a program: what is written goes to it, and time passes visibly where it takes nothing."""

    def __init__(self, programs: Programs, stream: IO[bytes], tick: Callable[[], None]) -> None:
        """Write to `stream`, which belongs to the first of `programs`."""
        self._programs = programs
        self._stream = stream
        self._tick = tick
        os.set_blocking(stream.fileno(), False)

    def write(self, block: bytes) -> None:
        """Hand over a block; raises SyncError when a program has failed."""
        rest = memoryview(block)
        while rest:
            _, ready, _ = select.select([], [self._stream], [], TICK_S)
            if not ready:
                self._programs.check()
                self._tick()
                continue
            try:
                rest = rest[os.write(self._stream.fileno(), rest) :]
            except BrokenPipeError:
                self._programs.settle()
            except BlockingIOError:
                continue

    def close(self) -> None:
        """Say that this was all."""
        with suppress(BrokenPipeError):
            self._stream.close()
