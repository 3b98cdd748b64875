"""A small language for stories about the state machine: checks, requests, switches and their outcomes, one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hotswap_tui.core import events
from hotswap_tui.core.effects import BeginSwitch, CancelSwitch, HoldClients, ProbeNow, ReadRouter, ReleaseClients
from hotswap_tui.core.errors import RefusedError
from hotswap_tui.core.machine import step
from hotswap_tui.core.model import resume
from hotswap_tui.core.plan import PoolMode, Step
from hotswap_tui.core.policy import Policy
from hotswap_tui.core.values import Fault, Role, RouterReading, ServerFacts, Tell, Verdict

if TYPE_CHECKING:
    from hotswap_tui.core.effects import Effect
    from hotswap_tui.core.model import Record
    from hotswap_tui.core.values import Kind, State, Switch

PRIMARY, SECONDARY = Role.PRIMARY, Role.SECONDARY
PI = "pi@tty1"
START_S = 10_000.0
HOUR_S = 3600.0
COUNTING = tuple(
    f for f in Fault if f not in {Fault.TOO_MANY, Fault.CREDENTIALS, Fault.MISSING, Fault.TLS, Fault.INTERNAL}
)
NOT_COUNTING = (Fault.TOO_MANY, Fault.CREDENTIALS, Fault.MISSING, Fault.TLS, Fault.INTERNAL)


def facts(*, read_only: bool = False, in_recovery: bool = False) -> ServerFacts:
    """Return what a server says about itself."""
    return ServerFacts(
        "18.6", in_recovery=in_recovery, read_only=read_only, started_at=0.0, connections=3, max_connections=100
    )


def verdict(role: Role, started_s: float, fault: Fault | None = None, **more: Any) -> Verdict:
    """Return the outcome of a check that took 10 ms, unless `finished_s` says otherwise."""
    values: dict[str, Any] = {"finished_s": started_s + 0.01, "facts": None if fault else facts()}
    return Verdict(role=role, started_s=started_s, fault=fault, **(values | more))


def points_at(role: Role | None, **more: Any) -> RouterReading:
    """Return a reading of a gateway that sends traffic to `role`, or to nobody we know."""
    address = f"{role}:5432" if role else "10.0.0.9:5432"
    return RouterReading(
        routed=True, points_to=role, address=address, version=(1, 18, 0), pool_mode=PoolMode.TRANSACTION, **more
    )


class Machine:
    """A model, a clock that the story moves, and everything that was said and asked for."""

    def __init__(
        self,
        *,
        active: Role = PRIMARY,
        routed: bool = False,
        has_secondary: bool = True,
        now_s: float = START_S,
        **policy: Any,
    ) -> None:
        self.policy = Policy(**policy)
        self.now_s = now_s
        reading = points_at(active) if routed else None
        self.model = resume(self.policy, now_s, has_secondary=has_secondary, active=active, reading=reading)
        self.effects: tuple[Effect, ...] = ()
        self.tells: list[Tell] = []
        self.begun: list[Switch] = []
        self.wanted_fresh: set[Role] = set()
        """Databases for which a check on a new connection was asked: the next one is, as the engine would have it."""

    # -- what happens -----------------------------------------------------------------------

    def step(self, event: events.Input) -> Machine:
        self.model, self.effects = step(self.model, event, self.now_s, self.policy)
        self.tells += [effect for effect in self.effects if isinstance(effect, Tell)]
        self.wanted_fresh |= {effect.role for effect in self.effects if isinstance(effect, ProbeNow) and effect.fresh}
        self.begun += [effect.switch for effect in self.effects if isinstance(effect, BeginSwitch)]
        return self

    def check(
        self,
        role: Role,
        fails: Fault | None = None,
        *,
        times: int = 1,
        after_s: float = 1.0,
        took_s: float = 0.01,
        **more: Any,
    ) -> Machine:
        """Let checks of `role` end, each begun `after_s` after the moment before; a fault makes them fail."""
        for _ in range(times):
            started_s = self.now_s + after_s
            self.now_s = started_s + took_s
            fresh = role in self.wanted_fresh or self.record(role).fresh_until_pass
            values = {"fresh": fresh, "finished_s": self.now_s} | more
            self.wanted_fresh.discard(role)
            self.step(events.Checked(verdict(role, started_s, fails, **values)))
        return self

    def wait(self, seconds: float) -> Machine:
        self.now_s += seconds
        return self

    def tick(self, seconds: float = 0.0) -> Machine:
        return self.wait(seconds).step(events.Elapsed())

    def sleep(self, seconds: float = 600.0) -> Machine:
        return self.step(events.Slept(seconds))

    def read_router(self, role: Role | None, *, error: str = "", **more: Any) -> Machine:
        reading = RouterReading(routed=True, error=error) if error else points_at(role, **more)
        return self.step(events.RouterRead(reading))

    # -- what becomes of the switch in flight -----------------------------------------------

    @property
    def in_flight(self) -> Switch:
        assert self.model.switch is not None
        return self.model.switch

    def progress(self, at: Step, *, done: bool = False, detail: str = "") -> Machine:
        return self.step(events.SwitchStep(self.in_flight.id, at, done, detail))

    def arrives(self, after_s: float = 0.5, **proof: Any) -> Machine:
        self.wait(after_s)
        routed = self.model.reading.routed
        reading = points_at(self.in_flight.target) if routed else RouterReading(routed=False)
        return self.step(events.SwitchDone(self.in_flight.id, reading, **proof))

    def breaks(self, at: str = "preflight", error: str = "refused", *, cancelled: bool = False) -> Machine:
        return self.wait(0.5).step(events.SwitchFailed(self.in_flight.id, at, error, cancelled))

    def vanishes(self) -> Machine:
        return self.wait(0.5).step(events.OutcomeUnknown(self.in_flight.id, "no answer"))

    # -- what persons ask for -----------------------------------------------------------------

    def switch_to(self, role: Role, *, force: bool = False) -> Machine:
        return self.step(events.SwitchRequest(PI, role, self.model.version, force))

    def fail_back(self) -> Machine:
        return self.step(events.FailbackRequest(PI, self.model.version))

    def arm(self) -> Machine:
        return self.step(events.ArmRequest(PI))

    def disarm(self, why: str = "", for_s: float | None = None) -> Machine:
        return self.step(events.DisarmRequest(PI, why, for_s))

    def cancel(self) -> Machine:
        return self.step(events.CancelRequest(PI))

    def repair(self) -> Machine:
        return self.step(events.RepairRequest(PI, self.model.version))

    def refuses(self, request: events.Request) -> str:
        """Ask, be refused, see that nothing changed; return the sentence."""
        before, said = self.model, len(self.tells)
        with pytest.raises(RefusedError) as refusal:
            self.step(request)
        assert self.model is before
        assert len(self.tells) == said
        return str(refusal.value)

    # -- longer stories -------------------------------------------------------------------------

    def both_up(self) -> Machine:
        return self.check(self.model.active).check(self.model.standby)

    def active_dies(self, fault: Fault = Fault.REFUSED) -> Machine:
        """Fail as often as the threshold says, the other one answering in between: a switch begins."""
        self.check(self.model.active, fault)
        if self.model.active is self.model.standby.other and self.policy.failure_threshold > 1:
            self.check(self.model.standby)
            self.check(self.model.active, fault, times=self.policy.failure_threshold - 1, after_s=5.0)
        return self

    def on_secondary(self) -> Machine:
        """The primary has died and the secondary has taken over."""
        return self.both_up().active_dies().arrives()

    def primary_returns(self, after_s: float | None = None) -> Machine:
        """Pass as often as needed, the wait after the failover over."""
        self.wait(self.policy.primary_retry_interval_s if after_s is None else after_s)
        return self.check(PRIMARY, times=self.policy.recovery_threshold, after_s=self.policy.failure_retry_interval_s)

    def both_down(self) -> Machine:
        self.both_up().check(PRIMARY, Fault.REFUSED).check(SECONDARY, Fault.REFUSED)
        return self.check(PRIMARY, Fault.REFUSED, times=2)

    # -- what can be seen ---------------------------------------------------------------------------

    @property
    def state(self) -> State:
        return self.model.state

    @property
    def active(self) -> Role:
        return self.model.active

    def record(self, role: Role) -> Record:
        return self.model.record(role)

    @property
    def probes(self) -> list[tuple[Role, bool]]:
        """What the last event made the machine check at once, and whether on a new connection."""
        return [(effect.role, effect.fresh) for effect in self.effects if isinstance(effect, ProbeNow)]

    @property
    def reads_router(self) -> bool:
        return any(isinstance(effect, ReadRouter) for effect in self.effects)

    @property
    def holds(self) -> list[float]:
        """For how long the last event made clients wait."""
        return [effect.budget_s for effect in self.effects if isinstance(effect, HoldClients)]

    @property
    def releases(self) -> bool:
        return any(isinstance(effect, ReleaseClients) for effect in self.effects)

    @property
    def cancels(self) -> list[int]:
        return [effect.switch_id for effect in self.effects if isinstance(effect, CancelSwitch)]

    def said(self, kind: Kind) -> list[str]:
        """Return every sentence of `kind` so far."""
        return [tell.text for tell in self.tells if tell.kind is kind]

    def quiet(self) -> bool:
        """Whether the last event made the machine say nothing."""
        return not any(isinstance(effect, Tell) for effect in self.effects)
