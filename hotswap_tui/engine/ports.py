"""What the engine needs from the world. The simulation puts others behind the same ports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from hotswap_tui.core.traffic import NOBODY, Waited

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from hotswap_tui.core.sync import Mark, SyncReading
    from hotswap_tui.core.values import Event, Role, Switch, Verdict
    from hotswap_tui.engine.journal_codec import PastSwitch


class Clock(Protocol):
    """Wall time and suspended time; monotonic time is the event loop's own."""

    def wall_s(self) -> float:
        """Return seconds since 1970."""
        ...

    def suspended_s(self) -> float:
        """Return how long this machine has been suspended since boot: BOOTTIME minus MONOTONIC."""
        ...


class Prober(Protocol):
    """Checks one database."""

    serving: bool
    """Whether this database serves: only then does a write check write."""
    note: str
    """What a check could not do, in one line; empty when nothing."""

    async def check(self, *, fresh: bool) -> Verdict:
        """Return a verdict within the connection time-out; never raise for what a server or network does."""
        ...

    def on_lost(self, listener: Callable[[str], None]) -> None:
        """Call `listener` with a clean sentence when the idle connection is closed by the other side."""
        ...

    async def aclose(self) -> None:
        """Close the connection and leave nothing behind."""
        ...


@dataclass(frozen=True, slots=True)
class SyncQuestion:
    """What a look at the pair has to know. Monotonic seconds."""

    active: Role
    ask: frozenset[Role]
    """Which databases may be asked now: the others are down, or slept, and what was known of them stays."""
    mark: Mark | None = None
    """Where the secondary stood when traffic was moved to it; None while the primary serves, or where none was taken."""


class SyncReader(Protocol):
    """Looks at what the two databases have in common."""

    async def read(self, question: SyncQuestion) -> SyncReading:
        """Return what was found out; never raise for what a server or network does."""
        ...

    async def aclose(self) -> None:
        """Close every connection and leave nothing behind."""
        ...


@dataclass(frozen=True, slots=True)
class ModeMemory:
    """`core.values.Mode` with seconds since 1970."""

    armed: bool = True
    by: str = ""
    since_wall_s: float = 0.0
    why: str = ""
    until_wall_s: float | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """What must survive a restart. All times are seconds since 1970."""

    active: Role
    since_wall_s: float
    pair: str
    """host:port/database of both, to notice changed URLs."""
    mode: ModeMemory = ModeMemory()
    mode_before: ModeMemory | None = None
    """The mode to restore when a person fails back."""
    automatic_wall_s: tuple[float, ...] = ()
    """The automatic switches of the last hour, each dated by its end, one in flight by its start."""
    failover_wall_s: tuple[float, ...] = ()
    """Those of them that were failovers."""
    primary_down_since_wall_s: float | None = None
    """While the secondary serves because the primary failed: when that began."""
    next_switch_id: int = 1
    mark: Mark | None = None
    """Where the secondary stood when traffic was moved to it."""


@dataclass(frozen=True, slots=True)
class SwitchRecord:
    """One switch for the history. Times are seconds since 1970."""

    switch: Switch
    started_wall_s: float
    finished_wall_s: float | None = None
    result: str = ""
    """Empty while in flight; done, failed or cancelled."""
    error: str = ""
    down: Role | None = None
    """Which database had been down: the one that was left, or the primary that came back; None when neither had."""
    down_s: float = 0.0
    """For how long."""
    waited: Waited = NOBODY
    """Whom its hold kept waiting."""
    severed: int = 0
    """Connections to the database that was left which had to be cut off."""
    proof: str = ""
    """What the canary showed."""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step of a switch, written when it begins and again when it is done. Seconds since 1970."""

    switch_id: int
    step: str
    begun_wall_s: float
    done_wall_s: float | None = None
    """None: it was begun, and nothing is known of its end."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is written in one transaction: all of it or nothing."""

    events: tuple[Event, ...] = ()
    memory: Memory | None = None
    switch: SwitchRecord | None = None
    step: StepRecord | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One check for the latency graphs. `latency_ms` None: it failed."""

    role: Role
    wall_s: float
    latency_ms: float | None


@dataclass(frozen=True, slots=True)
class Restored:
    """What a journal remembers at start."""

    memory: Memory | None = None
    unfinished: SwitchRecord | None = None
    unfinished_steps: tuple[StepRecord, ...] = ()
    """The steps of the unfinished switch, in order."""
    last_event_id: int = 0
    events: tuple[Event, ...] = ()
    """The newest events, oldest first."""
    samples: tuple[Sample, ...] = field(default=())
    """The samples of the last day, oldest first; thinned ones stand for their bucket's maximum."""


class Journal(Protocol):
    """Remembers across restarts and power cuts."""

    def on_notice(self, listener: Callable[[str], None]) -> None:
        """Call `listener` with a sentence when a damaged journal was moved aside and a new one begun."""
        ...

    def load(self) -> Awaitable[Restored]:
        """Read what a former run left."""
        ...

    def write(self, entry: Entry) -> Awaitable[None]:
        """Store `entry`; resolves when it is safe on disk, raises JournalError when it cannot be."""
        ...

    def sample(self, sample: Sample) -> None:
        """Keep a sample for the next batch."""
        ...

    def history(self, limit: int) -> Awaitable[Sequence[PastSwitch]]:
        """Return the newest `limit` switches, newest first; raises JournalError."""
        ...

    def samples(self) -> Awaitable[Sequence[Sample]]:
        """Return the samples of the last day, oldest first, as `load` would; raises JournalError."""
        ...

    async def aclose(self) -> None:
        """Write what is still held and close."""
        ...


class JournalError(Exception):
    """The journal could not be read or written; one line saying why and where."""
