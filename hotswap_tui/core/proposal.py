"""What a person is about to do to traffic, and what it risks, before anything is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hotswap_tui.core.events import FailbackRequest, RepairRequest, SwitchRequest
from hotswap_tui.core.health_words import state_words
from hotswap_tui.core.plan import Recipe
from hotswap_tui.core.risk_words import at_stake, plan_to, risk_sentences
from hotswap_tui.core.switch_words import intention
from hotswap_tui.core.traffic_words import NO_GATEWAY, paused_by_others, total, unanswered, wait_words
from hotswap_tui.core.values import HOT_SWAP_HINT, OBSERVING, Fault, Health, Level, Role, SwitchKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap_tui.core.events import Request
    from hotswap_tui.core.plan import Plan
    from hotswap_tui.core.snapshot import DatabaseView, Snapshot

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
    """What must be typed; empty: `y` is enough."""
    lasting: str
    """What it does to automatic switching; empty: nothing."""
    make: Callable[[str], Request]
    """Who asks → the request."""
    kind: SwitchKind
    forced: bool = False
    """Whether it is insisted on, whatever the target's health."""

    @property
    def repair(self) -> bool:
        """Say whether only the gateway is set right, and nothing else changes."""
        return self.kind is SwitchKind.REPAIR


def propose_switch(snapshot: Snapshot, target: Role | None = None, *, force: bool = False) -> Proposal:
    """Propose to move traffic to `target`, None: to the other database. With force its name must be typed in any case."""
    to, version = target or snapshot.active.other, snapshot.version
    return Proposal(
        f"Switch traffic to {to}" + (" with force" if force else ""),
        "switch",
        to,
        version,
        to.value if force else _word(snapshot, to),
        f"automatic switching {_off_from_then(snapshot)} off until somebody arms it again",
        lambda by: SwitchRequest(by, to, version, force),
        SwitchKind.MANUAL,
        forced=force,
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
        SwitchKind.FAILBACK,
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
        SwitchKind.REPAIR,
    )


def _off_from_then(snapshot: Snapshot) -> str:
    return "is turned" if snapshot.mode.armed else "stays"


def _word(snapshot: Snapshot, target: Role) -> str:
    """Ask for the name where the database that is left is well, or where more is lost than a failover loses."""
    current = snapshot.database(target.other)
    dead = not snapshot.serving or current is None or current.health is Health.DOWN
    return "" if dead and not at_stake(snapshot, target, snapshot.now_s) else target.value


def obstacle(proposal: Proposal, snapshot: Snapshot) -> str:
    """Say why it cannot be carried out from here, empty when it can."""
    return _senseless(proposal, snapshot) or plan_of(proposal, snapshot).obstacle or _unfit(proposal, snapshot)


def _senseless(proposal: Proposal, snapshot: Snapshot) -> str:
    """Say why there is nothing to do, or nothing to do it with."""
    if snapshot.policy.observe:
        return OBSERVING
    if snapshot.switch is not None:
        return f"a switch to {snapshot.switch.target} is in progress; wait for it or cancel it"
    if proposal.repair:
        return _unbroken(snapshot)
    if snapshot.secondary is None:
        return HOT_SWAP_HINT
    if snapshot.disagrees:
        return f"the gateway points to {snapshot.router.address or 'nowhere'}: repair that first"
    return f"{proposal.target} is the active database already" if proposal.target is snapshot.active else ""


def _unbroken(snapshot: Snapshot) -> str:
    if not snapshot.router.routed:
        return "there is no gateway to repair"
    return "" if snapshot.disagrees else "nothing to repair: the gateway points to the active database"


def _unfit(proposal: Proposal, snapshot: Snapshot) -> str:
    """Say why the target cannot take traffic; whoever uses force has been told."""
    target = snapshot.database(proposal.target)
    if proposal.repair or proposal.forced or (target is not None and target.health is Health.UP):
        return ""
    if target is None or target.verdict is None:
        return f"{proposal.target} has not been checked yet"
    return f"{proposal.target} is not up ({_fault(target).words}): no switch there"


def _fault(database: DatabaseView) -> Fault:
    return (database.verdict.fault if database.verdict is not None else None) or Fault.UNKNOWN


def plan_of(proposal: Proposal, snapshot: Snapshot) -> Plan:
    """Return how the engine would do it, as things are now."""
    return plan_to(snapshot, proposal.kind, proposal.target, firm=proposal.repair or proposal.forced)


def effect(proposal: Proposal, snapshot: Snapshot) -> str:
    """Say what it does to the clients that are connected; there is a gateway."""
    traffic = snapshot.router.traffic
    count = total(traffic) if traffic is not None else None
    how = intention(plan_of(proposal, snapshot), snapshot.active, snapshot.router.pool_mode, count)
    return how + (f"; now {wait_words(snapshot)}" if unanswered(snapshot) else "")


def risks(proposal: Proposal, snapshot: Snapshot, now_s: float | None = None) -> list[tuple[str, Level]]:
    """Say what may be lost or surprise, the worst first; at `now_s` (monotonic), None: when the picture was taken."""
    told = _target_risks(proposal, snapshot)
    if not proposal.repair:
        told += risk_sentences(
            snapshot, proposal.target, snapshot.now_s if now_s is None else now_s, forced=proposal.forced
        )
    told += _gateway_risks(proposal, snapshot)
    if proposal.lasting:
        told.append((proposal.lasting, Level.INFO))
    return sorted(told, key=lambda risk: _WORST.index(risk[1]))


def _target_risks(proposal: Proposal, snapshot: Snapshot) -> list[tuple[str, Level]]:
    told: list[tuple[str, Level]] = []
    target = snapshot.database(proposal.target)
    if target is None:
        return told
    if proposal.forced and target.health is not Health.UP:
        why = _fault(target).words if target.verdict is not None else "not checked yet"
        told.append((f"{proposal.target} is not up ({why}): applications will meet errors there", Level.BAD))
    if target.facts is not None and (target.facts.read_only or target.facts.in_recovery):
        what = "a standby, and read-only" if target.facts.in_recovery else "read-only"
        told.append((f"{proposal.target} is {what}: writes will fail there", Level.BAD))
    return told


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
        f"{old.role} was {state_words(old)}, is {state_words(new)}"
        for old, new in ((before.primary, now.primary), (before.secondary, now.secondary))
        if old is not None and new is not None and state_words(old) != state_words(new)
    ]
    pairs = [("active", before.active.value, now.active.value), ("state", before.state.value, now.state.value)]
    pairs.append(("automatic switching", _on_off(before), _on_off(now)))
    pairs.append(("a failback", _verdict(before), _verdict(now)))
    told += [f"{what} was {old}, is {new}" for what, old, new in pairs if old != new]
    if (before.switch is None) != (now.switch is None):
        told.append("a switch has begun" if now.switch is not None else "a switch has ended")
    return ", ".join(told) or "something has happened since, as the events say"


def _on_off(snapshot: Snapshot) -> str:
    return "on" if snapshot.mode.armed else "off"


def _verdict(snapshot: Snapshot) -> str:
    dossier = snapshot.sync.dossier if snapshot.sync is not None else None
    return "not judged" if dossier is None else dossier.verdict.words
