"""Between two lives of the engine: what is remembered, and what becomes of a switch that was cut off."""

from __future__ import annotations

from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING

from hotswap_tui.core.model import resume
from hotswap_tui.core.switching import mode_after
from hotswap_tui.core.values import Kind, Level, Mode, Role, State, SwitchKind, Tell
from hotswap_tui.engine.ports import Memory, ModeMemory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hotswap_tui.core.model import Model
    from hotswap_tui.core.policy import Policy
    from hotswap_tui.core.values import RouterReading
    from hotswap_tui.engine.ports import Sample, SwitchRecord


def remember(model: Model, pair: str, offset_s: float) -> Memory:
    """Return what of `model` must survive. `offset_s` is wall time minus monotonic time."""
    down_s = model.primary_down_since_s
    return Memory(
        active=model.active,
        since_wall_s=model.since_s + offset_s,
        pair=pair,
        mode=_mode_memory(model.mode, offset_s),
        mode_before=None if model.mode_before is None else _mode_memory(model.mode_before, offset_s),
        automatic_wall_s=tuple(t + offset_s for t in model.automatic_s),
        failover_wall_s=tuple(t + offset_s for t in model.failovers_s),
        primary_down_since_wall_s=None if down_s is None else down_s + offset_s,
        next_switch_id=model.next_switch_id,
        mark=model.mark,
    )


must_remember = attrgetter(
    "active",
    "since_s",
    "mode",
    "mode_before",
    "automatic_s",
    "failovers_s",
    "primary_down_since_s",
    "next_switch_id",
    "mark",
)
"""The part of a model that `remember` stores, to notice cheaply that it has changed."""


def recall(
    memory: Memory | None,
    unfinished: SwitchRecord | None,
    reading: RouterReading,
    policy: Policy,
    *,
    pair: str,
    has_secondary: bool,
    now_s: float,
    offset_s: float,
) -> Model:
    """Return the model to start with. A wall clock that was set back cannot put anything into the future."""
    if memory is None:
        return resume(policy, now_s, has_secondary=has_secondary, reading=reading)

    def back(wall_s: float) -> float:
        return min(wall_s - offset_s, now_s)

    mode = _mode(memory.mode, offset_s, now_s)
    before = None if memory.mode_before is None else _mode(memory.mode_before, offset_s, now_s)
    failovers = tuple(back(t) for t in memory.failover_wall_s)
    if unfinished is not None and finished_before(unfinished, reading):
        mode, before = mode_after(unfinished.switch, mode, before, now_s)
        if unfinished.switch.kind is SwitchKind.FAILOVER:
            failovers = (*failovers, back(unfinished.started_wall_s))
    down_s = memory.primary_down_since_wall_s
    model = resume(
        policy,
        now_s,
        has_secondary=has_secondary,
        active=memory.active,
        since_s=back(memory.since_wall_s),
        mode=mode,
        mode_before=before,
        automatic_s=tuple(back(t) for t in memory.automatic_wall_s),
        failovers_s=failovers,
        primary_down_since_s=None if down_s is None else back(down_s),
        reading=reading,
        next_switch_id=max(memory.next_switch_id, unfinished.switch.id + 1 if unfinished else 1),
    )
    # A mark belongs to the stay that it was taken for: a switch that was cut off, somebody else's, or another pair has none.
    if unfinished is None and memory.pair == pair and model.active is memory.active is Role.SECONDARY:
        model = replace(model, mark=memory.mark)
    if unfinished is None or not reading.error or not has_secondary:
        return model
    return _undecided(model, unfinished, back)


def _undecided(model: Model, unfinished: SwitchRecord, back: Callable[[float], float]) -> Model:
    """Return `model` with the switch still in flight: the router cannot be read, so nobody knows what became of it."""
    started_s = back(unfinished.started_wall_s)
    switch = replace(unfinished.switch, started_s=started_s, unknown=True, cancellable=False)
    if switch.kind is SwitchKind.REPAIR:
        return replace(model, switch=switch)
    moving = State.FAILING_OVER if switch.target is Role.SECONDARY else State.FAILING_BACK
    return replace(model, switch=switch, state=moving)


def finished_before(unfinished: SwitchRecord, reading: RouterReading) -> bool:
    """Say whether a switch that was cut off had arrived: only the router can know."""
    return reading.points_to is unfinished.switch.target


def seen_before(model: Model, samples: Iterable[Sample], offset_s: float) -> Model:
    """Return `model` knowing when each database passed a check in the lives before; that proves nothing about now."""
    passed_s = {sample.role: sample.wall_s - offset_s for sample in samples if sample.latency_ms is not None}
    return replace(
        model,
        primary=replace(model.primary, last_pass_s=passed_s.get(Role.PRIMARY)),
        secondary=replace(model.secondary, last_pass_s=passed_s.get(Role.SECONDARY)),
    )


def stories(
    memory: Memory | None, unfinished: SwitchRecord | None, reading: RouterReading, pair: str, *, has_secondary: bool
) -> list[Tell]:
    """Return what a person should know about the life before, and about a data plane that does not answer."""
    tells = []
    if reading.error:
        tells.append(Tell(Kind.DISAGREES, Level.WARNING, f"PgBouncer cannot be read: {reading.error}"))
    if memory is not None and memory.pair != pair:
        serving = f" while the {memory.active} served" if memory.active is Role.SECONDARY else ""
        text = f"the connection strings have changed{serving}: was {memory.pair}, is {pair}"
        tells.append(Tell(Kind.CONFIG, Level.WARNING, text))
    if memory is not None and memory.active is Role.SECONDARY and not has_secondary:
        text = "the secondary served before, but DATABASE_URL_SECONDARY is not set any more: watching the primary"
        tells.append(Tell(Kind.CONFIG, Level.WARNING, text))
    elif memory is not None and unfinished is None and not reading.error and reading.points_to is memory.active.other:
        text = (
            f"PgBouncer points to {reading.address}, but the {memory.active} served before: somebody else changed it "
            f"while nothing watched; the {reading.points_to} is taken as the active database"
        )
        tells.append(Tell(Kind.DISAGREES, Level.WARNING, text, reading.points_to))
    if unfinished is not None:
        target = unfinished.switch.target
        if reading.error:
            text = f"nobody knows yet whether the switch to {target} that was cut off has arrived: {reading.error}"
            tells.append(Tell(Kind.SWITCH_UNKNOWN, Level.BAD, text, target))
            return tells
        happened = finished_before(unfinished, reading)
        proof = f", {reading.proof}" if reading.proof else ""
        outcome = f"had arrived: PgBouncer points to it{proof}" if happened else "did not happen"
        text = f"the switch to {target} that was cut off {outcome}"
        tells.append(Tell(Kind.CONFIG, Level.INFO if happened else Level.WARNING, text, target))
    return tells


def _mode_memory(mode: Mode, offset_s: float) -> ModeMemory:
    until = None if mode.until_s is None else mode.until_s + offset_s
    return ModeMemory(mode.armed, mode.by, mode.since_s + offset_s, mode.why, until)


def _mode(memory: ModeMemory, offset_s: float, now_s: float) -> Mode:
    until = None if memory.until_wall_s is None else memory.until_wall_s - offset_s
    return Mode(memory.armed, memory.by, min(memory.since_wall_s - offset_s, now_s), memory.why, until)
