"""The demo's PgBouncer: a whole gateway in a directory of its own, kept running by `gateway run`, gone when the demo ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import SecretStr

from hotswap_tui.core.values import Role
from hotswap_tui.demo.installation import ServerError
from hotswap_tui.demo.keeper import Keeper
from hotswap_tui.demo.ports import LOOPBACK, reserve_port
from hotswap_tui.dsn import Address, parse
from hotswap_tui.gateway.bouncer import Bouncer
from hotswap_tui.gateway.front import Front
from hotswap_tui.gateway.installed import bouncer_pid, find_pgbouncer
from hotswap_tui.gateway.listening import is_listening
from hotswap_tui.gateway.setup import create
from hotswap_tui.routing import target_file

if TYPE_CHECKING:
    from collections.abc import Mapping

_ANY_PROGRAM: Final = Path("/")
_START_S: Final = 20.0
_POLL_S: Final = 0.01


class Endpoint:
    """A PgBouncer on a free loopback port before two databases, given by their connection strings.

    Neither it nor its directory outlives this program. Methods block for as long as they say and may be called from any thread.
    """

    def __init__(self, urls: Mapping[Role, str], base: Path) -> None:
        """Write its files into a new directory in `base`. Raises GatewayError, with nothing left behind, where PgBouncer is missing or cannot be set up."""
        find_pgbouncer()
        self._urls = urls
        self._reservation = reserve_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._removed = False
        self.directory = Path(tempfile.mkdtemp(prefix="hotswap-tui-gateway-", dir=base)).resolve()
        self._keeper = Keeper(self.directory, _ANY_PROGRAM)
        try:
            listen = Address(LOOPBACK, self._reservation.getsockname()[1])
            primary, secondary = (SecretStr(urls[role]) for role in (Role.PRIMARY, Role.SECONDARY))
            self.gateway = create(self.directory, primary, secondary, Front(listen))
        except BaseException:
            self.remove()
            raise

    @property
    def url(self) -> SecretStr:
        """Give what applications connect with."""
        return self.gateway.application

    @property
    def pid(self) -> int | None:
        """Give PgBouncer's process id, None while it is down."""
        return bouncer_pid(self.directory)

    def start(self) -> None:
        """Start `gateway run` and return when PgBouncer serves (about 0.5 s); raises ServerError."""
        with self._lock:
            self._start()

    def _start(self) -> None:
        if self._removed:
            raise ServerError("the demo's PgBouncer is not started: the demo has ended")
        said = self.directory / "gateway-run.log"
        with said.open("xb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "hotswap_tui", "gateway", "run", "--dir", str(self.directory)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.directory,  # by which the keeper finds it
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
                start_new_session=True,
            )
        uid, deadline = Bouncer.of(self.gateway).account.uid, time.monotonic() + _START_S
        while not (self.pid and is_listening(self.gateway.port, uid)):
            if self._process.poll() is not None or time.monotonic() > deadline:
                words = said.read_text(encoding="utf-8", errors="replace").strip()
                raise ServerError(f"the demo's PgBouncer did not start\n{words}")
            time.sleep(_POLL_S)

    def kill(self) -> bool:
        """Kill PgBouncer, which `gateway run` starts again; return whether it ran."""
        return self._signal(signal.SIGKILL)

    def divert(self, role: Role) -> bool:
        """Point PgBouncer to `role` behind everybody's back, as a person with an editor would; return whether it ran."""
        target_file.replace(
            self.gateway.target_file, target_file.render(self.gateway.database, parse(self._urls[role]))
        )
        return self._signal(signal.SIGHUP)

    def _signal(self, number: signal.Signals) -> bool:
        pid = self.pid
        if pid is None:
            return False
        os.kill(pid, number)
        return True

    def remove(self) -> None:
        """End PgBouncer and `gateway run`, delete the directory and give the port back."""
        # A start goes on in its thread when whoever awaits it is cancelled, and what it starts must be there to be ended.
        with self._lock:
            self._removed = True
            try:
                self._keeper.close()
            finally:
                if self._process is not None:
                    self._process.wait()
                self._reservation.close()
