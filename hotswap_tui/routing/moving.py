"""One switch, step by step. Until the release everything can be put back, after it nothing is."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.plan import Step
from hotswap_tui.core.traffic import NOBODY, Identity
from hotswap_tui.dsn import DsnError
from hotswap_tui.routing import canary, draining, target_file
from hotswap_tui.routing.completion import to_the_end, together
from hotswap_tui.routing.console import ConsoleError, now_s
from hotswap_tui.routing.holding import HOLD_S
from hotswap_tui.routing.holding import TROUBLE as HOLDING_TROUBLE
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.routing.readings import role_of
from hotswap_tui.routing.router import Arrival, OutcomeUnknownError, SwitchError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotswap_tui.core.plan import Plan
    from hotswap_tui.core.values import Role
    from hotswap_tui.dsn import Dsn
    from hotswap_tui.routing.console import Console
    from hotswap_tui.routing.holding import Holding
    from hotswap_tui.routing.inspection import Inspection
    from hotswap_tui.routing.layout import Gateway
    from hotswap_tui.routing.readings import Place
    from hotswap_tui.routing.router import Progress
    from hotswap_tui.routing.severing import Severing
    from hotswap_tui.routing.watch import Watch

WAKE_S: Final = 15.0
"""A cloud database that sleeps starts within; nobody waits meanwhile."""
PREFLIGHT_S: Final = 5.0
CANARY_S: Final = 5.0
_COMMAND_S: Final = 2.0
_TERMINATE_S: Final = 1.0
_WITHOUT_DRAIN_S: Final = 20.0
"""All deadlines between hold and release together."""
_LINES: Final = 4
"""Commands of the part in which clients wait: RELOAD, SHOW DATABASES, SHOW POOLS, RESUME."""


class StepError(Exception):
    """A step did not come to its end; one line."""


TROUBLE: Final = (*HOLDING_TROUBLE, InspectionError, target_file.TargetFileError, DsnError, StepError)


@dataclass(frozen=True, slots=True)
class Tools:
    """What every switch at one gateway works with."""

    gateway: Gateway
    targets: Mapping[Role, Dsn]
    places: Mapping[Role, Place]
    inspect: Callable[[Role], Inspection]
    canary: Callable[[], Inspection]
    console: Console
    watch: Watch
    holding: Holding
    severing: Severing


class Move:
    """One switch to `target`."""

    def __init__(self, tools: Tools, target: Role, plan: Plan, progress: Progress) -> None:
        self._tools = tools
        self._target = target
        self._plan = plan
        self._progress = progress
        self._step = plan.steps[0]
        self._inspections: dict[Role, Inspection] = {}
        self._before: Place | None = None
        self._source: Role | None = None
        self._text = ""
        self._replaced = False
        self._guarded = False
        self._committed = False
        self._identity: Identity | None = None
        self._waited = NOBODY
        self._severed = 0
        self._proof = ""

    async def prepare(self) -> None:
        """Take the steps before the target file is replaced; raises what goes wrong, for `abandon`."""
        self._before = (await self._tools.watch.pointing(now_s() + _COMMAND_S)).place
        self._source = role_of(self._before, self._tools.places)
        self._text = await asyncio.to_thread(target_file.read, self._tools.gateway.target_file)
        for step in self._plan.steps[: self._plan.steps.index(Step.REPOINT)]:
            await self._take(step)

    async def carry_out(self) -> Arrival:
        """Take the other steps. Raises SwitchError or OutcomeUnknownError."""
        try:
            for step in self._plan.steps[self._plan.steps.index(Step.REPOINT) :]:
                await self._take(step)
            await self._tools.holding.close()
        except BaseException as error:
            await (self._leave(error) if self._committed else self.abandon(error))
            raise
        reading = await self._tools.watch.reading()
        return Arrival(replace(reading, proven=True, proof=self._proof), self._waited, self._severed, self._proof)

    async def abandon(self, error: BaseException) -> None:
        """Put everything back after `error`. Raises SwitchError, OutcomeUnknownError when it could not be put back.

        Returns where `error` is not a step's failure but a cancellation or our own mistake.
        """
        told = f"{self._step}: {error}" if str(error) else f"{self._step}: ended by {type(error).__name__}"
        if problem := await self._put_back():
            raise OutcomeUnknownError(f"{told}; could not be put back: {problem}") from error
        if isinstance(error, TROUBLE):
            stays = f"traffic stays where it was, at {self._words()}" if self._before else "traffic was not touched"
            raise SwitchError(self._step, f"{error}; {stays}") from error

    async def aclose(self) -> None:
        """Close the connections that the switch has used."""
        self._tools.console.discard()
        for inspection in self._inspections.values():
            await inspection.aclose()

    async def _take(self, step: Step) -> None:
        work = {
            Step.WAKE: self._wake,
            Step.HOLD: self._hold,
            Step.PREFLIGHT: self._preflight,
            Step.REPOINT: self._repoint,
            Step.READ_BACK: self._read_back,
            Step.RELEASE: self._release,
            Step.SEVER: self._sever,
            Step.CANARY: self._ask_canary,
        }[step]
        self._step = step
        self._progress(step, done=False)
        await work()
        self._progress(step, done=True)

    async def _wake(self) -> None:
        await self._inspection(self._target).identify(WAKE_S)

    async def _hold(self) -> None:
        holding, console = self._tools.holding, self._tools.console
        await together(self._guard(), console.prepare(_LINES + 2, now_s() + HOLD_S))
        if not await holding.confirmed(now_s() + HOLD_S):
            await to_the_end(holding.pause(now_s() + HOLD_S))
        if not self._plan.drain_s:
            return
        found = await draining.drain(
            holding, self._blockers, self._plan.drain_s, self._waits_for, shared=self._tools.gateway.shared
        )
        if found is not None and self._plan.must_drain:
            raise StepError(f"after {self._plan.drain_s:.1f} s {found.words()}")

    def _waits_for(self, what: str) -> None:
        self._progress(Step.HOLD, done=False, detail=what)

    async def _blockers(self) -> draining.Blockers:
        source = self._inspection(self._source) if self._source is not None else None
        tools = self._tools
        return await draining.blockers(tools.console, tools.gateway.database, source, now_s() + _COMMAND_S)

    async def _preflight(self) -> None:
        self._identity = await self._inspection(self._target).identify(PREFLIGHT_S)

    async def _repoint(self) -> None:
        tools = self._tools
        text = target_file.render(tools.gateway.database, tools.targets[self._target])
        await self._guard()
        tools.holding.note_leaving(leaving=True)
        self._replaced = True
        await asyncio.to_thread(target_file.replace, tools.gateway.target_file, text)
        await tools.console.run("RELOAD", now_s() + _COMMAND_S)

    async def _read_back(self) -> None:
        tools = self._tools
        found = await tools.watch.pointing(now_s() + _COMMAND_S)
        if found.place != tools.places[self._target]:
            raise StepError(f"PgBouncer points to {found.place.address} after the RELOAD; its log says why")
        if Step.RELEASE not in self._plan.steps:
            self._committed = True
            if tools.holding.held:
                self._waited = await tools.holding.resume()

    async def _release(self) -> None:
        self._committed = True
        self._waited = await self._tools.holding.resume()

    async def _sever(self) -> None:
        severing = self._tools.severing
        try:
            await self._cut_off()
        except ConsoleError:
            if not self._committed or await severing.remaining(now_s() + _COMMAND_S):
                raise
        self._tools.holding.note_leaving(leaving=False)

    async def _cut_off(self) -> None:
        # Process numbers mean something at one server only: the one that PgBouncer pointed to before.
        end = self._terminate if self._source is self._target.other else None
        severed = await self._tools.severing.cut_off(self._plan.recipe, end, held=not self._committed)
        self._severed = severed.connections
        if severed.remaining:
            raise StepError(f"connections to {self._words()} are still open: {severed.remaining}")

    async def _terminate(self, pids: list[int]) -> None:
        with suppress(InspectionError):
            await self._inspection(self._target.other).terminate(pids, _TERMINATE_S)

    async def _ask_canary(self) -> None:
        await self._tools.holding.close()
        identity = await canary.ask(self._tools.canary, CANARY_S)
        if self._identity is not None and (why := identity.differs(self._identity)):
            raise StepError(f"another server answers through PgBouncer: {why}")
        self._proof = canary.words(identity)

    async def _guard(self) -> None:
        if not self._guarded:
            self._guarded = True
            await to_the_end(self._tools.holding.open(self._plan.drain_s + _WITHOUT_DRAIN_S))

    async def _leave(self, error: BaseException) -> None:
        """Let the guard end what is in force, and say that nobody knows."""
        await self._tools.holding.leave_to_guard()
        if isinstance(error, TROUBLE):
            raise OutcomeUnknownError(f"{self._step}: {error}") from error

    async def _put_back(self) -> str:
        """Undo everything; return what could not be undone, empty when all was."""
        tools = self._tools
        problems: list[str] = []
        if self._replaced:
            try:
                await self._point_back()
            except TROUBLE as error:
                problems.append(str(error))
        if tools.holding.held:
            try:
                await tools.holding.resume()
            except TROUBLE as error:
                problems.append(str(error))
        try:
            await (tools.holding.leave_to_guard() if problems else tools.holding.close())
        except TROUBLE as error:
            problems.append(str(error))
        return "; ".join(problems)

    async def _point_back(self) -> None:
        tools, path = self._tools, self._tools.gateway.target_file
        if await asyncio.to_thread(target_file.read, path) != self._text:
            await asyncio.to_thread(target_file.replace, path, self._text)
        await tools.console.run("RELOAD", now_s() + _COMMAND_S)
        found = await tools.watch.pointing(now_s() + _COMMAND_S)
        if found.place != self._before:
            raise StepError(f"PgBouncer points to {found.place.address}")

    def _inspection(self, role: Role) -> Inspection:
        if role not in self._inspections:
            self._inspections[role] = self._tools.inspect(role)
        return self._inspections[role]

    def _words(self) -> str:
        """Name the database that traffic comes from."""
        address = self._before.address if self._before else "the database before"
        return f"{self._source} ({address})" if self._source else address
