"""Where the HTTP API listens."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final

OFF: Final = "off"
ALLOWED: Final = "must be HOST:PORT, as 127.0.0.1:8484 or [::1]:8484, or off"
_HIGHEST_PORT: Final = 65535


@dataclass(frozen=True, slots=True)
class Listen:
    """An address to bind to. `port` 0: any free one."""

    host: str
    port: int

    @property
    def local(self) -> bool:
        """Say whether only this machine can reach it; a name other than localhost counts as reachable."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def parse_listen(text: str) -> Listen | None:
    """Return the address that `text` names, None for `off`; raises ValueError."""
    if text.strip().lower() == OFF:
        return None
    host, colon, port = text.strip().rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if host.startswith("[") else host
    if not (host and colon and port.isascii() and port.isdigit() and int(port) <= _HIGHEST_PORT):
        raise ValueError(ALLOWED)
    if ":" in host and not _is_ipv6(host):
        raise ValueError(ALLOWED)
    return Listen(host, int(port))


def _is_ipv6(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == 6
    except ValueError:
        return False
