"""Whether a connection string leads to the gateway itself instead of a database behind it."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hotswap_tui.config.lookup import addresses_of
from hotswap_tui.dsn import Address, parse

if TYPE_CHECKING:
    from hotswap_tui.config.lookup import Ip
    from hotswap_tui.dsn import Dsn
    from hotswap_tui.routing.layout import Gateway

_LOOKUP_S: Final = 2.0
"""A name that takes longer does not name this machine."""
_ANY_PORT: Final = 0


@dataclass(frozen=True, slots=True)
class Listener:
    """Where a gateway's PgBouncer listens."""

    host: str
    """A numeric address, also one that stands for all, a name, or `*`."""
    port: int
    socket_directory: Path | None = None

    @classmethod
    def of(cls, gateway: Gateway) -> Listener:
        """Return the listener of a gateway."""
        console = parse(gateway.console).addresses[0]
        return cls(gateway.host, gateway.port, Path(console.host) if console.is_socket else None)

    def __str__(self) -> str:
        """Return `127.0.0.1:6432`."""
        return str(Address(self.host, self.port))

    def is_reached_by(self, dsn: Dsn) -> bool:
        """Say whether one of the addresses of `dsn` is this listener, however it is spelled."""
        numeric = dict(dsn.extras).get("hostaddr", "").split(",")
        return any(self._is(address) for address in dsn.addresses) or any(
            bool(host) and self.port in {a.port for a in dsn.addresses} and self._has(host) for host in numeric
        )

    def _is(self, address: Address) -> bool:
        if address.port != self.port:
            return False
        if address.is_socket:
            return self.socket_directory is not None and _same(Path(address.host), self.socket_directory)
        return self._has(address.host)

    def _has(self, host: str) -> bool:
        theirs = _addresses(host)
        if self.host == "*":
            return any(map(_is_local, theirs))
        ours = _addresses(self.host)
        if any(address.is_unspecified for address in ours):
            return any(map(_is_local, theirs))
        return bool(ours & {_meant(address) for address in theirs})


def is_this_machine(address: Address) -> bool:
    """Say whether `address` is one of this machine; a name that cannot be found out in time is none."""
    return address.is_socket or any(map(_is_local, _addresses(address.host)))


def _addresses(host: str) -> frozenset[Ip]:
    return addresses_of((host,), _LOOKUP_S)[host]


def _meant(address: Ip) -> Ip:
    """Return loopback for 0.0.0.0 and ::, as Linux does for a client."""
    if not address.is_unspecified:
        return address
    return ipaddress.ip_address("127.0.0.1" if address.version == 4 else "::1")


def _is_local(address: Ip) -> bool:
    """Say whether the address belongs to this machine: only then a socket can be bound to it."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as trial:
            trial.bind((str(address), _ANY_PORT))
    except OSError:
        return False
    return True


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return one == other
