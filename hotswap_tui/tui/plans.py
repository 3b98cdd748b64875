"""What a person is about to do to traffic, and what it risks, before anything is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hotswap_tui.core.events import FailbackRequest, RepairRequest, SwitchRequest
from hotswap_tui.core.sentence import NO_GATEWAY, age
from hotswap_tui.core.values import Fault, Health, Level, Role
from hotswap_tui.tui.cells import LEVEL_TONES, Row, Span, Tone, fit, wrap
from hotswap_tui.tui.table import latency, state_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap_tui.core.events import Request
    from hotswap_tui.core.snapshot import DatabaseView, Snapshot
    from hotswap_tui.tui.view import View

_LABEL = 8
_ROOM_FOR_ADDRESSES = 60


@dataclass(frozen=True, slots=True)
class Plan:
    """A request that waits for a person's word."""

    title: str
    verb: str
    target: Role
    version: int
    """The decision version that it was made on; another one ends it."""
    word: str
    """What must be typed; empty: the key `y` is enough."""
    lasting: str
    """What it does to automatic switching; empty: nothing."""
    make: Callable[[str], Request]
    """Who asks → the request."""
    repair: bool = False


def switch_plan(snapshot: Snapshot) -> Plan:
    """Plan to move traffic to the other database."""
    target, version = snapshot.active.other, snapshot.version
    return Plan(
        f"Switch traffic to {target}",
        "switch",
        target,
        version,
        _word(snapshot, target),
        "automatic switching is turned off until somebody arms it again",
        lambda by: SwitchRequest(by, target, version),
    )


def failback_plan(snapshot: Snapshot) -> Plan:
    """Plan to move traffic back to the primary."""
    version = snapshot.version
    return Plan(
        "Fail back to primary",
        "fail back",
        Role.PRIMARY,
        version,
        _word(snapshot, Role.PRIMARY),
        "automatic switching is left as it was before",
        lambda by: FailbackRequest(by, version),
    )


def repair_plan(snapshot: Snapshot) -> Plan:
    """Plan to point the gateway at the active database again."""
    version = snapshot.version
    return Plan(
        f"Point the gateway at {snapshot.active}",
        "repair",
        snapshot.active,
        version,
        "",
        "",
        lambda by: RepairRequest(by, version),
        repair=True,
    )


def _word(snapshot: Snapshot, target: Role) -> str:
    current = snapshot.database(target.other)
    dead = not snapshot.serving or current is None or current.health is Health.DOWN
    return "" if dead else target.value


def obstacle(plan: Plan, snapshot: Snapshot) -> str:
    """Say why the plan cannot be carried out from here, empty when it can."""
    target = snapshot.database(plan.target)
    if plan.repair or (target is not None and target.health is Health.UP):
        return ""
    if target is None or target.verdict is None:
        return f"{plan.target} has not been checked yet"
    words = (target.verdict.fault or Fault.UNKNOWN).words
    return f"{plan.target} is not up ({words}): no switch there"


def plan_rows(plan: Plan, view: View, width: int) -> list[Row]:
    """Return what is now, what will be, and what it risks, as of this moment."""
    snapshot = view.snapshot
    now, after = snapshot.database(plan.target.other), snapshot.database(plan.target)
    rows = []
    if plan.repair:
        rows += _line("now", f"the gateway points to {snapshot.router.address or 'nowhere'}", width)
    elif now is not None:
        rows += _side("now", now, view, width)
    if after is not None:
        rows += _side("after", after, view, width)
    blocked = obstacle(plan, snapshot)
    if blocked:
        return rows + _line("but", blocked, width, Tone.BAD)
    for index, (text, level) in enumerate(risks(plan, snapshot)):
        rows += _line("risk" if index == 0 else "", text, width, LEVEL_TONES[level])
    return rows


def risks(plan: Plan, snapshot: Snapshot) -> list[tuple[str, Level]]:
    """Say what may be lost or surprise, the worst first."""
    told: list[tuple[str, Level]] = []
    target = snapshot.database(plan.target)
    if target is not None and target.facts is not None and target.facts.read_only:
        told.append((f"{plan.target} is read-only: writes will fail there", Level.BAD))
    if not plan.repair:
        left = plan.target.other
        told.append(
            (f"what {left} took and {plan.target} has not received stays behind; it is not measured", Level.WARNING)
        )
    if not snapshot.router.routed:
        told.append((NO_GATEWAY, Level.WARNING))
    if plan.lasting:
        told.append((plan.lasting, Level.INFO))
    return told


def changes(before: Snapshot, now: Snapshot) -> str:
    """Say what a person's decision rests on and has changed between two pictures: old, then new."""
    told = [
        f"{old.role} was {state_of(old).text}, is {state_of(new).text}"
        for old, new in ((before.primary, now.primary), (before.secondary, now.secondary))
        if old is not None and new is not None and state_of(old) != state_of(new)
    ]
    pairs = [("active", before.active.value, now.active.value), ("state", before.state.value, now.state.value)]
    pairs.append(("automatic switching", _on_off(before), _on_off(now)))
    told += [f"{what} was {old}, is {new}" for what, old, new in pairs if old != new]
    if (before.switch is None) != (now.switch is None):
        told.append("a switch has begun" if now.switch is not None else "a switch has ended")
    return ", ".join(told) or "something has happened since, as the events say"


def _on_off(snapshot: Snapshot) -> str:
    return "on" if snapshot.mode.armed else "off"


def _side(label: str, database: DatabaseView, view: View, width: int) -> list[Row]:
    state = state_of(database)
    verdict = database.verdict
    last = f"{latency(verdict.latency_ms)} ms" if verdict is not None and verdict.passed else ""
    seen = f"seen {age(view.now_s - database.last_pass_s)} ago" if database.last_pass_s is not None else "never seen"
    head = Span(f" {fit(label, _LABEL)}", Tone.DIM)
    role = Span(f"{database.role.value.upper():<10}", Tone.STRONG)
    figures = "   ".join(part for part in (last, seen) if part)
    first = Row((head, role, Span(f"{state.text:<11}", state.tone), Span(figures)))
    if width < _ROOM_FOR_ADDRESSES:
        return [first]
    address = Span(" " * (_LABEL + 1) + fit(database.address, width - _LABEL - 1), Tone.DIM)
    return [first, Row((address,))]


def _line(label: str, text: str, width: int, tone: Tone = Tone.PLAIN) -> list[Row]:
    lines = wrap(text, width - _LABEL - 2)
    labels = [label, *("" for _ in lines[1:])]
    return [
        Row((Span(f" {fit(name, _LABEL)}", Tone.DIM), Span(line, tone)))
        for name, line in zip(labels, lines, strict=True)
    ]
