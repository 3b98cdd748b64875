"""Loopback ports that stay ours while nothing listens on them."""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"


def reserve_port(port: int = 0) -> socket.socket:
    """Hold a loopback port (0: any free one) without listening on it, and return the socket that holds it.

    While the socket is open the kernel gives the port to nobody who asks for a free one, connections to it are
    refused, and a server that sets SO_REUSEADDR before it binds, as PostgreSQL and asyncio do, can listen on it, again
    and again. Raises OSError (EADDRINUSE) when the port belongs to somebody else.
    """
    holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        holder.bind((LOOPBACK, port))
        # Only after the bind: the choice of the port must be exclusive, its use must not.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    except OSError:
        holder.close()
        raise
    return holder
