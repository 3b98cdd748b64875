"""The world behind the engine's ports: a clock, two databases, a router, a disk."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from hotswap_tui.core.events import CancelRequest
from hotswap_tui.core.latency import LatencyHistory
from hotswap_tui.core.plan import PoolMode, Step
from hotswap_tui.core.traffic import Waited
from hotswap_tui.core.values import Fault, Role, RouterReading, ServerFacts, Verdict
from hotswap_tui.engine.ports import JournalError, Restored
from hotswap_tui.routing.router import Arrival, HoldError, OutcomeUnknownError, SwitchError
from tests.simulation.truth import WALL_AT_ZERO_S, BrokenPromiseError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hotswap_tui.core.plan import Plan
    from hotswap_tui.core.values import Switch, Tell
    from hotswap_tui.engine.journal_codec import PastSwitch
    from hotswap_tui.engine.ports import Entry, Sample
    from hotswap_tui.routing.router import Progress
    from tests.simulation.world import World


class FakeClock:
    """The world's time."""

    def __init__(self, world: World) -> None:
        self._world = world

    def wall_s(self) -> float:
        return WALL_AT_ZERO_S + self._world.loop.now_s

    def suspended_s(self) -> float:
        return self._world.suspended_s


class FakeProber:
    """Answers as the database's schedule says, after a latency or the whole time-out."""

    def __init__(self, world: World, role: Role, life: int) -> None:
        self.world, self.role, self.life = world, role, life
        self.serving = False
        self.note = ""
        self._busy = False

    def on_lost(self, listener: Callable[[str], None]) -> None:
        self.lost = listener

    async def check(self, *, fresh: bool) -> Verdict:
        world = self.world
        if self._busy:
            raise BrokenPromiseError(f"two checks of the {self.role} at once")
        self._busy = True
        started_s = world.loop.now_s
        database = world.databases[self.role]
        fault = database.fault_at(started_s, fresh=fresh)
        took_s = world.policy.connection_timeout_s if fault is Fault.TIMEOUT else 0.002 + world.rng.random() * 0.04
        await world.loop.pause(took_s)
        self._busy = False
        read_only = database.read_only
        if fault is None and read_only and self.role is Role.PRIMARY:
            fault = Fault.READ_ONLY
        facts = READ_ONLY_FACTS if read_only else FACTS
        verdict = Verdict(
            self.role,
            started_s,
            world.loop.now_s,
            fresh,
            fault,
            None if fault else took_s * 1000,
            detail=fault.words if fault else "",
            facts=None if fault else facts,
        )
        if self.life == world.life:
            world.saw(verdict)
        return verdict

    async def aclose(self) -> None:
        """Nothing is open."""


FACTS = ServerFacts("18.6", in_recovery=False, read_only=False, started_at=0.0, connections=3, max_connections=100)
READ_ONLY_FACTS = replace(FACTS, read_only=True)


class NoGraph(LatencyHistory):
    """Graphs are not simulated: they decide nothing, and take a tenth of the time."""

    def __init__(self) -> None:
        """Keep nothing."""

    def add(self, at_s: float, latency_ms: float | None) -> None:
        """Drop it."""


class FakeRouter:
    """Moves the world's traffic in steps, one request at a time; fails, hangs and forgets now and then."""

    def __init__(self, world: World, life: int) -> None:
        self.world, self.life = world, life
        self._turn = asyncio.Lock()

    async def current(self) -> RouterReading:
        if not self.world.routed:
            return RouterReading(routed=False)
        await self.world.loop.pause(0.001)
        return self._reading(self.world.points_to)

    def _reading(self, points_to: Role, *, proven: bool = False) -> RouterReading:
        held = self.world.held_since_s is not None
        return RouterReading(
            routed=True,
            points_to=points_to,
            address=f"{points_to}:5432",
            version=(1, 18, 0),
            pool_mode=PoolMode.TRANSACTION,
            paused=held,
            proven=proven,
        )

    async def verify(self, role: Role) -> RouterReading:
        await self.world.loop.pause(0.01)
        points_to = self.world.points_to
        return self._reading(points_to, proven=points_to is role and self.world.rng.random() < 0.7)

    async def hold(self, budget_s: float) -> None:
        world = self.world
        if not world.routed or not 0 < budget_s <= world.policy.hold_max_s:
            raise BrokenPromiseError(f"a hold of {budget_s} s")
        if world.books.disarmed_s is not None and world.loop.now_s > world.books.disarmed_s:
            raise BrokenPromiseError("clients held while disarmed")
        async with self._turn:
            await world.loop.pause(0.01)
            if world.rng.random() < 0.03:
                raise HoldError("console does not answer")
            world.hold()
            world.maybe_crash_soon()

    async def release(self) -> Waited:
        async with self._turn:
            await self.world.loop.pause(0.005)
            if self.world.rng.random() < 0.03:
                raise HoldError("console does not answer")
            self.world.held_since_s = None
            return Waited(3, 0.2)

    async def reconcile(self) -> Sequence[Tell]:
        self.world.held_since_s = None
        return ()

    async def switch(self, target: Role, plan: Plan, progress: Progress) -> Arrival:
        async with self._turn:
            return await self._switch(target, plan, progress)

    async def _switch(self, target: Role, plan: Plan, progress: Progress) -> Arrival:
        world = self.world
        switch = world.engine.snapshot().switch
        if switch is None or switch.target is not target or switch.plan is not plan or plan.obstacle:
            raise BrokenPromiseError(f"asked for {target} by {plan}, decided {switch}")
        world.judge_begin(switch)
        world.in_flight = switch
        world.troubled_s = world.loop.now_s
        world.maybe_crash_soon()
        if world.rng.random() < 0.03:
            world.ask(lambda _version: CancelRequest("pi@tty1"))
        try:
            progress(Step.HOLD, done=False)
            await world.loop.pause(0.02)
            progress(Step.HOLD, done=True)
            if world.routed and world.rng.random() < 0.1:
                raise SwitchError("preflight", "refused")
            progress(Step.REPOINT, done=False)
            await world.loop.pause(0.02)
            trouble = world.rng.random() if world.routed else 1.0
            if trouble < 0.05:
                raise SwitchError("read back", "rolled back")
            if trouble < 0.1:
                return await self._vanish(switch)
            world.points_to = switch.target
            world.judge_done(switch)
        finally:
            if self.life == world.life:
                world.in_flight = world.held_since_s = None
        if not world.routed:
            return Arrival(RouterReading(routed=False))
        return Arrival(self._reading(switch.target, proven=True), Waited(2, 0.1))

    async def _vanish(self, switch: Switch) -> Arrival:
        self.world.books.unknowns += 1
        if self.world.rng.random() < 0.5:
            self.world.points_to = switch.target
            self.world.judge_done(switch)
        raise OutcomeUnknownError("no answer")

    async def aclose(self) -> None:
        """Nothing is open."""


class FakeJournal:
    """Writes in order, each a moment after it was asked to; a life that has ended writes no more."""

    def __init__(self, world: World, life: int) -> None:
        self.world, self.life = world, life

    def on_notice(self, listener: Callable[[str], None]) -> None:
        """The disk is never damaged."""

    async def load(self) -> Restored:
        disk = self.world.disk
        return Restored(memory=disk.memory, unfinished=disk.unfinished, last_event_id=disk.last_event_id)

    def write(self, entry: Entry) -> asyncio.Future[None]:
        done = self.world.loop.create_future()
        if self.world.loop.now_s < self.world.disk.broken_until_s:
            done.set_exception(JournalError("disk full"))
        else:
            self.world.loop.call_later(0.01, self._commit, entry, done)
        return done

    def _commit(self, entry: Entry, done: asyncio.Future[None]) -> None:
        disk = self.world.disk
        if entry.memory is not None:
            disk.memory = entry.memory
        if entry.switch is not None:
            disk.unfinished = entry.switch if not entry.switch.result else None
            self.world.committed(entry.switch)
        if entry.events:
            disk.last_event_id = entry.events[-1].id
        if not done.done():
            done.set_result(None)

    def sample(self, sample: Sample) -> None:
        """Graphs are not simulated."""

    async def history(self, _limit: int) -> Sequence[PastSwitch]:
        return ()

    async def samples(self) -> Sequence[Sample]:
        return ()

    async def aclose(self) -> None:
        """Nothing is open."""
