"""What `sync dump`, `restore` and `copy` have in common: the databases, progress, signals, and one line for what goes wrong."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Never

from hotswap_tui.cli import exit_codes, streams
from hotswap_tui.cli.options import overrides

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from hotswap_tui.config import Loaded
    from hotswap_tui.dsn import Dsn
    from hotswap_tui.sync.dumps.moving_progress import Moved
    from hotswap_tui.sync.dumps.restore import Loaded as LoadedRows

ROLES: Final = ("primary", "secondary")
_LINE_EVERY_S: Final = 30.0
"""Into a log."""
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_MOST_DIFFERENCES: Final = 20


class _EndedError(BaseException):
    """A signal asks for the end; nothing may catch it for a failure of the work."""

    def __init__(self, number: int) -> None:
        self.number = number


class RefusedError(Exception):
    """Why nothing was done, in one line."""


def carry_out(command: str, args: argparse.Namespace, act: Callable[[argparse.Namespace], int]) -> int:
    """Do what `command` does, or say in one line why not; return the exit code."""
    from hotswap_tui.config import SettingsError  # noqa: PLC0415 - see options.load_settings
    from hotswap_tui.config.sources import SourceError  # noqa: PLC0415
    from hotswap_tui.dsn import DsnError  # noqa: PLC0415
    from hotswap_tui.sync.errors import SyncError  # noqa: PLC0415

    failures: dict[type[Exception], int] = {
        SettingsError: exit_codes.USAGE,
        SourceError: exit_codes.USAGE,
        DsnError: exit_codes.USAGE,
        RefusedError: exit_codes.NOTHING_DONE,
        SyncError: exit_codes.FAILED,
        BrokenPipeError: exit_codes.FAILED,
        OSError: exit_codes.FAILED,
    }
    try:
        with _signals():
            return act(args)
    except tuple(failures) as error:
        for line in str(error).splitlines():
            streams.complain(f"hotswap-tui sync {command}: {line}")
        return next(code for kind, code in failures.items() if isinstance(error, kind))
    except _EndedError as ended:
        streams.complain(
            f"hotswap-tui sync {command}: ended by {signal.Signals(ended.number).name}; nothing was left half done"
        )
        return 128 + ended.number


@contextmanager
def _signals() -> Iterator[None]:
    """Turn the signals that end a program into an exception, so that everything is put away; a second one changes nothing."""

    def end(number: int, _frame: object) -> Never:
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise _EndedError(number)

    before = {
        number: signal.signal(number, end) for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def load(args: argparse.Namespace) -> Loaded:
    """Load the settings; raises SettingsError."""
    from hotswap_tui.config import load as load_settings  # noqa: PLC0415 - see options.load_settings

    return load_settings(overrides(args), os.environ, args.env_file, Path.cwd(), None)


def database(loaded: Loaded, role: str) -> Dsn:
    """Return the connection string of `role`; raises SettingsError."""
    from hotswap_tui.config import SettingsError  # noqa: PLC0415 - see options.load_settings

    dsn = loaded.primary if role == "primary" else loaded.secondary
    if dsn is None:
        raise SettingsError(["DATABASE_URL_SECONDARY is not set, and names the secondary"])
    return dsn


class Display:
    """Shows on standard error how far it is: one line that changes on a terminal, one every half minute in a log."""

    def __init__(self) -> None:
        """Show nothing yet."""
        self._redraws = sys.stderr.isatty()
        self._next_s = time.monotonic() + (0.0 if self._redraws else _LINE_EVERY_S)
        self._drawn = False

    def show(self, moved: Moved) -> None:
        """Show `moved`, if it is time."""
        from hotswap_tui.cli.plain_text import cut, shown, tell  # noqa: PLC0415 - `--help` needs none of it

        if not self._redraws:
            if time.monotonic() >= self._next_s:
                self._next_s += _LINE_EVERY_S
                tell([progress_line(moved)])
            return
        self._drawn = True
        width = os.get_terminal_size(sys.stderr.fileno()).columns - 1
        sys.stderr.write(f"\r{shown(cut(progress_line(moved), width), sys.stderr)}\x1b[K")
        sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def progress_line(moved: Moved) -> str:
    """Return `dumping: 12.4 MB, 3.1 MB/s, 0:04`, with the share and the time left where they can be guessed."""
    from hotswap_tui.core.amount_words import size  # noqa: PLC0415 - `--help` needs none of it
    from hotswap_tui.core.time_words import duration, remaining  # noqa: PLC0415

    words = [size(moved.bytes), f"{size(moved.rate_bytes_s)}/s", duration(moved.elapsed_s)]
    if moved.done is not None:
        words.append(f"about {moved.done:.0%}")
    if moved.left_s is not None:
        words.append(f"{remaining(moved.left_s)} left")
    return f"{moved.stage}: {', '.join(words)}"


@contextmanager
def displayed() -> Iterator[Callable[[Moved], None]]:
    """Give what shows progress, and take it away in the end."""
    display = Display()
    try:
        yield display.show
    finally:
        display.clear()


def report(what: str, loaded: LoadedRows, uncompared: str) -> int:
    """Print what was loaded and how it compares; return the exit code. `uncompared` says why nobody could compare."""
    from hotswap_tui.cli.plain_text import say, tell  # noqa: PLC0415 - `--help` needs none of it
    from hotswap_tui.core.amount_words import count, size  # noqa: PLC0415
    from hotswap_tui.core.text import clean  # noqa: PLC0415

    took = f"{size(loaded.bytes)} in {loaded.took_s:.1f} s"
    if loaded.expected is None:
        say([f"{what}: {took}; not compared: {uncompared}"])
        return exit_codes.OK
    tables = f"{count(len(loaded.expected), 'table')}, {count(loaded.rows, 'row')}"
    if not loaded.differences:
        say([f"{what}: {tables}, {took}; every table has the rows that were dumped"])
        return exit_codes.OK
    say([f"{what}: {tables}, {took}; {count(len(loaded.differences), 'table')} not as dumped:"])
    say(clean(f"  {each}") for each in loaded.differences[:_MOST_DIFFERENCES])
    tell(["somebody writes to this database, or a trigger or rule changes what is loaded; look before you rely on it"])
    return exit_codes.DIFFERS
