"""How far the target is behind, measured: where the source stands now, and when that has arrived."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hotswap_tui.sync.look.trail import Trail

PAUSES_S: Final = (0.02, 0.08, 0.25, 0.6)
"""An idle link confirms within a round trip; under load a target confirms when its own log is flushed: every 0.2 s by default,
three times that at most (`wal_writer_delay`)."""
_MICRO: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Sample:
    """One question to a source, and to its standby. Monotonic seconds."""

    asked_s: float
    answered_s: float
    position: int
    """How far the source had flushed."""
    arrived: int | None
    """How far the target had; None: not told."""
    clock_us: int = 0
    """The source's clock."""
    replayed_us: int | None = None
    """When the last transaction that a standby has replayed was committed, by the source's clock."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What `Flow` says of the same names."""

    lag_s: float | None
    lag_bytes: int | None
    measured_s: float


async def measure(ask: Callable[[], Awaitable[Sample]], trail: Trail, *, alive: bool) -> Measured:
    """Ask until what the source had when it was asked first has arrived, about a second long; raises what `ask` raises.

    The lag is the time since just before that first question, and so an upper bound. When it has not arrived by then, the
    bound follows from `trail`, or from the last transaction's own time. A link that is not `alive` is asked once.
    """
    first = last = await ask()
    trail.add(first.asked_s, first.position)
    for pause_s in PAUSES_S if alive else ():
        if last.arrived is None or last.arrived >= first.position:
            break
        await asyncio.sleep(pause_s)
        last = await ask()
    if last.arrived is None:
        return Measured(None, None, last.answered_s)
    return Measured(_lag_s(first, last, trail), max(0, last.position - last.arrived), last.answered_s)


def _lag_s(first: Sample, last: Sample, trail: Trail) -> float | None:
    if last.arrived is None:
        return None
    if last.arrived >= first.position:
        return last.answered_s - first.asked_s
    bounds = []
    if (since_s := trail.since_s(last.arrived)) is not None:
        bounds.append(last.answered_s - since_s)
    if last.replayed_us is not None:
        bounds.append(max(0, last.clock_us - last.replayed_us) / _MICRO + last.answered_s - last.asked_s)
    return min(bounds, default=None)
