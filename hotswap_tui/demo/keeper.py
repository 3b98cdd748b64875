"""Directories that never outlive the program, nor do the servers that work in them."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

_SCRIPT = Path(__file__).with_name("keeper.sh")
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
_CLOSE_S = 15.0
_TRIES = 5


class Keeper:
    """Watch over a directory from a process of its own, which holds the reading end of a pipe.

    When the pipe closes, the keeper ends the processes that work in the directory and run from `programs`, and removes
    the directory. With `/` as `programs` all of them end, whatever they run. `close` closes the pipe, and so does the end of this program: an exit, an exception, a signal,
    `kill -9`. There is one way to clean up, whatever the cause.
    """

    def __init__(self, directory: Path, programs: Path) -> None:
        """Start to watch; `directory` and `programs` must be resolved paths."""
        self.directory = directory
        self._command = ["/bin/sh", str(_SCRIPT), str(directory), str(programs)]
        self._lock = threading.Lock()
        self._process = self._spawn(subprocess.PIPE)

    def _spawn(self, stdin: int) -> subprocess.Popen[bytes]:
        """Start it and return when no signal ends it any more; raises ChildProcessError when that cannot be had.

        In a session of its own neither Ctrl-C nor a closed terminal reaches it, but until it has that, both do.
        """
        for _ in range(_TRIES):
            process = subprocess.Popen(
                self._command,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env=_ENVIRONMENT,
                start_new_session=True,
            )
            assert process.stdout is not None
            with process.stdout:
                if process.stdout.readline():
                    return process
            if process.stdin is not None:
                process.stdin.close()
            process.wait()
        raise ChildProcessError(f"the keeper of {self.directory} was ended at its start")

    def close(self) -> None:
        """End the processes, remove the directory and return when that is done; raises TimeoutError when it is not."""
        with self._lock:
            if self._process.stdin is not None:
                self._process.stdin.close()
            self._process.wait(_CLOSE_S)
            if self.directory.exists():  # somebody killed the keeper, too
                self._process = self._spawn(subprocess.DEVNULL)
                self._process.wait(_CLOSE_S)
            if self.directory.exists():
                raise TimeoutError(f"{self.directory} could not be removed")
