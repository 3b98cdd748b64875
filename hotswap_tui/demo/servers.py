"""Throw-away PostgreSQL servers on loopback, for the demo and the tests."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from enum import Enum
from pathlib import Path
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Self

from hotswap_tui.demo import processes
from hotswap_tui.demo.installation import Installation, ServerError, find_installation
from hotswap_tui.demo.keeper import Keeper
from hotswap_tui.demo.ports import LOOPBACK, reserve_port

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DATABASE", "ROLE", "SUPERUSER", "Server", "ServerError", "Stop"]

DATABASE = "cc_financial"
ROLE = "ccfinapp"
SUPERUSER = "postgres"

_SCHEMA = Path(__file__).with_name("schema.sql")
# Asking for clones and holes makes the kernel write the template to the disk first: 1 s instead of 0.1 s (ext4).
_COPY = ("cp", "--archive", "--reflink=never", "--sparse=never", "--")
_POLL_S = 0.002
_LOG_LINES = 12

# Small and quiet: about 15 MB, and no process that wakes up often.
_SETTINGS: Mapping[str, str | int] = {
    "autovacuum": "off",
    "bgwriter_delay": "10s",
    "dynamic_shared_memory_type": "mmap",  # files in the data directory: nothing stays in /dev/shm after a crash
    "huge_pages": "off",
    "io_method": "sync",
    "jit": "off",
    "listen_addresses": LOOPBACK,
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
    "max_connections": 50,
    "max_logical_replication_workers": 0,
    "max_wal_senders": 4,
    "max_wal_size": "64MB",
    "min_wal_size": "2MB",
    "shared_buffers": "16MB",
    "wal_writer_delay": "10s",
}
_RELAXED: Mapping[str, str | int] = {"fsync": "off", "full_page_writes": "off"}
_QUICK_LOGIN = "SELECT set_config('scram_iterations', '1', false) FROM pg_settings WHERE name = 'scram_iterations'"
"""A login computes 4,096 rounds otherwise; the password is random, and the server lives briefly and on this computer only."""
_LOGICAL: Mapping[str, str | int] = {"max_logical_replication_workers": 4}


class Stop(Enum):
    """PostgreSQL's shutdown modes, by the signal that asks for each."""

    SMART = signal.SIGTERM
    FAST = signal.SIGINT
    IMMEDIATE = signal.SIGQUIT


class Server:
    """One PostgreSQL server with the database `cc_financial`, in a directory and on a loopback port of its own.

    The port stays reserved while the server is down, so a restart finds it free and a client finds it refused. The
    server and its directory never outlive this program, however that ends. Methods block for as long as they
    say (a start takes about 50 ms) and are safe to call from several threads: a coroutine calls them through
    `asyncio.to_thread`. As a context manager it is created and started, and removed at the end.
    """

    def __init__(
        self,
        name: str,
        *,
        port: int = 0,
        fsync: bool = True,
        wal_level: str = "replica",
        settings: Mapping[str, str | int] | None = None,
        base: Path | None = None,
    ) -> None:
        """Reserve a port (0: any free one) and make the directory in `base`, by default the one for temporary files.

        `settings` are lines for postgresql.conf. Raises ServerError when the programs are missing, OSError when the port is taken.
        """
        self.name = name
        self.settings = {
            **_SETTINGS,
            **({} if fsync else _RELAXED),
            **(_LOGICAL if wal_level == "logical" else {}),
            "wal_level": wal_level,
            **(settings or {}),
        }
        self._password = token_urlsafe(12)
        self._installation: Installation = find_installation()
        self._reservation = reserve_port(port)
        self.port: int = self._reservation.getsockname()[1]
        self.directory = self._installation.make_directory(f"hotswap-tui-{name[:16]}-", base)
        self._keeper = Keeper(self.directory, self._installation.programs)
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.RLock()

    @classmethod
    def standby_of(cls, primary: Server, name: str = "standby") -> Server:
        """Create a physical standby of a running server: in recovery, read-only, streaming. It is not started."""
        standby = cls(name, settings=primary.settings, base=primary.directory.parent)
        standby._password = primary._password
        try:
            standby._copy_from(primary)
        except BaseException:
            standby.remove()
            raise
        return standby

    def __repr__(self) -> str:
        """Name the server without its password."""
        return f"Server({self.name!r}, port={self.port}, pid={self.pid})"

    def __enter__(self) -> Self:
        """Create and start the server; nothing is left behind when that fails."""
        try:
            self.create()
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the server."""
        self.remove()

    @property
    def url(self) -> str:
        """Give the connection string of the application's role, password included."""
        return f"postgresql://{ROLE}:{self._password}@{LOOPBACK}:{self.port}/{DATABASE}"

    @property
    def superuser_url(self) -> str:
        """Give the connection string of the superuser, password included."""
        return f"postgresql://{SUPERUSER}:{self._password}@{LOOPBACK}:{self.port}/{DATABASE}"

    @property
    def data(self) -> Path:
        """Name the data directory."""
        return self.directory / "data"

    @property
    def log(self) -> Path:
        """Name the file with everything that the server has said."""
        return self.directory / "server.log"

    @property
    def pid(self) -> int | None:
        """Give the postmaster's process id, None when it is down."""
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def running(self) -> bool:
        """Tell whether the postmaster lives; a frozen one does."""
        return self.pid is not None

    @property
    def frozen(self) -> bool:
        """Tell whether the postmaster is stopped by `freeze`."""
        return self.pid is not None and processes.state(self.pid) == "T"

    def create(self, template: Server | None = None) -> None:
        """Initialise the cluster with role, database and schema (about 0.7 s), or copy a stopped server's (0.1 s).

        A copy has the template's system identifier, marker and password. Raises ServerError.
        """
        with self._lock:
            if template is None:
                self._initialise()
                return
            self._password = template._password
            self._installation.run([*_COPY, str(template.data), "data"], directory=self.directory)
            self._configure()

    def start(self, timeout_s: float = 30.0) -> None:
        """Start the server and return when it accepts queries; raises ServerError with the log's end when it does not.

        Ready is what the postmaster itself writes into its pid file, as for `pg_ctl --wait`.
        """
        with self._lock:
            if self.running:
                return
            with self.log.open("ab") as log:
                self._process = self._installation.spawn(
                    ["postgres", "-D", str(self.data)],
                    directory=self.directory,
                    output=log,
                )
            try:
                self._await_ready(time.monotonic() + timeout_s)
            except BaseException:
                self.crash()
                raise

    def stop(self, mode: Stop = Stop.FAST, timeout_s: float = 30.0) -> None:
        """Shut the server down and return when it is gone; a frozen one is thawed first.

        Raises ServerError when it is still there after `timeout_s`: with `Stop.SMART` it waits for its clients.
        """
        with self._lock:
            if self._process is None or not self.running:
                return
            self.thaw()
            self._process.send_signal(mode.value)
            try:
                self._process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                raise self._error(f"did not stop within {timeout_s:g} s") from None

    def restart(self) -> None:
        """Stop the server if it runs, crashed and frozen ones included, and start it on the same port."""
        with self._lock:
            self.stop()
            self.start()

    def crash(self, timeout_s: float = 10.0) -> None:
        """Kill the postmaster and every backend with SIGKILL, and return when the last of them is gone."""
        with self._lock:
            if self._process is not None:
                self._process.kill()
                self._process.wait(timeout_s)
            processes.kill(self.data, self._installation.programs, time.monotonic() + timeout_s)

    def freeze(self, timeout_s: float = 10.0) -> None:
        """Stop the postmaster and every backend with SIGSTOP: connections stay open and nothing answers."""
        with self._lock:
            if (pid := self.pid) is not None:
                processes.freeze(pid, self.data, self._installation.programs, time.monotonic() + timeout_s)

    def thaw(self) -> None:
        """Let a frozen server go on."""
        with self._lock:
            pids = processes.working_in(self.data, self._installation.programs)
            processes.signal_each(pids, signal.SIGCONT)

    def remove(self) -> None:
        """End the server, delete its directory and give its port back. Nothing can be done with it after that."""
        with self._lock:
            try:
                self._keeper.close()
            finally:
                if self._process is not None:
                    self._process.wait()
                self._reservation.close()

    def _initialise(self) -> None:
        secret = self.directory / "password"
        self._write(secret, self._password)
        self._installation.run(
            [
                "initdb",
                *("--pgdata=data", f"--username={SUPERUSER}", "--auth=scram-sha-256", f"--pwfile={secret}"),
                *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *("--wal-segsize=1", "--no-sync", "--no-instructions"),
            ],
            directory=self.directory,
        )
        secret.unlink()
        self._configure()
        self.start()
        self._load_schema()
        self.stop()

    def _load_schema(self) -> None:
        self._installation.run(
            [
                *("psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--set=name={self.name}"),
                *(
                    "--host",
                    str(self.directory),
                    "--port",
                    str(self.port),
                    "--username",
                    SUPERUSER,
                    "--dbname",
                    "postgres",
                ),
            ],
            directory=self.directory,
            password=self._password,
            text=(
                f"{_QUICK_LOGIN} \\g /dev/null\n"
                f"ALTER ROLE {SUPERUSER} PASSWORD '{self._password}';\n"
                f"CREATE ROLE {ROLE} LOGIN PASSWORD '{self._password}';\n"
                f"CREATE DATABASE {DATABASE} OWNER {ROLE};\n"
                f"\\connect {DATABASE}\n"
                f"SET ROLE {ROLE};\n{_SCHEMA.read_text(encoding='utf-8')}"
            ),
        )

    def _copy_from(self, primary: Server) -> None:
        self._installation.run(
            [
                *(
                    "pg_basebackup",
                    "--pgdata=data",
                    "--write-recovery-conf",
                    "--wal-method=stream",
                    "--checkpoint=fast",
                ),
                *("--no-sync", "--no-manifest"),
                *("--host", str(primary.directory), "--port", str(primary.port), "--username", SUPERUSER),
            ],
            directory=self.directory,
            password=self._password,
        )
        self._configure()

    def _configure(self) -> None:
        settings = {
            **self.settings,
            "cluster_name": self.name,
            "port": self.port,
            "unix_socket_directories": str(self.directory),
        }
        lines = (f"{key} = '{str(value).replace(chr(39), chr(39) * 2)}'\n" for key, value in settings.items())
        self._write(self.data / "postgresql.conf", "".join(lines))

    def _write(self, path: Path, text: str) -> None:
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        if account := self._installation.account:
            os.chown(path, account.uid, account.gid)

    def _await_ready(self, deadline: float) -> None:
        while not self._ready():
            if not self.running:
                raise self._error("did not start")
            if time.monotonic() > deadline:
                raise self._error("was not ready in time")
            time.sleep(_POLL_S)

    def _ready(self) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        # Line 1 is the process id, line 8 the status (PostgreSQL's miscadmin.h, LOCK_FILE_LINE_*).
        return len(lines) > 7 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def _error(self, what: str) -> ServerError:
        tail = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:]
        return ServerError("\n".join((f"server {self.name} {what}; the end of its log:", *tail)))
