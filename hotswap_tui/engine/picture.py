"""From the machine's model to the one picture that every front end reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hotswap_tui.core.decide import standing_obstacle
from hotswap_tui.core.model import health
from hotswap_tui.core.policy import within_hour
from hotswap_tui.core.schedule import countdown, due_s, failover_available
from hotswap_tui.core.snapshot import DatabaseView, Snapshot
from hotswap_tui.core.values import Role, State

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from hotswap_tui.core.model import Model
    from hotswap_tui.core.policy import Policy
    from hotswap_tui.engine.ports import Prober


@dataclass(frozen=True, slots=True)
class Target:
    """One configured database: how it is checked and how it is shown. Nothing here holds a secret."""

    prober: Prober
    address: str
    url: str
    """Masked."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """What the picture needs besides the model."""

    name: str
    pid: int
    started_s: float
    targets: Mapping[Role, Target]
    policy: Policy


def picture(model: Model, frame: Frame, checking: Container[Role], now_s: float, wall_s: float) -> Snapshot:
    """Return the snapshot of `model` at `now_s`."""
    policy = frame.policy
    obstacle = standing_obstacle(model, now_s, policy)
    return Snapshot(
        version=model.version,
        now_s=now_s,
        wall_s=wall_s,
        name=frame.name,
        pid=frame.pid,
        started_s=frame.started_s,
        state=model.state,
        active=model.active,
        serving=model.state not in {State.STARTING, State.UNAVAILABLE},
        since_s=model.since_s,
        mode=model.mode,
        primary=_view(model, Role.PRIMARY, frame, checking),
        secondary=_view(model, Role.SECONDARY, frame, checking) if model.has_secondary else None,
        switch=model.switch,
        last_switch=model.last_switch,
        router=model.reading,
        hold=model.hold,
        disagrees=model.disagrees,
        failover_available=failover_available(model, policy, now_s),
        unavailable_since_s=model.unavailable_since_s,
        suspicion_since_s=model.suspicion_since_s,
        blocked=obstacle.text if obstacle is not None else "",
        blocked_until_s=obstacle.until_s if obstacle is not None else None,
        countdown=countdown(model, policy),
        switches_in_hour=len(within_hour(model.automatic_s, now_s)),
        policy=policy,
        drill=model.drill,
        sync=model.sync,
    )


def _view(model: Model, role: Role, frame: Frame, checking: Container[Role]) -> DatabaseView:
    record, target = model.record(role), frame.targets[role]
    return DatabaseView(
        role=role,
        address=target.address,
        url=target.url,
        health=health(record, frame.policy),
        failures=record.failures,
        passes=record.passes,
        verdict=record.verdict,
        facts=record.facts,
        last_pass_s=record.last_pass_s,
        down_since_s=record.down_since_s,
        next_check_s=due_s(model, role, frame.policy),
        checking=role in checking,
        notes=(*target.notes, target.prober.note) if target.prober.note else target.notes,
    )
