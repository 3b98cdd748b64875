"""An engine in the background, without a terminal: how watching goes on when a dashboard's terminal is gone."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

WAIT_S: Final = 30
"""How long it waits for the engine before it to end: that one gives a switch in flight its time."""


def start_background(
    options: Sequence[str], log: Path, environ: Mapping[str, str] | None = None, directory: Path | None = None
) -> int:
    """Start `hotswap-tui serve` with `options` in a session of its own and return its process id; raises OSError.

    It waits for the lock of the engine that still runs here. What it cannot say elsewhere is appended to `log`. Environment and
    working directory are those of this process unless they are given.
    """
    serve = ("serve", "--wait", str(WAIT_S), "--log-file", str(log))
    # Safe path: whatever lies in the working directory is no module of ours.
    command = [sys.executable, "-P", "-m", "hotswap_tui", *serve, *options]
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=descriptor,
            start_new_session=True,
            env=environ,
            cwd=directory,
        )
    finally:
        os.close(descriptor)
    # It outlives this process, which has no use for its exit code.
    process.returncode = 0
    return process.pid


def has_ended(pid: int) -> bool:
    """Say whether the process that `start_background` started has ended."""
    try:
        return os.waitpid(pid, os.WNOHANG) != (0, 0)
    except ChildProcessError:  # that was told before
        return True
