"""Letting clients wait and go on again, in a way that our own death cannot make last.

The note is written and its guard started before PgBouncer is touched; both end after everything has been put back.
"""

from __future__ import annotations

import asyncio
import math
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.traffic import NOBODY, Waited
from hotswap_tui.routing import note, readings
from hotswap_tui.routing.console import AlreadySoError, ConsoleError, UnreachableError, now_s
from hotswap_tui.routing.guard import Guard, GuardError
from hotswap_tui.routing.note import Note, NoteError
from hotswap_tui.routing.readiness import Readiness

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from typing import TypeAlias

    from hotswap_tui.routing.console import Console, Line, Rows
    from hotswap_tui.routing.layout import Gateway

    Quiet: TypeAlias = Callable[[Line], Awaitable[None]]

HOLD_S: Final = 2.0
"""PgBouncer takes a PAUSE within a millisecond."""
RELEASE_S: Final = 3.0
_MARGIN_S: Final = 3.0
"""What the guard leaves us to end a hold ourselves."""
_SPARE_S: Final = _MARGIN_S + 3.0
"""A hold is over so long before PgBouncer gives waiting clients up: the guard, too, has to start and to act by then."""
QUERY_WAIT_S: Final = 30.0
"""How long a PgBouncer that `gateway init` has set up lets clients wait at least (query_wait_timeout)."""
_FORMER_S: Final = 0.5
"""So long a hold waits for the guard of one before, which may be about to act; it sees that it is not in charge any more."""
_DROPPED_S: Final = 1.0
_RESUMES: Final = 2
_PAUSE_LINES: Final = 2

TROUBLE: Final = (ConsoleError, NoteError, GuardError)
"""How holding and letting go can fail; each is one line."""


class Holding:
    """What is in force at one PgBouncer and must not outlast us: a PAUSE, changed time-outs, a database half left."""

    def __init__(self, gateway: Gateway, console: Console) -> None:
        self._gateway = gateway
        self._path = gateway.hold_note
        self._console = console
        self._note: Note | None = None
        self._guard: Guard | None = None
        self._former: Guard | None = None
        self._held = False
        self._owed = False
        self._since_s = 0.0
        self._until_s = math.inf
        self._line: Line | None = None
        self._pause: asyncio.Task[Rows] | None = None
        self.readiness = Readiness(gateway, console)

    @property
    def lines_to_pause(self) -> int:
        """Return how many lines a hold would have to open now."""
        return 0 if self.readiness.has_lines else _PAUSE_LINES

    @property
    def held(self) -> bool:
        """Say whether clients wait because of us, as far as we know: neither the guard nor PgBouncer's end has changed that."""
        return self._held and self.in_force and not self.lost

    @property
    def lapsed(self) -> bool:
        """Say whether PgBouncer has died within a hold that is not over: the next one holds nobody, and may be paused again."""
        return self._held and self.in_force and self.lost and now_s() < self._until_s

    @property
    def owed(self) -> bool:
        """Say whether clients may wait because of us, as a release that failed leaves it: only PgBouncer can settle that."""
        return self._held or self._owed

    @property
    def until_s(self) -> float:
        """Return when who waits must go on, in the loop's time: `open` has set it, and it does not move within one hold."""
        return self._until_s

    @property
    def drained(self) -> bool:
        """Say whether PgBouncer has told that nobody's transaction is open any more."""
        pause = self._pause
        return pause is not None and pause.done() and not pause.cancelled() and pause.exception() is None

    @property
    def lost(self) -> bool:
        """Say whether PgBouncer has died since it was paused: the connection that paused it has ended."""
        pause, line = self._pause, self._line
        if pause is None or line is None or not pause.done() or pause.cancelled():
            return False
        return isinstance(pause.exception(), UnreachableError) or line.ended

    @property
    def answered(self) -> bool:
        """Say whether PgBouncer has nothing more to tell of our PAUSE, as where somebody else had paused before."""
        return not self.lost and (self._pause is None or self._pause.done())

    @property
    def in_force(self) -> bool:
        """Say whether the note is still ours: the guard removes it when it takes us for dead."""
        with suppress(NoteError):
            found = note.read(self._path)
            return self._note is not None and found is not None and found.token == self._note.token
        return False

    def stray(self) -> Note | None:
        """Return the note of a hold that nobody of this program looks after; raises NoteError."""
        found = note.read(self._path)
        if found is None or (self._note is not None and found.token == self._note.token):
            return None
        return None if self._former is not None and not self._former.has_ended else found

    async def open(self, budget_s: float, query_wait_s: float = QUERY_WAIT_S) -> None:
        """Leave a note and a guard that undoes what follows when we do not within `budget_s`. Raises one of TROUBLE.

        One that is there already is replaced, and what it says is kept. A hold that is taken over is counted from its own
        beginning: it ends well before PgBouncer gives up who has waited for `query_wait_s`.
        """
        kept = note.read(self._path) or Note("", time.time())
        opened_s = now_s()
        since_s = self._since_s if self._held and self.in_force else opened_s
        until_s = min(opened_s + budget_s, since_s + max(query_wait_s - _SPARE_S, query_wait_s / 2))
        guard = await self.readiness.guard(max(0.0, until_s - opened_s) + _MARGIN_S)
        retired, self._guard = self._guard, guard
        self._write(replace(kept, token=guard.token))
        self._since_s, self._until_s = since_s, until_s
        if retired is not None:
            self._let_go(retired)
        # One that has looked at its token before it was replaced is not to resume what is paused next.
        if self._former is not None and await self._former.ended(_FORMER_S):
            self._former = None

    async def pause(self, deadline_s: float, quiet: Quiet | None = None) -> None:
        """Let new work wait, and return when it does; nobody is waited for. Raises one of TROUBLE, and holds nobody then.

        `quiet` is awaited at the last moment before, with a line on which it may look for a good one.
        """
        await self._drop_pause()
        self._update(held=True)
        self._held = True
        try:
            await self._send_pause(deadline_s, quiet)
        except ConsoleError:
            await self._resume(now_s() + RELEASE_S)
            raise

    async def confirmed(self, deadline_s: float) -> bool:
        """Ask PgBouncer whether our hold is in force: one that was started anew holds nobody. Raises ConsoleError."""
        if not self.held:
            return False
        witness = await self._console.line(deadline_s)
        try:
            return await self._console.paused(witness, deadline_s)
        finally:
            witness.drop()

    async def wait_drained(self, timeout_s: float) -> bool:
        """Wait until the open transactions have ended, and say whether they have; raises ConsoleError when the hold is lost.

        Where somebody else had paused before us, PgBouncer does not tell.
        """
        if self._pause is None or (self.answered and not self.drained):
            await asyncio.sleep(timeout_s)
        else:
            await asyncio.wait({self._pause}, timeout=timeout_s)
        if self.lost:
            raise ConsoleError("the hold was lost: PgBouncer has ended meanwhile")
        return self.drained

    def note_settings(self, former: Mapping[str, str]) -> None:
        """Note time-outs that are about to be changed, or, when empty, that they are as before. Raises NoteError."""
        self._update(settings=former)

    def note_leaving(self, *, leaving: bool) -> None:
        """Note that a database is being left, or that nothing hangs on it any more. Raises NoteError."""
        self._update(leaving=leaving)

    async def resume(self) -> Waited:
        """Let those who wait go on, and say who waited; note and guard stay. Raises one of TROUBLE."""
        deadline_s = now_s() + RELEASE_S
        waiting = NOBODY
        with suppress(ConsoleError):
            pools = await self._console.run("SHOW POOLS", now_s() + RELEASE_S / 3)
            waiting = readings.waited(pools, self._gateway.database)
        await self._resume(deadline_s)
        return waiting

    async def close(self) -> None:
        """Remove the note and dismiss the guard; what is in force still, the guard undoes. Raises NoteError."""
        noted = self._note
        if noted is None or noted.held or noted.settings or not self.in_force:
            await self.leave_to_guard()
            return
        note.remove(self._path)
        guard, self._guard, self._note, self._until_s = self._guard, None, None, math.inf
        if guard is not None:
            await guard.dismiss()

    async def leave_to_guard(self) -> None:
        """Let the guard undo, now, what is in force still; nobody waits for it."""
        self._owed, self._held, self._until_s = self.owed, False, math.inf
        guard, self._guard, self._note = self._guard, None, None
        if guard is not None:
            self._let_go(guard)
        await self._drop_pause()

    def _let_go(self, guard: Guard) -> None:
        guard.let_go()
        self._former = guard

    async def _send_pause(self, deadline_s: float, quiet: Quiet | None) -> None:
        lines = self.readiness.lines()
        if lines is not None:
            # PgBouncer may have been started anew since they were opened.
            with suppress(UnreachableError):
                await self._pause_on(*lines, deadline_s, quiet)
                return
            await self._drop_pause()
        line, witness = await self._console.line(deadline_s), await self._console.line(deadline_s)
        await self._pause_on(line, witness, deadline_s, quiet)

    async def _pause_on(self, line: Line, witness: Line, deadline_s: float, quiet: Quiet | None) -> None:
        self._line = line
        try:
            if quiet is not None:
                await quiet(witness)
            self._pause = line.send("PAUSE")
            await self._await_paused(witness, deadline_s)
        finally:
            witness.drop()

    async def _await_paused(self, witness: Line, deadline_s: float) -> None:
        while not await self._console.paused(witness, deadline_s):
            if self._pause is not None and self._pause.done():
                with suppress(AlreadySoError):
                    self._pause.result()
            if now_s() > deadline_s:
                raise ConsoleError("PgBouncer has not paused in time")
            await asyncio.sleep(0.001)

    async def _resume(self, deadline_s: float) -> None:
        for left in range(_RESUMES, 0, -1):
            try:
                with suppress(AlreadySoError):
                    await self._console.run("RESUME", now_s() + (deadline_s - now_s()) / left)
                break
            except ConsoleError:
                if left == 1:
                    raise
        self._held = self._owed = False
        await self._drop_pause()
        if self.in_force:
            self._update(held=False)
        elif self._note is not None:
            self._note = replace(self._note, held=False)

    async def _drop_pause(self) -> None:
        # A PAUSE that was pending when a RESUME came from elsewhere is never answered.
        line, pause = self._line, self._pause
        self._line = self._pause = None
        if line is not None:
            line.drop()
        if pause is not None:
            await asyncio.wait({pause}, timeout=_DROPPED_S)

    def _update(self, **changes: object) -> None:
        if self._note is None or not self.in_force:
            raise NoteError(f"{self._path} is gone: its guard took this program for dead and let the clients go on")
        self._write(replace(self._note, **changes))  # type: ignore[arg-type]

    def _write(self, fresh: Note) -> None:
        note.write(self._path, fresh)
        self._note = fresh
