"""Telling systemd how a service is: sd_notify(3), without its library."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE: Final = "NOTIFY_SOCKET"


class Notifier:
    """Send states to the socket that `environ` names; without one nothing is sent, and a failure is nobody's trouble."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        path = environ.get(VARIABLE, "")
        # An abstract socket is written with @ and addressed with a zero byte.
        self._address = f"\0{path[1:]}" if path.startswith("@") else path

    def ready(self, status: str) -> None:
        """Say that the service works, and how."""
        self._send(f"READY=1\nSTATUS={status}")

    def status(self, status: str) -> None:
        """Say what goes on."""
        self._send(f"STATUS={status}")

    def stopping(self) -> None:
        """Say that the service ends."""
        self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        if self._address:
            with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as outlet:
                outlet.setblocking(False)
                outlet.sendto(text.encode(), self._address)
