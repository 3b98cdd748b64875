"""Small fakes behind the engine's ports, in virtual time: databases, a router, a journal and clocks that obey a test."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hotswap_tui.core.plan import PoolMode, Step
from hotswap_tui.core.policy import Policy
from hotswap_tui.core.traffic import Waited
from hotswap_tui.core.values import Fault, Role, RouterReading, ServerFacts, Verdict
from hotswap_tui.engine.engine import Engine
from hotswap_tui.engine.journal_codec import PastSwitch
from hotswap_tui.engine.picture import Target
from hotswap_tui.engine.ports import Entry, JournalError, Restored
from hotswap_tui.routing.handover import NOTHING_SECURED
from hotswap_tui.routing.router import Arrival, HoldError
from tests.simulation.virtual_loop import VirtualLoop

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from typing import Any

    from hotswap_tui.core.plan import Plan
    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.core.traffic import Traffic
    from hotswap_tui.core.values import Event, Kind, Tell
    from hotswap_tui.engine.ports import Sample, SwitchRecord, SyncReader
    from hotswap_tui.routing.router import Progress

WALL_AT_ZERO_S = 1_700_000_000.0
FACTS = ServerFacts("18.6", in_recovery=False, read_only=False, started_at=0.0, connections=3, max_connections=100)
PAIR = "pi:5432/cc cloud:5432/cc"


class Prober:
    """Answers after `took_s` with `fault`, or raises `bug`."""

    def __init__(self, role: Role, loop: VirtualLoop) -> None:
        self.role, self._loop = role, loop
        self.serving = False
        self.fault: Fault | None = None
        self.note = ""
        self.bug: Exception | None = None
        self.took_s = 0.01
        self.checks: list[bool] = []
        self.closed = False
        self.lost: Callable[[str], None] = lambda _detail: None

    async def check(self, *, fresh: bool) -> Verdict:
        self.checks.append(fresh)
        started_s, fault = self._loop.time(), self.fault
        await asyncio.sleep(self.took_s)
        if self.bug is not None:
            raise self.bug
        return Verdict(
            self.role,
            started_s,
            self._loop.time(),
            fresh,
            fault,
            None if fault else 10.0,
            facts=None if fault else FACTS,
        )

    def on_lost(self, listener: Callable[[str], None]) -> None:
        self.lost = listener

    async def aclose(self) -> None:
        self.closed = True


class Router:
    """A gateway that takes `took_s` for a switch and then does what `outcome` says."""

    def __init__(self, points_to: Role, *, routed: bool) -> None:
        self.points_to, self.routed = points_to, routed
        self.took_s = 0.05
        self.verifies_s = 0.0
        """How long it looks at what it has done."""
        self.outcome: Exception | None = None
        self.moves_before_outcome = True
        self.begun: list[Plan] = []
        self.at_begin: Callable[[], None] = lambda: None
        self.readings = 0
        self.reads_s = 0.0
        self.traffic: Traffic | None = None
        self.proves = True
        self.verified: list[Role] = []
        self.held = False
        self.holds: list[float] = []
        self.releases = 0
        self.error = ""
        self.hold_error = self.release_error = ""
        self.left_over: list[Tell] = []
        self.closed = False
        self.secured = NOTHING_SECURED

    async def current(self) -> RouterReading:
        self.readings += 1
        await asyncio.sleep(self.reads_s)
        return self._reading()

    def _reading(self, *, proven: bool = False) -> RouterReading:
        if not self.routed:
            return RouterReading(routed=False)
        if self.error:
            return RouterReading(routed=True, error=self.error)
        return RouterReading(
            routed=True,
            points_to=self.points_to,
            address=f"{self.points_to}:5432",
            version=(1, 18, 0),
            pool_mode=PoolMode.TRANSACTION,
            paused=self.held,
            traffic=self.traffic,
            proven=proven,
            proof="18.6, system 7" if proven else "",
        )

    async def verify(self, role: Role) -> RouterReading:
        self.verified.append(role)
        return self._reading(proven=self.proves and self.points_to is role)

    async def hold(self, budget_s: float) -> None:
        self.holds.append(budget_s)
        await asyncio.sleep(0.01)
        if self.hold_error:
            raise HoldError(self.hold_error)
        self.held = True

    async def release(self) -> Waited:
        self.releases += 1
        await asyncio.sleep(0.01)
        if self.release_error:
            raise HoldError(self.release_error)
        self.held = False
        return Waited(3, 0.25)

    async def reconcile(self) -> Sequence[Tell]:
        return self.left_over

    async def switch(self, target: Role, plan: Plan, progress: Progress) -> Arrival:
        self.begun.append(plan)
        self.at_begin()
        progress(Step.HOLD, done=False)
        await asyncio.sleep(self.took_s)
        progress(Step.HOLD, done=True)
        progress(Step.REPOINT, done=False)
        if self.outcome is None or self.moves_before_outcome:
            self.points_to = target
        await asyncio.sleep(self.verifies_s)
        self.held = False
        if self.outcome is not None:
            raise self.outcome
        return Arrival(self._reading(proven=True), Waited(2, 0.12), 1, "18.6, system 7", self.secured)

    async def aclose(self) -> None:
        self.closed = True


class MemoryJournal:
    """Keeps entries, each safe `takes_s` after it was given, unless the disk is `broken`."""

    def __init__(self, loop: VirtualLoop, restored: Restored) -> None:
        self._loop, self.restored = loop, restored
        self.takes_s = 0.02
        self.broken = False
        self.unreadable = False
        self.entries: list[Entry] = []
        self.sampled: list[Sample] = []
        self.closed = False

    def on_notice(self, listener: Callable[[str], None]) -> None:
        self.notice = listener

    async def load(self) -> Restored:
        if self.unreadable:
            raise JournalError("not a database")
        return self.restored

    async def write(self, entry: Entry) -> None:
        if self.broken:
            raise JournalError("disk full")
        await asyncio.sleep(self.takes_s)
        self.entries.append(entry)

    def sample(self, sample: Sample) -> None:
        self.sampled.append(sample)

    async def history(self, limit: int) -> Sequence[PastSwitch]:
        return [PastSwitch(switch, "") for switch in self.switches[: -limit - 1 : -1]]

    async def samples(self) -> Sequence[Sample]:
        return self.sampled

    async def aclose(self) -> None:
        self.closed = True

    @property
    def switches(self) -> list[SwitchRecord]:
        return [entry.switch for entry in self.entries if entry.switch is not None]


@dataclass
class Clock:
    """Wall time follows the loop; the test says how long the machine was suspended."""

    loop: VirtualLoop
    slept_s: float = 0.0
    wall_at_zero_s: float = WALL_AT_ZERO_S

    def wall_s(self) -> float:
        return self.wall_at_zero_s + self.loop.time()

    def suspended_s(self) -> float:
        return self.slept_s


@dataclass
class World:
    """One life of a real engine."""

    restored: Restored = field(default_factory=Restored)
    points_to: Role = Role.PRIMARY
    routed: bool = True
    policy: Policy = field(default_factory=Policy)
    roles: tuple[Role, ...] = tuple(Role)
    began_s: float = 1000.0
    reader: SyncReader | None = None

    def __post_init__(self) -> None:
        self.loop = VirtualLoop(self.began_s)
        self.clock = Clock(self.loop)
        self.probers = {role: Prober(role, self.loop) for role in self.roles}
        self.router = Router(self.points_to, routed=self.routed)
        self.journal = MemoryJournal(self.loop, self.restored)
        self.log: list[Event] = []
        targets = {
            role: Target(prober, f"{role}:5432", f"postgresql://{role}") for role, prober in self.probers.items()
        }
        self.engine = Engine(
            self.policy,
            targets,
            self.router,
            self.journal,
            self.clock,
            name="cc",
            pair=PAIR,
            tell=self.log.append,
            reader=self.reader,
        )
        self.running: asyncio.Task[None] | None = None

    @property
    def primary(self) -> Prober:
        return self.probers[Role.PRIMARY]

    @property
    def secondary(self) -> Prober:
        return self.probers[Role.SECONDARY]

    @property
    def now(self) -> Snapshot:
        """The engine's picture; asked within the loop's own time."""
        return self.engine.snapshot()

    def start(self, for_s: float = 1.0) -> World:
        self.running = self.loop.create_task(self.engine.run())
        return self.go(for_s)

    def go(self, seconds: float) -> World:
        """Let time pass."""
        self.loop.run_until(self.loop.time() + seconds)
        return self

    def until(self, holds: Callable[[], bool], *, within_s: float) -> World:
        """Let time pass until something holds, in steps of 0.1 s; fail when it does not in time."""
        end_s = self.loop.time() + within_s
        while not holds():
            assert self.loop.time() < end_s, f"not within {within_s} s: {self.said()}"
            self.go(0.1)
        return self

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        return self.loop.create_task(work)

    def said(self, kind: Kind | None = None) -> list[str]:
        return [event.text for event in self.log if kind in {None, event.kind}]

    def close(self) -> None:
        """End everything that still runs."""
        if self.running is not None and not self.running.done():
            self.engine.stop()
            self.go(10)
        self.loop.drop_everything()
        self.loop.close()
