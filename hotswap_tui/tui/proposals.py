"""What a person is about to do to traffic, and what it risks, before anything is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hotswap_tui.core.events import FailbackRequest, RepairRequest, SwitchRequest
from hotswap_tui.core.plan import Recipe, choose
from hotswap_tui.core.switch_words import intention
from hotswap_tui.core.time_words import age
from hotswap_tui.core.traffic_words import NO_GATEWAY, paused_by_others, total, unanswered, wait_words
from hotswap_tui.core.values import Fault, Health, Level, Role
from hotswap_tui.tui.cells import LEVEL_TONES, Row, Span, Tone, fit, wrap
from hotswap_tui.tui.table import latency, state_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap_tui.core.events import Request
    from hotswap_tui.core.plan import Plan
    from hotswap_tui.core.snapshot import DatabaseView, Snapshot
    from hotswap_tui.tui.view import View

_LABEL = 8
_ROOM_FOR_ADDRESSES = 60
_WORST = (Level.BAD, Level.WARNING, Level.INFO)


@dataclass(frozen=True, slots=True)
class Proposal:
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


def propose_switch(snapshot: Snapshot) -> Proposal:
    """Propose to move traffic to the other database."""
    target, version = snapshot.active.other, snapshot.version
    return Proposal(
        f"Switch traffic to {target}",
        "switch",
        target,
        version,
        _word(snapshot, target),
        f"automatic switching {_off_from_then(snapshot)} off until somebody arms it again",
        lambda by: SwitchRequest(by, target, version),
    )


def propose_failback(snapshot: Snapshot) -> Proposal:
    """Propose to move traffic back to the primary."""
    version = snapshot.version
    return Proposal(
        "Fail back to primary",
        "fail back",
        Role.PRIMARY,
        version,
        _word(snapshot, Role.PRIMARY),
        "automatic switching is left as it was before",
        lambda by: FailbackRequest(by, version),
    )


def propose_repair(snapshot: Snapshot) -> Proposal:
    """Propose to point the gateway at the active database again."""
    version = snapshot.version
    return Proposal(
        f"Point the gateway at {snapshot.active}",
        "repair",
        snapshot.active,
        version,
        "",
        "",
        lambda by: RepairRequest(by, version),
        repair=True,
    )


def _off_from_then(snapshot: Snapshot) -> str:
    return "is turned" if snapshot.mode.armed else "stays"


def _word(snapshot: Snapshot, target: Role) -> str:
    current = snapshot.database(target.other)
    dead = not snapshot.serving or current is None or current.health is Health.DOWN
    return "" if dead else target.value


def obstacle(proposal: Proposal, snapshot: Snapshot) -> str:
    """Say why it cannot be carried out from here, empty when it can."""
    if blocked := plan_of(proposal, snapshot).obstacle:
        return blocked
    target = snapshot.database(proposal.target)
    if proposal.repair or (target is not None and target.health is Health.UP):
        return ""
    if target is None or target.verdict is None:
        return f"{proposal.target} has not been checked yet"
    words = (target.verdict.fault or Fault.UNKNOWN).words
    return f"{proposal.target} is not up ({words}): no switch there"


def plan_of(proposal: Proposal, snapshot: Snapshot) -> Plan:
    """Return how the engine would do it, as things are now."""
    source, router = snapshot.active, snapshot.router
    left = snapshot.database(source)
    fault = left.verdict.fault if left is not None and left.verdict is not None else None
    return choose(source, fault, router.pool_mode, router.version, firm=proposal.repair)


def proposal_rows(proposal: Proposal, view: View, width: int) -> list[Row]:
    """Return what is now, what will be, and what it risks, as of this moment."""
    snapshot = view.snapshot
    now, after = snapshot.database(proposal.target.other), snapshot.database(proposal.target)
    rows = []
    if proposal.repair:
        rows += _line("now", f"the gateway points to {snapshot.router.address or 'nowhere'}", width)
    elif now is not None:
        rows += _side("now", now, view, width)
    if after is not None:
        rows += _side("after", after, view, width)
    blocked = obstacle(proposal, snapshot)
    if blocked:
        return rows + _line("but", blocked, width, Tone.BAD)
    if snapshot.router.routed:
        rows += _how(proposal, snapshot, width)
    for index, (text, level) in enumerate(risks(proposal, snapshot)):
        rows += _line("risk" if index == 0 else "", text, width, LEVEL_TONES[level])
    return rows


def _how(proposal: Proposal, snapshot: Snapshot, width: int) -> list[Row]:
    """Return what it does to the clients that are connected."""
    plan, traffic = plan_of(proposal, snapshot), snapshot.router.traffic
    count = total(traffic) if traffic is not None else None
    how = intention(plan, snapshot.active, snapshot.router.pool_mode, count)
    now = f"; now {wait_words(snapshot)}" if unanswered(snapshot) else ""
    rows = _line("how", how + now, width)
    if width < _ROOM_FOR_ADDRESSES:
        return rows
    return rows + _line("", ", ".join(plan.steps), width, Tone.DIM)


def risks(proposal: Proposal, snapshot: Snapshot) -> list[tuple[str, Level]]:
    """Say what may be lost or surprise, the worst first."""
    told: list[tuple[str, Level]] = []
    target = snapshot.database(proposal.target)
    if target is not None and target.facts is not None and target.facts.read_only:
        told.append((f"{proposal.target} is read-only: writes will fail there", Level.BAD))
    if not proposal.repair:
        left = proposal.target.other
        told.append(
            (f"what {left} took and {proposal.target} has not received stays behind; it is not measured", Level.WARNING)
        )
    told += _gateway_risks(proposal, snapshot)
    if proposal.lasting:
        told.append((proposal.lasting, Level.INFO))
    return sorted(told, key=lambda risk: _WORST.index(risk[1]))


def _gateway_risks(proposal: Proposal, snapshot: Snapshot) -> list[tuple[str, Level]]:
    if not snapshot.router.routed:
        return [(NO_GATEWAY, Level.WARNING)]
    told: list[tuple[str, Level]] = []
    if snapshot.router.error:
        told.append((f"pgbouncer cannot be read: {snapshot.router.error}", Level.BAD))
    if paused_by_others(snapshot):
        told.append(("somebody else has PAUSED pgbouncer: this ends the pause", Level.BAD))
    if plan_of(proposal, snapshot).recipe is Recipe.HUNG:
        told.append((f"a COMMIT that {snapshot.active} has not answered may still happen there", Level.WARNING))
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
