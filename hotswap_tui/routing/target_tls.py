"""How PgBouncer encrypts on its way to a database, and what of a connection string's wishes it cannot meet.

Source: PgBouncer's manual ("pgbouncer.ini", section "TLS settings"). It sends the server's name with `verify-full` only, up to
1.25 (its issue 1485), and knows no channel binding on either side (issue 522).
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap_tui.dsn import Dsn, Tls

_NAMED_IN_TLS: Final = ".neon.tech"
"""Databases of a provider that tells them apart by the server's name, which it reads from the first packet of TLS."""
_BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Where distributions keep the authorities they trust: Debian, Fedora, SUSE, Alpine."""
_VERSIONS: Final = {"TLSv1": "tlsv1.0", "TLSv1.1": "tlsv1.1", "TLSv1.2": "tlsv1.2", "TLSv1.3": "tlsv1.3"}
"""PgBouncer's words; its `tlsv1` means all of them."""


def tls_settings(dsn: Dsn) -> Iterator[tuple[str, str]]:
    """Yield the `server_tls_` settings that belong to `dsn`, without that prefix."""
    tls = _spoken(dsn)
    if dsn.addresses[0].is_socket or tls.mode == "disable":
        yield "sslmode", "disable"
        return
    yield "sslmode", tls.mode
    authorities = _authorities(tls)
    if authorities is not None:
        yield "ca_file", authorities
    if tls.cert:
        yield "cert_file", tls.cert
        yield "key_file", tls.key or tls.cert
    # Always stated, so that nothing of the target before remains in force.
    yield "protocols", ",".join(_versions(tls))


def tls_problems(dsn: Dsn) -> Iterator[str]:
    """Yield what PgBouncer cannot do, and what to do instead."""
    tls = _spoken(dsn)
    if is_named_in_tls(dsn) and tls.mode == "disable":
        yield f"{_NAMED_IN_TLS[1:]} takes no connection without TLS; leave sslmode=disable out"
    if tls.direct:
        yield "PgBouncer does not know sslnegotiation=direct; leave it out"
    if tls.crl:
        yield "PgBouncer does not know sslcrl; leave it out"
    if tls.key_password:
        yield "PgBouncer cannot open a key with a pass phrase; give a key without one, readable by PgBouncer's user only"
    if any(re.search(r"[\0\r\n]", path) for path in (tls.root_cert or "", tls.cert or "", tls.key or "")):
        yield "the path of a certificate holds a line break, which PgBouncer's files cannot"
    if not _versions(tls):
        yield "ssl_min_protocol_version and ssl_max_protocol_version leave no version of TLS"
    if tls.mode.startswith("verify") and _authorities(tls) is None:
        yield "no file with trusted authorities was found on this machine; install ca-certificates, or name one with sslrootcert=FILE"


def tls_notes(dsn: Dsn) -> Iterator[str]:
    """Yield what PgBouncer does otherwise than `dsn` says, one sentence each."""
    spoken = _spoken(dsn)
    if spoken.mode != dsn.tls.mode and spoken.mode == "verify-full":
        yield (
            f"PgBouncer connects with sslmode=verify-full and the authorities in {_authorities(spoken)}: only then it sends "
            f"the server's name, by which {_NAMED_IN_TLS[1:]} finds the database"
        )
    if dsn.channel_binding == "require":
        yield f"PgBouncer cannot do channel_binding=require; it connects with sslmode={spoken.mode} instead"


def is_named_in_tls(dsn: Dsn) -> bool:
    """Say whether the server's name leads to the database, whichever of its addresses answers."""
    return dsn.addresses[0].host.lower().rstrip(".").endswith(_NAMED_IN_TLS)


def _spoken(dsn: Dsn) -> Tls:
    """Return how PgBouncer speaks to `dsn`: as it says, or in a stricter mode where that says too little."""
    if dsn.addresses[0].is_socket or dsn.tls.mode == "disable":
        return dsn.tls
    if is_named_in_tls(dsn):
        return replace(dsn.tls, mode="verify-full")
    if dsn.channel_binding == "require" and dsn.tls.mode in {"allow", "prefer"}:
        return replace(dsn.tls, mode="require")
    return dsn.tls


def _authorities(tls: Tls) -> str | None:
    if tls.root_cert not in {None, "system"}:
        return tls.root_cert
    if not tls.mode.startswith("verify"):
        return None
    return next((bundle for bundle in _BUNDLES if Path(bundle).is_file()), None)


def _versions(tls: Tls) -> tuple[str, ...]:
    names = list(_VERSIONS)
    first, last = names.index(tls.min_version or "TLSv1.2"), names.index(tls.max_version or "TLSv1.3")
    return tuple(_VERSIONS[name] for name in names[first : last + 1])
