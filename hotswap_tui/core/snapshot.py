"""One immutable picture of everything; the dashboard, the API and the command line read nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hotswap_tui.core.traffic import NOBODY, Waited

if TYPE_CHECKING:
    from hotswap_tui.core.policy import Policy
    from hotswap_tui.core.sync import SyncReading
    from hotswap_tui.core.traffic import Hold
    from hotswap_tui.core.values import Drill, Health, Mode, Role, RouterReading, ServerFacts, State, Switch, Verdict


@dataclass(frozen=True, slots=True, eq=False)
class DatabaseView:
    """One database as last seen. Monotonic seconds."""

    role: Role
    address: str
    """host:port, never with credentials."""
    url: str
    """The connection string, masked."""
    health: Health
    failures: int
    """Consecutive failed checks of a kind that counts."""
    passes: int
    """Consecutive passed checks."""
    verdict: Verdict | None
    """The last check that ended."""
    facts: ServerFacts | None
    """The newest facts that any check brought."""
    last_pass_s: float | None
    down_since_s: float | None
    """When the current run of counting failures began."""
    next_check_s: float
    checking: bool
    notes: tuple[str, ...] = ()
    """What of the connection string was set aside."""


@dataclass(frozen=True, slots=True, eq=False)
class SwitchOutcome:
    """How the latest switch ended. `took_s` counts from the decision to the proof."""

    switch: Switch
    finished_s: float
    result: str
    """done, failed, cancelled, or unknown: PgBouncer points to the target, but no canary has shown who answers."""
    error: str = ""
    down: Role | None = None
    """Which database had been down; None when neither had."""
    down_s: float = 0.0
    """For how long."""
    waited: Waited = NOBODY
    """Whom its hold kept waiting."""
    severed: int = 0
    """Connections to the database that was left which had to be cut off."""
    proof: str = ""
    """What the canary showed; empty without a gateway."""

    @property
    def took_s(self) -> float:
        """Return the seconds from decision to outcome."""
        return self.finished_s - self.switch.started_s


@dataclass(frozen=True, slots=True, eq=False)
class Countdown:
    """What automation will do, at which monotonic second, unless something changes."""

    action: str
    at_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """Everything at `now_s` (monotonic) = `wall_s` (since 1970)."""

    version: int
    """Grows whenever something changes that a person's decision rests on."""
    now_s: float
    wall_s: float
    name: str
    """The database's name, for the title."""
    pid: int
    started_s: float
    state: State
    active: Role
    serving: bool
    """Whether the active database is believed to serve: False only in STARTING and UNAVAILABLE."""
    since_s: float
    """Since when the active database serves without a break: the last switch, or the end of an outage."""
    mode: Mode
    primary: DatabaseView
    secondary: DatabaseView | None
    """None: not configured; this program only watches."""
    switch: Switch | None
    last_switch: SwitchOutcome | None
    router: RouterReading
    hold: Hold | None
    """Clients wait while we make sure; a switch in flight that holds them says so in its steps."""
    disagrees: bool
    """The router points to something else than the active database."""
    failover_available: bool
    unavailable_since_s: float | None
    suspicion_since_s: float | None
    blocked: str
    """Why automation does not act although it might be expected to; empty when nothing holds it."""
    blocked_until_s: float | None
    """When that ends by itself; None when it waits for something else."""
    countdown: Countdown | None
    switches_in_hour: int
    policy: Policy
    drill: Drill | None = None
    """While a drill is under way: the primary's checks fail on purpose, or a person moves traffic there and back."""
    sync: SyncReading | None = None
    """What the two databases have in common; None: not read yet, or DB_SYNC_CHECK_INTERVAL is 0."""

    def database(self, role: Role) -> DatabaseView | None:
        """Return the view of `role`, None when that database is not configured."""
        return self.primary if role is self.primary.role else self.secondary
