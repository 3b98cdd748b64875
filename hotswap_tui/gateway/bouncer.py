"""The PgBouncer of one gateway: how it is found, started and recognised.

It outlives whoever started it. So that a later `gateway run` can tell its own orphan from somebody else's PgBouncer, the child
inherits a locked file (`bouncer.lock`): the lock lasts exactly as long as the process, whatever becomes of its parents.
"""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypedDict

from hotswap_tui.gateway import process
from hotswap_tui.gateway.account import account_of, own_account
from hotswap_tui.gateway.flock import Flock
from hotswap_tui.gateway.installed import bouncer_pid, find_pgbouncer, who_listens
from hotswap_tui.gateway.listening import is_listening, is_taken
from hotswap_tui.gateway.process import Process
from hotswap_tui.gateway.words import first_words
from hotswap_tui.routing.layout import INI, GatewayError

if TYPE_CHECKING:
    from pathlib import Path

    from hotswap_tui.gateway.account import Account
    from hotswap_tui.routing.layout import Gateway

_LOCK: Final = "bouncer.lock"
_PATH: Final = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
_FOUND_S: Final = 2.0
_POLL_S: Final = 0.02
_SAID_BYTES: Final = 65536


class _Identity(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


class BouncerError(Exception):
    """PgBouncer cannot be started, or must not be: one line saying why, where, and what to do."""


@dataclass(slots=True)
class Start:
    """A PgBouncer that has been started and does not serve yet."""

    process: Process
    _errors: int

    def said(self) -> str:
        """Return what it complained of, in one line without secrets."""
        try:
            return first_words(os.read(self._errors, _SAID_BYTES).decode(errors="replace"))
        except BlockingIOError:
            return ""

    def close(self) -> None:
        """Stop listening to what it says: from now on its log file does."""
        os.close(self._errors)


@dataclass(frozen=True, slots=True)
class Bouncer:
    """The PgBouncer that belongs to `gateway`; `account` is who runs it, somebody else than root."""

    gateway: Gateway
    account: Account

    @classmethod
    def of(cls, gateway: Gateway) -> Bouncer:
        """Return the PgBouncer of a gateway, which runs as the owner of the directory that it writes to.

        Raises BouncerError when that is nobody who could run it, or another user, or when it is somebody else's PgBouncer.
        """
        if gateway.adopted:
            raise BouncerError(f"{gateway.directory} describes an adopted PgBouncer; it is kept by whoever started it")
        try:
            account = account_of(gateway) or own_account()
        except GatewayError as error:
            raise BouncerError(f"{error}; make the gateway anew with gateway init --force") from error
        if account.uid == 0:
            raise BouncerError(f"{gateway.run_directory} belongs to root, and PgBouncer refuses to run as root")
        if account.is_other and os.geteuid() != 0:
            raise BouncerError(f"PgBouncer runs as {account.name} here; do this as {account.name} or as root")
        return cls(gateway, account)

    @property
    def directory(self) -> Path:
        """Return the gateway's directory under the one name by which its PgBouncer is recognised."""
        return self.gateway.directory.resolve()

    @property
    def endpoint(self) -> str:
        """Return where clients connect."""
        host = self.gateway.host
        return f"[{host}]:{self.gateway.port}" if ":" in host else f"{host}:{self.gateway.port}"

    def find(self) -> Process | None:
        """Return the child of an earlier `gateway run` that still serves, None when there is none.

        Raises BouncerError when a PgBouncer runs for this directory that somebody else has started.
        """
        deadline = time.monotonic() + _FOUND_S
        while True:
            found, ours = self._named(), self._child_lives()
            if found is not None and ours:
                return found
            if found is not None:
                with closing(found):
                    raise BouncerError(f"{self._other(found.pid)}; end it first, or leave it to whom it belongs")
            if not ours:
                return None
            if time.monotonic() > deadline:  # it has neither written its pid file nor ended
                raise BouncerError(
                    f"a PgBouncer of {self.directory} runs, but {self.gateway.pid_file} does not name it; end it"
                )
            time.sleep(_POLL_S)

    def start(self) -> Start:
        """Start PgBouncer in a session of its own, which no signal to this program's group reaches; raises BouncerError."""
        try:
            program = find_pgbouncer().program
        except GatewayError as error:
            raise BouncerError(str(error)) from error
        if is_taken(self.gateway.host, self.gateway.port):
            raise BouncerError(
                f"{self.endpoint} is taken{self._taker()}; end that, or choose another with gateway init"
            )
        try:
            # A stale pid file whose number belongs to somebody again would keep PgBouncer from starting.
            self.gateway.pid_file.unlink(missing_ok=True)
            return self._spawn(program)
        except OSError as error:
            raise BouncerError(f"{program} cannot be started in {self.directory}: {error.strerror}") from error

    def serves(self, candidate: Process) -> bool:
        """Return whether it has come up; the pid file is the last thing that PgBouncer writes before it serves."""
        return bouncer_pid(self.directory) == candidate.pid and is_listening(self.gateway.port, self.account.uid)

    def forget(self) -> None:
        """Remove what a killed PgBouncer leaves behind."""
        with suppress(OSError):
            self.gateway.pid_file.unlink(missing_ok=True)

    def _named(self) -> Process | None:
        """Return the process in the pid file, if it is a PgBouncer that runs from this directory."""
        with suppress(OSError):
            pid = bouncer_pid(self.directory)
            found = Process(pid) if pid else None
            # Asked once more, now that the number cannot pass to another process.
            if found is None or bouncer_pid(self.directory) == pid:
                return found
            found.close()
        return None

    def _child_lives(self) -> bool:
        with Flock(self.directory / _LOCK) as lock:
            return not lock.held

    def _other(self, pid: int) -> str:
        starter = process.parent(pid)
        by = f", started by {process.name(starter)} (pid {starter})" if starter else ""
        return f"PgBouncer (pid {pid}{by}) already runs for {self.directory}"

    def _taker(self) -> str:
        listener = who_listens(self.gateway.port)
        return f" ({listener})" if listener else ""

    def _spawn(self, program: Path) -> Start:
        reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)  # a full pipe must never hold up the data plane
        with ExitStack() as opened:
            opened.callback(os.close, writer)
            lock = opened.enter_context(Flock(self.directory / _LOCK))
            child = subprocess.Popen(
                [str(program), str(self.directory / INI)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=writer,
                cwd=self.directory,
                env=_environment(),
                start_new_session=True,
                restore_signals=False,  # SIGPIPE stays ignored: a line that nobody reads any more is no reason to die
                umask=0o077,
                pass_fds=(lock.descriptor,),
                **self._identity(),
            )
        return Start(Process(child.pid, child), reader)

    def _identity(self) -> _Identity:
        if not self.account.is_other:
            return {}
        account = self.account
        return {"user": account.uid, "group": account.gid, "extra_groups": list(account.groups)}


def _environment() -> dict[str, str]:
    """Return what PgBouncer needs; ours may hold connection strings."""
    zone = {"TZ": os.environ["TZ"]} if "TZ" in os.environ else {}
    return {"PATH": _PATH, "LC_ALL": "C", **zone}
