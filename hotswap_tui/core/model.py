"""Everything the machine remembers, as one immutable value."""

from __future__ import annotations

from dataclasses import dataclass, fields
from operator import attrgetter
from typing import TYPE_CHECKING

from hotswap_tui.core.policy import CREDENTIALS_BACKOFF_S, failback_wait_s, within_hour
from hotswap_tui.core.values import ARMED, UNROUTED, Fault, Health, Mode, Role, RouterReading, State, counts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotswap_tui.core.policy import Policy
    from hotswap_tui.core.signs import Sign
    from hotswap_tui.core.snapshot import SwitchOutcome
    from hotswap_tui.core.sync import Mark, SyncReading
    from hotswap_tui.core.traffic import Hold
    from hotswap_tui.core.values import Drill, ServerFacts, Switch, SwitchKind, Verdict


@dataclass(frozen=True, slots=True)
class Record:
    """What is known about one database. Monotonic seconds."""

    failures: int = 0
    """Consecutive failed checks of a kind that counts."""
    passes: int = 0
    """Consecutive passed checks."""
    verdict: Verdict | None = None
    facts: ServerFacts | None = None
    counted_s: float | None = None
    """Start of the last failed check that was counted."""
    last_start_s: float | None = None
    """Start of the last check that ended."""
    last_pass_s: float | None = None
    down_since_s: float | None = None
    """Start of the first check of the present run of failures."""
    up_since_s: float | None = None
    """End of the first check of the present run of passes."""
    fresh_until_pass: bool = False
    """A new connection failed: an old one must not hide it."""
    checks_since_fresh: int = 0
    last_fresh_s: float | None = None
    last_fresh_pass_s: float | None = None
    """Start of the last passed check on a new connection: an old session may outlive a server that takes no new ones."""
    lost_s: float | None = None
    """When an idle connection was lost last."""

    @property
    def passed(self) -> bool:
        """Say whether the last check passed."""
        return self.verdict is not None and self.verdict.fault is None

    @property
    def dead(self) -> bool:
        """Say whether the last check failed in a way that counts: a database that is alive is not left for another."""
        fault = None if self.verdict is None else self.verdict.fault
        return self.verdict is not None and fault is not None and counts(self.verdict.role, fault)

    @property
    def read_only(self) -> bool:
        """Say whether the server last said that it takes no writes."""
        return self.facts is not None and (self.facts.read_only or self.facts.in_recovery)

    def proven_since(self, moment_s: float | None) -> bool:
        """Say whether the last check passed, and one on a new connection that began at `moment_s` or later did."""
        return (
            self.passed
            and self.last_fresh_pass_s is not None
            and (moment_s is None or self.last_fresh_pass_s >= moment_s)
        )

    def tried_afresh_since(self, moment_s: float | None) -> bool:
        """Say whether a check on a new connection that began at `moment_s` or later has ended."""
        return self.last_fresh_s is not None and (moment_s is None or self.last_fresh_s >= moment_s)

    def checked_since(self, moment_s: float | None) -> bool:
        """Say whether a check that began at `moment_s` or later has ended."""
        return self.last_start_s is not None and (moment_s is None or self.last_start_s >= moment_s)

    def locked_out(self, now_s: float) -> bool:
        """Say whether a refused password forbids another try for now."""
        return (
            self.verdict is not None
            and self.verdict.fault is Fault.CREDENTIALS
            and now_s - self.verdict.started_s < CREDENTIALS_BACKOFF_S
        )


@dataclass(frozen=True, slots=True)
class Retry:
    """An automatic switch that failed and will be tried again in the same slot of the budget."""

    kind: SwitchKind
    target: Role
    attempts: int
    at_s: float


@dataclass(frozen=True, slots=True)
class Model:
    """The machine's whole state. Monotonic seconds; times from before a restart may be negative."""

    state: State
    active: Role
    has_secondary: bool
    since_s: float
    """Since when the active database serves without a break: the last switch, or the end of an outage that both shared."""
    primary: Record = Record()
    secondary: Record = Record()
    mode: Mode = ARMED
    mode_before: Mode | None = None
    """What a person's failback or repair restores."""
    suspicion_since_s: float | None = None
    unavailable_since_s: float | None = None
    takeover_after_s: float | None = None
    """With both down, the other one answered at this moment; the active one gets one more check that begins later."""
    discard_before_s: float = float("-inf")
    """Verdicts of checks that began earlier are void."""
    switch: Switch | None = None
    next_switch_id: int = 1
    retry: Retry | None = None
    automatic_s: tuple[float, ...] = ()
    """The automatic switches that still count against the budget of the hour."""
    failovers_s: tuple[float, ...] = ()
    """Those of them that were failovers."""
    failback_not_before_s: float = float("-inf")
    primary_down_since_s: float | None = None
    """While the secondary serves because the primary failed: when that began."""
    reading: RouterReading = UNROUTED
    hold: Hold | None = None
    release_failed: bool = False
    """Clients may still wait after a release that failed."""
    hold_told: bool = False
    """It was told that clients wait, and not yet that they go on."""
    held_s: float = float("-inf")
    """When a hold or a switch last ended: a reading from before may show its PAUSE."""
    sign: Sign | None = None
    """What the last reading of the data plane calls for."""
    signed_s: float = float("-inf")
    """When that called for a check."""
    paused_readings: int = 0
    """Readings in a row that show a PAUSE which is not ours."""
    disagrees: bool = False
    read_router_at_s: float | None = None
    last_switch: SwitchOutcome | None = None
    drill: Drill | None = None
    sync: SyncReading | None = None
    """What the two databases have in common."""
    mark: Mark | None = None
    """Where the secondary stood when traffic was moved to it; None while the primary serves, or where none was taken."""
    told_obstacle: str = ""
    """The reason for not acting that was told last, so that it is told once."""
    version: int = 1

    def changed(self, changes: Mapping[str, object]) -> Model:
        """Return a copy with `changes`, as `dataclasses.replace` does in twice the time: every event makes some."""
        copy = object.__new__(Model)
        for put, value in zip(_PUT.values(), _VALUES(self), strict=True):
            put(copy, value)
        for name, value in changes.items():
            _PUT[name](copy, value)
        return copy

    def record(self, role: Role) -> Record:
        """Return what is known about `role`."""
        return self.primary if role is Role.PRIMARY else self.secondary

    @property
    def standby(self) -> Role:
        """Return the database that does not serve."""
        return self.active.other

    @property
    def roles(self) -> tuple[Role, ...]:
        """Return the databases that are configured."""
        return (Role.PRIMARY, Role.SECONDARY) if self.has_secondary else (Role.PRIMARY,)


_PUT = {field.name: Model.__dict__[field.name].__set__ for field in fields(Model)}
_VALUES = attrgetter(*_PUT)


def health(record: Record, policy: Policy) -> Health:
    """Return a database's health in one word."""
    if record.verdict is None:
        return Health.UNKNOWN
    if record.failures >= policy.failure_threshold:
        return Health.DOWN
    if record.failures:
        return Health.FAILING
    return Health.UP if record.passed else Health.DEGRADED


def resume(  # noqa: PLR0913 - one argument per remembered fact
    policy: Policy,
    now_s: float,
    *,
    has_secondary: bool,
    active: Role = Role.PRIMARY,
    since_s: float | None = None,
    mode: Mode = ARMED,
    mode_before: Mode | None = None,
    automatic_s: tuple[float, ...] = (),
    failovers_s: tuple[float, ...] = (),
    primary_down_since_s: float | None = None,
    reading: RouterReading | None = None,
    next_switch_id: int = 1,
) -> Model:
    """Return the state to start in: what was remembered, nothing known about health yet.

    What the router says about the active database outranks what was remembered.
    """
    reading = reading or UNROUTED
    remembered = reading.points_to or active
    failovers = within_hour(failovers_s, now_s)
    return Model(
        state=State.STARTING,
        active=remembered if has_secondary else Role.PRIMARY,
        has_secondary=has_secondary,
        since_s=now_s if since_s is None or remembered is not active else since_s,
        mode=mode,
        mode_before=mode_before,
        automatic_s=within_hour(automatic_s, now_s),
        failovers_s=failovers,
        failback_not_before_s=failovers[-1] + failback_wait_s(len(failovers), policy) if failovers else float("-inf"),
        primary_down_since_s=primary_down_since_s,
        reading=reading,
        read_router_at_s=now_s + policy.gateway_interval_s if reading.routed else None,
        next_switch_id=next_switch_id,
    )
