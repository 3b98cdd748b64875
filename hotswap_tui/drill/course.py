"""The course of a drill: what to ask of the engine next, from its pictures and the time alone. Pure; monotonic seconds.

Whatever goes wrong on the way there or there leads to one thing: everything is put back, and only then the drill is over. It is
not the drill's to put back what somebody else has begun meanwhile: then it steps back.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.values import Fault, Health, Role, State
from hotswap_tui.drill.legs import Legs
from hotswap_tui.drill.order import Ask, Verdict
from hotswap_tui.drill.standing import as_it_was

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotswap_tui.core.snapshot import DatabaseView, Snapshot
    from hotswap_tui.drill.legs import Leg
    from hotswap_tui.drill.order import Order

PATIENCE_S: Final = 30.0
"""How long an engine may be silent until the drill gives up: systemd has started it again by then."""
AGAIN_S: Final = 1.0
"""From one try to bring traffic back to the next."""
_UNWELL: Final = frozenset({Health.FAILING, Health.DOWN})


class Phase(Enum):
    """How far a drill has come."""

    BEGIN = auto()
    AWAY = auto()
    """Traffic is to move to the secondary."""
    STAY = auto()
    """The secondary serves."""
    BACK = auto()
    """Traffic is to be on the primary, whatever has happened."""
    LEAVE = auto()
    """Nothing of the drill is to be left."""
    OVER = auto()


class Course:
    """Decide on one drill. `before` is the engine's picture when somebody agreed to it."""

    def __init__(self, order: Order, before: Snapshot, now_s: float) -> None:
        self.order = order
        self.before = before
        self.picture = before
        self.phase = Phase.BEGIN
        self.why = ""
        """Why it was cut short, or not as it should be; empty while it is."""
        self.refusal = ""
        """Why the engine did not let it begin."""
        self.lost = ""
        """Why the engine is not heard any more; empty while it is."""
        self.legs: Legs | None = None
        self.by = ""
        self._said: list[str] = []
        self._asked: set[Ask] = set()
        self._adopting = False
        """Whether a drill that the engine shows is this one, although nobody has answered for it."""
        self._limit_s = now_s
        self._again_s = now_s
        self._arrived_s = now_s
        self._rules: Mapping[Phase, Callable[[float], Ask | None]] = {
            Phase.BEGIN: self._begin,
            Phase.AWAY: self._go_away,
            Phase.STAY: self._stay,
            Phase.BACK: self._go_back,
            Phase.LEAVE: self._leave,
            Phase.OVER: lambda _now_s: None,
        }

    # -- what happens ---------------------------------------------------------------------------

    def see(self, picture: Snapshot, now_s: float) -> Ask | None:
        """Take the newest picture in, again where time alone has passed; return what to ask of the engine now."""
        self.picture = picture
        self.lost = ""
        if self._adopting and self.legs is None:
            self.accepted(Ask.DRILL, picture, now_s)
        self._heed(now_s)
        while True:
            phase = self.phase
            ask = self._rules[phase](now_s)
            if ask is not None or self.phase is phase:
                return ask

    def accepted(self, ask: Ask, picture: Snapshot, now_s: float) -> None:
        """Take in that the engine does what was asked, and shows `picture` after that."""
        if ask is Ask.DRILL and picture.drill is not None:
            self.by = picture.drill.by
            self.legs = Legs(self.before, self.by, automatic=self.order.automatic)
            limit_s = self.order.timing.detection_limit_s if self.order.automatic else self.order.budget_s
            self._limit_s = now_s + limit_s
            if self.phase is Phase.BEGIN:
                self.phase = Phase.AWAY
        self.picture = picture

    def unanswered(self, ask: Ask, why: str, now_s: float) -> None:
        """Take in that it is not known whether the engine does what was asked."""
        self._adopting = self._adopting or ask is Ask.DRILL
        self.abort(f"the engine has not answered ({why})", now_s)

    def refused(self, ask: Ask, sentence: str, now_s: float) -> None:
        """Take in that the engine does not do what was asked."""
        if ask is Ask.DRILL:
            self.refusal, self.phase = sentence, Phase.OVER
        elif ask is Ask.SWITCH:
            self.abort(f"refused: {sentence}", now_s)
        elif ask is Ask.BACK:
            self._say(f"not yet back: {sentence}")

    def abort(self, why: str, now_s: float) -> None:
        """Cut it short: put everything back."""
        if self.phase in {Phase.LEAVE, Phase.OVER}:
            return
        if not self.why:
            self.why = why
            self._say(f"aborting: {why}; everything is put back")
        if self.phase is not Phase.BACK:
            self._turn_back(now_s)

    def unheard(self, why: str, since_s: float, now_s: float) -> None:
        """Take in that the engine has not been heard since `since_s`."""
        self.lost = why
        self.abort(f"the engine fell silent ({why})", now_s)
        if now_s - since_s > PATIENCE_S:
            self.why = self.why or f"the engine fell silent ({why})"
            self.phase = Phase.OVER

    def said(self) -> list[str]:
        """Return what there is to tell since the last time."""
        told, self._said = self._said, []
        return told

    # -- how it ends ------------------------------------------------------------------------------

    @property
    def over(self) -> bool:
        """Say whether there is nothing more to do."""
        return self.phase is Phase.OVER

    @property
    def verdict(self) -> Verdict:
        """Return how it ended; it is over."""
        proven = self.legs is None or self.legs.back is None or self.legs.back.outcome is None or self.legs.back.done
        if self.lost or not proven or not as_it_was(self.before, self.picture):
            return Verdict.FAILED
        both = self.legs is not None and self.legs.away is not None and self.legs.back is not None
        return Verdict.PASSED if both and not self.why else Verdict.ABORTED

    # -- what is so -------------------------------------------------------------------------------

    def _heed(self, now_s: float) -> None:
        """Notice what nobody asked for."""
        if self.legs is None or self.phase in {Phase.LEAVE, Phase.OVER}:
            return
        picture = self.picture
        self.legs.see(picture)
        if (picture.pid, picture.started_s) != (self.before.pid, self.before.started_s):
            self.abort("the engine was restarted meanwhile", now_s)
        if self.legs.stranger:
            self._step_back(self.legs.stranger, now_s)
        elif picture.disagrees:
            self._step_back(f"somebody has pointed PgBouncer at {picture.router.address or 'nowhere'}", now_s)
        elif self._is_real() and (fault := _own_fault(picture.primary)):
            self._step_back(f"the primary really fails: {fault.words}", now_s)
        elif self.phase in {Phase.AWAY, Phase.STAY} and (trouble := self._trouble()):
            self.abort(trouble, now_s)

    def _is_real(self) -> bool:
        """Say whether a primary that fails now is none of the drill's doing; one that is being left is its engine's to judge."""
        assert self.legs is not None
        return self.phase is Phase.AWAY and (self.order.automatic or self.legs.away is None)

    def _trouble(self) -> str:
        """Return why the secondary must not serve, or not any longer."""
        picture, secondary = self.picture, self.picture.secondary
        if secondary is not None and secondary.health in _UNWELL:
            fault = _own_fault(secondary)
            return f"the secondary fails{f': {fault.words}' if fault else ''}"
        mode, ours = picture.mode, picture.mode.by == self.by
        turned_on = mode.armed and self.phase is Phase.STAY and not self.order.automatic
        if turned_on or (not mode.armed and not ours):
            return f"{mode.by or 'somebody'} has turned automatic switching {'on' if mode.armed else 'off'} meanwhile"
        return ""

    def _step_back(self, why: str, now_s: float) -> None:
        self.why = self.why or why
        self._say(f"stepping back: {why}")
        self._limit_s = now_s + self.order.put_back_s
        self.phase = Phase.LEAVE

    def _turn_back(self, now_s: float) -> None:
        self.phase = Phase.BACK
        self._limit_s = now_s + self.order.put_back_s

    def _say(self, line: str) -> None:
        self._said.append(line)

    # -- the phases ---------------------------------------------------------------------------------

    def _begin(self, _now_s: float) -> Ask | None:
        return Ask.DRILL

    def _go_away(self, now_s: float) -> Ask | None:
        leg = self.legs.away if self.legs is not None else None
        if leg is not None:
            self._watch_away(leg, now_s)
            return None
        if now_s >= self._limit_s:
            what = "automation has not failed over" if self.order.automatic else "the switch was not begun"
            self.abort(f"{what} in time", now_s)
        elif not self.order.automatic:
            return Ask.SWITCH
        elif self.picture.drill is None:
            self.abort("the drill was ended before automation failed over", now_s)
        return None

    def _watch_away(self, leg: Leg, now_s: float) -> None:
        outcome, budget_s = leg.outcome, self.order.budget_s
        took_s = now_s - leg.switch.started_s if outcome is None else outcome.took_s
        if leg.trouble:
            self.abort(leg.trouble, now_s)
        elif took_s > budget_s:
            self.abort(f"the switch to the secondary took longer than the budget of {budget_s:g} s", now_s)
        elif leg.done:
            self.phase, self._arrived_s = Phase.STAY, now_s
            self._say(self._plan_of_the_stay())

    def _plan_of_the_stay(self) -> str:
        order = self.order
        if order.automatic and self.picture.policy.failback_auto:
            expected, limit = order.timing.return_s, order.timing.return_limit_s
            return (
                f"the secondary serves; automation is expected to fail back in {expected:.0f} s, within {limit:.0f} s"
            )
        manual = "DB_FAILBACK is manual: " if order.automatic else ""
        return f"the secondary serves; {manual}failing back in {order.stay_s:g} s"

    def _stay(self, now_s: float) -> Ask | None:
        served_s = now_s - self._arrived_s
        if self.legs is not None and self.legs.back is not None:
            self._turn_back(now_s)
        elif not (self.order.automatic and self.picture.policy.failback_auto):
            if served_s >= self.order.stay_s:
                self._turn_back(now_s)
        elif served_s > self.order.timing.return_limit_s:
            fault = _own_fault(self.picture.primary)
            held = self.picture.blocked or (f"primary: {fault.words}" if fault else "")
            self.abort(f"automation has not failed back in time{f' ({held})' if held else ''}", now_s)
        return None

    def _go_back(self, now_s: float) -> Ask | None:
        if self.order.automatic and (ask := self._end_drill()):
            return ask
        self._judge_back(now_s)
        if self.picture.switch is not None:
            return self._wait_for_switch(now_s)
        if self.picture.active is Role.PRIMARY:
            self.phase = Phase.LEAVE
        elif now_s >= self._limit_s:
            self.why = self.why or f"traffic could not be brought back within {self.order.put_back_s:g} s"
            self.phase = Phase.LEAVE
        elif now_s >= self._again_s and self.picture.primary.health is Health.UP:
            self._again_s = now_s + AGAIN_S
            return Ask.BACK
        return None

    def _judge_back(self, now_s: float) -> None:
        """Note what is wrong with the way back; it is tried again all the same."""
        leg = self.legs.back if self.legs is not None else None
        if leg is None or leg.outcome is None:
            return
        budget_s, by = self.order.budget_s, leg.switch.cancelled_by
        if leg.trouble and by not in {"", self.by}:
            self._step_back(leg.trouble, now_s)
        elif leg.trouble:
            self.abort(leg.trouble, now_s)
        elif leg.outcome.took_s > budget_s and not self.why:
            self.why = f"the way back took {leg.outcome.took_s:.1f} s, the budget is {budget_s:g} s"

    def _wait_for_switch(self, now_s: float) -> Ask | None:
        switch = self.picture.switch
        if now_s >= self._limit_s:
            self.phase = Phase.LEAVE
        elif switch is not None and switch.target is Role.SECONDARY and switch.cancellable:
            return self._once(Ask.CANCEL)
        return None

    def _leave(self, now_s: float) -> Ask | None:
        picture, mode = self.picture, self.picture.mode
        if ask := self._end_drill():
            return ask
        if (picture.switch is not None or picture.state is State.SUSPECT) and now_s < self._limit_s:
            return None
        ours = self.by and mode.by == self.by
        if not mode.armed and ours and self.before.mode.armed and picture.switch is None and not picture.disagrees:
            ask = self._once(Ask.ARM)
            if ask is not None:
                return ask
        self.phase = Phase.OVER
        return None

    def _end_drill(self) -> Ask | None:
        drill = self.picture.drill
        return self._once(Ask.END_DRILL) if drill is not None and drill.by == self.by else None

    def _once(self, ask: Ask) -> Ask | None:
        if ask in self._asked:
            return None
        self._asked.add(ask)
        return ask


def _own_fault(view: DatabaseView) -> Fault | None:
    """Return why the last check failed, unless it failed on purpose."""
    fault = view.verdict.fault if view.verdict is not None else None
    return None if fault is Fault.DRILL else fault
