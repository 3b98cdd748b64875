"""Whether the way to a database is encrypted, and whether anybody makes sure who is at its end."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final

from hotswap_tui.doctor.finding import Check, Finding, Level
from hotswap_tui.doctor.reach import variable
from hotswap_tui.probes.connect import limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap_tui.doctor.facts import Details, Look

_FULL: Final = "sslmode=verify-full in {} (sslrootcert=FILE, too, where the authority is your own)"


def encryption(look: Look) -> Iterator[Finding]:
    """Yield what protects the connection; what stays on this machine needs nothing."""
    if look.details is None:
        return
    if all(address.is_socket for address in look.dsn.addresses):
        yield Finding(Check.TLS, Level.OK, look.role, "a Unix socket: nothing leaves this machine")
    elif look.details.encryption is None:
        yield _plain(look)
    else:
        yield _encrypted(look, look.details)
    for limit in limits(look.dsn):
        text, _, fix = limit.partition("; ")
        yield Finding(Check.TLS, Level.NOTE, look.role, text, fix)


def _plain(look: Look) -> Finding:
    if look.local:
        return Finding(Check.TLS, Level.OK, look.role, "plain text, but it does not leave this machine")
    text = "plain text: what goes over the network can be read and changed on the way"
    first = "take sslmode=disable out" if look.dsn.tls.mode == "disable" else "turn TLS on at the server (ssl = on)"
    return Finding(Check.TLS, Level.WARNING, look.role, text, f"{first}, then set {_FULL.format(variable(look))}")


def _encrypted(look: Look, details: Details) -> Finding:
    assert details.encryption is not None
    mode = look.dsn.tls.mode
    ends = "" if details.server_tls else "; it ends before the server, at a pooler or proxy"
    how = f"{details.encryption.version} ({details.encryption.cipher})"
    if mode == "verify-full":
        return Finding(Check.TLS, Level.OK, look.role, f"{how}, certificate and name verified{ends}")
    fix = f"set {_FULL.format(variable(look))}"
    if mode == "verify-ca":
        text = f"{how}, the certificate verified but not the server's name (sslmode=verify-ca){ends}"
        return Finding(Check.TLS, Level.NOTE, look.role, text, fix)
    if look.local:
        return Finding(Check.TLS, Level.OK, look.role, f"{how}, not verified, but it does not leave this machine")
    level = Level.WARNING if _is_public(look) else Level.NOTE
    text = f"{how}, but nobody verifies who answers (sslmode={mode}): who is in between can pose as the server{ends}"
    return Finding(Check.TLS, level, look.role, text, fix)


def _is_public(look: Look) -> bool:
    """Say whether the way leads through the internet."""
    found = {address for lookup in look.lookups for address in lookup.addresses}
    return any(ipaddress.ip_address(address.partition("%")[0]).is_global for address in found)
