"""Cutting off what still hangs on a database that was left. A RELOAD marks such connections, and ends only those that are idle.

A server that lives is asked to end its sessions. One that hangs is not asked: a pulse, two time-outs of half a second that are
restored at once, makes PgBouncer close them. The pulse also ends clients of the same PgBouncer that have queued for longer, those
who only wait because they are held among them: it comes after the release.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from hotswap_tui.core.plan import Recipe
from hotswap_tui.routing import readings
from hotswap_tui.routing.completion import to_the_end
from hotswap_tui.routing.console import UnreachableError, now_s

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from hotswap_tui.routing.console import Console
    from hotswap_tui.routing.readings import Leftover

PULSE: Final = "0.5"
"""Seconds; PgBouncer looks at its time-outs three times a second."""
PULSED: Final = ("query_timeout", "idle_transaction_timeout")
_PULSE_S: Final = 2.0
_ENDING_S: Final = 1.0
"""Idle connections, those of a crashed server and those that it was asked to end are gone by then."""
_SETTLE_S: Final = 1.0
_SETTLED_WAIT_S: Final = 0.2
"""Nobody has waited for longer than that: the pulse will not end clients that are about to be served."""
_POLL_S: Final = 0.02
_COMMAND_S: Final = 2.0
_RESTORES: Final = 3


End: TypeAlias = "Callable[[list[int]], Awaitable[None]]"


@dataclass(frozen=True, slots=True)
class Severed:
    """How many connections had to be cut off, and how many could not be."""

    connections: int
    remaining: int


class Notes(Protocol):
    """Where it is noted which time-outs may be changed, so that they are restored when we die."""

    def note_settings(self, former: Mapping[str, str]) -> None:
        """Note the former values; empty: everything is as before."""
        ...


class Severing:
    """Finds and ends the connections of one database that PgBouncer wants closed."""

    def __init__(self, console: Console, database: str, notes: Notes) -> None:
        self._console = console
        self._database = database
        self._notes = notes

    async def remaining(self, deadline_s: float) -> tuple[Leftover, ...]:
        """Return what still hangs on a database that was left; raises ConsoleError."""
        return readings.leftovers(await self._console.run("SHOW SERVERS", deadline_s), self._database)

    async def stubborn(self, until_s: float = math.inf) -> tuple[Leftover, ...]:
        """Return what does not end by itself, as soon as there is some or nothing is left at all. Raises ConsoleError."""
        return await self.wait(_ENDING_S, _nothing_or_stubborn, until_s)

    async def ask_to_end(self, recipe: Recipe, end: End | None, until_s: float = math.inf) -> Severed:
        """Let end what ends by itself, and ask a server that lives to end the rest, by `end`. Raises ConsoleError."""
        if recipe is Recipe.CRASHED:
            left = await self.wait(_ENDING_S, _nothing, until_s)
        else:
            left = await self.stubborn(until_s)
        stubborn = [each for each in left if not each.ends_by_itself]
        if left and recipe is Recipe.PLANNED and end is not None:
            await end([each.pid for each in stubborn if each.pid])
            left = await self.wait(_ENDING_S, _nothing, until_s)
        return Severed(len(stubborn), len(left))

    async def cut_off(self) -> int:
        """Cut off what hangs all the same, once those who were held have been served; return how many remain. Raises ConsoleError."""
        await self.settle()
        return len(await self.pulse())

    async def wait(
        self, patience_s: float, enough: Callable[[Sequence[Leftover]], bool], until_s: float = math.inf
    ) -> tuple[Leftover, ...]:
        """Poll until `enough` says so of what remains, or patience is over; return what remains then. Raises ConsoleError."""
        line = await self._console.line(min(now_s() + _COMMAND_S, until_s))
        deadline_s = min(now_s() + patience_s, until_s)
        try:
            while True:
                command_s = min(now_s() + _COMMAND_S, until_s)
                left = readings.leftovers(await line.ask("SHOW SERVERS", command_s), self._database)
                if enough(left) or now_s() >= deadline_s:
                    return left
                await asyncio.sleep(_POLL_S)
        finally:
            line.drop()

    async def settle(self) -> None:
        """Wait for a moment until those who were held have been served. Raises ConsoleError."""
        line = await self._console.line(now_s() + _COMMAND_S)
        deadline_s = now_s() + _SETTLE_S
        try:
            while now_s() < deadline_s:
                pools = await line.ask("SHOW POOLS", now_s() + _COMMAND_S)
                if readings.waited(pools, self._database).longest_s < _SETTLED_WAIT_S:
                    return
                await asyncio.sleep(_POLL_S)
        finally:
            line.drop()

    async def pulse(self) -> tuple[Leftover, ...]:
        """End what hangs, and return what remains all the same; the time-outs are as before then. Raises ConsoleError."""
        present = readings.settings(await self._console.run("SHOW CONFIG", now_s() + _COMMAND_S), PULSED)
        # What has the pulse's value already is under somebody else's pulse, who restores it.
        former = {name: value for name, value in present.items() if value != PULSE}
        self._notes.note_settings(former)
        try:
            for name in former:
                await self._console.run(f"SET {name}='{PULSE}'", now_s() + _COMMAND_S)
            return await self.wait(_PULSE_S, lambda left: not left)
        finally:
            await to_the_end(restore(self._console, former))
            self._notes.note_settings({})


async def restore(console: Console, former: Mapping[str, str]) -> None:
    """Set each of `former` to what it was; raises ConsoleError."""
    for name, value in former.items():
        for left in range(_RESTORES, 0, -1):
            try:
                await console.run(f"SET {name}='{value}'", now_s() + _COMMAND_S)
                break
            except UnreachableError:
                if left == 1:
                    raise


def _nothing(left: Sequence[Leftover]) -> bool:
    return not left


def _nothing_or_stubborn(left: Sequence[Leftover]) -> bool:
    return not left or any(not each.ends_by_itself for each in left)
