"""What applications meet: where PgBouncer listens, for whom, and how it shares connections."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.plan import PoolMode
from hotswap_tui.dsn import Address
from hotswap_tui.routing.layout import GatewayError

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import SecretStr

LOOPBACK: Final = "127.0.0.1"
DEFAULT_LISTEN: Final = Address(LOOPBACK, 6432)
_SPELLINGS: Final = {"": LOOPBACK, "localhost": LOOPBACK, "*": "0.0.0.0"}
_LOCAL_NETWORKS: Final = ("127.0.0.1/32", "::1/128")


@dataclass(frozen=True, slots=True)
class ClientTls:
    """The certificate that PgBouncer shows to its clients, as PEM files."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Front:
    """What applications meet. What is None is taken from the primary's connection string."""

    listen: Address = DEFAULT_LISTEN
    """A numeric address."""
    pool_mode: PoolMode = PoolMode.TRANSACTION
    user: str | None = None
    password: SecretStr | None = None
    database: str | None = None
    host: str | None = None
    """The name by which applications elsewhere reach this machine; None: the address that it listens on."""
    tls: ClientTls | None = None
    allow: tuple[str, ...] = ()
    """The networks that may connect, as CIDR; beyond loopback."""
    hold_max_s: float = 15.0
    """How long clients may be held; PgBouncer must not give them up before."""

    def check(self) -> None:
        """Raise GatewayError for an endpoint that others could reach without TLS, or from anywhere."""
        local = ipaddress.ip_address(self.listen.host).is_loopback
        if local and (self.tls or self.allow or self.host):
            raise GatewayError(
                f"{self.listen} is reached from this machine only; leave --allow, --host and --client-tls-* out, or give --listen"
            )
        if not local and not (self.tls and self.allow):
            raise GatewayError(
                f"--listen {self.listen} lets others in, which needs --client-tls-cert FILE, --client-tls-key FILE, and "
                "--allow NETWORK for each network of applications (172.16.0.0/12 holds Docker's)"
            )

    def files(self) -> tuple[Path, ...]:
        """Return the files of others that PgBouncer reads."""
        return (self.tls.certificate, self.tls.key) if self.tls else ()

    def advertised(self) -> Address:
        """Return where applications elsewhere connect."""
        host = self.host or (socket.gethostname() if self._everywhere() else self.listen.host)
        return Address(host, self.listen.port)

    def reachable(self) -> Address:
        """Return where programs on this machine connect."""
        loopback = "::1" if ":" in self.listen.host else LOOPBACK
        return Address(loopback if self._everywhere() else self.listen.host, self.listen.port)

    def networks(self) -> tuple[str, ...]:
        """Return who may log in over TCP: this machine itself, and those who were allowed."""
        own = () if self._everywhere() else (str(ipaddress.ip_network(self.listen.host)),)
        return tuple(dict.fromkeys((*_LOCAL_NETWORKS, *own, *self.allow)))

    def _everywhere(self) -> bool:
        return ipaddress.ip_address(self.listen.host).is_unspecified


def read_listen(text: str) -> Address:
    """Return the address that `text` names: `127.0.0.1:6432`, `[::1]:6432`, `:6432` or `6432`. Raises GatewayError."""
    host, _, port = text.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    bare = _SPELLINGS.get(bare, bare)
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        address = None
    if address is None or (address.version == 6) is not host.startswith("["):
        raise GatewayError("--listen takes a numeric address and a port: 127.0.0.1:6432, [::1]:6432")
    if not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
        raise GatewayError("--listen takes a port from 1 to 65535 behind the address: 127.0.0.1:6432")
    return Address(str(address), int(port))


def read_network(text: str) -> str:
    """Return the network that `text` names, as CIDR. Raises GatewayError."""
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        raise GatewayError("--allow takes a network in CIDR form: 172.16.0.0/12, 10.0.0.5/32, fd00::/8") from None
