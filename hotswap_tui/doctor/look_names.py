"""What host names stand for, and whether this machine could reach what they stand for."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.text import clean
from hotswap_tui.doctor.facts import Lookup
from hotswap_tui.probes.resolve import Resolver

if TYPE_CHECKING:
    from hotswap_tui.dsn import Dsn

_ANY_PORT: Final = 5432


async def look_up(dsn: Dsn, timeout_s: float) -> tuple[Lookup, ...]:
    """Return what each host of `dsn` stands for, sockets left out; all at the same time, within `timeout_s`."""
    resolver = Resolver()
    hosts = dict.fromkeys(address.host for address in dsn.addresses if not address.is_socket)
    return tuple(await asyncio.gather(*(_look_up(resolver, host, timeout_s) for host in hosts)))


async def _look_up(resolver: Resolver, host: str, timeout_s: float) -> Lookup:
    loop = asyncio.get_running_loop()
    begun_s = loop.time()
    try:
        async with asyncio.timeout(timeout_s):
            found = await resolver.addresses(host)
    except TimeoutError:
        return Lookup(host, took_s=loop.time() - begun_s, error=f"no answer within {timeout_s:g} s")
    except OSError as error:
        return Lookup(host, took_s=loop.time() - begun_s, error=clean(error.strerror or str(error), 120))
    sixth = next((address for address in found if ":" in address), None)
    return Lookup(
        host,
        tuple(clean(address, 60) for address in found),
        loop.time() - begun_s,
        ipv6_route=sixth is None or has_route(sixth),
    )


def is_name(host: str) -> bool:
    """Say whether `host` has to be looked up."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return True
    return False


def has_route(address: str) -> bool:
    """Say whether this machine knows a way to an IPv6 address; nothing is sent."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as trial:
            trial.connect((address, _ANY_PORT))
    except OSError:
        return False
    return True
