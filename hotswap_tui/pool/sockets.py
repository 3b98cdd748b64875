"""What psycopg does not offer: to look at a connection's socket without waiting, and to cut it off under whoever uses it."""

from __future__ import annotations

import select
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from psycopg.pq import TransactionStatus

if TYPE_CHECKING:
    from psycopg import AsyncConnection


def spoken_to(connection: AsyncConnection[Any]) -> bool:
    """Say whether the server has sent something that nobody asked for, which mostly is its farewell."""
    poller = select.poll()
    poller.register(connection.fileno(), select.POLLIN)
    return bool(poller.poll(0))


def cut(connection: AsyncConnection[Any]) -> None:
    """End both directions at once: nothing more is sent, and who waits for an answer gets psycopg's OperationalError.

    Closing would be too kind: a transaction that ends on a closed connection ends without an error.
    """
    if connection.closed:
        return
    with suppress(OSError):
        lent = socket.socket(fileno=connection.pgconn.socket)  # not a copy: there may be no descriptor left for one
        try:
            lent.shutdown(socket.SHUT_RDWR)
        finally:
            lent.detach()


async def part(connection: AsyncConnection[Any]) -> None:
    """Say goodbye on an idle connection; cut off one that something is going on with."""
    if connection.closed:
        return
    if connection.lock.locked() or connection.pgconn.transaction_status != TransactionStatus.IDLE:
        cut(connection)
    else:
        await connection.close()
