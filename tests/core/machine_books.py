"""What a bystander writes down about the machine: only verdicts, answers and effects, never a field of the model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hotswap_tui.core.values import Fault, Role, Switch, SwitchKind, Verdict, counts

if TYPE_CHECKING:
    from hotswap_tui.core.policy import Policy

HOUR_S = 3600.0
NEVER_S = float("-inf")


@dataclass
class Seen:
    """One database as its verdicts show it."""

    failures: int = 0
    passes: int = 0
    fault: Fault | None = None
    answered: bool = False
    read_only: bool = False
    last_start_s: float = NEVER_S
    counted_s: float = NEVER_S
    last_pass_start_s: float = NEVER_S
    failing_since_s: float = NEVER_S
    passing_since_s: float = NEVER_S

    def take_in(self, verdict: Verdict, *, spacing_s: float = 0.0) -> None:
        self.fault, self.answered = verdict.fault, verdict.passed
        self.last_start_s = verdict.started_s
        if verdict.facts is not None:
            self.read_only = verdict.facts.read_only or verdict.facts.in_recovery
        if verdict.fault is None:
            self.passing_since_s = self.passing_since_s if self.passes else verdict.finished_s
            self.passes, self.failures = self.passes + 1, 0
            self.last_pass_start_s = verdict.started_s
            return
        self.passes = 0
        too_soon = self.failures and verdict.started_s < self.counted_s + spacing_s
        if counts(verdict.role, verdict.fault) and not too_soon:
            self.counted_s = verdict.started_s
            self.failing_since_s = self.failing_since_s if self.failures else verdict.finished_s
            self.failures += 1

    def forget(self) -> None:
        """This computer slept: only what the server said about itself still holds."""
        self.__dict__.update(Seen(read_only=self.read_only).__dict__)


@dataclass
class Leash:
    """Whether automation may act, by what persons and the router have done."""

    off: bool = False
    until_s: float | None = None
    by_router: bool = False
    before: Leash | None = None

    def person_disarms(self, until_s: float | None) -> None:
        self.off, self.until_s, self.by_router, self.before = True, until_s, False, None

    def person_arms(self) -> None:
        self.off, self.until_s, self.by_router, self.before = False, None, False, None

    def switched_by_hand(self) -> None:
        before = self.before or Leash(self.off, self.until_s, self.by_router)
        self.off, self.until_s, self.by_router, self.before = True, None, False, before

    def lead_given_back(self) -> None:
        if self.before is not None:
            before = self.before
            self.off, self.until_s, self.by_router, self.before = before.off, before.until_s, before.by_router, None

    def router_re_pointed(self) -> None:
        if not self.off:
            self.off, self.until_s, self.by_router, self.before = True, None, True, Leash()

    def repaired(self) -> None:
        if self.by_router:
            self.lead_given_back()

    def time_passes(self, now_s: float, *, disagrees: bool) -> None:
        if self.until_s is not None and now_s >= self.until_s:
            self.person_arms()
            if disagrees:
                self.router_re_pointed()
        if self.before is not None and self.before.until_s is not None and now_s >= self.before.until_s:
            self.before = Leash()


@dataclass
class Books:
    """Everything that promises are judged by."""

    policy: Policy
    active: Role
    seen: dict[Role, Seen] = field(default_factory=lambda: {role: Seen() for role in Role})
    leash: Leash = field(default_factory=Leash)
    in_flight: Switch | None = None
    unknown: bool = False
    canaries: int = 0
    held: bool = False
    """Clients wait, outside of a switch."""
    owed: bool = False
    """A release has failed."""
    pinned: Role | None = None
    """A person moved traffic here and has not given the lead back."""
    done_s: list[float] = field(default_factory=list)
    failovers_s: list[float] = field(default_factory=list)
    both_down: bool = False
    """Said to serve nobody, just before the step that is judged."""

    def judge_begin(self, switch: Switch, now_s: float) -> None:
        """Look at a switch at the moment in which it begins."""
        assert self.in_flight is None, f"{switch} begins while {self.in_flight} is in flight"
        assert switch.source is self.active
        if switch.automatic:
            assert not self.leash.off, f"automatic {switch} while disarmed"
            assert switch.source is not self.pinned, f"{switch} undoes a person's switch"
            assert switch.target is not self.active
            if switch.kind is SwitchKind.FAILOVER:
                self._judge_failover(switch)
            else:
                self._judge_failback(switch, now_s)
            self._judge_budget(switch, now_s)
        self.in_flight, self.unknown, self.canaries, self.held = switch, False, 0, False

    def judge_hold(self, budget_s: float) -> None:
        """Look at a hold at the moment in which it begins."""
        assert not self.held, "held twice"
        assert self.in_flight is None, "held during a switch"
        assert not self.leash.off, "held while disarmed"
        assert self.seen[self.active].failures, "held without a failure"
        assert 0 < budget_s <= self.policy.hold_max_s
        self.held = True

    def judge_release(self) -> None:
        """Look at a release."""
        assert self.held or self.owed, "released without a hold"
        self.held = False

    def _judge_failover(self, switch: Switch) -> None:
        source, target = self.seen[switch.source], self.seen[switch.target]
        assert source.failures >= self.policy.failure_threshold, f"{switch} after {source.failures} failures"
        assert target.answered, f"{switch}, whose target failed its last check"
        assert target.last_pass_start_s >= source.failing_since_s, f"{switch} to an unproven database"
        if switch.target is Role.SECONDARY and target.read_only:
            assert self.policy.allow_read_only, f"{switch} to a read-only database"
            assert source.fault is not Fault.READ_ONLY, f"{switch} gains nothing"
        if self.both_down:
            assert source.last_start_s >= target.passing_since_s, f"{switch} without one more recheck"

    def _judge_failback(self, switch: Switch, now_s: float) -> None:
        assert (switch.kind, switch.target) == (SwitchKind.FAILBACK, Role.PRIMARY)
        assert self.policy.failback_auto, f"{switch} although failback is manual"
        passes = self.seen[Role.PRIMARY].passes
        assert passes >= self.policy.recovery_threshold, f"{switch} after {passes} passes"
        recent = [t for t in self.failovers_s if t > self.failovers_s[-1] - HOUR_S]
        if recent:
            wait_s = self.policy.primary_retry_interval_s * 2 ** (len(recent) - 1)
            assert now_s - recent[-1] >= min(wait_s, HOUR_S), f"{switch} too soon"

    def _judge_budget(self, switch: Switch, now_s: float) -> None:
        recent = [t for t in self.done_s if now_s - t < HOUR_S]
        spare = 0 if switch.kind is SwitchKind.FAILOVER else 1
        assert len(recent) + 1 + spare <= self.policy.max_switches_per_hour, f"{switch} after {recent}"

    def arrived(self, now_s: float) -> None:
        """The switch in flight is proven complete."""
        switch = self.in_flight
        assert switch is not None
        self.in_flight, self.active = None, switch.target
        if switch.automatic:
            self.done_s.append(now_s)
            if switch.kind is SwitchKind.FAILOVER:
                self.failovers_s.append(now_s)
        elif switch.kind is SwitchKind.MANUAL:
            self.leash.switched_by_hand()
            self.pinned = switch.target
        elif switch.kind is SwitchKind.FAILBACK:
            self.leash.lead_given_back()
            self.pinned = None
        else:
            self.leash.repaired()

    def stayed(self, *, cancelled: bool) -> None:
        """The switch in flight did not happen."""
        switch = self.in_flight
        assert switch is not None
        self.in_flight = None
        if cancelled and switch.automatic:
            self.leash.off, self.leash.until_s, self.leash.by_router = True, None, False
