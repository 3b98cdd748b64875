"""The socket of the HTTP API, bound before anything is said to be ready."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from typing import TYPE_CHECKING, Final

from hotswap_tui.gateway.installed import who_listens

if TYPE_CHECKING:
    from hotswap_tui.config.listen import Listen

_BACKLOG: Final = 128


class ListenError(Exception):
    """Why nobody can be listened to, where, and what to do: one line."""


async def listen(address: Listen) -> socket.socket:
    """Return a socket that listens on `address`, the first of a name's; raises ListenError."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ListenError(_sentence(address, f"cannot be listened on: {error.strerror}")) from error
    family, _, _, _, place = found[0]
    bound = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
    try:
        # Whoever has just ended left connections behind that would keep the port for a minute.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(place)
        bound.listen(_BACKLOG)
    except OSError as error:
        bound.close()
        raise ListenError(_sentence(address, _why(address, error))) from error
    return bound


def _why(address: Listen, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        listener = who_listens(address.port)
        return f"is taken ({listener})" if listener else "is taken"
    if error.errno == errno.EACCES:
        return "is for root only"
    return f"cannot be listened on: {os.strerror(error.errno or 0)}"


def _sentence(address: Listen, what: str) -> str:
    return f"HOTSWAP_LISTEN: {address} {what}; choose another address, or off"
