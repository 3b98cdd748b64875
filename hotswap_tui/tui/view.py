"""What one repaint shows: a snapshot, its age and the person's choices, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hotswap_tui.core.values import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hotswap_tui.core.latency import LatencyHistory, Stats
    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.core.traffic import Traffic
    from hotswap_tui.core.values import Event, Level, Role
    from hotswap_tui.engine.client import Silence
    from hotswap_tui.tui.commands import Command

STALE_AFTER_S = 5.0
"""An engine renews its picture with every answer; silence for longer than this is shown as silence."""


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence in the bottom line, until `until_s` (monotonic), where the keys do not fit beside it until `alone_until_s`."""

    text: str
    level: Level
    until_s: float
    alone_until_s: float
    until_key: bool = False
    """Whether the next key ends it before that."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What the person has chosen to look at."""

    window_s: int = 300
    rate_s: float = 1.0
    log_axis: bool = False
    shared_axis: bool = False
    read_only: bool = False
    ascii: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Everything that a screen may draw from. `now_s` is monotonic, the moment that the picture shows."""

    snapshot: Snapshot
    events: Sequence[Event]
    histories: Mapping[Role, LatencyHistory]
    now_s: float
    clock_s: float
    """The present on the same scale; later than `now_s` while the picture is frozen."""
    choices: Choices
    commands: Sequence[Command]
    keys: Mapping[str, str]
    """Displayed key by command id; commands that may not be used have none."""
    silence: Silence | None = None
    """Since when and why nothing is heard of the engine; None while it answers."""
    frozen: bool = False
    changed_since: bool = False
    """Whether a decision was taken since the picture was frozen."""
    note: Note | None = None
    readings: Sequence[Traffic] = ()
    """The data plane's newest readings, oldest first."""
    charts_ready: bool = True
    """False until the first frame is out: what draws the graphs is loaded after it."""

    @property
    def stale_s(self) -> float | None:
        """Return how long the engine has been silent, None while it answers."""
        if self.silence is not None:
            return max(0.0, self.now_s - self.silence.since_s)
        silent_s = self.now_s - self.snapshot.now_s
        return silent_s if silent_s > STALE_AFTER_S else None

    def stats(self, role: Role) -> Stats:
        """Return the figures of `role` over the window."""
        return self.histories[role].stats(self.now_s, self.choices.window_s)

    def hold_s(self, role: Role) -> float:
        """Return how long a check of `role` stands in the graph when no other follows."""
        policy = self.snapshot.policy
        serves = role is self.snapshot.active
        return 1.5 * (
            policy.check_interval_s if serves else max(policy.check_interval_s, policy.standby_check_interval_s)
        )

    def switches_s(self) -> list[float]:
        """Return when traffic moved, in monotonic seconds, for the time rulers."""
        offset_s = self.snapshot.now_s - self.snapshot.wall_s
        return [event.wall_s + offset_s for event in self.events if event.kind is Kind.SWITCHED]

    def wall_s(self, moment_s: float) -> float:
        """Return a monotonic moment in seconds since 1970."""
        return self.snapshot.wall_s + moment_s - self.snapshot.now_s


def local(wall_s: float) -> datetime:
    """Return the local time, with its offset."""
    return datetime.fromtimestamp(wall_s, UTC).astimezone()
