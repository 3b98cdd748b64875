"""The databases behind a gateway: what PgBouncer cannot do with them, does otherwise, or may do by surprise."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Final

from hotswap_tui.config.endpoint import Listener, is_this_machine
from hotswap_tui.config.lookup import addresses_of
from hotswap_tui.routing.layout import ENGINE_ENV
from hotswap_tui.routing.target_file import target_problem
from hotswap_tui.routing.target_tls import is_named_in_tls, tls_notes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hotswap_tui.config.lookup import Ip
    from hotswap_tui.config.sources import Found
    from hotswap_tui.dsn import Dsn
    from hotswap_tui.routing.layout import Gateway

_LOOKUP_S: Final = 0.5
"""No start waits longer than this for a warning."""
_FLAG: Final = re.compile(r"[?&]pgbouncer=true(?![^&'\"\s#])")


def problems(gateway: Gateway, dsns: Mapping[str, Dsn | None], found: Mapping[str, Found]) -> Iterator[str]:
    """Yield why the databases, by variable, cannot be those behind `gateway`, and what to do."""
    listener = Listener.of(gateway)
    right = f"{gateway.directory / ENGINE_ENV} has the right one where no stronger source sets another"
    for name, dsn in dsns.items():
        if dsn is None:
            continue
        where = f"{name} (from {found[name].source})"
        if listener.is_reached_by(dsn):
            yield f"{where} leads to the gateway itself ({listener}), and must name a database behind it; {right}"
        elif why := target_problem(dsn):
            yield f"{where}: {why}"


def notes(dsns: Mapping[str, Dsn | None]) -> Iterator[str]:
    """Yield what PgBouncer does otherwise than the connection strings say."""
    for name, dsn in dsns.items():
        yield from (f"{name}: {note}" for note in tls_notes(dsn)) if dsn else ()


def surprises(dsns: Mapping[str, Dsn | None]) -> Iterator[str]:
    """Yield a sentence for each host name that leads to several places, which may be several servers."""
    hosts = {name: dsn.addresses[0].host for name, dsn in dsns.items() if dsn and _may_be_several(dsn)}
    addresses = addresses_of(set(hosts.values()), _LOOKUP_S)
    for name, host in hosts.items():
        if len(several := _several(addresses[host])) > 1:
            yield (
                f"{name}: {host} has several addresses ({', '.join(several)}): PgBouncer takes them in turn, and a proof shows the "
                "server at one of them; if they are several servers, name the address of the writable one"
            )


def for_applications(name: str, dsn: Dsn, found: Found) -> Iterator[str]:
    """Yield a sentence where a connection string seems to be an application's, which names a gateway instead of a database."""
    if _FLAG.search(found.value) and any(map(is_this_machine, dsn.addresses)):
        yield (
            f"{name} (from {found.source}) looks like an application's URL of a gateway (pgbouncer=true at {dsn.address}); name the "
            "databases themselves, or set HOTSWAP_GATEWAY"
        )


def _may_be_several(dsn: Dsn) -> bool:
    place = dsn.addresses[0]
    # A provider's proxies have many addresses, and find the database by the server's name at each of them.
    return not place.is_socket and not is_named_in_tls(dsn)


def _several(addresses: frozenset[Ip]) -> tuple[str, ...]:
    """Return the addresses of the family that has most; a server with one of each is one server."""
    ordered = sorted(addresses, key=lambda address: (address.version, int(address)))
    families = [tuple(map(str, group)) for _, group in groupby(ordered, key=lambda address: address.version)]
    return max(families, key=len, default=())
