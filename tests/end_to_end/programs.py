"""The installed program over two real servers: how the end-to-end tests start it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hotswap_tui.engine.lock import LockedError, check_free
from tests.end_to_end.terminal import Terminal
from tests.support.until import until_sync

if TYPE_CHECKING:
    from tests.support.clusters import ServerPair

PROGRAM = str(Path(sys.executable).with_name("hotswap-tui"))
THRESHOLD = 3
RETRY_MS = 100
TIMEOUT_MS = 300
FAST = {
    "DB_HEALTH_CHECK_INTERVAL": "300",
    "DB_CONNECTION_TIMEOUT": str(TIMEOUT_MS),
    "DB_FAILURE_THRESHOLD": str(THRESHOLD),
    "DB_FAILURE_RETRY_INTERVAL": str(RETRY_MS),
    "DB_PRIMARY_RETRY_INTERVAL": "400",
    "DB_FRESH_CONNECT_EVERY": "5",
    "DB_MAX_SWITCHES_PER_HOUR": "60",
}
TURN_S = (THRESHOLD * (RETRY_MS + TIMEOUT_MS) + 300) / 1000
"""How long a confirmed failure may take before traffic moves: threshold times retry interval and time-out, one interval first."""
LATE_S = 20.0
"""What a busy test machine adds to a process that is scheduled, checks, decides and paints."""


class Workplace:
    """A home and a state directory for the programs of one test; `environ` is all that they get."""

    def __init__(self, directory: Path, pair: ServerPair) -> None:
        self.directory = directory
        self.state = directory / "state"
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "DATABASE_URL": pair.primary.url,
            "DATABASE_URL_SECONDARY": pair.secondary.url,
            "HOTSWAP_STATE_DIR": str(self.state),
            "HOTSWAP_LISTEN": "off",
            **FAST,
        }

    def show(self, *arguments: str, columns: int = 120, rows: int = 40, **environ: str) -> Terminal:
        """Start the program on a terminal."""
        return Terminal([PROGRAM, *arguments], {**self.environ, **environ}, self.directory, columns=columns, rows=rows)

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, without a terminal."""
        return subprocess.run(
            [PROGRAM, *arguments],
            env={**self.environ, **environ},
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def engine_pid(self) -> int:
        """Return the process of the engine that controls the state directory, 0 when none does."""
        try:
            check_free(self.state)
        except LockedError as error:
            return 0 if error.holder is None else error.holder.pid
        return 0

    def end_engine(self) -> None:
        """Kill the engine that goes on in the background, and wait for its end."""
        if pid := self.engine_pid():
            os.kill(pid, signal.SIGKILL)
            until_sync(lambda: self.engine_pid() == 0, 10.0, "the engine's end")

    def log(self) -> list[str]:
        """Return the log's lines that `grep "DB Manager"` finds."""
        text = (self.state / "hotswap-tui.log").read_text(encoding="utf-8")
        return [line for line in text.splitlines() if "DB Manager" in line]
