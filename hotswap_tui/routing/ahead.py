"""A connection to the database that may take over, opened while the failure of the other one is still being confirmed.

A login takes four round trips, which clients would wait for in the switch: 0.3 s where the secondary is 80 ms away. And on a fresh
connection a server looks up everything in its catalogues for the first time, which costs some 10 ms, on a small machine more; that
is rehearsed where a server is near, as a switch that begins meanwhile waits for the answer.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from hotswap_tui.routing.console import now_s
from hotswap_tui.routing.inspection import InspectionError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hotswap_tui.core.values import Role
    from hotswap_tui.routing.inspection import Inspection

_LOGIN_S: Final = 5.0
_NEAR_S: Final = 0.1
"""Whoever has let us in, and said who it is, within that time is at most some 20 ms away."""


class Ahead:
    """Connections that were opened ahead, at most one to each database."""

    def __init__(self, inspect: Callable[[Role], Inspection], rehearsal: Callable[[Role], Sequence[str]]) -> None:
        """Prepare. `rehearsal` gives the queries that a connection is to answer once as long as nobody has taken it."""
        self._inspect = inspect
        self._rehearsal = rehearsal
        self._opened: dict[Role, Inspection] = {}
        self._logins: dict[Role, asyncio.Task[None]] = {}

    def begin(self, role: Role) -> None:
        """Start to log in there; whether it succeeds, whoever takes the connection finds out."""
        if role not in self._opened:
            inspection = self._opened[role] = self._inspect(role)
            self._logins[role] = asyncio.get_running_loop().create_task(self._open(role, inspection))

    def take(self, role: Role) -> Inspection:
        """Return the connection to `role`, one that is still to be opened where there is none; the caller closes it."""
        return self._opened.pop(role, None) or self._inspect(role)

    async def end(self) -> None:
        """Close those that nobody has taken, without waiting for a server that does not answer."""
        while self._opened:
            role, inspection = self._opened.popitem()
            self._logins[role].cancel()
            await asyncio.wait({self._logins[role]})
            await inspection.aclose()

    async def _open(self, role: Role, inspection: Inspection) -> None:
        began_s = now_s()
        with suppress(InspectionError):
            await inspection.identify(_LOGIN_S)
            near = now_s() - began_s < _NEAR_S
            for query in self._rehearsal(role) if near else ():
                if self._opened.get(role) is not inspection:
                    return
                await inspection.rows(query, _LOGIN_S)
