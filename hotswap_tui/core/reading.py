"""What the router's readings mean: who re-pointed or paused it, what its own signs call for, and when to read again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hotswap_tui.core.effects import ReadRouter, ReleaseClients
from hotswap_tui.core.holding import release
from hotswap_tui.core.policy import PEEK_S
from hotswap_tui.core.signs import Sign, sign
from hotswap_tui.core.values import Kind, Level, Mode, State

if TYPE_CHECKING:
    from hotswap_tui.core.turn import Turn
    from hotswap_tui.core.values import RouterReading

STEADY = frozenset({State.PRIMARY, State.SECONDARY})
AUTOMATION = "hotswap-tui"
"""Who disarms when somebody else re-pointed the router."""


def read_when_due(turn: Turn) -> None:
    """Ask for a reading when its time has come."""
    at_s = turn.model.read_router_at_s
    if at_s is not None and turn.now_s >= at_s:
        turn.set(read_router_at_s=next_reading_s(turn, turn.model.reading))
        switch = turn.model.switch
        if switch is None:
            turn.effects.append(ReadRouter(verify=turn.model.active if _unproven(turn) else None))
        elif switch.unknown:
            turn.effects.append(ReadRouter(verify=switch.target))


def next_reading_s(turn: Turn, reading: RouterReading) -> float | None:
    """Return when to read again, None for never."""
    switch = turn.model.switch
    if (switch is not None and switch.unknown) or (switch is None and _unproven(turn)):
        return turn.now_s + turn.policy.failure_retry_interval_s
    if not reading.routed:
        return None
    interval_s = turn.policy.gateway_interval_s
    return turn.now_s + (interval_s if turn.model.hold is None else min(interval_s, PEEK_S))


def _unproven(turn: Turn) -> bool:
    """Say whether no canary has been answered yet by the database that traffic was moved to."""
    last = turn.model.last_switch
    return last is not None and last.result == "unknown" and last.switch.target is turn.model.active


def _prove(turn: Turn, reading: RouterReading) -> None:
    """Settle a switch that was called unknown, now that a canary has been answered."""
    last = turn.model.last_switch
    if last is not None and _unproven(turn) and reading.proven and reading.points_to is turn.model.active:
        turn.set(last_switch=replace(last, result="done", error="", proof=reading.proof))
        text = f"{last.switch.target} answers through PgBouncer: {reading.proof}"
        turn.tell(Kind.PROVEN, Level.GOOD, text, last.switch.target, switch=last.switch.id)


def compare(turn: Turn, reading: RouterReading) -> None:
    """Compare where the router points with what we hold true."""
    model = turn.model
    reading = _paused_by_others(turn, reading)
    if reading.error:
        reading = replace(reading, version=model.reading.version, pool_mode=model.reading.pool_mode)
    turn.set(reading=reading)
    if reading.error and reading.error != model.reading.error:
        text = f"PgBouncer cannot be read: {reading.error}"
        turn.tell(Kind.DISAGREES, Level.WARNING, text, error=reading.error)
    if not reading.routed or reading.error:
        return
    if model.reading.error:
        turn.tell(Kind.DISAGREES, Level.GOOD, f"PgBouncer can be read again: it points to {reading.address}")
    _prove(turn, reading)
    disagrees = reading.points_to is not model.active
    turn.set(disagrees=disagrees)
    if disagrees and not model.disagrees:
        _tell_re_pointed(turn, reading)
    elif model.disagrees and not disagrees:
        turn.tell(Kind.DISAGREES, Level.GOOD, f"PgBouncer points to {model.active} again", model.active)


def _tell_re_pointed(turn: Turn, reading: RouterReading) -> None:
    """Keep automation's hands off a router that somebody else moves; who only observes has none, and goes on to decide."""
    model, observes = turn.model, turn.policy.observe
    release(turn)
    if model.mode.armed and not observes:
        why = f"PgBouncer points to {reading.address}"
        turn.set(mode=Mode(armed=False, by=AUTOMATION, since_s=turn.now_s, why=why), mode_before=model.mode)
    so = "" if observes else "; automatic switching is off until a person repairs"
    text = f"PgBouncer points to {reading.address}, but {model.active} is the active database: somebody else changed it{so}"
    turn.tell(Kind.DISAGREES, Level.WARNING if observes else Level.BAD, text, model.active, address=reading.address)


def _paused_by_others(turn: Turn, reading: RouterReading) -> RouterReading:
    """Return `reading` with `paused` meaning somebody else's PAUSE: seen twice, well after a hold of our own."""
    model = turn.model
    ours = (
        model.hold is not None or model.release_failed or turn.now_s < model.held_s + 2 * turn.policy.gateway_interval_s
    )
    readings = model.paused_readings + 1 if reading.paused and not ours else 0
    turn.set(paused_readings=readings)
    if readings == 2:
        turn.tell(
            Kind.HELD, Level.BAD, "PgBouncer is paused, and not by this program: clients wait until somebody resumes"
        )
    return replace(reading, paused=readings >= 2)


def heed(turn: Turn, reading: RouterReading) -> None:
    """Let the data plane's own signs call for a check of the active database, and finish a release that failed."""
    model = turn.model
    if model.release_failed and reading.paused and model.hold is None:
        turn.effects.append(ReleaseClients())
    if reading.traffic is None or reading.paused or model.disagrees or model.state not in STEADY:
        return
    seen = sign(turn.before.reading.traffic, reading.traffic)
    if seen is None:
        turn.set(sign=None)
    elif seen is not model.sign or turn.now_s - model.signed_s >= turn.policy.check_interval_s:
        # Once while it lasts: a long report or a busy pool looks the same, and a check has answered already.
        turn.set(sign=seen, signed_s=turn.now_s)
        turn.probe(model.active, fresh=seen is Sign.NO_SERVER and not turn.active.locked_out(turn.now_s))
