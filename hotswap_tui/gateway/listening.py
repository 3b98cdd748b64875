"""Who listens on a port: whether PgBouncer can, and does."""

from __future__ import annotations

import errno
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_LISTEN: Final = "0A"
"""TCP_LISTEN of the kernel's include/net/tcp_states.h."""


@dataclass(frozen=True, slots=True)
class Listening:
    """A socket that listens: the OS user it belongs to, and its number, by which /proc/PID/fd names it."""

    uid: int
    inode: int


def is_taken(host: str, port: int) -> bool:
    """Return whether somebody listens where PgBouncer is to listen. What cannot be tried is left to PgBouncer itself."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with suppress(OSError), socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


def is_listening(port: int, uid: int) -> bool:
    """Return whether a process of the user `uid` listens on `port`. Costs no connection, which PgBouncer would log."""
    return any(listener.uid == uid for listener in listeners(port))


def listeners(port: int) -> Iterator[Listening]:
    """Yield the sockets on `port` that listen, whoever has them (proc_net_tcp in the kernel's documentation)."""
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in Path("/proc/net", table).read_text(encoding="ascii").splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                    yield Listening(int(fields[7]), int(fields[9]))
