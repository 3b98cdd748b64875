"""The state machine: `step(model, event, now_s, policy)` returns the next model and what is to be done.

Three layers, each readable alone: a handler takes the event in (`observe`, `switching`, `requests`), the rules of the
present state draw conclusions (`decide`), and the table says where a conclusion leads (`table`). An event that is not
allowed raises IllegalEventError, a person's request that cannot be carried out RefusedError; both change nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hotswap_tui.core import drill, events, holding, observe, reading, requests, switching, sync_news
from hotswap_tui.core.decide import settle
from hotswap_tui.core.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotswap_tui.core.effects import Effect
    from hotswap_tui.core.model import Model
    from hotswap_tui.core.policy import Policy

HANDLERS: Mapping[type, Callable[[Turn, Any], None]] = {
    events.Checked: observe.checked,
    events.ConnectionLost: observe.connection_lost,
    events.Slept: observe.slept,
    events.Elapsed: observe.elapsed,
    events.RouterRead: switching.router_read,
    events.Held: holding.held,
    events.HoldFailed: holding.hold_failed,
    events.Released: holding.released,
    events.ReleaseFailed: holding.release_failed,
    events.SyncRead: sync_news.read,
    events.SwitchStep: switching.stepped,
    events.SwitchDone: switching.done,
    events.SwitchFailed: switching.failed,
    events.OutcomeUnknown: switching.outcome_unknown,
    events.SwitchRequest: requests.switch,
    events.FailbackRequest: requests.fail_back,
    events.CancelRequest: requests.cancel,
    events.RepairRequest: requests.repair,
    events.ArmRequest: requests.arm,
    events.DisarmRequest: requests.disarm,
    events.CheckRequest: requests.check,
    events.DrillRequest: drill.begin,
    events.EndDrillRequest: drill.end,
}


def step(model: Model, event: events.Input, now_s: float, policy: Policy) -> tuple[Model, tuple[Effect, ...]]:
    """Take in one event at `now_s` (monotonic seconds, never decreasing) and decide.

    Raises IllegalEventError, or RefusedError for a person's request; `model` is immutable, so nothing has changed then.
    """
    turn = Turn(model, now_s, policy)
    HANDLERS[type(event)](turn, event)
    settle(turn, event)
    drill.end_when_due(turn)
    holding.release_when_due(turn)
    reading.read_when_due(turn)
    return turn.finish()
