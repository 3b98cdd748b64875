"""What host names stand for, asked within a bounded time."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    Ip = ipaddress.IPv4Address | ipaddress.IPv6Address


def addresses_of(hosts: Iterable[str], within_s: float) -> dict[str, frozenset[Ip]]:
    """Return the addresses of each host, IPv4 in its plain form; none where they cannot be found out in time."""
    found: dict[str, list[str]] = {host: [] for host in hosts}
    # A lookup cannot be cancelled; a thread that is not waited for does not delay the start, nor the end.
    threads = [threading.Thread(target=_look_up, args=item, daemon=True) for item in found.items()]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + within_s
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return {host: frozenset(map(_plain, tuple(texts))) for host, texts in found.items()}


def _look_up(host: str, found: list[str]) -> None:
    try:
        answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return
    found.extend(str(sockaddr[0]) for *_, sockaddr in answers)


def _plain(text: str) -> Ip:
    address = ipaddress.ip_address(text.partition("%")[0])
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address
