"""The words of this house: roles, states, fault classes, verdicts, events. All immutable."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotswap_tui.core.plan import Plan, PoolMode, Step
    from hotswap_tui.core.traffic import Traffic


HOT_SWAP_HINT = "Set DATABASE_URL_SECONDARY to enable automatic database failover"
"""What users know from the reference when only one database is configured."""


OBSERVING = "HOTSWAP_OBSERVE is 1: nothing is moved"
"""Why an engine that only observes does not act."""


class Role(StrEnum):
    """Which of the two databases."""

    PRIMARY = "primary"
    SECONDARY = "secondary"

    @property
    def other(self) -> Role:
        """Return the opposite role."""
        return Role.SECONDARY if self is Role.PRIMARY else Role.PRIMARY


class State(StrEnum):
    """Where the machine is; which database serves is a field of its own."""

    STARTING = "STARTING"
    PRIMARY = "PRIMARY"
    SUSPECT = "SUSPECT"
    FAILING_OVER = "FAILING_OVER"
    SECONDARY = "SECONDARY"
    FAILING_BACK = "FAILING_BACK"
    UNAVAILABLE = "UNAVAILABLE"


SWITCHING = frozenset({State.FAILING_OVER, State.FAILING_BACK})


class Fault(StrEnum):
    """Why a check failed; what to do differs, so the words differ."""

    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    RESET = "reset"
    TIMEOUT = "timeout"
    STARTING = "starting"
    STOPPING = "stopping"
    READ_ONLY = "read_only"
    STORAGE = "storage"
    TOO_MANY = "too_many"
    CREDENTIALS = "credentials"
    MISSING = "missing"
    TLS = "tls"
    RESOLVER = "resolver"
    INTERNAL = "internal"
    DRILL = "drill"
    """A check that passed, called failed on purpose."""
    UNKNOWN = "unknown"

    @property
    def words(self) -> str:
        """Return the class as a person reads it."""
        return FAULT_WORDS[self]


FAULT_WORDS: Mapping[Fault, str] = {
    Fault.REFUSED: "connection refused",
    Fault.UNREACHABLE: "host unreachable",
    Fault.RESET: "connection lost",
    Fault.TIMEOUT: "timeout",
    Fault.STARTING: "starting up",
    Fault.STOPPING: "shutting down",
    Fault.READ_ONLY: "read-only",
    Fault.STORAGE: "storage failure",
    Fault.TOO_MANY: "too many clients",
    Fault.CREDENTIALS: "credentials refused",
    Fault.MISSING: "database missing",
    Fault.TLS: "TLS failure",
    Fault.RESOLVER: "name not found",
    Fault.INTERNAL: "internal error",
    Fault.DRILL: "failed on purpose",
    Fault.UNKNOWN: "failed",
}

_NEVER_COUNTS = frozenset({Fault.TOO_MANY, Fault.CREDENTIALS, Fault.MISSING, Fault.TLS, Fault.INTERNAL})


def counts(role: Role, fault: Fault) -> bool:
    """Say whether `fault` on the database `role` counts toward failover."""
    if fault is Fault.READ_ONLY:
        return role is Role.PRIMARY
    return fault not in _NEVER_COUNTS


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What one round trip brought back besides the answer itself. Names and versions are already cleaned text."""

    version: str
    in_recovery: bool
    read_only: bool
    started_at: float
    """The postmaster's start, seconds since 1970."""
    connections: int
    max_connections: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of one check. Times are the event loop's monotonic seconds."""

    role: Role
    started_s: float
    finished_s: float
    fresh: bool = False
    """Whether a new connection was made for it."""
    fault: Fault | None = None
    """None: the check passed."""
    latency_ms: float | None = None
    """The query's round trip, asked again where this process was late; None when it did not complete."""
    connect_ms: float | None = None
    detail: str = ""
    """The exact error as one clean line without secrets; empty on a pass."""
    sqlstate: str | None = None
    facts: ServerFacts | None = None
    loop_delay_ms: float = 0.0
    """How late this process itself was while it checked; `latency_ms` is measured without that."""

    @property
    def passed(self) -> bool:
        """Say whether the database answered as expected."""
        return self.fault is None

    @property
    def measured_ms(self) -> float | None:
        """Return the latency for graphs and figures, None for a failed check."""
        return None if self.fault is not None else self.latency_ms


class Health(StrEnum):
    """A database's health in one word."""

    UNKNOWN = "unknown"
    UP = "up"
    DEGRADED = "degraded"
    """It failed in a way that does not count toward failover."""
    FAILING = "failing"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Drill:
    """Checks of the primary that pass are called failed, so that automation shows what it does. Monotonic seconds."""

    by: str
    since_s: float
    until_s: float
    planned: bool = False
    """No check fails: whoever asked moves traffic there and back by hand."""


@dataclass(frozen=True, slots=True)
class Mode:
    """Whether automation may switch. Monotonic seconds; `until_s` None means until a person arms it again."""

    armed: bool = True
    by: str = ""
    since_s: float = 0.0
    why: str = ""
    until_s: float | None = None


ARMED = Mode()


class SwitchKind(StrEnum):
    """Why traffic moves."""

    FAILOVER = "failover"
    """Automatic: away from a dead database, in either direction."""
    FAILBACK = "failback"
    """To the primary, the secondary being well: automatic, or by a person who gives the lead back to automation."""
    MANUAL = "manual"
    """A person chose the target, and automation will not undo it."""
    REPAIR = "repair"
    """A person asked to point the router back at the active database."""


@dataclass(frozen=True, slots=True)
class Switch:
    """One movement of traffic, from decision to outcome."""

    id: int
    kind: SwitchKind
    source: Role
    target: Role
    started_s: float
    why: str
    by: str = ""
    """Who asked; empty when automation did."""
    forced: bool = False
    attempt: int = 1
    plan: Plan | None = None
    """How it is done; None for a switch of a life before, or one that no plan could be made for."""
    step: str = ""
    """The step that was begun last."""
    steps_done: tuple[Step, ...] = ()
    detail: str = ""
    """What the present step waits for."""
    cancellable: bool = True
    cancelled_by: str = ""
    canaries: int = 0
    """How many were sent since its outcome became unknown."""
    unknown: bool = False
    """The outcome is not known; the router is re-read until it is."""

    @property
    def automatic(self) -> bool:
        """Say whether automation decided this switch."""
        return not self.by


@dataclass(frozen=True, slots=True)
class RouterReading:
    """Where client traffic goes, as read back from the data plane."""

    routed: bool
    """False: no gateway is configured; nothing is moved."""
    points_to: Role | None = None
    """None with `routed`: neither of the two databases, or unreadable."""
    address: str = ""
    error: str = ""
    """Why it could not be read; empty when it could."""
    version: tuple[int, ...] = ()
    """PgBouncer's version; empty when it is not known."""
    pool_mode: PoolMode | None = None
    paused: bool = False
    """New work waits, whoever asked for it."""
    traffic: Traffic | None = None
    proven: bool = False
    """A canary through the data plane has just been answered by the server that `points_to` names."""
    proof: str = ""
    """What the canary showed, or why it failed; empty when none was sent."""


UNROUTED = RouterReading(routed=False)


class Level(Enum):
    """How an event is marked: the sign says it before the colour does."""

    INFO = "·"
    GOOD = "●"
    WARNING = "▲"
    BAD = "✗"


class Kind(StrEnum):
    """What happened."""

    STARTED = "started"
    STOPPED = "stopped"
    CONNECTED = "connected"
    CHECK_FAILED = "check_failed"
    CHECK_DEGRADED = "check_degraded"
    RECOVERED = "recovered"
    """The active database answers again, without a switch."""
    STANDBY_DOWN = "standby_down"
    STANDBY_UP = "standby_up"
    RETRYING = "retrying"
    """While the secondary serves, the failed primary is tried."""
    THRESHOLD = "threshold"
    NO_SWITCH = "no_switch"
    """A decision not to act, with its reason."""
    BOTH_DOWN = "both_down"
    NOT_SERVING = "not_serving"
    """The active database is down and the other may not take over, though it is not known to be down."""
    SWITCHING = "switching"
    SWITCHED = "switched"
    SWITCH_FAILED = "switch_failed"
    SWITCH_UNKNOWN = "switch_unknown"
    PROVEN = "proven"
    """A canary has shown who answers after a switch whose outcome was called unknown."""
    SWITCH_CANCELLED = "switch_cancelled"
    ARMED = "armed"
    DISARMED = "disarmed"
    DISAGREES = "disagrees"
    CONNECTION_LOST = "connection_lost"
    HELD = "held"
    """Clients wait while we make sure, or it is told why they do not."""
    RELEASED = "released"
    SLEPT = "slept"
    REFUSED = "refused"
    """A person's request that was not carried out."""
    IGNORED = "ignored"
    """An event that the state machine does not allow: our own mistake, and nothing was changed."""
    OBSERVED = "observed"
    """What would have been done, by an engine that only observes."""
    DRILL = "drill"
    """A drill begins or ends."""
    JOURNAL = "journal"
    CONFIG = "config"
    HOOK = "hook"
    """A command of the user's ran after a switch."""
    SYNC = "sync"
    """What the two databases have in common has changed."""
    NOTIFY = "notify"
    """What became of a message to people elsewhere."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Say one sentence to everyone who listens; `data` holds its figures for logs and machines."""

    kind: Kind
    level: Level
    text: str
    role: Role | None = None
    data: Mapping[str, str | int | float] = field(default_factory=dict)
    log_only: bool = False
    """For the log alone: a repetition that would drown the rest in an event list."""


@dataclass(frozen=True, slots=True)
class Event:
    """A told sentence with its place in time: `id` grows by one, `wall_s` is seconds since 1970."""

    id: int
    wall_s: float
    kind: Kind
    level: Level
    text: str
    role: Role | None = None
    data: Mapping[str, str | int | float] = field(default_factory=dict)
