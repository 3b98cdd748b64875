"""Whether a database answers, and what to do about each class of failure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotswap_tui.core.values import Fault, counts
from hotswap_tui.doctor.finding import Check, Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hotswap_tui.core.values import Verdict
    from hotswap_tui.doctor.facts import Look

_FIXES: Final[Mapping[Fault, str]] = {
    Fault.REFUSED: "start PostgreSQL there; if it runs, compare host and port with its listen_addresses and port",
    Fault.UNREACHABLE: "check the network between here and {host}: cable, Wi-Fi, VPN, routes, and the address itself",
    Fault.RESET: "something closes the connection: look into the server's log, and at firewalls and proxies on the way",
    Fault.TIMEOUT: (
        "check that {address} is right and that no firewall drops packets to it; if it is only slow, or a cloud database that "
        "sleeps, raise DB_CONNECTION_TIMEOUT"
    ),
    Fault.STARTING: "wait until it has started; if that takes long, its log says why",
    Fault.STOPPING: "somebody shuts it down; start it again when that is done",
    Fault.STORAGE: "free space on the server's disk, and look into its log and the kernel's for I/O errors",
    Fault.TOO_MANY: (
        "let applications share connections (the gateway does), look for leaked ones in pg_stat_activity, or raise max_connections"
    ),
    Fault.CREDENTIALS: (
        "check user {user} and password in {variable}; if they are right, look for this machine's address and database "
        "{database} in the server's pg_hba.conf"
    ),
    Fault.MISSING: "correct the database's name in {variable}, or create it there: CREATE DATABASE {database}",
    Fault.RESOLVER: (
        "check the spelling of the host in {variable}, and that this machine's name server answers (getent hosts {host})"
    ),
    Fault.INTERNAL: "this machine is in the way (file permissions, packet filter, open files or memory): mend that, then look again",
    Fault.UNKNOWN: "what answers may be no PostgreSQL server: check host and port, and the server's log",
}
_TLS_FIXES: Final = (
    (
        "does not offer tls",
        "turn TLS on at the server (ssl = on), or take sslmode out of {variable} where the link is private",
    ),
    ("has expired", "renew the server's certificate"),
    ("hostname mismatch", "use the host name that is in the server's certificate, or have it issued for {host}"),
    ("ip address mismatch", "use the host name that is in the server's certificate, or have it issued for {host}"),
    (
        "issuer",
        "name the authority's certificate with sslrootcert=FILE in {variable}; sslrootcert=system for a public one",
    ),
    ("self-signed", "name the authority's certificate with sslrootcert=FILE in {variable}"),
    ("self signed", "name the authority's certificate with sslrootcert=FILE in {variable}"),
    (
        "channel_binding",
        "take channel_binding=require out of {variable}; sslmode=verify-full makes as certain of the server",
    ),
)
"""By what the detail says, in lower case; the first that occurs counts."""
_OTHER_TLS: Final = "check sslmode and the certificate files that {variable} names"
_NO_IPV6: Final = "this machine cannot reach IPv6 addresses, as said above"


def reachable(look: Look) -> Iterator[Finding]:
    """Yield whether the database answers, in the words of its fault class, with what to do."""
    verdict = look.verdict
    if verdict.facts is not None and verdict.fault in {None, Fault.READ_ONLY}:
        yield Finding(Check.REACHABLE, Level.OK, look.role, _answered(look))
        if look.trouble:
            yield Finding(
                Check.REACHABLE,
                Level.UNSEEN,
                look.role,
                f"it answered, but not when it was asked about itself: {look.trouble}",
                "look again; if it stays so, the server's log says why",
            )
        return
    fault = verdict.fault or Fault.UNKNOWN
    level = Level.UNSEEN if fault is Fault.INTERNAL else Level.PROBLEM
    yield Finding(Check.REACHABLE, level, look.role, _failed(look, fault), _fix(look, fault))


def variable(look: Look) -> str:
    """Return the name of the setting with the connection string."""
    return "DATABASE_URL" if look.role == "primary" else "DATABASE_URL_SECONDARY"


def _answered(look: Look) -> str:
    verdict = look.verdict
    assert verdict.facts is not None
    return (
        f"{look.dsn.address} answers in {verdict.latency_ms or 0:.1f} ms, a login takes {verdict.connect_ms or 0:.0f} ms; "
        f"PostgreSQL {verdict.facts.version}"
    )


def _failed(look: Look, fault: Fault) -> str:
    said = _said(look.verdict, fault)
    said = said if look.dsn.address in said else f"{look.dsn.address}: {said}"
    return said if counts(look.role, fault) else f"{said}; this never leads to a failover by itself"


def _said(verdict: Verdict, fault: Fault) -> str:
    detail = verdict.detail
    return detail if detail.lower().startswith(fault.words.lower()) else f"{fault.words}: {detail}"


def _fix(look: Look, fault: Fault) -> str:
    if fault is Fault.UNREACHABLE and any(lookup.ipv6_only and not lookup.ipv6_route for lookup in look.lookups):
        return _NO_IPV6
    if fault is Fault.CREDENTIALS and look.dsn.passfile and look.dsn.password is None:
        return (
            f"check the line for {look.dsn.address} in {look.dsn.passfile}, which counts for nothing unless chmod 600"
        )
    if fault is Fault.TLS:
        detail = look.verdict.detail.lower()
        fix = next((fix for words, fix in _TLS_FIXES if words in detail), _OTHER_TLS)
    else:
        fix = _FIXES.get(fault, _FIXES[Fault.UNKNOWN])
    return fix.format(
        address=look.dsn.address,
        host=look.dsn.addresses[0].host,
        user=look.dsn.login_user(),
        database=look.dsn.login_database(),
        variable=variable(look),
    )
