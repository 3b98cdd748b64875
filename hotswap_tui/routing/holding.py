"""Letting clients wait and go on again, in a way that our own death cannot make last.

The note is written and its guard started before PgBouncer is touched; both end after everything has been put back.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.traffic import NOBODY, Waited
from hotswap_tui.routing import note, readings
from hotswap_tui.routing.console import AlreadySoError, ConsoleError, UnreachableError, now_s
from hotswap_tui.routing.guard import Guard, GuardError
from hotswap_tui.routing.note import Note, NoteError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotswap_tui.routing.console import Console, Line, Rows
    from hotswap_tui.routing.layout import Gateway

HOLD_S: Final = 2.0
"""PgBouncer takes a PAUSE within a millisecond."""
RELEASE_S: Final = 3.0
_MARGIN_S: Final = 3.0
"""What the guard leaves us to end a hold ourselves."""
_DROPPED_S: Final = 1.0
_RESUMES: Final = 2

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
        self._held = False
        self._line: Line | None = None
        self._pause: asyncio.Task[Rows] | None = None

    @property
    def held(self) -> bool:
        """Say whether clients wait because of us, and the guard has not ended that."""
        return self._held and self.in_force and not self._lost

    @property
    def drained(self) -> bool:
        """Say whether PgBouncer has told that nobody's transaction is open any more."""
        pause = self._pause
        return pause is not None and pause.done() and not pause.cancelled() and pause.exception() is None

    @property
    def _lost(self) -> bool:
        """Say whether PgBouncer has died since it was paused: the next one holds nobody."""
        pause = self._pause
        return (
            pause is not None
            and pause.done()
            and not pause.cancelled()
            and isinstance(pause.exception(), UnreachableError)
        )

    @property
    def answered(self) -> bool:
        """Say whether PgBouncer has nothing more to tell of our PAUSE, as where somebody else had paused before."""
        return self._pause is None or self._pause.done()

    @property
    def in_force(self) -> bool:
        """Say whether the note is still ours: the guard removes it when it takes us for dead."""
        with suppress(NoteError):
            found = note.read(self._path)
            return self._note is not None and found is not None and found.token == self._note.token
        return False

    async def open(self, budget_s: float) -> None:
        """Leave a note and a guard that undoes what follows when we do not within `budget_s`. Raises one of TROUBLE.

        One that is there already is replaced, and what it says is kept.
        """
        before = await asyncio.to_thread(note.read, self._path)
        kept = before or Note("", time.time())
        fresh = replace(kept, token=note.new_token())
        guard = await asyncio.to_thread(Guard, self._gateway, fresh.token, budget_s + _MARGIN_S)
        retired, self._guard = self._guard, guard
        self._write(fresh)
        if retired is not None:
            await retired.dismiss()

    async def pause(self, deadline_s: float) -> None:
        """Let new work wait, and return when it does; nobody is waited for. Raises one of TROUBLE, and holds nobody then."""
        await self._drop_pause()
        self._update(held=True)
        self._held = True
        try:
            self._line = await self._console.line(deadline_s)
            self._pause = self._line.send("PAUSE")
            witness = await self._console.line(deadline_s)
            try:
                await self._await_paused(witness, deadline_s)
            finally:
                witness.drop()
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
        """Wait until the open transactions have ended, and say whether they have.

        Where somebody else had paused before us, PgBouncer does not tell.
        """
        if self._pause is None or (self.answered and not self.drained):
            await asyncio.sleep(timeout_s)
        else:
            await asyncio.wait({self._pause}, timeout=timeout_s)
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
        guard, self._guard, self._note = self._guard, None, None
        if guard is not None:
            await guard.dismiss()

    async def leave_to_guard(self) -> None:
        """Let the guard undo, now, what is in force still; nobody waits for it."""
        guard, self._guard, self._note, self._held = self._guard, None, None, False
        if guard is not None:
            guard.let_go()
        await self._drop_pause()

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
        self._held = False
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
