"""Moves client traffic with PgBouncer: its target file, its console, and a canary through it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from hotswap_tui.core.traffic import NOBODY
from hotswap_tui.core.values import Kind, Level, Tell
from hotswap_tui.routing import canary, note, target_file, temporary
from hotswap_tui.routing.ahead import Ahead
from hotswap_tui.routing.completion import regardless, to_the_end, together
from hotswap_tui.routing.console import Console, ConsoleError, now_s
from hotswap_tui.routing.holding import HOLD_S, TROUBLE, Holding
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.routing.moving import CANARY_S, PREFLIGHT_S, Move
from hotswap_tui.routing.note import NoteError
from hotswap_tui.routing.readings import place_of
from hotswap_tui.routing.router import HoldError
from hotswap_tui.routing.severing import Severing
from hotswap_tui.routing.tools import COMMAND_S, Tools
from hotswap_tui.routing.undo import put_in_order
from hotswap_tui.routing.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hotswap_tui.core.plan import Plan
    from hotswap_tui.core.traffic import Waited
    from hotswap_tui.core.values import Role, RouterReading
    from hotswap_tui.dsn import Dsn
    from hotswap_tui.routing.handover import Handover
    from hotswap_tui.routing.inspection import Inspection
    from hotswap_tui.routing.layout import Gateway
    from hotswap_tui.routing.router import Arrival, Progress


class PgBouncerRouter:
    """The router of one gateway. `inspect` asks a database directly, `canary` as an application does through PgBouncer.

    `handover` does the data's part of a switch; None: nothing is done about the data.
    What changes anything happens one at a time; readings go on meanwhile.
    """

    def __init__(
        self,
        gateway: Gateway,
        targets: Mapping[Role, Dsn],
        inspect: Callable[[Role], Inspection],
        canary: Callable[[], Inspection],
        handover: Handover | None = None,
    ) -> None:
        console = Console(gateway)
        places = {role: place_of(dsn) for role, dsn in targets.items()}
        holding = Holding(gateway, console)
        self._ahead = Ahead(inspect, handover.rehearsal if handover is not None else lambda _: ())
        self._points_to: Role | None = None
        self._tools = Tools(
            gateway=gateway,
            targets=targets,
            places=places,
            inspect=self._ahead.take,
            canary=canary,
            console=console,
            watch=Watch(console, gateway.database, places),
            holding=holding,
            severing=Severing(console, gateway.database, holding),
            handover=handover,
        )
        self._turn = asyncio.Lock()
        self._closed = False

    async def current(self) -> RouterReading:
        """Read back where traffic goes, and tend what that shows; failures are told in the reading."""
        tools = self._tools
        reading = await tools.watch.reading(held=tools.holding.owed)
        self._points_to = reading.points_to or self._points_to
        if reading.error:
            await tools.holding.readiness.end()
            reading = replace(reading, paused=tools.holding.held)
        elif not self._turn.locked() and not self._closed:
            async with self._turn:
                if await to_the_end(self._tend(reading)):
                    reading = await tools.watch.reading(held=tools.holding.owed)
        return reading

    async def verify(self, role: Role) -> RouterReading:
        """Read back, and compare who answers a canary through PgBouncer with who answers as `role` itself."""
        reading = await self.current()
        if reading.error or reading.points_to is not role:
            return reading
        if reading.paused:
            return replace(reading, proof="no canary was sent: clients are held")
        direct = self._tools.inspect(role)
        try:
            if left := await self._tools.severing.remaining(now_s() + COMMAND_S):
                still = "1 connection" if len(left) == 1 else f"{len(left)} connections"
                return replace(reading, proof=f"{still} to the database that was left still open")
            expected = await direct.identify(PREFLIGHT_S)
            found = await canary.ask(self._tools.canary, CANARY_S)
        except (ConsoleError, InspectionError) as error:
            return replace(reading, proof=str(error))
        finally:
            await direct.aclose()
        why = found.differs(expected)
        return replace(reading, proven=not why, proof=f"another server answers: {why}" if why else canary.words(found))

    async def hold(self, budget_s: float) -> None:
        """Let new work of clients wait, for `budget_s` unless `release` comes first; raises HoldError."""
        async with self._turn:
            if not self._tools.holding.held:
                await to_the_end(self._hold(budget_s))
                if self._points_to is not None and self._points_to.other in self._tools.targets:
                    self._ahead.begin(self._points_to.other)

    async def release(self) -> Waited:
        """Let those who wait go on, and say who waited; raises HoldError as long as that is not known to be done."""
        async with self._turn:
            return await to_the_end(self._release())

    async def switch(self, target: Role, plan: Plan, progress: Progress) -> Arrival:
        """Move traffic to `target` as `plan` says; a hold that is in force is taken over and ended.

        Raises SwitchError or OutcomeUnknownError. A cancellation before `repoint` puts everything back, a later one is dropped.
        """
        async with self._turn:
            move = Move(self._tools, target, plan, progress)
            try:
                try:
                    await move.prepare()
                    # A cancellation that has come in the meantime still counts; from here on none does.
                    await asyncio.sleep(0)
                except BaseException as error:
                    await to_the_end(move.abandon(error))
                    raise
                return await regardless(move.carry_out())
            finally:
                await regardless(move.aclose())

    async def reconcile(self) -> Sequence[Tell]:
        """Undo what the hold or the half-done switch of a life before has left; PgBouncer follows the target file then."""
        tools = self._tools
        async with self._turn:
            for path in (tools.gateway.target_file, tools.gateway.hold_note):
                await asyncio.to_thread(temporary.sweep, path)
            try:
                found = note.read(tools.gateway.hold_note)
                done = () if found is None else await put_in_order(tools.gateway, tools.console, found)
            except (ConsoleError, NoteError) as error:
                text = (
                    f"what an earlier run had left at PgBouncer is there still, and every reading tries again: {error}"
                )
                return (Tell(Kind.CONFIG, Level.BAD, text),)
        tells = [
            Tell(Kind.RELEASED, Level.WARNING, f"an earlier run had left PgBouncer in disorder: {each}")
            for each in done
        ]
        return (*tells, *await self._compare_file())

    async def aclose(self) -> None:
        """Let go of PgBouncer, leaving traffic where it is; a hold is released, by the guard if need be."""
        self._closed = True
        async with self._turn:
            with suppress(HoldError):
                await to_the_end(self._release())
            await self._tools.holding.readiness.end()
            await self._ahead.end()
            self._tools.watch.drop()

    async def _tend(self, reading: RouterReading) -> bool:
        """Make true again what `reading` and the note show to be otherwise, and say whether anything was done to PgBouncer."""
        tools, holding = self._tools, self._tools.holding
        if not holding.owed:
            await self._ahead.end()
        with suppress(*TROUBLE):
            if holding.lapsed:
                await holding.pause(now_s() + HOLD_S)
                return True
            if holding.owed and not reading.paused and not await holding.confirmed(now_s() + HOLD_S):
                await holding.resume()
                await holding.close()
            if (found := holding.stray()) is not None:
                await put_in_order(tools.gateway, tools.console, found)
                return True
            await holding.readiness.restore()
        return False

    async def _hold(self, budget_s: float) -> None:
        holding, deadline_s = self._tools.holding, now_s() + HOLD_S
        try:
            await together(
                holding.open(budget_s, self._tools.watch.query_wait_s),
                self._tools.console.prepare(holding.lines_to_pause, deadline_s),
            )
            await holding.pause(deadline_s)
        except TROUBLE as error:
            with suppress(NoteError):
                await holding.close()
            raise HoldError(f"clients could not be held: {error}") from error
        finally:
            self._tools.console.discard()

    async def _release(self) -> Waited:
        holding = self._tools.holding
        try:
            waited = await holding.resume() if holding.owed else NOBODY
            await holding.close()
        except TROUBLE as error:
            await holding.leave_to_guard()
            raise HoldError(f"clients could not be released, and their guard will try again: {error}") from error
        return waited

    async def _compare_file(self) -> Sequence[Tell]:
        """Tell when PgBouncer, once restarted, would point elsewhere."""
        tools = self._tools
        reading = await self.current()
        try:
            text = await asyncio.to_thread(target_file.read, tools.gateway.target_file)
        except target_file.TargetFileError as error:
            return (Tell(Kind.CONFIG, Level.WARNING, str(error)),)
        named = [role for role, dsn in tools.targets.items() if target_file.render(tools.gateway.database, dsn) == text]
        if reading.error or reading.points_to is None or named[:1] == [reading.points_to]:
            return ()
        there = f"names {named[0]}" if named else "is not as this program writes it"
        told = f"PgBouncer points to {reading.points_to}, but {tools.gateway.target_file} {there}; a switch or a repair writes it anew"
        return (Tell(Kind.CONFIG, Level.WARNING, told, reading.points_to),)
