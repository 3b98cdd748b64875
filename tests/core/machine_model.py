"""Any story at all, told to the real `step` by hypothesis; the bystander's books judge every effect."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest import mock

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hotswap_tui.core import events
from hotswap_tui.core.effects import BeginSwitch, HoldClients, ReleaseClients
from hotswap_tui.core.errors import IllegalEventError, RefusedError
from hotswap_tui.core.machine import step
from hotswap_tui.core.model import health, resume
from hotswap_tui.core.plan import Step
from hotswap_tui.core.policy import Policy
from hotswap_tui.core.schedule import countdown, due_s, failover_available, wake_s, wants_fresh
from hotswap_tui.core.traffic import Waited
from hotswap_tui.core.turn import Turn
from hotswap_tui.core.values import SWITCHING, Fault, Role, RouterReading, State
from tests.core.machine_books import Books
from tests.core.machine_dsl import PI, facts, points_at, verdict

if TYPE_CHECKING:
    from hotswap_tui.core.model import Model

ROLES = st.sampled_from(Role)
FAULTS = st.one_of(st.none(), st.sampled_from((Fault.REFUSED, Fault.TIMEOUT)), st.sampled_from(Fault))
GAPS_S = st.sampled_from((0.0, 0.5, 5.0, 30.0, 130.0, 1000.0, 3600.0))
LONGEST_SETTLING = 6
"""No event can lead through more states than this; more is a loop of rules."""
POLICIES = st.builds(
    Policy,
    failure_threshold=st.integers(1, 3),
    recovery_threshold=st.integers(1, 3),
    failback_auto=st.sampled_from((True, True, True, False)),
    max_switches_per_hour=st.integers(1, 4),
    hold_max_s=st.sampled_from((0.0, 15.0, 60.0)),
    primary_retry_interval_s=st.sampled_from((5.0, 120.0, 600.0)),
    allow_read_only=st.booleans(),
)


class MachineStories(RuleBasedStateMachine):
    """Verdicts, outcomes, requests, sleep and re-pointed routers in any order and at any pace."""

    @initialize(policy=POLICIES, active=ROLES, routed=st.booleans(), alone=st.sampled_from((False,) * 9 + (True,)))
    def begin(self, policy: Policy, active: Role, routed: bool, alone: bool) -> None:
        self.policy, self.now_s, self.routed = policy, 1000.0, routed
        self.slept_s = float("-inf")
        self.points_to: Role | None = Role.PRIMARY if alone else active
        self.books = Books(policy, Role.PRIMARY if alone else active)
        self.model: Model = resume(
            policy,
            self.now_s,
            has_secondary=not alone,
            active=active,
            reading=points_at(self.points_to) if routed else None,
        )

    # -- the step, under watch ----------------------------------------------------------------------

    def tell(self, event: events.Input) -> bool:
        """Let the machine decide; return whether it took the event in."""
        before, fired = self.model, 0
        fire = Turn.fire

        def counted(turn: Turn, trigger: object) -> None:
            nonlocal fired
            fired += 1
            assert fired <= LONGEST_SETTLING, f"the rules go round and round at {event}"
            fire(turn, trigger)  # type: ignore[arg-type]

        self.books.both_down = before.state is State.UNAVAILABLE
        with mock.patch.object(Turn, "fire", counted):
            try:
                self.model, effects = step(before, event, self.now_s, self.policy)
            except RefusedError:
                assert not isinstance(event, events.DisarmRequest | events.CheckRequest)
                return False
        grown = self.model.version - before.version
        assert grown == (picture(self.model, self.policy) != picture(before, self.policy)), (
            "the version tells of changes"
        )
        self._note(event)
        for effect in effects:
            if isinstance(effect, BeginSwitch):
                self.books.judge_begin(effect.switch, self.now_s)
            elif isinstance(effect, HoldClients):
                self.books.judge_hold(effect.budget_s)
            elif isinstance(effect, ReleaseClients):
                self.books.judge_release()
        return True

    def _note(self, event: events.Input) -> None:
        """Write down what the event means before its effects are judged."""
        leash = self.books.leash
        match event:
            case events.ArmRequest():
                leash.person_arms()
                self.books.pinned = None
            case events.DisarmRequest(for_s=for_s):
                leash.person_disarms(None if for_s is None else self.now_s + for_s)
                if for_s is not None:
                    self.books.pinned = None
            case events.SwitchDone():
                self.books.arrived(self.now_s)
            case events.SwitchFailed(cancelled=cancelled):
                self.books.stayed(cancelled=cancelled)
            case events.OutcomeUnknown():
                self.books.unknown = True
            case events.RouterRead(reading=reading):
                self._note_reading(reading)
            case events.Slept():
                for seen in self.books.seen.values():
                    seen.forget()

    def _note_reading(self, reading: RouterReading) -> None:
        switch = self.books.in_flight
        if reading.error or not reading.routed or (switch is not None and not self.books.unknown):
            return
        if switch is None:
            if reading.points_to is not self.books.active:
                self.books.leash.router_re_pointed()
        elif reading.points_to is switch.target:
            self.books.canaries += 1
            if reading.proven or self.books.canaries >= self.policy.failure_threshold:
                self.books.arrived(self.now_s)
        elif reading.points_to is not None:
            self.books.stayed(cancelled=False)

    # -- databases ----------------------------------------------------------------------------------

    def _checked(
        self, role: Role, fault: Fault | None, gap_s: float, took_s: float, *, fresh: bool, read_only: bool
    ) -> None:
        started_s = self.now_s + gap_s
        self.now_s = started_s + took_s
        told = verdict(
            role,
            started_s,
            fault,
            finished_s=self.now_s,
            fresh=fresh,
            facts=None if fault else facts(read_only=read_only),
        )
        if role is Role.SECONDARY and not self.model.has_secondary:
            with pytest.raises(IllegalEventError):
                step(self.model, events.Checked(told), self.now_s, self.policy)
            return
        if started_s >= self.slept_s:
            held = self.books.held and role is self.books.active
            spacing_s = self.policy.failure_retry_interval_s - 0.005 if held else 0.0
            self.books.seen[role].take_in(told, spacing_s=spacing_s)
        self.tell(events.Checked(told))

    @rule(role=ROLES, fault=FAULTS, gap_s=GAPS_S, slow=st.booleans(), fresh=st.booleans(), read_only=st.booleans())
    def check(self, role: Role, fault: Fault | None, gap_s: float, slow: bool, fresh: bool, read_only: bool) -> None:
        self._checked(role, fault, gap_s, 5.0 if slow else 0.01, fresh=fresh, read_only=read_only)

    @rule(role=ROLES, fault=FAULTS)
    def check_that_began_long_ago(self, role: Role, fault: Fault | None) -> None:
        """It may lie before the suspicion, the other's answer or a sleep."""
        last_s = self.books.seen[role].last_start_s
        began_s = max(self.now_s - 4.0, last_s if last_s > 0 else 0.0)
        self._checked(role, fault, began_s - self.now_s, self.now_s - began_s, fresh=False, read_only=False)

    @rule(times=st.integers(1, 4), well=st.sampled_from(("standby", "neither", "after")))
    def active_one_fails(self, times: int, well: str) -> None:
        """The usual trouble, so that stories get somewhere."""
        active = self.books.active
        for _ in range(times):
            self._checked(active, Fault.REFUSED, 5.0, 0.01, fresh=False, read_only=False)
            fault = Fault.TIMEOUT if well == "neither" else None
            if well != "after" and self.model.has_secondary and self.books.active is active:
                self._checked(active.other, fault, 0.5, 0.01, fresh=False, read_only=False)

    @rule(times=st.integers(1, 5), slow=st.booleans(), returns=st.booleans())
    def databases_die_in_turn(self, times: int, slow: bool, returns: bool) -> None:
        """A bad hour: whoever serves dies, or the primary comes back, until the budget is spent."""
        for _ in range(times):
            if returns and self.books.active is Role.SECONDARY:
                self.primary_answers(3, 600.0)
            else:
                self.active_one_fails(self.policy.failure_threshold + 1, "standby")
            if self.books.in_flight is not None:
                self.switch_ends(arrives=True, gap_s=600.0 if slow else 0.5)

    @rule(times=st.integers(1, 4), gap_s=GAPS_S)
    def primary_answers(self, times: int, gap_s: float) -> None:
        for _ in range(times):
            self._checked(Role.PRIMARY, None, gap_s, 0.01, fresh=True, read_only=False)

    @rule(role=ROLES)
    def idle_connection_is_lost(self, role: Role) -> None:
        if role in self.model.roles:
            self.tell(events.ConnectionLost(role, "reset"))

    # -- time ---------------------------------------------------------------------------------------

    @rule(gap_s=GAPS_S)
    def time_passes(self, gap_s: float) -> None:
        """The engine wakes the machine at each moment that it asked for."""
        end_s = self.now_s + gap_s
        for _ in range(3):
            self.now_s = max(self.now_s, min(wake_s(self.model), end_s))
            self.books.leash.time_passes(self.now_s, disagrees=self.model.disagrees)
            self.tell(events.Elapsed())
            assert wake_s(self.model) > self.now_s, "it asks for the same moment again and again"
        self.now_s = end_s
        self.books.leash.time_passes(self.now_s, disagrees=self.model.disagrees)
        self.tell(events.Elapsed())

    @rule()
    def computer_sleeps(self) -> None:
        self.slept_s = self.now_s
        self.tell(events.Slept(600.0))

    # -- the router ---------------------------------------------------------------------------------

    @rule(arrives=st.sampled_from((True, True, True, False)), gap_s=st.sampled_from((0.0, 0.5, 60.0)))
    @precondition(lambda self: self.books.in_flight is not None)
    def switch_ends(self, arrives: bool, gap_s: float) -> None:
        switch = self.books.in_flight
        assert switch is not None
        self.now_s += gap_s
        if arrives:
            self.points_to = switch.target
            reading = points_at(switch.target) if self.routed else RouterReading(routed=False)
            self.tell(events.SwitchDone(switch.id, reading))
        else:
            cancelled = bool(self.model.switch and self.model.switch.cancelled_by)
            self.tell(events.SwitchFailed(switch.id, "preflight", "refused", cancelled))

    @rule(moved=st.booleans())
    @precondition(lambda self: self.books.in_flight is not None and self.routed)
    def switch_vanishes(self, moved: bool) -> None:
        switch = self.books.in_flight
        assert switch is not None
        self.points_to = switch.target if moved else self.points_to
        self.tell(events.OutcomeUnknown(switch.id, "no answer"))

    @rule(error=st.sampled_from(("", "no answer")), letting_go=st.booleans())
    @precondition(lambda self: self.routed)
    def clients_wait_or_go_on(self, error: str, letting_go: bool) -> None:
        """What a router answers to a hold or a release."""
        if letting_go:
            self.books.owed = bool(error)
            self.tell(events.ReleaseFailed(error) if error else events.Released(Waited(2, 0.3)))
        elif error and self.books.held:
            self.books.held = False
            self.tell(events.HoldFailed(error))
        else:
            self.tell(events.Held())

    @rule(at=st.sampled_from(Step), done=st.booleans())
    @precondition(lambda self: self.books.in_flight is not None)
    def switch_goes_on(self, at: Step, done: bool) -> None:
        assert self.books.in_flight is not None
        self.tell(events.SwitchStep(self.books.in_flight.id, at, done))

    @rule(kind=st.sampled_from((events.SwitchStep, events.SwitchFailed, events.OutcomeUnknown)))
    def news_of_another_switch(self, kind: type) -> None:
        """Illegal in every state, and nothing changes."""
        event = kind(10_000, "hold", "x") if kind is events.SwitchFailed else kind(10_000, Step.HOLD)
        before, copy = self.model, repr(self.model)
        with pytest.raises(IllegalEventError):
            step(before, event, self.now_s, self.policy)
        assert repr(before) == copy

    @rule(readable=st.sampled_from((True, True, False)), proven=st.booleans(), paused=st.booleans())
    @precondition(lambda self: self.routed)
    def router_is_read(self, readable: bool, proven: bool, paused: bool) -> None:
        reading = RouterReading(routed=True, error="refused")
        if readable:
            reading = points_at(self.points_to, proven=proven, paused=paused)
        self.tell(events.RouterRead(reading))

    @rule(elsewhere=st.sampled_from((*Role, None)))
    @precondition(lambda self: self.routed and self.books.in_flight is None)
    def somebody_re_points_the_router(self, elsewhere: Role | None) -> None:
        self.points_to = elsewhere
        self.tell(events.RouterRead(points_at(elsewhere)))

    # -- persons ------------------------------------------------------------------------------------

    @rule(role=ROLES, force=st.booleans(), stale=st.sampled_from((0, 0, 0, 1)))
    def person_switches(self, role: Role, force: bool, stale: int) -> None:
        taken = self.tell(events.SwitchRequest(PI, role, self.model.version - stale, force))
        if taken:
            assert stale == 0, "it was made on an older picture"
            assert force or self.books.seen[role].answered, "an unhealthy target needs force"

    @rule()
    def person_fails_back(self) -> None:
        if self.tell(events.FailbackRequest(PI, self.model.version)):
            assert self.books.seen[Role.PRIMARY].answered

    @rule(
        request=st.sampled_from(
            (
                events.ArmRequest(PI),
                events.ArmRequest(PI),
                events.DisarmRequest(PI),
                events.DisarmRequest(PI, "maintenance", 900.0),
                events.CheckRequest(PI),
                events.CancelRequest(PI),
            )
        )
    )
    def person_asks(self, request: events.Request) -> None:
        self.tell(request)

    @rule()
    @precondition(lambda self: self.model.disagrees)
    def person_repairs(self) -> None:
        self.tell(events.RepairRequest(PI, self.model.version))

    # -- what holds always --------------------------------------------------------------------------

    @invariant()
    def model_agrees_with_the_books(self) -> None:
        model, books = self.model, self.books
        assert model.active is books.active
        assert model.mode.armed is not books.leash.off
        assert (model.hold is not None) is books.held
        assert (model.switch and model.switch.id) == (books.in_flight and books.in_flight.id)
        for role in model.roles:
            assert model.record(role).failures == books.seen[role].failures
            assert model.record(role).passes == books.seen[role].passes

    @invariant()
    def state_agrees_with_the_facts(self) -> None:
        model, seen = self.model, self.books.seen[self.books.active]
        switch = self.books.in_flight
        moving = switch is not None and switch.kind != "repair"
        assert (model.state in SWITCHING) is moving
        if self.books.held:
            assert model.state is State.SUSPECT
        if model.state in {State.PRIMARY, State.SECONDARY}:
            assert model.state.value.lower() == model.active
            assert seen.failures == 0
            assert (model.suspicion_since_s, model.unavailable_since_s, model.takeover_after_s) == (None, None, None)
        if model.state in {State.SUSPECT, State.UNAVAILABLE}:
            assert seen.failures > 0
            assert model.suspicion_since_s is not None

    @invariant()
    def pictures_can_be_drawn(self) -> None:
        """Whatever the state, the schedule and the announcements answer."""
        for role in self.model.roles:
            due_s(self.model, role, self.policy)
            wants_fresh(self.model, role, self.policy, self.now_s)
        failover_available(self.model, self.policy, self.now_s)
        coming = countdown(self.model, self.policy)
        assert coming is None or not self.books.leash.off


def picture(model: Model, policy: Policy) -> tuple[object, ...]:
    """Return what a person's decision rests on."""
    words = (health(model.record(role), policy) for role in Role)
    return (model.state, model.active, model.mode.armed, model.disagrees, *words)
