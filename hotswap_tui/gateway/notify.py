"""Telling systemd how a service is: sd_notify(3), without its library."""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE: Final = "NOTIFY_SOCKET"
_WATCHDOG: Final = "WATCHDOG_USEC"
_WATCHED: Final = "WATCHDOG_PID"


class Notifier:
    """Send states to the socket that `environ` names; without one nothing is sent, and a failure is nobody's trouble."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        path = environ.get(VARIABLE, "")
        # An abstract socket is written with @ and addressed with a zero byte.
        self._address = f"\0{path[1:]}" if path.startswith("@") else path
        self.watchdog_s = _watchdog_s(environ)
        """After so many seconds without `alive` systemd ends the service; None: it does not watch."""

    @property
    def heard(self) -> bool:
        """Say whether anybody listens."""
        return bool(self._address)

    def ready(self, status: str) -> None:
        """Say that the service works, and how."""
        self._send(f"READY=1\nSTATUS={status}")

    def status(self, status: str) -> None:
        """Say what goes on."""
        self._send(f"STATUS={status}")

    def reloading(self) -> None:
        """Say that settings are read again; `ready` ends it. systemd compares the moment with that of its signal (systemd 253)."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def alive(self) -> None:
        """Keep the watchdog quiet."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """Say that the service ends."""
        self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        if self._address:
            with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as outlet:
                outlet.setblocking(False)
                outlet.sendto(text.encode(), self._address)


def _watchdog_s(environ: Mapping[str, str]) -> float | None:
    """Return what sd_watchdog_enabled(3) would, in seconds; None for a process that is not the one watched."""
    period, watched = environ.get(_WATCHDOG, ""), environ.get(_WATCHED, "")
    if not (period.isascii() and period.isdigit() and int(period)) or watched not in {"", str(os.getpid())}:
        return None
    return int(period) / 1_000_000
