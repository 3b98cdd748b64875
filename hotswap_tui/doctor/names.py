"""What is wrong with host names: slow, of several addresses, or of addresses that cannot be reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotswap_tui.core.values import Fault
from hotswap_tui.doctor.finding import Check, Finding, Level
from hotswap_tui.doctor.look_names import is_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap_tui.doctor.facts import Look, Lookup

_SLOW_S: Final = 1.0
_SLOW_SHARE: Final = 0.2
"""Of DB_CONNECTION_TIMEOUT, within which a lookup and everything after it must come to an end."""
_SHOWN: Final = 4
_IPV6_FIX: Final = (
    "give this machine IPv6, or use a host with an IPv4 address: Supabase's direct host has none without its IPv4 add-on, its "
    "session pooler (port 5432) has"
)


def names(look: Look, timeout_s: float) -> Iterator[Finding]:
    """Yield what was found about each host of a database."""
    for lookup in look.lookups:
        if lookup.error:
            if look.verdict.fault is not Fault.RESOLVER:  # which says it already
                fix = f"check this machine's name server (getent hosts {lookup.host})"
                yield Finding(Check.DNS, Level.WARNING, look.role, f"{lookup.host}: {lookup.error}", fix)
            continue
        yield from _found(look, lookup, timeout_s)


def _found(look: Look, lookup: Lookup, timeout_s: float) -> Iterator[Finding]:
    if lookup.ipv6_only and not lookup.ipv6_route:
        what = "has IPv6 addresses only" if is_name(lookup.host) else "is an IPv6 address"
        text = f"{lookup.host} {what}, and this machine has no route to it"
        yield Finding(Check.DNS, Level.PROBLEM, look.role, text, _IPV6_FIX)
        return
    if not is_name(lookup.host):
        return
    slow = lookup.took_s > min(_SLOW_S, timeout_s * _SLOW_SHARE)
    text = f"{lookup.host} is {_listed(lookup.addresses)}, looked up in {lookup.took_s * 1000:.0f} ms"
    if slow:
        fix = (
            f"every new connection waits for that within DB_CONNECTION_TIMEOUT ({timeout_s * 1000:.0f} ms): use a nearer name server, "
            "or a cache such as systemd-resolved"
        )
        yield Finding(Check.DNS, Level.WARNING, look.role, text, fix)
        return
    yield Finding(Check.DNS, Level.NOTE if _several(lookup) else Level.OK, look.role, text + _turns(lookup))


def _several(lookup: Lookup) -> bool:
    """Say whether it has more than one address of one family: one of each is one server."""
    sixth = sum(":" in address for address in lookup.addresses)
    return max(sixth, len(lookup.addresses) - sixth) > 1


def _turns(lookup: Lookup) -> str:
    return "; they are tried in turn, and may be several servers" if _several(lookup) else ""


def _listed(addresses: tuple[str, ...]) -> str:
    more = len(addresses) - _SHOWN
    return ", ".join(addresses[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
