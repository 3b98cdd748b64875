"""A real PgBouncer over a gateway's directory, as the tests' own child."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import psycopg
import pytest
from psycopg.rows import dict_row
from pydantic import SecretStr

from hotswap_tui.core.plan import PoolMode
from hotswap_tui.demo.ports import LOOPBACK, reserve_port
from hotswap_tui.dsn import Address
from hotswap_tui.gateway.account import account_of
from hotswap_tui.gateway.front import Front
from hotswap_tui.gateway.setup import create
from tests.support.until import until_sync

if TYPE_CHECKING:
    from hotswap_tui.demo.servers import Server

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")
needs_pgbouncer = pytest.mark.skipif(PGBOUNCER is None, reason="pgbouncer is not installed")


class LivePgBouncer:
    """A gateway from `primary` to `secondary` and its PgBouncer, started; nothing is left of it after the context.

    `settings` are lines for pgbouncer.ini, before the included target.
    """

    def __init__(
        self,
        primary: Server,
        secondary: Server,
        pool_mode: PoolMode = PoolMode.TRANSACTION,
        settings: dict[str, str] | None = None,
    ) -> None:
        # Not below the test's own directory, which only root can pass.
        self._base = Path(tempfile.mkdtemp(prefix="hotswap-tui-", dir="/tmp"))
        self._base.chmod(0o755)
        self._port = reserve_port()
        listen = Address(LOOPBACK, self._port.getsockname()[1])
        urls = SecretStr(primary.url), SecretStr(secondary.url)
        self.gateway = create(self._base / "g", *urls, Front(listen=listen, pool_mode=pool_mode))
        self._add(settings or {})
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._port.close()
        shutil.rmtree(self._base)

    @property
    def directory(self) -> Path:
        """Return the gateway's directory."""
        return self.gateway.directory

    @property
    def url(self) -> str:
        """Return what applications connect with."""
        return self.gateway.application.get_secret_value()

    @property
    def alive(self) -> bool:
        """Tell whether the PgBouncer that was started last has not died."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start PgBouncer and return when it answers."""
        assert PGBOUNCER is not None
        account = account_of(self.gateway)
        with (self._base / "said").open("ab") as said:
            self._process = subprocess.Popen(
                [PGBOUNCER, str(self.directory / "pgbouncer.ini")],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                cwd="/",
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )
        until_sync(self._answers, what="PgBouncer's first answer")

    def kill(self) -> None:
        """End PgBouncer with SIGKILL, a stopped one too."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def freeze(self) -> None:
        """Stop PgBouncer with SIGSTOP: it accepts connections and answers nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a stopped PgBouncer go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def ask(self, command: str) -> list[dict[str, Any]]:
        """Give the console a command and return its rows."""
        url = self.gateway.console.get_secret_value()
        with psycopg.connect(url, autocommit=True, prepare_threshold=None, row_factory=dict_row) as console:
            cursor = console.execute(command.encode())
            return cursor.fetchall() if cursor.description else []

    def paused(self) -> bool:
        """Tell whether everything is paused; PgBouncer 1.18 shows that in an error only."""
        try:
            self.ask("PAUSE pgbouncer")
        except psycopg.Error as error:
            return "already suspended/paused" in str(error)
        return False

    def setting(self, name: str) -> str:
        """Return what SHOW CONFIG says of a setting."""
        return next(str(row["value"]) for row in self.ask("SHOW CONFIG") if row["key"] == name)

    def port_of_target(self) -> int:
        """Return the port that applications are led to."""
        rows = self.ask("SHOW DATABASES")
        return next(int(row["port"]) for row in rows if row["name"] == self.gateway.database)

    def said(self) -> str:
        """Return everything that PgBouncer has logged."""
        log = self.gateway.run_directory / "pgbouncer.log"
        return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""

    def _add(self, settings: dict[str, str]) -> None:
        ini = self.directory / "pgbouncer.ini"
        text = ini.read_text(encoding="utf-8")
        lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
        ini.write_text(text.replace("%include", f"{lines}%include"), encoding="utf-8")

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._base / "said").read_text(encoding="utf-8")
        try:
            return bool(self.ask("SHOW VERSION"))
        except psycopg.OperationalError:
            return False
