"""One switch, step by step. Until the release everything can be put back, after it nothing is."""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.plan import Recipe, Step
from hotswap_tui.core.traffic import NOBODY, Identity
from hotswap_tui.routing import canary, draining, readings, target_file
from hotswap_tui.routing.completion import to_the_end, together
from hotswap_tui.routing.console import ConsoleError, now_s
from hotswap_tui.routing.data_steps import DataSteps
from hotswap_tui.routing.holding import HOLD_S
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.routing.logins import LOGINS_S, let_end
from hotswap_tui.routing.readings import role_of
from hotswap_tui.routing.router import Arrival, OutcomeUnknownError, SwitchError
from hotswap_tui.routing.target_file import Staged
from hotswap_tui.routing.tools import COMMAND_S, TROUBLE, StepError

if TYPE_CHECKING:
    from hotswap_tui.core.plan import Plan
    from hotswap_tui.core.values import Role
    from hotswap_tui.routing.inspection import Inspection
    from hotswap_tui.routing.readings import Place
    from hotswap_tui.routing.router import Progress
    from hotswap_tui.routing.tools import Tools

WAKE_S: Final = 15.0
"""A cloud database that sleeps starts within; nobody waits meanwhile."""
PREFLIGHT_S: Final = 5.0
CANARY_S: Final = 5.0
_TERMINATE_S: Final = 1.0
_ENDED_S: Final = 1.0
_WITHOUT_DRAIN_S: Final = 20.0
"""What hold and release may take beside the drain and the data; no step goes on after it, nor after the end of the hold that it
has taken over."""
_LINES: Final = 4
"""Commands of the part in which clients wait: RELOAD, SHOW DATABASES, SHOW POOLS, RESUME."""
_PLANNED_LINES: Final = 3
"""And those by which the hold is seen to last: `PAUSE pgbouncer`, SHOW SERVERS twice."""


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
        self._staging: asyncio.Task[Staged] | None = None
        self._replaced = False
        self._guarded = False
        self._committed = False
        self._identity: Identity | None = None
        self._waited = NOBODY
        self._severed = 0
        self._ended = False
        self._proof = ""
        self._data = DataSteps(tools.handover, plan, target, self._inspection)

    async def prepare(self) -> None:
        """Take the steps before the target file is replaced; raises what goes wrong, for `abandon`."""
        self._before = (await self._tools.watch.pointing(now_s() + COMMAND_S)).place
        self._source = role_of(self._before, self._tools.places)
        self._text = await asyncio.to_thread(target_file.read, self._tools.gateway.target_file)
        if problem := target_file.target_problem(self._tools.targets[self._target]):
            raise StepError(problem)
        text = target_file.render(self._tools.gateway.database, self._tools.targets[self._target])
        # An SD card takes its time to write: not while clients wait, as far as they do not wait already.
        self._staging = asyncio.create_task(asyncio.to_thread(Staged, self._tools.gateway.target_file, text))
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
        proven = replace(reading, proven=True, proof=self._proof)
        return Arrival(proven, self._waited, self._severed, self._proof, self._data.secured)

    async def abandon(self, error: BaseException) -> None:
        """Put everything back after `error`. Raises SwitchError, OutcomeUnknownError when it could not be put back.

        Returns where `error` is not a step's failure but a cancellation or our own mistake.
        """
        told = f"{self._step}: {error}" if str(error) else f"{self._step}: ended by {type(error).__name__}"
        if problem := await self._put_back():
            raise OutcomeUnknownError(f"{told}; could not be put back: {problem}") from error
        if isinstance(error, TROUBLE):
            stays = f"traffic stays where it was, at {self._words()}" if self._before else "traffic was not touched"
            raise SwitchError(self._step, f"{error}; {stays}", self._waited) from error

    async def aclose(self) -> None:
        """Close the connections that the switch has used."""
        self._tools.console.discard()
        for inspection in self._inspections.values():
            await inspection.aclose()
        if self._staging is not None and not self._replaced:
            with suppress(target_file.TargetFileError):
                (await self._staging).discard()

    async def _take(self, step: Step) -> None:
        work = {
            Step.WAKE: self._wake,
            Step.HOLD: self._hold,
            Step.CATCH_UP: self._catch_up,
            Step.PREFLIGHT: self._preflight,
            Step.SECURE: self._secure,
            Step.REPOINT: self._repoint,
            Step.READ_BACK: self._read_back,
            Step.RELEASE: self._release,
            Step.SEVER: self._sever,
            Step.CANARY: self._ask_canary,
        }[step]
        self._step = step
        self._see_time()
        self._progress(step, done=False)
        await work()
        self._progress(step, done=True)

    async def _wake(self) -> None:
        if self._tools.holding.held:
            return  # a start that takes long is not waited for by clients; the preflight shows whether the target is there
        await self._inspection(self._target).identify(WAKE_S)
        if self._plan.must_drain and (old := (await self._blockers()).older_than(self._plan.drain_s)):
            raise StepError(f"{old}; nobody was held")
        await self._data.approach(lambda what: self._progress(Step.WAKE, done=False, detail=what))

    async def _hold(self) -> None:
        holding, console = self._tools.holding, self._tools.console
        lines = _LINES + (_PLANNED_LINES if self._planned else 0) + holding.lines_to_pause
        await together(self._guard(), console.prepare(lines, now_s() + HOLD_S))
        self._see_time()
        if not await holding.confirmed(self._by(HOLD_S)):
            quiet = partial(let_end, self._tools.gateway.database, self._by) if self._planned else None
            await to_the_end(holding.pause(self._by(HOLD_S + LOGINS_S), quiet))
        if not self._plan.drain_s:
            return
        limit_s = self._by(self._plan.drain_s) - now_s()
        found = await draining.drain(
            holding, self._blockers, limit_s, self._waits_for, shared=self._tools.gateway.shared
        )
        if found is not None and self._plan.must_drain:
            raise StepError(f"after {limit_s:.1f} s {found.words()}")

    def _waits_for(self, what: str) -> None:
        self._progress(Step.HOLD, done=False, detail=what)

    async def _blockers(self) -> draining.Blockers:
        source = self._inspection(self._source) if self._source is not None else None
        tools = self._tools
        return await draining.blockers(tools.console, tools.gateway.database, source, self._by(COMMAND_S))

    async def _catch_up(self) -> None:
        await self._end_sessions(Step.CATCH_UP)
        await self._data.catch_up(self._for, lambda what: self._progress(Step.CATCH_UP, done=False, detail=what))

    async def _preflight(self) -> None:
        self._identity = await self._inspection(self._target).identify(self._for(PREFLIGHT_S))

    async def _secure(self) -> None:
        if self._planned and self._plan.data.sequences:
            await self._end_sessions(Step.SECURE)
        await self._data.secure(self._for)

    async def _end_sessions(self, step: Step) -> None:
        """End what a drain that need not succeed has left open: whoever is to be cut off may not write any more."""
        if self._ended or self._plan.must_drain or self._source is not self._target.other:
            return
        self._ended = True
        tools = self._tools
        servers = await tools.console.run("SHOW SERVERS", self._by(COMMAND_S))
        if pids := [pid for pid in readings.busy(servers, tools.gateway.database) if pid]:
            await self._terminate(pids)
            self._severed += len(pids)
            tell = partial(self._progress, step, done=False)
            found = await draining.drain(
                tools.holding,
                self._blockers,
                self._for(_ENDED_S),
                lambda what: tell(detail=what),
                shared=tools.gateway.shared,
            )
            if found is not None and (self._plan.data.must_catch_up or self._plan.data.prove_safe):
                raise StepError(f"sessions that were to end may still write: {found.words()}")

    async def _repoint(self) -> None:
        tools = self._tools
        staged = await self._staged()
        await self._guard()
        if self._planned:
            await self._see_hold()
        tools.holding.note_leaving(leaving=True)
        self._replaced = True
        await asyncio.to_thread(staged.commit)
        await tools.console.run("RELOAD", self._by(COMMAND_S))

    async def _see_hold(self) -> None:
        """Raise StepError where clients go on already, at the database that is about to be left while it serves."""
        tools = self._tools
        if not await tools.holding.confirmed(self._by(COMMAND_S)):
            raise StepError("the hold was lost: PgBouncer was resumed or started anew meanwhile")
        if self._plan.must_drain:
            servers = await tools.console.run("SHOW SERVERS", self._by(COMMAND_S))
            if busy := readings.busy(servers, tools.gateway.database):
                raise StepError(f"the hold was lost: connections in use again: {len(busy)}")

    async def _staged(self) -> Staged:
        assert self._staging is not None
        return await asyncio.shield(self._staging)

    async def _read_back(self) -> None:
        tools = self._tools
        found = await tools.watch.pointing(self._by(COMMAND_S))
        if found.place != tools.places[self._target]:
            raise StepError(f"PgBouncer points to {found.place.address} after the RELOAD; its log says why")
        if Step.RELEASE not in self._plan.steps:
            await self._release()

    async def _release(self) -> None:
        if self._committed:
            return
        self._committed = True
        if self._tools.holding.owed:
            self._waited = await self._tools.holding.resume()

    async def _sever(self) -> None:
        if self._plan.must_drain:
            await self._see_drained()
        elif await self._ask_to_end():
            # The pulse ends whoever has waited for longer, so nobody may be held any more.
            await self._release()
            await self._cut_off()
        self._tools.holding.note_leaving(leaving=False)

    async def _see_drained(self) -> None:
        if left := await self._tools.severing.stubborn(self._by(COMMAND_S)):
            raise StepError(f"the hold was lost: connections to {self._words()} are in use again: {len(left)}")

    async def _ask_to_end(self) -> bool:
        """Let the connections to the database that was left end, and say whether some do not."""
        # Process numbers mean something at one server only: the one that PgBouncer pointed to before.
        end = self._terminate if self._source is self._target.other else None
        try:
            asked = await self._tools.severing.ask_to_end(self._plan.recipe, end, self._by(math.inf))
        except ConsoleError:
            if not self._committed:
                raise
            return True
        self._severed += asked.connections
        return asked.remaining > 0

    async def _cut_off(self) -> None:
        severing = self._tools.severing
        try:
            remaining = await severing.cut_off()
        except ConsoleError:
            remaining = len(await severing.remaining(now_s() + COMMAND_S))
        if remaining:
            raise StepError(f"connections to {self._words()} are still open: {remaining}")

    async def _terminate(self, pids: list[int]) -> None:
        with suppress(InspectionError):
            await self._inspection(self._target.other).terminate(pids, _TERMINATE_S)

    async def _ask_canary(self) -> None:
        await asyncio.to_thread((await self._staged()).settle)
        await self._tools.holding.close()
        identity = await canary.ask(self._tools.canary, CANARY_S)
        if self._identity is not None and (why := identity.differs(self._identity)):
            raise StepError(f"another server answers through PgBouncer: {why}")
        self._proof = canary.words(identity)

    async def _guard(self) -> None:
        if not self._guarded:
            self._guarded = True
            budget_s = self._plan.drain_s + self._data.longest_s + _WITHOUT_DRAIN_S
            await to_the_end(self._tools.holding.open(budget_s, self._tools.watch.query_wait_s))

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
                self._waited = await tools.holding.resume()
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
        await tools.console.run("RELOAD", now_s() + COMMAND_S)
        found = await tools.watch.pointing(now_s() + COMMAND_S)
        if found.place != self._before:
            raise StepError(f"PgBouncer points to {found.place.address}")

    @property
    def _planned(self) -> bool:
        """Say whether the database that is left serves: then nobody may go on there once the hold has begun."""
        return self._plan.recipe is Recipe.PLANNED

    def _see_time(self) -> None:
        """Raise StepError where those who are held can wait no longer."""
        if now_s() >= self._until_s:
            raise StepError("clients have waited for as long as they may")

    def _by(self, within_s: float) -> float:
        """Return when a step that may take so long must have ended."""
        return min(now_s() + within_s, self._until_s)

    def _for(self, within_s: float) -> float:
        """Return how long a step may take that would like so long."""
        return max(0.0, self._by(within_s) - now_s())

    @property
    def _until_s(self) -> float:
        """Return when those who are held must go on; a hold that is taken over has been given its new end by then."""
        return self._tools.holding.until_s if self._guarded and not self._committed else math.inf

    def _inspection(self, role: Role) -> Inspection:
        if role not in self._inspections:
            self._inspections[role] = self._tools.inspect(role)
        return self._inspections[role]

    def _words(self) -> str:
        """Name the database that traffic comes from."""
        address = self._before.address if self._before else "the database before"
        return f"{self._source} ({address})" if self._source else address
