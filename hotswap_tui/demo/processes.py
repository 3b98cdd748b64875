"""The processes of one server, found by what they do rather than by a number that may have been given to another."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_PROC = Path("/proc")
_POLL_S = 0.002
_AT_REST = frozenset("TtZX")


def working_in(directory: Path, programs: Path) -> list[int]:
    """List the live processes whose working directory is `directory` and whose program lies in `programs`.

    PostgreSQL's postmaster and all its children work in the data directory. Both paths must be resolved.
    """
    processes = (entry for entry in _PROC.iterdir() if entry.name.isdigit())
    return [int(process.name) for process in processes if _works(process, directory, programs)]


def _works(process: Path, directory: Path, programs: Path) -> bool:
    # Gone meanwhile, a zombie, or somebody else's: none of them is ours.
    with suppress(OSError):
        if (process / "cwd").readlink() == directory:
            return (process / "exe").readlink().is_relative_to(programs)
    return False


def state(pid: int) -> str:
    """Return the one-letter process state of proc(5): `T` is stopped, `Z` a zombie, `X` is also what is gone."""
    try:
        return (_PROC / str(pid) / "stat").read_bytes().rpartition(b") ")[2][:1].decode()
    except OSError:
        return "X"


def signal_each(pids: Iterable[int], number: signal.Signals) -> None:
    """Send a signal to every process that still exists."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def freeze(postmaster: int, directory: Path, programs: Path, deadline: float) -> None:
    """Stop a server's processes, the postmaster first so that it starts no others, and wait until all of them rest.

    `deadline` is a time of `time.monotonic()`; raises TimeoutError when a process is still running then.
    """
    pids = [postmaster]
    while True:
        signal_each(pids, signal.SIGSTOP)
        _await_rest(pids, deadline)
        pids = [pid for pid in working_in(directory, programs) if state(pid) not in _AT_REST]
        if not pids:
            return


def _await_rest(pids: Iterable[int], deadline: float) -> None:
    while any(state(pid) not in _AT_REST for pid in pids):
        if time.monotonic() > deadline:
            raise TimeoutError("the server's processes did not stop in time")
        time.sleep(_POLL_S)


def kill(directory: Path, programs: Path, deadline: float) -> None:
    """Kill every process of a server and return when none is left; raises TimeoutError at the deadline."""
    while pids := working_in(directory, programs):
        signal_each(pids, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise TimeoutError("the server's processes did not die in time")
        time.sleep(_POLL_S)
