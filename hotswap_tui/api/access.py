"""Who may read: everybody the few facts that load balancers need; the rest who has the token and means this server.

A page in a browser may reach a server on the user's own machine or network under a name of its own (DNS rebinding): it is known
by that name in its Host header. Addresses are exempt from that: a name is what an attacker chooses.
"""

from __future__ import annotations

import hmac
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers

from hotswap_tui.api.json_answers import error

if TYPE_CHECKING:
    from pydantic import SecretStr
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

OPEN: Final = frozenset({"/api/health", "/healthz", "/primary", "/secondary"})
"""Answered to whoever asks: load balancers, and the reference's plain `curl`."""
_LOOPBACK_NAME: Final = "localhost"
_ALWAYS: Final = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))
_TOKENLESS: Final = (
    "beyond loopback this is answered with a token only: set HOTSWAP_TOKEN for the engine, "
    "and send it as Authorization: Bearer"
)


@dataclass(frozen=True, slots=True)
class Access:
    """Who may read. A token that is set is asked for on loopback, too: a proxy may stand before it."""

    token: SecretStr | None
    hosts: tuple[str, ...]
    """Names under which it may be asked, besides the address that was connected to; with a port or without."""
    local: bool
    """Whether it listens on loopback only."""

    def refusal(self, scope: Scope) -> Response | None:
        """Return why the request in `scope` is not answered, None when it is."""
        if scope["path"] in OPEN:
            return None
        headers = Headers(scope=scope)
        if not self._means_us(headers.get("host", ""), scope):
            return error(421, "not known under this name: ask for the address itself, or set HOTSWAP_ALLOWED_HOSTS")
        if self.token is None:
            return None if self.local else error(403, _TOKENLESS)
        if _bears(headers.getlist("authorization"), self.token):
            return None
        challenge = {"WWW-Authenticate": 'Bearer realm="hotswap-tui"'}
        return error(401, "send the engine's HOTSWAP_TOKEN as Authorization: Bearer", challenge)

    def _means_us(self, host: str, scope: Scope) -> bool:
        name = _without_port(host.lower())
        if name in map(_without_port, self.hosts):
            return True
        own = _address((scope.get("server") or ("",))[0])
        if own is not None and own.is_loopback and name == _LOOPBACK_NAME:
            return True
        asked = _address(name)
        return asked is not None and (asked == own or (own is not None and own.is_loopback and asked.is_loopback))


def _bears(given: list[str], token: SecretStr) -> bool:
    scheme, _, credentials = (given[0] if len(given) == 1 else "").partition(" ")
    same = hmac.compare_digest(credentials.strip().encode(), token.get_secret_value().encode())
    return same and scheme.lower() == "bearer"


def _without_port(host: str) -> str:
    """Return the name or address without port, brackets and the dot of a fully qualified name."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    name, colon, port = host.rpartition(":")
    return (name if colon and ":" not in name and port.isdigit() else host).removesuffix(".")


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address without its zone, the IPv4 one where IPv6 carries it; None for a name."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


class Guard:
    """Middleware: refuses what `Access` refuses, and marks every answer as not to be stored or guessed at."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or have the application answer."""

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_ALWAYS]
            await send(message)

        answer = self._access.refusal(scope) or self._app
        await answer(scope, receive, marked)
