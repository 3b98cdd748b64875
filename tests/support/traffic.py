"""Two databases, PgBouncer in front of them, clients at its endpoint and an engine that moves them: everything is real."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psycopg
from psycopg.rows import dict_row
from pydantic import SecretStr

from hotswap_tui.core.plan import PoolMode
from hotswap_tui.core.values import Role
from hotswap_tui.demo.load import BEAT, Load
from hotswap_tui.demo.ports import LOOPBACK
from hotswap_tui.dsn import Address
from hotswap_tui.gateway.front import Front
from hotswap_tui.gateway.setup import create
from tests.support.engine_process import EngineProcess
from tests.support.mishaps import Mishap
from tests.support.until import until, until_sync

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from hotswap_tui.demo.servers import Server
    from tests.support.clusters import ServerPair

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")
PROBE = "probe"
"""What the engine's own connections to the servers are called, so that nobody takes them for an application's."""
TIME_OUTS = ("query_timeout", "idle_transaction_timeout", "query_wait_timeout")
KEPT = 200_000
"""So many attempts of a load are kept one by one: minutes of it."""
_STARTS_S = 10.0


class Stage:
    """Make a gateway over a pair of servers and run its PgBouncer; a context manager that leaves the servers alone.

    `pool_mode` is PgBouncer's. `primary_url` says where the primary is when that is not on loopback. Settings of an engine are those of the
    environment: `DB_…`.
    """

    def __init__(self, pair: ServerPair, pool_mode: PoolMode = PoolMode.TRANSACTION, *, primary_url: str = "") -> None:
        self.pair = pair
        self.pool_mode = pool_mode
        self.primary_url = primary_url or pair.primary.url
        self._stack = ExitStack()
        self._bouncer: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            # Not below the test's own directory, which only root can pass.
            self.home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hotswap-tui-traffic-")))
            self.home.chmod(0o755)
            stack.callback(self.kill_bouncer)
            self.gateway = create(
                self.home / "gateway",
                SecretStr(self.primary_url),
                SecretStr(self.pair.secondary.url),
                Front(listen=Address(LOOPBACK, _free_port()), pool_mode=self.pool_mode),
            )
            self.start_bouncer()
            self.time_outs = self.read_time_outs()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    # -- servers ----------------------------------------------------------------------------------

    @property
    def primary(self) -> Server:
        """Return the server behind the primary."""
        return self.pair.primary

    def server(self, role: Role) -> Server:
        """Return the server of `role`."""
        return self.pair.primary if role is Role.PRIMARY else self.pair.secondary

    def heal(self) -> None:
        """Bring both servers to life."""
        self.pair.heal()

    async def sessions(self, role: Role) -> list[str]:
        """Return what the sessions of applications on a server of the pair are doing; there should be none on one given up."""
        asked = (
            "SELECT concat_ws(' ', pid, application_name, state, query) FROM pg_stat_activity "
            "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND application_name <> %s"
        )
        async with await psycopg.AsyncConnection.connect(
            self.server(role).superuser_url, autocommit=True
        ) as connection:
            return [row[0] for row in await (await connection.execute(asked, [PROBE])).fetchall()]

    async def nobody_on(self, role: Role, deadline_s: float = 10.0) -> None:
        """Wait until no application has a session on that server."""

        async def deserted() -> bool:
            return not await self.sessions(role)

        await until(deserted, deadline_s, f"no application session on the {role}")

    # -- PgBouncer --------------------------------------------------------------------------------

    def start_bouncer(self) -> None:
        """Start PgBouncer as the gateway's files say, and return when it answers."""
        assert PGBOUNCER is not None
        account = self.gateway.directory.stat()
        other = account.st_uid if os.geteuid() == 0 else None
        with (self.home / "pgbouncer.out").open("ab") as output:
            self._bouncer = subprocess.Popen(
                [PGBOUNCER, str(self.gateway.directory / "pgbouncer.ini")],
                stdout=output,
                stderr=output,
                cwd="/",
                start_new_session=True,
                user=other,
                group=account.st_gid if other else None,
                extra_groups=[] if other else None,
            )
        until_sync(self._answers, _STARTS_S, "PgBouncer's first answer")

    def _answers(self) -> bool:
        assert self._bouncer is not None
        assert self._bouncer.poll() is None, (self.home / "pgbouncer.out").read_text()
        with suppress(psycopg.OperationalError), self._console():
            return True
        return False

    @property
    def bouncer_lives(self) -> bool:
        """Tell whether the PgBouncer that was started still runs."""
        return self._bouncer is not None and self._bouncer.poll() is None

    @property
    def bouncer_pid(self) -> int:
        """Return the process id of the PgBouncer that was started."""
        assert self._bouncer is not None
        return self._bouncer.pid

    def revive_bouncer(self) -> None:
        """Start PgBouncer again when the one that was started has died of what somebody else did to it."""
        until_sync(lambda: not self.bouncer_lives, _STARTS_S, "PgBouncer's end")
        self.start_bouncer()

    def kill_bouncer(self) -> None:
        """Send SIGKILL to PgBouncer and wait for its end."""
        if self._bouncer is not None:
            self._bouncer.send_signal(signal.SIGKILL)
            self._bouncer.wait()

    def _console(self) -> psycopg.Connection[dict[str, str]]:
        url = self.gateway.console.get_secret_value()
        return psycopg.connect(url, autocommit=True, prepare_threshold=None, row_factory=dict_row)

    @property
    def paused(self) -> bool:
        """Tell whether PgBouncer lets clients wait.

        Before 1.19 only a refusal says so: the console cannot be paused, and that is not told where everything is.
        """
        with self._console() as console:
            try:
                console.execute("PAUSE pgbouncer")
            except psycopg.Error as refusal:
                return "already" in str(refusal)
        raise AssertionError("PgBouncer has paused its console")

    def read_time_outs(self) -> dict[str, str]:
        """Return the time-outs in force that a switch may change."""
        with self._console() as console:
            rows = console.execute("SHOW CONFIG").fetchall()
        return {row["key"]: row["value"] for row in rows if row["key"] in TIME_OUTS}

    def undisturbed(self) -> bool:
        """Tell whether PgBouncer is as it was started: nobody is held, and no time-out differs."""
        return not self.paused and self.read_time_outs() == self.time_outs

    # -- clients and engine -------------------------------------------------------------------------

    @property
    def application_url(self) -> str:
        """Return what applications connect with."""
        return self.gateway.application.get_secret_value()

    def load(self, clients: int = 8, period_s: float = 0.01, *, reconnect: bool = False, statement: str = BEAT) -> Load:
        """Return clients of the endpoint, to be entered; every attempt of theirs is kept."""
        url = self.application_url
        return Load(url, clients=clients, period_s=period_s, reconnect=reconnect, statement=statement, timeline=KEPT)

    @asynccontextmanager
    async def open_transaction(self, name: str) -> AsyncIterator[psycopg.AsyncConnection]:
        """Give a client of the endpoint, called `name`, that has begun a transaction and does nothing more."""
        connection = await psycopg.AsyncConnection.connect(
            self.application_url, application_name=name, prepare_threshold=None
        )
        try:
            await connection.execute("SELECT")
            yield connection
        finally:
            await connection.close()

    def environ(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of an engine with these settings."""
        return {
            "HOME": str(self.home),
            "HOTSWAP_STATE_DIR": str(self.home / "state"),
            "HOTSWAP_GATEWAY": str(self.gateway.directory),
            "DATABASE_URL": f"{self.primary_url}?application_name={PROBE}",
            "DATABASE_URL_SECONDARY": f"{self.pair.secondary.url}?application_name={PROBE}",
            **settings,
        }

    def engine(self, mishap: Mishap = Mishap(), /, **settings: str) -> EngineProcess:  # noqa: B008 - frozen
        """Return an engine with these settings, in which `mishap` happens."""
        return EngineProcess(self.environ(settings), mishap)


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as free:
        port: int = free.getsockname()[1]
    return port
