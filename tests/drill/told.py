"""A course that is told a story: pictures one after the other, and what it asks for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hotswap_tui.core.snapshot import SwitchOutcome
from hotswap_tui.core.values import Drill, Fault, Health, Mode, Role, State, Switch, SwitchKind
from hotswap_tui.drill.course import Course
from hotswap_tui.drill.order import Ask, Order
from hotswap_tui.drill.timing import Timing
from tests.support.pictures import NOW_S, database, failed, snapshot

if TYPE_CHECKING:
    from hotswap_tui.core.snapshot import Snapshot

PI = "pi@pts/0"
OTHER = "eve@pts/1"
TIMING = Timing(detection_s=10.0, detection_limit_s=20.0, return_s=120.0, return_limit_s=140.0)
BUDGET_S = 60.0
STAY_S = 10.0
ENOUGH_S = 500.0
OFF = Mode(armed=False, by=PI, since_s=NOW_S, why="switched to secondary by hand")


def order(*, automatic: bool = False, **changes: Any) -> Order:
    return replace(Order(automatic, BUDGET_S, STAY_S, TIMING), **changes)


def away(**changes: Any) -> Switch:
    """Return the way there, by hand."""
    values = {"id": 3, "why": "drill: switched by hand", "by": PI, **changes}
    return _switch(SwitchKind.MANUAL, Role.SECONDARY, **values)


def back(**changes: Any) -> Switch:
    """Return the way back, by hand."""
    values = {"id": 4, "why": "drill: failed back by hand", "by": PI, **changes}
    return _switch(SwitchKind.FAILBACK, Role.PRIMARY, **values)


def automations(kind: SwitchKind, target: Role, why: str = "primary failed 3 checks: failed on purpose") -> Switch:
    return _switch(kind, target, id=3 if target is Role.SECONDARY else 4, why=why, by="")


def _switch(kind: SwitchKind, target: Role, **changes: Any) -> Switch:
    return replace(Switch(3, kind, target.other, target, NOW_S, ""), **changes)


def ended(switch: Switch, took_s: float = 0.2, result: str = "done", error: str = "") -> SwitchOutcome:
    return SwitchOutcome(switch, switch.started_s + took_s, result, error)


def moving(switch: Switch) -> dict[str, Any]:
    state = State.FAILING_OVER if switch.target is Role.SECONDARY else State.FAILING_BACK
    return {"state": state, "active": switch.source, "switch": switch}


def there(switch: Switch | None = None, **changes: Any) -> dict[str, Any]:
    """Return a picture in which the secondary serves, by hand if nothing else is said."""
    outcome = ended(switch or away())
    return {"state": State.SECONDARY, "active": Role.SECONDARY, "mode": OFF, "last_switch": outcome, **changes}


def at_home(switch: Switch | None = None, **changes: Any) -> dict[str, Any]:
    """Return a picture in which the primary serves again."""
    return {"last_switch": ended(switch or back()), **changes}


def unwell(role: Role, health: Health = Health.FAILING, fault: Fault = Fault.TIMEOUT) -> Any:
    return database(role, health=health, failures=1, passes=0, verdict=failed(role, fault))


class Told:
    """One course, from the moment when somebody agreed to it."""

    def __init__(self, given: Order | None = None, **before: Any) -> None:
        self.order = given or order()
        self.now_s = NOW_S
        self.course = Course(self.order, snapshot(**before), NOW_S)
        self.drill: Drill | None = None

    def picture(self, **changes: Any) -> Snapshot:
        return snapshot(**{"now_s": self.now_s, "drill": self.drill, **changes})

    def see(self, after_s: float = 0.1, **changes: Any) -> Ask | None:
        """Show a picture; a request to end the drill or to arm is carried out before anybody looks again."""
        self.now_s += after_s
        ask = self.course.see(self.picture(**changes), self.now_s)
        if ask is Ask.END_DRILL:
            self.drill = None
        return ask

    def begin(self) -> Told:
        """Let the engine accept the drill."""
        assert self.see() is Ask.DRILL
        self.drill = Drill(PI, self.now_s, self.now_s + 100, planned=not self.order.automatic)
        self.course.accepted(Ask.DRILL, self.picture(), self.now_s)
        return self

    def arrive(self, switch: Switch | None = None, **changes: Any) -> Told:
        """Let traffic arrive at the secondary."""
        if self.order.automatic:
            self.drill = None
        assert self.see(**there(switch, **changes)) is None
        return self

    def leave(self, **changes: Any) -> list[Ask]:
        """Show the same picture until there is nothing more to do; return what was asked for."""
        asked: list[Ask] = []
        for _ in range(9):
            ask = self.see(**changes)
            if ask is None and self.course.over:
                return asked
            asked += [ask] if ask is not None else []
        raise AssertionError(f"not over: {self.course.phase}, {asked}")
