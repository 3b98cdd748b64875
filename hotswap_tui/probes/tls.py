"""TLS as libpq means it (its manual, "SSL Support"), for a driver that is handed a finished context."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hotswap_tui.dsn import Tls

_ALPN = ["postgresql"]


class TlsSetupError(Exception):
    """TLS cannot be had as the connection string asks for it; one line naming the file or the reason."""


class NamedContext(ssl.SSLContext):
    """A context that knows the server's name, because the driver is given an address that has been resolved already."""

    server_name: str | None = None

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001, FBT002 - the signature of ssl.SSLContext
        server_hostname: str | bytes | None = None,  # noqa: ARG002 - replaced by the name
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """Wrap as the base class does, with `server_name` as the name to send and to verify."""
        return super().wrap_bio(
            incoming, outgoing, server_side=server_side, server_hostname=self.server_name, session=session
        )


def build_context(tls: Tls, host: str) -> ssl.SSLContext:
    """Return the context for a connection to `host` (a name or an address, as the connection string has it).

    libpq's files in the home directory are ambient and not read. Where a `verify-*` mode names no root certificate, the system's
    are used; libpq would look for `~/.postgresql/root.crt` there. Raises TlsSetupError when a named file cannot be used.
    """
    context = NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = tls.mode == "verify-full"
    verified = tls.mode in {"verify-ca", "verify-full"} or tls.root_cert is not None
    context.verify_mode = ssl.CERT_REQUIRED if verified else ssl.CERT_NONE
    # OpenSSL checks the name that it sends, so `sslsni=0` cannot be had together with verify-full.
    if tls.sni or context.check_hostname:
        context.server_name = host.partition("%")[0].rstrip(".")
    _set_versions(context, tls)
    context.set_alpn_protocols(_ALPN)
    _load_roots(context, tls, verified=verified)
    _load_certificate(context, tls)
    return context


def _set_versions(context: ssl.SSLContext, tls: Tls) -> None:
    context.minimum_version = _version(tls.min_version or "TLSv1.2")
    if tls.max_version:
        context.maximum_version = _version(tls.max_version)


def _version(name: str) -> ssl.TLSVersion:
    try:
        return ssl.TLSVersion[name.replace(".", "_")]
    except KeyError:
        raise TlsSetupError(f"TLS version {name} is not known") from None


def _load_roots(context: ssl.SSLContext, tls: Tls, *, verified: bool) -> None:
    if verified and tls.root_cert in {None, "system"}:
        context.set_default_verify_paths()
    elif tls.root_cert is not None:
        _load_file(context, "sslrootcert", tls.root_cert)
    if tls.crl is not None:
        _load_file(context, "sslcrl", tls.crl)
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN


def _load_file(context: ssl.SSLContext, keyword: str, path: str) -> None:
    try:
        context.load_verify_locations(cafile=path)
    except (OSError, ssl.SSLError) as error:
        raise TlsSetupError(f"{keyword} {path}: {_reason(error)}") from error


def _load_certificate(context: ssl.SSLContext, tls: Tls) -> None:
    if tls.cert is None:
        return
    secret = tls.key_password.get_secret_value() if tls.key_password else ""
    try:
        # A function, since OpenSSL asks for a missing pass phrase on the terminal otherwise.
        context.load_cert_chain(tls.cert, tls.key, password=lambda: secret)
    except (OSError, ssl.SSLError) as error:
        raise TlsSetupError(f"sslcert {tls.cert}, sslkey {tls.key or tls.cert}: {_reason(error)}") from error


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"not usable ({getattr(error, 'reason', '') or 'wrong format or pass phrase'})"
    return error.strerror or str(error)
