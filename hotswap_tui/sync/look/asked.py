"""One database in the course of one look: a connection, a deadline, and why it could not be read."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hotswap_tui.probes.inspection import PostgresInspection
from hotswap_tui.routing.inspection import InspectionError

if TYPE_CHECKING:
    from hotswap_tui.dsn import Dsn
    from hotswap_tui.routing.inspection import Inspection


class Asked:
    """Ask one database; every question ends at the look's deadline at the latest."""

    def __init__(self, dsn: Dsn, timeout_s: float, deadline_s: float) -> None:
        """Prepare; the connection is opened by the first question."""
        self.inspection: Inspection = PostgresInspection(dsn)
        self.error = ""
        self._timeout_s = timeout_s
        self._deadline_s = deadline_s

    @property
    def left_s(self) -> float:
        """Return how long the next question may take; raises InspectionError when no time is left."""
        left_s = min(self._timeout_s, self._deadline_s - asyncio.get_running_loop().time())
        if left_s <= 0:
            raise InspectionError("the look took too long")
        return left_s

    async def rows(self, query: str) -> list[tuple[str | None, ...]]:
        """Ask; raises InspectionError."""
        return await self.inspection.rows(query, self.left_s)

    async def aclose(self) -> None:
        """Close the connection."""
        await self.inspection.aclose()
