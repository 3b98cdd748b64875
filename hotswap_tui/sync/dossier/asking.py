"""Questions to one server that share a deadline."""

from __future__ import annotations

import asyncio
from importlib import resources
from string import Template
from typing import TYPE_CHECKING, TypeAlias

from hotswap_tui.routing.inspection import InspectionError

if TYPE_CHECKING:
    from hotswap_tui.core.traffic import Identity
    from hotswap_tui.routing.inspection import Inspection

Row: TypeAlias = tuple[str | None, ...]

_SQL = resources.files("hotswap_tui.sync") / "sql"


def template(name: str) -> Template:
    """Return the query in `sql/name.sql`."""
    return Template((_SQL / f"{name}.sql").read_text(encoding="utf-8"))


class Asking:
    """Ask one server until the deadline; every method raises InspectionError."""

    def __init__(self, inspection: Inspection, timeout_s: float) -> None:
        self._inspection = inspection
        self._deadline_s = asyncio.get_running_loop().time() + timeout_s

    @property
    def left_s(self) -> float:
        """Return how much time is left."""
        return self._deadline_s - asyncio.get_running_loop().time()

    async def rows(self, query: str) -> list[Row]:
        """Return what `query` selects."""
        return await self._inspection.rows(query, self._left())

    async def row(self, query: str) -> Row:
        """Return the one row that `query` selects."""
        rows = await self.rows(query)
        if len(rows) != 1:
            raise InspectionError(f"{len(rows)} rows where one was asked for")
        return rows[0]

    async def identify(self) -> Identity:
        """Return who answers."""
        return await self._inspection.identify(self._left())

    def _left(self) -> float:
        left_s = self.left_s
        if left_s <= 0:
            raise InspectionError("no time was left to ask")
        return left_s
