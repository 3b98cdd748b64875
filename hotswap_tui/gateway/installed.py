"""PgBouncer on this machine: the program, its version, and which one runs already."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.plan import OLDEST_VERSION
from hotswap_tui.core.text import clean
from hotswap_tui.gateway.listening import listeners
from hotswap_tui.gateway.process import command_line, name
from hotswap_tui.routing.layout import INI, PID_FILE, RUN, GatewayError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap_tui.dsn import Address

_NAME: Final = "pgbouncer"
_DAEMONS: Final = ("/usr/local/sbin", "/usr/sbin", "/sbin")
"""Debian puts daemons where an ordinary user's PATH does not look."""
_ANSWER_S: Final = 10.0
_MISSING: Final = (
    "PgBouncer is not installed; Debian's package would start one of its own, so keep that from starting first: "
    "systemctl mask pgbouncer && apt-get install --no-install-recommends pgbouncer"
)


@dataclass(frozen=True, slots=True)
class Installed:
    """A PgBouncer program."""

    program: Path
    version: tuple[int, ...]


def find_pgbouncer() -> Installed:
    """Return the PgBouncer that a gateway runs. Raises GatewayError when there is none, or one that is too old."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *_DAEMONS))
    found = shutil.which(_NAME, path=path)
    if found is None:
        raise GatewayError(_MISSING)
    try:
        done = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=_ANSWER_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GatewayError(f"{found} --version cannot be run: {type(error).__name__}") from error
    return Installed(Path(found), read_version(done.stdout))


def read_version(text: str) -> tuple[int, ...]:
    """Return the version in PgBouncer's own words, `PgBouncer 1.18.0`. Raises GatewayError on one that is too old."""
    match = re.search(r"PgBouncer (\d+(?:\.\d+)*)", text, re.IGNORECASE | re.ASCII)
    if match is None:
        raise GatewayError(f"{clean(text, 60) or 'nothing'} is not the version of a PgBouncer")
    version = tuple(map(int, match[1].split(".")))
    if version < OLDEST_VERSION:
        oldest = ".".join(map(str, OLDEST_VERSION))
        raise GatewayError(f"PgBouncer {match[1]} is too old; {oldest} or a newer one is needed")
    return version


def port_problem(listen: Address) -> str:
    """Return why PgBouncer could not listen there, with who does and what to do; empty when it can."""
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            probe.bind((listen.host, listen.port))
            # Two may be bound with SO_REUSEADDR; only one may listen.
            probe.listen(1)
        except PermissionError:
            return f"port {listen.port} is for root only; choose another with --listen"
        except OSError as error:
            return _why(listen, error)
    return ""


def _why(listen: Address, error: OSError) -> str:
    if listener := who_listens(listen.port):
        return f"port {listen.port} is taken ({listener}); choose another with --listen, or use that one with gateway adopt"
    return f"{listen} cannot be listened on ({error.strerror}); choose another with --listen"


def who_listens(port: int) -> str:
    """Return who listens on `port`, `pgbouncer, pid 812`, as far as it can be seen; empty when nobody does."""
    wanted = {f"socket:[{listener.inode}]" for listener in listeners(port)}
    if not wanted:
        return ""
    found = next((process for process in _processes() if wanted & set(_open_files(process))), None)
    return f"{name(int(found.name))}, pid {found.name}" if found else "by a process of another user"


def packaged_pid() -> int | None:
    """Return the process of a PgBouncer that runs from /etc, as the package's service does; None when none does."""
    for process in _processes():
        words = command_line(int(process.name))
        if words and Path(words[0]).name == _NAME and any(word.startswith("/etc/") for word in words[1:]):
            return int(process.name)
    return None


def _processes() -> list[Path]:
    if not sys.platform.startswith("linux"):
        return []
    return [entry for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _open_files(process: Path) -> Iterator[str]:
    with suppress(OSError):
        for link in (process / "fd").iterdir():
            with suppress(OSError):  # it has been closed meanwhile
                yield str(link.readlink())


def bouncer_pid(directory: Path) -> int | None:
    """Return the process of the PgBouncer that runs with the files of `directory`; None when none does."""
    with suppress(OSError, ValueError):
        pid = int((directory / RUN / PID_FILE).read_text(encoding="ascii"))
        words = command_line(pid)
        if words and Path(words[0]).name == _NAME and str(directory / INI) in words:
            return pid
    return None
