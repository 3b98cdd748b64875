"""`hotswap-tui serve` as a process of its own, and a systemd that listens to what it is told."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from tests.support.until import until_sync

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.clusters import ServerPair

START_S = 20.0
END_S = 20.0
_LONGEST = 4096


class Served:
    """One `serve`; a context manager that kills what is left of it. `said` is its log."""

    def __init__(self, place: Place, *arguments: str, **environ: str) -> None:
        self._log = place.directory / f"log-{place.started}"
        place.started += 1
        with self._log.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hotswap_tui", "serve", *place.options, *arguments],
                stdin=subprocess.DEVNULL,
                stderr=stderr,
                cwd=place.directory,
                env={**place.environ, **environ},
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def said(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def await_words(self, words: str, times: int = 1) -> Self:
        """Wait until it has said `words`."""
        until_sync(lambda: self.said().count(words) >= times or self.process.poll() is not None, START_S, words)
        assert self.said().count(words) >= times, self.said()
        return self

    def hang_up(self) -> None:
        """Let it read its settings again."""
        self.process.send_signal(signal.SIGHUP)

    def stop(self) -> int:
        """Let it end and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self) -> int:
        """Return the exit code of one that ends by itself."""
        return self.process.wait(END_S)


class Place:
    """A state directory, an env file over `pair`, and the socket of a systemd."""

    def __init__(self, directory: Path, pair: ServerPair) -> None:
        self.directory = directory
        self.state = directory / "state"
        self.env_file = directory / "hotswap.env"
        self.started = 0
        self.settings = {
            "DATABASE_URL": pair.primary.url,
            "DATABASE_URL_SECONDARY": pair.secondary.url,
            "HOTSWAP_LISTEN": "off",
            "DB_HEALTH_CHECK_INTERVAL": "200",
            "DB_CONNECTION_TIMEOUT": "2000",
            "DB_FAILURE_RETRY_INTERVAL": "100",
            "DB_FAILURE_THRESHOLD": "2",
        }
        self.write()
        self.inbox = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.inbox.bind(str(directory / "notify"))
        self.inbox.settimeout(START_S)
        self.options = ("--env-file", str(self.env_file), "--state-dir", str(self.state))
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "LANG": "C.UTF-8",
            "NOTIFY_SOCKET": str(directory / "notify"),
        }

    def write(self, **settings: str) -> None:
        """Write the env file, with other values for some variables."""
        self.settings |= settings
        self.env_file.write_text("".join(f"{name}={value}\n" for name, value in self.settings.items()))
        self.env_file.chmod(0o600)

    def serve(self, *arguments: str, **environ: str) -> Served:
        """Start one."""
        return Served(self, *arguments, **environ)

    def heard(self, pattern: str) -> str:
        """Return the next message to systemd that matches `pattern`; those before it are left out."""
        while not re.search(pattern, message := self.inbox.recv(_LONGEST).decode()):
            pass
        return message

    def forget(self) -> None:
        """Leave out what was sent so far."""
        self.inbox.settimeout(0.0)
        with suppress(BlockingIOError):
            while self.inbox.recv(_LONGEST):
                pass
        self.inbox.settimeout(START_S)

    def close(self) -> None:
        self.inbox.close()
