"""What is true in a simulated world, and what is written down about the engine in it."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hotswap_tui.core.values import Fault, Role, counts

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Sequence

    from hotswap_tui.engine.ports import Memory, SwitchRecord

FAULTS = tuple(fault for fault in Fault if fault is not Fault.READ_ONLY)
HOUR_S = 3600.0
WALL_AT_ZERO_S = 1_700_000_000.0
PATIENCE_S = 200.0
"""More than a lock-out by a pooler, a check interval, three rechecks and their time-outs take together."""


HOLD_GRACE_S = 65.0
"""After a release that failed, the next two readings of the gateway try again."""


class BrokenPromiseError(AssertionError):
    """A promise was broken."""


@dataclass(frozen=True)
class Outage:
    start_s: float
    end_s: float
    fault: Fault
    old_sessions_live: bool = False
    """The postmaster hangs: who has a session is served, who wants one is not."""


class Database:
    """Up, except during its outages; read-only for good or not."""

    def __init__(self, role: Role, outages: Sequence[Outage], *, read_only: bool) -> None:
        self.role = role
        self.read_only = read_only
        self.outages = sorted(outages, key=lambda o: o.start_s)
        self._starts = [o.start_s for o in self.outages]

    def fault_at(self, now_s: float, *, fresh: bool) -> Fault | None:
        index = bisect.bisect_right(self._starts, now_s) - 1
        for outage in self.outages[max(0, index - 3) : index + 1]:
            if outage.start_s <= now_s < outage.end_s and (fresh or not outage.old_sessions_live):
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
    last_fresh_pass_s: float = float("-inf")
    failing_since_s: float | None = None
    passes: int = 0
    counted_s: float = float("-inf")


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
