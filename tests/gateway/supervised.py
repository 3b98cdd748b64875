"""`gateway run` as a process of its own, over a gateway in a directory that PgBouncer's user can reach."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psycopg

from hotswap_tui.demo.ports import reserve_port
from hotswap_tui.dsn import Address
from hotswap_tui.gateway.front import Front
from hotswap_tui.gateway.installed import bouncer_pid
from hotswap_tui.gateway.setup import create
from tests.support.until import until_sync

if TYPE_CHECKING:
    from pydantic import SecretStr

START_S = 10.0
END_S = 8.0


class Place:
    """A gateway on a port of its own; nothing of it is left in the end, however the test ends."""

    def __init__(self, primary: SecretStr) -> None:
        self.base = Path(tempfile.mkdtemp(prefix="hotswap-tui-gateway-", dir="/tmp"))
        self.base.chmod(0o755)
        self.directory = self.base / "g"
        self._port = reserve_port()
        self.port: int = self._port.getsockname()[1]
        self.gateway = create(self.directory, primary, front=Front(listen=Address("127.0.0.1", self.port)))
        self._started: list[Supervisor] = []

    def close(self) -> None:
        for supervisor in self._started:
            supervisor.process.kill()
            supervisor.process.wait()
        with suppress(ProcessLookupError):
            if pid := self.bouncer():
                os.kill(pid, signal.SIGKILL)
        self._port.close()
        shutil.rmtree(self.base)

    def run(self, **environ: str) -> Supervisor:
        """Start a supervisor."""
        supervisor = Supervisor(self.directory, self.base / f"said-{len(self._started)}", environ)
        self._started.append(supervisor)
        return supervisor

    def serving(self, **environ: str) -> Supervisor:
        """Start a supervisor and wait until PgBouncer serves."""
        return self.run(**environ).await_words("listens on")

    def bouncer(self) -> int | None:
        """Return the PgBouncer that runs."""
        return bouncer_pid(self.directory)

    def connect(self) -> psycopg.Connection:
        """Log in as an application does."""
        return psycopg.connect(self.gateway.application.get_secret_value(), prepare_threshold=None, autocommit=True)

    def serves(self) -> bool:
        """Return whether a new client is served."""
        try:
            with self.connect() as connection:
                return connection.execute("SELECT 1").fetchone() == (1,)
        except psycopg.OperationalError:
            return False


class Supervisor:
    """One `gateway run`."""

    def __init__(self, directory: Path, said: Path, environ: dict[str, str]) -> None:
        self._said = said
        with said.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hotswap_tui", "gateway", "run", "--dir", str(directory)],
                stdin=subprocess.DEVNULL,
                stderr=stderr,
                env={**os.environ, **environ},
            )

    def said(self) -> str:
        return self._said.read_text(encoding="utf-8")

    def await_words(self, words: str, times: int = 1) -> Self:
        """Wait until it has said `words`."""
        until_sync(lambda: self.said().count(words) >= times or self.process.poll() is not None, START_S, words)
        assert self.said().count(words) >= times, self.said()
        return self

    def stop(self, *signals: signal.Signals) -> int:
        """Send signals and return the exit code."""
        for number in signals or (signal.SIGTERM,):
            self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        """Return the exit code of a supervisor that ends by itself."""
        return self.process.wait(END_S)

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.process.wait()
