"""Hold on suspicion: clients wait while a failure is confirmed, for as long as the budget allows.

Only with transaction pooling, where a hold lets open transactions end; only while automation may act; and only when the rest of
the confirmation fits the budget, since a wait that ends in an error costs more than the error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.effects import HoldClients, ReleaseClients
from hotswap_tui.core.plan import PoolMode
from hotswap_tui.core.policy import PEEK_S, confirmation_s
from hotswap_tui.core.traffic import Hold
from hotswap_tui.core.values import Kind, Level

if TYPE_CHECKING:
    from hotswap_tui.core.events import Held, HoldFailed, Released, ReleaseFailed
    from hotswap_tui.core.traffic import Waited
    from hotswap_tui.core.turn import Turn


def hold(turn: Turn) -> None:
    """Hold clients if that helps; say why not where a person may expect it."""
    model, policy = turn.model, turn.policy
    reading = model.reading
    able = reading.routed and not reading.error and not model.disagrees and reading.pool_mode is PoolMode.TRANSACTION
    may = model.mode.armed and not policy.observe and policy.hold_max_s
    if not able or not may or model.switch is not None or model.hold is not None:
        return
    needed_s = confirmation_s(policy, turn.active.failures)
    if needed_s > policy.hold_max_s:
        text = f"clients are not held: confirming the failure may take {needed_s:.1f}s, DB_HOLD_MAX is {policy.hold_max_s:.1f}s"
        turn.tell(Kind.HELD, Level.INFO, text, model.active, needed_s=needed_s)
        return
    turn.set(hold=Hold(turn.now_s, turn.now_s + policy.hold_max_s), read_router_at_s=turn.now_s + PEEK_S)
    turn.effects.append(HoldClients(policy.hold_max_s))


def release(turn: Turn) -> None:
    """Let clients go on, if they are held."""
    if turn.model.hold is not None:
        turn.set(hold=None)
        turn.effects.append(ReleaseClients())


def release_when_due(turn: Turn) -> None:
    """Let clients go on when the budget is spent."""
    held = turn.model.hold
    if held is not None and turn.now_s >= held.until_s:
        text = f"DB_HOLD_MAX ({turn.policy.hold_max_s:.1f}s) is over before anything is certain: clients are no longer held"
        turn.tell(Kind.RELEASED, Level.WARNING, text, turn.model.active)
        release(turn)


def held(turn: Turn, _event: Held) -> None:
    """Tell that clients wait, unless they go on already."""
    if turn.model.hold is not None:
        turn.set(hold_told=True)
        text = f"clients wait while the failure is confirmed, at most {turn.policy.hold_max_s:.1f}s"
        turn.tell(Kind.HELD, Level.INFO, text, turn.model.active)


def hold_failed(turn: Turn, event: HoldFailed) -> None:
    """Go on without a hold."""
    turn.set(hold=None)
    turn.tell(
        Kind.HELD, Level.WARNING, f"clients could not be held: {event.error}", turn.model.active, error=event.error
    )


def released(turn: Turn, event: Released) -> None:
    """Tell who waited and how long."""
    told = turn.model.hold_told or turn.model.release_failed or event.waited.clients
    turn.set(release_failed=False, hold_told=False, held_s=turn.now_s)
    if not told:
        return
    turn.tell(
        Kind.RELEASED,
        Level.INFO,
        f"clients are no longer held: {who_waited(event.waited)}",
        turn.model.active,
        clients=event.waited.clients,
        longest_s=event.waited.longest_s,
    )


def release_failed(turn: Turn, event: ReleaseFailed) -> None:
    """Remember that clients may still wait, so that the next reading tries again."""
    if not turn.model.release_failed:
        text = f"clients could not be let go on: {event.error}; trying again"
        turn.tell(Kind.RELEASED, Level.BAD, text, turn.model.active, error=event.error)
    turn.set(release_failed=True)


def who_waited(waited: Waited) -> str:
    """Return whom a hold kept waiting, in words."""
    if not waited.clients:
        return "none waited"
    return (
        f"{waited.clients} {'client' if waited.clients == 1 else 'clients'} waited, the longest {waited.longest_s:.2f}s"
    )
