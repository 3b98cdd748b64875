"""Keeps the connections with the database that serves: watches the engine's picture and leaves one lane for another."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final, Generic

from psycopg_pool import PoolTimeout
from psycopg_pool.abc import ACT

from hotswap_tui.pool.course import Course, course, situation
from hotswap_tui.pool.errors import NoDatabaseError
from hotswap_tui.pool.gate import Gate
from hotswap_tui.pool.lane import Lane
from hotswap_tui.pool.moved import Moved

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap_tui.core.values import Role
    from hotswap_tui.engine.client import EngineClient
    from hotswap_tui.pool.options import PoolOptions
    from hotswap_tui.pool.sources import Source

_log = logging.getLogger("hotswap_tui.pool")

TIMEOUT_S: Final = 30.0
"""psycopg_pool's own."""


class Follower(Generic[ACT]):
    """Give connections to the database that serves, and leave it when another does.

    A database that answers is left when its connections have come back, at the latest after `drain_s`, and nobody is given a
    connection meanwhile; one that does not answer is left at once.
    """

    def __init__(self, source: Source, options: PoolOptions[ACT], drain_s: float) -> None:
        self._source = source
        self._options = options
        self._drain_s = drain_s
        self._timeout_s = options.get("timeout", TIMEOUT_S)
        self._listeners: list[Callable[[Moved], None]] = []
        self._course = Course(None)
        self._recovered = False
        self._lost = ""
        self._told = ""
        self._cut = 0
        self._lane: Lane[ACT] | None = None
        self._leaving: list[Lane[ACT]] = []
        self._gate: Gate[Lane[ACT]] = Gate()
        self._due = asyncio.Event()
        self.client: EngineClient

    # -- life -----------------------------------------------------------------------------------------

    def start(self, client: EngineClient) -> None:
        """Begin to follow `client`."""
        self.client = client
        self._unsubscribe = client.subscribe(self._look)
        self._mover = asyncio.ensure_future(self._move())
        self._mover.add_done_callback(_report)
        self._look()

    async def aclose(self) -> None:
        """Follow no more and close every connection that is not in use."""
        self._unsubscribe()
        self._gate.close()
        self._mover.cancel()
        await asyncio.wait((self._mover,))
        for lane in self._lanes():
            lane.leave()
        for lane in self._lanes():
            await lane.closed()

    def lost(self, why: str) -> None:
        """Take the engine for silent from now on, because of `why`."""
        self._lost = why
        self._look()

    # -- what callers see -----------------------------------------------------------------------------

    @property
    def serving(self) -> Role | None:
        """Return whose connections are given now, None when nobody's are."""
        return None if self._gate.way is None else self._gate.way.role

    @property
    def stats(self) -> dict[str, int]:
        """Return psycopg's figures of the present connections."""
        return {} if self._lane is None else self._lane.stats

    def on_switch(self, listener: Callable[[Moved], None]) -> Callable[[], None]:
        """Call `listener` after each move; return what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def reached(self, role: Role) -> None:
        """Return when connections to `role` are given."""
        await self._gate.passed(lambda lane: lane.role is role)

    async def borrow(self, timeout_s: float | None) -> tuple[Lane[ACT], ACT]:
        """Return a connection to the database that serves; raises NoDatabaseError, psycopg_pool.PoolTimeout or PoolClosed."""
        limit_s = self._timeout_s if timeout_s is None else timeout_s
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + limit_s
        while True:
            try:
                lane = self._gate.way
                if lane is None:
                    async with asyncio.timeout_at(deadline_s):
                        lane = await self._gate.passed()
                connection = await lane.borrow(deadline_s - loop.time())
            except (TimeoutError, PoolTimeout) as error:
                raise self.in_vain(error, limit_s) from None
            if connection is not None:
                return lane, connection

    def check_open(self) -> None:
        """Raise psycopg_pool.PoolClosed after `aclose`."""
        self._gate.check_open()

    def lane_to(self, role: Role) -> Lane[ACT] | None:
        """Return the connections to `role` while they are given."""
        lane = self._gate.way
        return lane if lane is not None and lane.role is role else None

    def in_vain(self, error: Exception, limit_s: float) -> Exception:
        """Return what to tell who has got no connection within `limit_s`: psycopg's own error where a database serves."""
        if isinstance(error, PoolTimeout) and self.serving is not None and not self._course.doubtful:
            return error
        now_s = asyncio.get_running_loop().time()
        said = situation(self.client.snapshot(), now_s, silent=self.silent)
        role = self._course.role
        hint = f"; no connection string for {role} is set here" if role and role not in self._source.dsns else ""
        return NoDatabaseError(f"no connection within {limit_s:.2f} s: {said}{hint}")

    @property
    def silent(self) -> bool:
        """Say whether nothing is heard of the engine."""
        return bool(self._lost) or self.client.silence is not None

    # -- following ------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Take note of the picture at once: what is given up without an answer is cut off before anything else happens."""
        before, snapshot = self._course, self.client.snapshot()
        following = None if self._lane is None else self._lane.role
        self._course = course(snapshot, silent=self.silent, following=following)
        self._recovered = self._recovered or (before.uncertain and not self._course.uncertain)
        self._tell(disagrees=snapshot.disagrees)
        if self._course.hasty and self._course.role not in {None, following}:
            self._cut += sum(lane.sever() for lane in self._lanes())
        admitted = self._admitted()
        self._gate.lead(admitted)
        if self._lane is not None and admitted is None:
            self._lane.turn_away()
        self._due.set()

    def _tell(self, *, disagrees: bool) -> None:
        """Say once what an operator should know."""
        stays = f"connections stay with {self._course.role or 'no database'}"
        text = f"PgBouncer leads elsewhere than the engine chose; {stays}" if disagrees else ""
        if self.silent:
            why = self._lost or (self.client.silence.why if self.client.silence else "")
            text = f"the engine does not answer ({why}); {stays}"
        if text and text != self._told:
            _log.warning(text)
        elif self._told and not text:
            _log.info("the engine answers, and all agree; connections lead to %s", self._course.role)
        self._told = text

    def _admitted(self) -> Lane[ACT] | None:
        lane = self._lane
        return lane if lane is not None and not lane.left and lane.role is self._course.role else None

    async def _move(self) -> None:
        """Bring the connections where the course says, again and again."""
        while True:
            await self._due.wait()
            self._due.clear()
            role, present = self._course.role, self._lane
            if role is None or role not in self._source.dsns:
                continue
            if self._admitted() is None:
                await self._change(role, present)
            elif self._recovered and present is not None and present.troubled:
                await self._begin(role)
            self._recovered = False

    async def _change(self, role: Role, present: Lane[ACT] | None) -> None:
        if present is not None and not present.left:
            drained = await self._drained()
            if self._course.role is not role:
                return
            self._cut += 0 if drained else sum(lane.sever() for lane in self._lanes())
        await self._begin(role)
        cut, self._cut = self._cut, 0
        source = None if present is None else present.role
        if source is role:
            return
        moved = Moved(source, role, time.time(), self._gate.waited_s, cut)
        _log.log(logging.INFO if source is None else logging.WARNING, "%s", moved)
        for listener in self._listeners:
            asyncio.get_running_loop().call_soon(listener, moved)

    async def _drained(self) -> bool:
        """Let the connections in use come back; return whether all did."""
        try:
            async with asyncio.timeout(self._drain_s):
                for lane in self._lanes():
                    await lane.emptied()
        except TimeoutError:
            return False
        return True

    async def _begin(self, role: Role) -> None:
        """Connect to `role`, and close what is left of the connections before."""
        before = self._lane
        lane = Lane(role, self._source.dsns[role], self._options, self._source.timeout_s, lambda: self._course.doubtful)
        await lane.open()
        self._lane = lane
        self._gate.lead(self._admitted())
        if before is not None:
            before.leave()
            self._leaving.append(before)

    def _lanes(self) -> list[Lane[ACT]]:
        self._leaving = [lane for lane in self._leaving if not lane.over]
        return [*self._leaving, *([self._lane] if self._lane is not None else [])]


def _report(mover: asyncio.Task[None]) -> None:
    if not mover.cancelled():
        _log.critical("connections follow nobody any more", exc_info=mover.exception())
