"""What a pool does by one picture of the engine. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.plan import Recipe, recipe
from hotswap_tui.core.sentence import verdict
from hotswap_tui.core.time_words import age
from hotswap_tui.core.values import Health, State, SwitchKind

if TYPE_CHECKING:
    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.core.values import Role


_CERTAIN: Final = frozenset({State.PRIMARY, State.SECONDARY})
_DEAD: Final = frozenset({Health.FAILING, Health.DOWN})


@dataclass(frozen=True, slots=True)
class Course:
    """Whose connections callers are given. `role` None: nobody's for now, they wait."""

    role: Role | None
    doubtful: bool = False
    """The engine suspects a failure: a connection is given only after it has just answered."""
    hasty: bool = False
    """The other database does not answer: what is still in use there is cut off at once, and need not end first."""

    @property
    def uncertain(self) -> bool:
        """Say whether it is not known that `role` serves."""
        return self.role is None or self.doubtful


def course(snapshot: Snapshot, *, silent: bool, following: Role | None) -> Course:
    """Return what to do by `snapshot`, the last one of an engine that is `silent`; `following` is whose connections are given.

    Nothing is given while traffic is on its way: another application, or PgBouncer, may have arrived already. An engine that
    says nothing, has only just started or merely observes changes nothing.
    """
    active, hasty = snapshot.active, _gone(snapshot, snapshot.active.other)
    if _moving(snapshot):
        return Course(None, hasty=hasty)
    if silent or snapshot.policy.observe or snapshot.serving:
        return Course(active, doubtful=silent or snapshot.state not in _CERTAIN, hasty=hasty)
    if snapshot.state is State.STARTING and following is active:
        return Course(active, doubtful=True, hasty=hasty)
    return Course(None, hasty=hasty)


def situation(snapshot: Snapshot, now_s: float, *, silent: bool) -> str:
    """Return how things stand at `now_s` (monotonic), for an error."""
    said = verdict(snapshot, now_s).say()
    return f"the engine does not answer; it said last: {said}" if silent else said


def refusal(snapshot: Snapshot, role: Role, now_s: float, *, silent: bool) -> str:
    """Return why nothing can be written to `role` now, empty where it is worth trying; what a silent engine said last is too old."""
    if silent:
        return ""
    if _moving(snapshot) and snapshot.switch is not None and snapshot.switch.source is role:
        return f"{role} is being given up: {situation(snapshot, now_s, silent=False)}"
    view = snapshot.database(role)
    if view is None or view.verdict is None or view.health not in _DEAD:
        return ""
    return f"{role} failed its last check {age(now_s - view.verdict.finished_s)} ago: {view.verdict.detail}"


def _moving(snapshot: Snapshot) -> bool:
    switch = snapshot.switch
    return switch is not None and switch.kind is not SwitchKind.REPAIR and not snapshot.policy.observe


def _gone(snapshot: Snapshot, role: Role) -> bool:
    view = snapshot.database(role)
    if view is None or view.verdict is None:
        return True
    return recipe(role, view.verdict.fault) is not Recipe.PLANNED
