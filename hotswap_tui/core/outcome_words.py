"""How a switch ended, in the words of whoever asked for it: done, failed, cancelled or unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.plan import Step
from hotswap_tui.core.switch_words import cost
from hotswap_tui.core.values import Level, SwitchKind

if TYPE_CHECKING:
    from hotswap_tui.core.snapshot import Snapshot, SwitchOutcome


def latest_switch(snapshot: Snapshot) -> int:
    """Return the number of the newest switch known, 0 for none."""
    ended = snapshot.last_switch.switch.id if snapshot.last_switch is not None else 0
    return max(ended, snapshot.switch.id if snapshot.switch is not None else 0)


def outcome_words(outcome: SwitchOutcome, snapshot: Snapshot) -> tuple[str, str, Level]:
    """Return sign, sentence and level for how a switch ended."""
    switch = outcome.switch
    if outcome.result == "done":
        return "●", f"done in {outcome.took_s:.2f} s: {_arrival(outcome, snapshot)}", Level.GOOD
    if outcome.result == "cancelled":
        return "·", f"cancelled; {switch.source} serves as before", Level.WARNING
    if outcome.result == "failed":
        where = f" at {switch.step}" if switch.step else ""
        return "✗", f"failed{where} after {outcome.took_s:.2f} s: {outcome.error}.{_stayed(outcome)}", Level.BAD
    return "?", _unproven_words(outcome, snapshot), Level.BAD


def _arrival(outcome: SwitchOutcome, snapshot: Snapshot) -> str:
    switch = outcome.switch
    if not snapshot.router.routed:
        return f"{switch.target} is chosen, nothing was moved"
    parts = [f"{switch.target} serves", *cost(outcome)]
    proof = f". Canary: {outcome.proof}" if outcome.proof else ""
    return "; ".join(parts) + proof


def _stayed(outcome: SwitchOutcome) -> str:
    """Return where that leaves traffic, unless the error says it, and what to do about a transaction that stayed open."""
    switch, told = outcome.switch, []
    if switch.kind is SwitchKind.REPAIR:
        told.append("Nothing was repaired")
    elif "; traffic " not in outcome.error:
        told.append("Traffic is where it was")
    if switch.step == Step.HOLD and "(pid " in outcome.error:
        end = f"End it on {switch.source}, as by SELECT pg_terminate_backend(pid) with the server's pid that is given here"
        told.append(f"{end}, or let it finish; then switch again")
    return "".join(f" {sentence}" for sentence in [". ".join(told)] if sentence)


def _unproven_words(outcome: SwitchOutcome, snapshot: Snapshot) -> str:
    """Say what to look at when traffic was sent over and nobody has seen who answers."""
    where = snapshot.router.address or outcome.switch.target
    why = f" ({outcome.error})" if outcome.error else ""
    return (
        f"unknown: pgbouncer points to {where}, but no query through it has shown who answers{why}. "
        "Look at your application's errors; the traffic screen says what to ask"
    )


def unknown_words(snapshot: Snapshot) -> str:
    """Say what to look at while nobody knows whether traffic moved."""
    where = f", last read: {snapshot.router.address}" if snapshot.router.address else ""
    return f"unknown: look at where the gateway points{where}; it is read again until it answers"
