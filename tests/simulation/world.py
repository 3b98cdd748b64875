"""A world for the real engine: databases that fail by schedule, a disk, a router, persons, and power cuts.

The world knows the truth, keeps its own books of what the engine did and saw, and complains when a promise is broken.
Nothing in it is shared with the engine but the ports.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from hotswap_tui.core import events
from hotswap_tui.core.errors import RefusedError
from hotswap_tui.core.values import Kind, Role, Switch, SwitchKind, Verdict, counts
from hotswap_tui.engine.engine import Engine
from hotswap_tui.engine.picture import Target
from tests.simulation.fakes import FakeClock, FakeJournal, FakeProber, FakeRouter, NoGraph
from tests.simulation.pair import FakeReader
from tests.simulation.truth import HOLD_GRACE_S, HOUR_S, PATIENCE_S, Books, BrokenPromiseError, Database, Disk, Seen

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from hotswap_tui.core.policy import Policy
    from hotswap_tui.core.values import Event
    from hotswap_tui.engine.ports import SwitchRecord
    from tests.simulation.virtual_loop import VirtualLoop


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
        self.held_since_s: float | None = None
        """Clients wait, and since when."""
        self.suspended_s = 0.0
        self.life = 0
        self.pair_seed = rng.getrandbits(32)
        self.troubled_s = float("-inf")
        """When something last happened that excuses the engine for a while."""
        self.upset_s = float("-inf")
        """When a switch may last have been cut off between its decision and its beginning."""
        self.engine: Engine
        self.databases: dict[Role, Database] = {}

    # -- the engine's lives ----------------------------------------------------------------

    def boot(self) -> None:
        self.life += 1
        self.in_flight = None
        self.books.seen = {role: deque([Seen()], maxlen=64) for role in Role}
        life = self.life
        self.probers = {role: FakeProber(self, role, life) for role in Role}
        targets = {role: Target(self.probers[role], f"{role}:5432", f"postgresql://{role}") for role in Role}
        router = FakeRouter(self, life)
        self.reader = FakeReader(self, random.Random(f"{self.pair_seed}-{life}"))
        self.engine = Engine(
            self.policy,
            targets,
            router,
            FakeJournal(self, life),
            FakeClock(self),
            name="sim",
            pair="p s",
            tell=self.told,
            reader=self.reader,
        )
        self.engine._latency = {role: NoGraph() for role in Role}
        self.task = self.loop.create_task(self.engine.start())

    def crash(self) -> None:
        """Cut the power: what is not on the disk is gone, and no line of the old life runs any more."""
        self.books.crashes += 1
        self.troubled_s = self.upset_s = self.loop.now_s
        self.loop.drop_everything()
        if self.routed and self.in_flight is not None and self.rng.random() < 0.5:
            self.points_to = self.in_flight.target
            self.judge_done(self.in_flight)
        self.boot()

    def stop(self) -> None:
        """End the program in good order, and check that nothing it knew is missing from the disk; then start it again."""
        if not self.task.done():
            return
        self.troubled_s = self.upset_s = self.loop.now_s
        self.loop.create_task(self._stopped(self.engine, self.life)).add_done_callback(self._reap)

    async def _stopped(self, engine: Engine, life: int) -> None:
        await engine.__aexit__()
        if life != self.life:
            return
        memory = self.disk.memory
        active = self.points_to if self.routed and self.disk.unfinished else engine.snapshot().active
        if memory is None or (self.disk.unfinished is None and memory.active is not active):
            raise BrokenPromiseError(f"stopped with {active} active, but {memory} on the disk")
        self.boot()

    def _reap(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self.loop.call_exception_handler({"message": "stop", "exception": task.exception()})

    def lose_idle_connection(self, role: Role) -> None:
        """The other side ends a session, for a good reason or a bad one."""
        if self.task.done():
            self.probers[role].lost("closed")

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
        self.upset_s = self.loop.now_s
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

    def hold(self) -> None:
        """Clients begin to wait; in a life of its own a guard lets them go when the program has died."""
        self.held_since_s = self.loop.now_s

    # -- what the engine did --------------------------------------------------------------------

    def saw(self, verdict: Verdict) -> None:
        log = self.books.seen[verdict.role]
        seen, now_s = log[-1], verdict.finished_s
        if verdict.fault is None:
            proven_s = verdict.started_s if verdict.fresh else seen.last_fresh_pass_s
            log.append(Seen(now_s, 0, True, proven_s, None, seen.passes + 1))
        elif counts(verdict.role, verdict.fault):
            since_s = seen.failing_since_s or now_s
            retry_s = self.policy.failure_retry_interval_s
            peek = self.held_since_s is not None and verdict.started_s < seen.counted_s + retry_s - 0.01
            counted_s = seen.counted_s if peek else verdict.started_s
            failures = seen.failures + (not peek)
            log.append(Seen(now_s, failures, False, seen.last_fresh_pass_s, since_s, 0, counted_s))
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
        self.reader.judge(switch)
        source, target = self.seen(switch.source, switch.started_s), self.seen(switch.target, switch.started_s)
        if self.books.disarmed_s is not None and switch.started_s > self.books.disarmed_s:
            raise BrokenPromiseError(f"automatic {switch} while disarmed")
        if self.books.pinned not in {None, switch.target} and self.books.disarmed_s is not None:
            raise BrokenPromiseError(f"{switch} undoes a person's switch")
        if switch.kind is SwitchKind.FAILOVER:
            if source.failures < self.policy.failure_threshold:
                raise BrokenPromiseError(f"{switch} after {source.failures} failures")
            since = source.failing_since_s
            if not target.last_passed or since is None or target.last_fresh_pass_s < since:
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
        """Complain when a dead database has been kept although a living one stood by for long enough, or clients were."""
        now_s = self.loop.now_s
        if self.held_since_s is not None and now_s - self.held_since_s > self.policy.hold_max_s + HOLD_GRACE_S:
            raise BrokenPromiseError(f"clients wait since {self.held_since_s}")
        if now_s - self.troubled_s <= PATIENCE_S:
            return
        if self.engine._ended.done():
            self.engine._ended.result()
        snapshot = self.engine.snapshot()
        if not snapshot.mode.armed or snapshot.switch is not None or snapshot.disagrees:
            return
        if self.policy.max_lag_s is not None and "DB_MAX_LAG" in snapshot.blocked:
            return  # `judge` watches that the limit holds; how the figures make it so, the tests of the guard
        active, standby = self.databases[snapshot.active], self.databases[snapshot.active.other]
        dead = active.dead_throughout(now_s - PATIENCE_S, now_s)
        alive = standby.up_throughout(now_s - PATIENCE_S, now_s)
        recent = [t for t in self.books.automatic_begun_s if now_s - t < HOUR_S]
        # A switch that was decided and cut off before the router heard of it holds a slot of which the world knows nothing.
        unseen = now_s - self.upset_s < HOUR_S
        if dead and alive and len(recent) + unseen < self.policy.max_switches_per_hour:
            raise BrokenPromiseError(
                f"{snapshot.active} is dead, {snapshot.active.other} alive, and nothing happens: {snapshot.blocked}"
            )
        self.books.audits += 1
