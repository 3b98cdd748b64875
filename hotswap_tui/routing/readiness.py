"""What a hold needs, at hand before it is needed: a guard, and lines to the console.

After a crash every client connects anew, and a login to the console would wait among them.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from hotswap_tui.routing.console import now_s
from hotswap_tui.routing.guard import Guard, GuardError

if TYPE_CHECKING:
    from hotswap_tui.routing.console import Console, Line
    from hotswap_tui.routing.layout import Gateway

_LOGIN_S: Final = 2.0


class Readiness:
    """A guard and two lines, one for a PAUSE and one to see it, for the next hold of one gateway."""

    def __init__(self, gateway: Gateway, console: Console) -> None:
        self._gateway = gateway
        self._console = console
        self._guard: Guard | None = None
        self._lines: tuple[Line, Line] | None = None

    @property
    def has_lines(self) -> bool:
        """Say whether lines are at hand; PgBouncer may have closed them meanwhile."""
        return self._lines is not None

    async def restore(self) -> None:
        """Bring what is missing. Raises ConsoleError or GuardError."""
        if self._guard is None:
            self._guard = await asyncio.to_thread(Guard, self._gateway)
        if self._lines is None:
            deadline_s = now_s() + _LOGIN_S
            first = await self._console.open(deadline_s)
            try:
                self._lines = (first, await self._console.open(deadline_s))
            except BaseException:
                first.drop()
                raise

    async def guard(self, budget_s: float) -> Guard:
        """Return a guard that acts after `budget_s` seconds, or when this process ends. Raises GuardError."""
        ready, self._guard = self._guard, None
        if ready is not None:
            with suppress(GuardError):
                ready.begin(budget_s)
                return ready
            await ready.dismiss()
        fresh = await asyncio.to_thread(Guard, self._gateway)
        fresh.begin(budget_s)
        return fresh

    def lines(self) -> tuple[Line, Line] | None:
        """Hand over the lines that are at hand, None when there are none."""
        lines, self._lines = self._lines, None
        return lines

    async def end(self) -> None:
        """Let go of everything."""
        for line in self.lines() or ():
            line.drop()
        ready, self._guard = self._guard, None
        if ready is not None:
            await ready.dismiss()
