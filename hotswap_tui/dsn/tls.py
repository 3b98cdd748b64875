"""What a connection string says about TLS, in the words of libpq, Prisma, JDBC, node-postgres or asyncpg."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast, get_args

from hotswap_tui.dsn.model import DsnError, Tls, TlsMode
from hotswap_tui.dsn.parameters import PRISMA_ONLY
from hotswap_tui.dsn.secret import SecretStr

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MODES: Final = get_args(TlsMode)
_VERSIONS: Final = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_SYSTEM: Final = "system"
_PRISMAS: Final = PRISMA_ONLY | {"schema", "sslaccept"}
_LIBPQS: Final = frozenset({"sslkey", "sslrootcert", "sslcrl"})
_VERIFIES: Final = "sslaccept=accept_invalid_certs is set aside, since sslmode={} asks for verification"
_STRICT: Final = "sslaccept=strict is read as sslmode=verify-full; a server without TLS is refused"
_PRISMAS_SSLCERT: Final = "sslcert is read as Prisma does: the authority that signed the server's certificate"


def read_tls(values: Mapping[str, str]) -> tuple[Tls, list[str]]:
    """Return how to encrypt and verify, and notes. Raises `DsnError` on a wrong value."""
    root, cert, notes = _certificates(values)
    mode, more = _mode(values, root)
    key_password = values.get("sslpassword")
    tls = Tls(
        mode=mode,
        root_cert=root,
        cert=cert,
        key=values.get("sslkey") or None,
        key_password=SecretStr(key_password) if key_password else None,
        crl=values.get("sslcrl") or None,
        sni=one_of("sslsni", values.get("sslsni") or "1", ("0", "1")) == "1",
        min_version=_version("ssl_min_protocol_version", values),
        max_version=_version("ssl_max_protocol_version", values),
        direct=_is_direct(values, mode),
    )
    return tls, notes + more


def one_of(key: str, value: str, allowed: Sequence[str]) -> str:
    """Return `value` if it is allowed. Raises `DsnError`, which names what is allowed and not the value."""
    if value not in allowed:
        raise DsnError(f"{key} has a value that is not known; allowed: {', '.join(allowed)}")
    return value


def _certificates(values: Mapping[str, str]) -> tuple[str | None, str | None, list[str]]:
    root, cert = values.get("sslrootcert") or None, values.get("sslcert") or None
    if cert and _PRISMAS & values.keys() and not _LIBPQS & values.keys():
        return cert, None, [_PRISMAS_SSLCERT]
    if values.get("sslaccept") == "strict" and values.get("sslmode") != "disable":
        root = root or _SYSTEM  # Prisma verifies against the system's authorities, libpq against a file of the user
    return root, cert, []


def _mode(values: Mapping[str, str], root: str | None) -> tuple[TlsMode, list[str]]:
    written = values.get("sslmode") or _mode_of_ssl(values.get("ssl"))
    notes: list[str] = []
    if written == "no-verify":
        written = "require"
        notes.append("sslmode=no-verify is node-postgres' own and is read as require")
    mode = one_of("sslmode", written or ("verify-full" if root == _SYSTEM else "prefer"), _MODES)
    mode, more = _with_sslaccept(mode, values.get("sslaccept"))
    if root == _SYSTEM and mode != "verify-full":
        raise DsnError("sslrootcert=system needs sslmode=verify-full, as libpq demands")
    if root and mode == "require" and values.get("sslaccept") != "accept_invalid_certs":
        mode = "verify-ca"
        notes.append("sslmode=require with a root certificate verifies it as verify-ca does, as libpq reads it")
    return cast("TlsMode", mode), notes + more


def _mode_of_ssl(value: str | None) -> str | None:
    if not value:
        return None
    if value.lower() in {"true", "1", "on", "yes"}:
        return "require"
    if value.lower() in {"false", "0", "off", "no"}:
        return "disable"
    return one_of("ssl", value, (*_MODES, "true", "false"))


def _with_sslaccept(mode: str, accept: str | None) -> tuple[str, list[str]]:
    if not accept:
        return mode, []
    if one_of("sslaccept", accept, ("strict", "accept_invalid_certs")) == "strict":
        if mode == "disable":
            return mode, ["sslaccept=strict is set aside, since sslmode=disable asks for no encryption"]
        return "verify-full", [] if mode in {"require", "verify-full"} else [_STRICT]
    return mode, [_VERIFIES.format(mode)] if mode.startswith("verify") else []


def _version(key: str, values: Mapping[str, str]) -> str | None:
    value = values.get(key)
    return one_of(key, value, _VERSIONS) if value else None


def _is_direct(values: Mapping[str, str], mode: TlsMode) -> bool:
    direct = one_of("sslnegotiation", values.get("sslnegotiation") or "postgres", ("postgres", "direct")) == "direct"
    if direct and mode in {"disable", "allow", "prefer"}:
        raise DsnError("sslnegotiation=direct needs sslmode=require or stronger, as libpq demands")
    return direct
