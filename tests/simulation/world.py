"""A world for the real engine: databases that fail by schedule, a disk, a router, persons, and power cuts.

The world knows the truth, keeps its own books of what the engine did and saw, and complains when a promise is broken.
Nothing in it is shared with the engine but the ports.
"""

from __future__ import annotations

import bisect
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from hotswap_tui.core import events
from hotswap_tui.core.errors import RefusedError
from hotswap_tui.core.values import Fault, Kind, Role, RouterReading, ServerFacts, Switch, SwitchKind, Verdict, counts
from hotswap_tui.engine.engine import Engine
from hotswap_tui.engine.picture import Target
from hotswap_tui.engine.ports import JournalError, Memory, Restored, SwitchRecord
from hotswap_tui.routing.router import OutcomeUnknownError, SwitchError

if TYPE_CHECKING:
    import asyncio
    import random
    from collections.abc import Callable, Sequence

    from hotswap_tui.core.policy import Policy
    from hotswap_tui.core.values import Event
    from hotswap_tui.engine.ports import Entry, Sample
    from tests.simulation.virtual_loop import VirtualLoop

FAULTS = tuple(fault for fault in Fault if fault is not Fault.READ_ONLY)
HOUR_S = 3600.0
WALL_AT_ZERO_S = 1_700_000_000.0
PATIENCE_S = 200.0
"""More than a lock-out by a pooler, a check interval, three rechecks and their time-outs take together."""


class BrokenPromiseError(AssertionError):
    """A promise was broken."""


@dataclass(frozen=True)
class Outage:
    start_s: float
    end_s: float
    fault: Fault


class Database:
    """Up, except during its outages; read-only for good or not."""

    def __init__(self, role: Role, outages: Sequence[Outage], *, read_only: bool) -> None:
        self.role = role
        self.read_only = read_only
        self.outages = sorted(outages, key=lambda o: o.start_s)
        self._starts = [o.start_s for o in self.outages]

    def fault_at(self, now_s: float) -> Fault | None:
        index = bisect.bisect_right(self._starts, now_s) - 1
        for outage in self.outages[max(0, index - 3) : index + 1]:
            if outage.start_s <= now_s < outage.end_s:
                return outage.fault
        return None

    def dead_throughout(self, start_s: float, end_s: float) -> bool:
        """Whether one outage of a kind that counts covers the time."""
        return any(
            o.start_s <= start_s and end_s <= o.end_s and counts(self.role, o.fault) for o in self._around(end_s)
        )

    def up_throughout(self, start_s: float, end_s: float) -> bool:
        if self.read_only:
            return False
        return not any(o.start_s < end_s and start_s < o.end_s for o in self._around(end_s))

    def _around(self, now_s: float) -> list[Outage]:
        index = bisect.bisect_right(self._starts, now_s)
        return self.outages[max(0, index - 12) : index]


@dataclass
class Disk:
    """What survives a power cut."""

    memory: Memory | None = None
    unfinished: SwitchRecord | None = None
    last_event_id: int = 0
    broken_until_s: float = float("-inf")


@dataclass(frozen=True)
class Seen:
    """One database as the engine must have seen it in this life."""

    at_s: float = float("-inf")

    failures: int = 0
    last_passed: bool = False
    last_pass_start_s: float = float("-inf")
    failing_since_s: float | None = None
    passes: int = 0


@dataclass
class Books:
    """What the world wrote down about the engine."""

    seen: dict[Role, deque[Seen]] = field(default_factory=dict)
    """The newest last; a few, because a switch may be carried out a little later than it was decided."""
    automatic_begun_s: list[float] = field(default_factory=list)
    automatic_done_s: list[float] = field(default_factory=list)
    disarmed_s: float | None = None
    """When a person's disarming was confirmed, until automation may have been armed again."""
    pinned: Role | None = None
    """A person moved traffic here and nobody has asked for anything else."""
    switches: int = 0
    rescues: int = 0
    failbacks: int = 0
    manual: int = 0
    crashes: int = 0
    sleeps: int = 0
    refusals: int = 0
    unknowns: int = 0
    audits: int = 0


class World:
    """Everything around one engine, over as many of its lives as there are crashes."""

    def __init__(self, loop: VirtualLoop, rng: random.Random, policy: Policy, *, routed: bool) -> None:
        self.loop = loop
        self.rng = rng
        self.policy = policy
        self.routed = routed
        self.disk = Disk()
        self.books = Books()
        self.points_to = Role.PRIMARY
        self.in_flight: Switch | None = None
        self.suspended_s = 0.0
        self.life = 0
        self.troubled_s = float("-inf")
        """When something last happened that excuses the engine for a while."""
        self.engine: Engine
        self.databases: dict[Role, Database] = {}

    # -- the engine's lives ----------------------------------------------------------------

    def boot(self) -> None:
        self.life += 1
        self.in_flight = None
        self.books.seen = {role: deque([Seen()], maxlen=64) for role in Role}
        life = self.life
        targets = {role: Target(FakeProber(self, role, life), f"{role}:5432", f"postgresql://{role}") for role in Role}
        router = FakeRouter(self, life)
        self.engine = Engine(
            self.policy,
            targets,
            router,
            FakeJournal(self, life),
            FakeClock(self),
            name="sim",
            pair="p s",
            tell=self.told,
        )
        self.task = self.loop.create_task(self.engine.start())

    def crash(self) -> None:
        """Cut the power: what is not on the disk is gone, and no line of the old life runs any more."""
        self.books.crashes += 1
        self.troubled_s = self.loop.now_s
        self.loop.drop_everything()
        if self.routed and self.in_flight is not None and self.rng.random() < 0.5:
            self.points_to = self.in_flight.target
            self.judge_done(self.in_flight)
        self.boot()

    def maybe_crash_soon(self) -> None:
        """Now and then cut the power within the next few steps, where it hurts most."""
        if self.rng.random() < 0.1:
            self.loop.crash_at_step = self.loop.steps + self.rng.randint(1, 8)

    def sleep(self, seconds: float) -> None:
        self.books.sleeps += 1
        self.troubled_s = self.loop.now_s
        self.suspended_s += seconds

    # -- persons -----------------------------------------------------------------------------

    def ask(self, make: Callable[[int], events.Request]) -> None:
        if not self.task.done():
            return  # still starting: nobody can have seen a picture
        request = make(self.engine.snapshot().version)
        self.asking = self.loop.create_task(self._asked(request, self.life))

    async def _asked(self, request: events.Request, life: int) -> None:
        if isinstance(request, events.ArmRequest):
            self._maybe_armed()
        try:
            await self.engine.request(request)
        except RefusedError:
            self.books.refusals += 1
            return
        if life == self.life and isinstance(request, events.DisarmRequest):
            self.books.disarmed_s = self.loop.now_s if request.for_s is None else None
            if request.for_s is not None:
                self.books.pinned = None

    def _maybe_armed(self) -> None:
        """From the moment of asking on, automation may act; the answer comes later."""
        self.books.disarmed_s = None
        self.books.pinned = None

    def told(self, event: Event) -> None:
        if event.kind is Kind.IGNORED:
            raise BrokenPromiseError(event.text)
        if event.kind is Kind.SLEPT:
            self.books.seen = {role: deque([Seen()], maxlen=64) for role in Role}

    # -- what the engine did --------------------------------------------------------------------

    def saw(self, verdict: Verdict) -> None:
        log = self.books.seen[verdict.role]
        seen, now_s = log[-1], verdict.finished_s
        if verdict.fault is None:
            log.append(Seen(now_s, 0, True, verdict.started_s, None, seen.passes + 1))
        elif counts(verdict.role, verdict.fault):
            since_s = seen.failing_since_s or now_s
            log.append(Seen(now_s, seen.failures + 1, False, seen.last_pass_start_s, since_s, 0))
        else:
            log.append(replace(seen, at_s=now_s, last_passed=False, passes=0))

    def seen(self, role: Role, at_s: float) -> Seen:
        return next(seen for seen in reversed(self.books.seen[role]) if seen.at_s <= at_s)

    def judge_begin(self, switch: Switch) -> None:
        """Look at a switch at the moment the router is asked to carry it out."""
        if self.in_flight is not None:
            raise BrokenPromiseError(f"{switch} begins while {self.in_flight} is in flight")
        if not switch.automatic:
            return
        source, target = self.seen(switch.source, switch.started_s), self.seen(switch.target, switch.started_s)
        if self.books.disarmed_s is not None and switch.started_s > self.books.disarmed_s:
            raise BrokenPromiseError(f"automatic {switch} while disarmed")
        if self.books.pinned not in {None, switch.target} and self.books.disarmed_s is not None:
            raise BrokenPromiseError(f"{switch} undoes a person's switch")
        if switch.kind is SwitchKind.FAILOVER:
            if source.failures < self.policy.failure_threshold:
                raise BrokenPromiseError(f"{switch} after {source.failures} failures")
            since = source.failing_since_s
            if not target.last_passed or since is None or target.last_pass_start_s < since:
                raise BrokenPromiseError(f"{switch} to a database that has not passed since {since}")
        elif target.passes < self.policy.recovery_threshold or not self.policy.failback_auto:
            raise BrokenPromiseError(f"{switch} after {target.passes} passes")
        self.judge_budget(switch)
        self.books.automatic_begun_s.append(self.loop.now_s)

    def judge_budget(self, switch: Switch) -> None:
        recent = [t for t in self.books.automatic_done_s if self.loop.now_s - t < HOUR_S]
        spare = 1 if switch.kind is SwitchKind.FAILBACK else 0
        if len(recent) + 1 + spare > self.policy.max_switches_per_hour:
            raise BrokenPromiseError(f"{switch} with {len(recent)} automatic switches within the hour")

    def judge_done(self, switch: Switch) -> None:
        books = self.books
        books.switches += 1
        if switch.automatic:
            books.automatic_done_s.append(self.loop.now_s)
            books.rescues += switch.kind is SwitchKind.FAILOVER
            books.failbacks += switch.kind is SwitchKind.FAILBACK
        else:
            books.manual += 1

    def committed(self, record: SwitchRecord) -> None:
        """A person's switch counts from the moment in which its end is on the disk."""
        if record.result != "done" or record.switch.automatic:
            return
        if record.switch.kind is SwitchKind.MANUAL:
            self.books.disarmed_s, self.books.pinned = self.loop.now_s, record.switch.target
        elif record.switch.kind in {SwitchKind.FAILBACK, SwitchKind.REPAIR}:
            self._maybe_armed()

    # -- what the engine must not leave undone ------------------------------------------------------

    def audit(self) -> None:
        """Complain when a dead database has been kept although a living one stood by for long enough."""
        now_s = self.loop.now_s
        if now_s - self.troubled_s <= PATIENCE_S:
            return
        if self.engine._ended.done():
            self.engine._ended.result()
        snapshot = self.engine.snapshot()
        if not snapshot.mode.armed or snapshot.switch is not None or snapshot.disagrees:
            return
        active, standby = self.databases[snapshot.active], self.databases[snapshot.active.other]
        dead = active.dead_throughout(now_s - PATIENCE_S, now_s)
        alive = standby.up_throughout(now_s - PATIENCE_S, now_s)
        recent = [t for t in self.books.automatic_begun_s if now_s - t < HOUR_S]
        if dead and alive and len(recent) < self.policy.max_switches_per_hour - 1:
            raise BrokenPromiseError(
                f"{snapshot.active} is dead, {snapshot.active.other} alive, and nothing happens: {snapshot.blocked}"
            )
        self.books.audits += 1


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
        fault = database.fault_at(started_s)
        took_s = world.policy.connection_timeout_s if fault is Fault.TIMEOUT else 0.002 + world.rng.random() * 0.04
        done = world.loop.create_future()
        world.loop.call_later(took_s, done.set_result, None)
        await done
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


class FakeRouter:
    """Moves the world's traffic in steps; fails, hangs and forgets now and then."""

    def __init__(self, world: World, life: int) -> None:
        self.world, self.life = world, life

    async def current(self) -> RouterReading:
        if not self.world.routed:
            return RouterReading(routed=False)
        await self._take(0.001)
        return RouterReading(routed=True, points_to=self.world.points_to, address=f"{self.world.points_to}:5432")

    async def switch(self, switch: Switch, progress: Callable[[str, bool], None]) -> RouterReading:
        world = self.world
        world.judge_begin(switch)
        world.in_flight = switch
        world.troubled_s = world.loop.now_s
        world.maybe_crash_soon()
        try:
            progress("hold", False)
            await self._take(0.02)
            if world.routed and world.rng.random() < 0.1:
                raise SwitchError("preflight", "refused")
            progress("repoint", True)
            await self._take(0.02)
            trouble = world.rng.random() if world.routed else 1.0
            if trouble < 0.05:
                raise SwitchError("read back", "rolled back")
            if trouble < 0.1:
                return await self._vanish(switch)
            world.points_to = switch.target
            world.judge_done(switch)
        finally:
            if self.life == world.life:
                world.in_flight = None
        return RouterReading(routed=world.routed, points_to=switch.target if world.routed else None)

    async def _vanish(self, switch: Switch) -> RouterReading:
        self.world.books.unknowns += 1
        if self.world.rng.random() < 0.5:
            self.world.points_to = switch.target
            self.world.judge_done(switch)
        raise OutcomeUnknownError("no answer")

    async def _take(self, seconds: float) -> None:
        done = self.world.loop.create_future()
        handle = self.world.loop.call_later(seconds, done.set_result, None)
        try:
            await done
        finally:
            handle.cancel()

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

    async def history(self, limit: int) -> Sequence[SwitchRecord]:
        return []  # nobody asks here

    async def aclose(self) -> None:
        """Nothing is open."""
