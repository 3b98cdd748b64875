"""One step of the machine in progress: the model so far, the effects so far, and the moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hotswap_tui.core.effects import ProbeNow
from hotswap_tui.core.errors import IllegalEventError
from hotswap_tui.core.model import health
from hotswap_tui.core.sync import Safety
from hotswap_tui.core.table import TABLE, Trigger
from hotswap_tui.core.values import Role, Tell

if TYPE_CHECKING:
    from hotswap_tui.core.effects import Effect
    from hotswap_tui.core.model import Model, Record
    from hotswap_tui.core.policy import Policy
    from hotswap_tui.core.values import Kind, Level


class Turn:
    """Collects what one event changes; dropped as a whole when the event turns out to be illegal."""

    __slots__ = ("before", "effects", "model", "now_s", "policy")

    def __init__(self, model: Model, now_s: float, policy: Policy) -> None:
        self.before = model
        self.model = model
        self.now_s = now_s
        self.policy = policy
        self.effects: list[Effect] = []

    def set(self, **changes: Any) -> None:
        """Change fields of the model; most readings of the router change nothing."""
        if any(getattr(self.model, name) is not value for name, value in changes.items()):
            self.model = self.model.changed(changes)

    def set_record(self, role: Role, record: Record) -> None:
        """Change what is known about one database."""
        self.set(**{role.value: record})

    def fire(self, trigger: Trigger) -> None:
        """Change the state as the table says; raise IllegalEventError when it does not."""
        target = TABLE[self.model.state].get(trigger)
        if target is None:
            msg = f"{trigger.name} is not allowed in {self.model.state}"
            raise IllegalEventError(msg)
        self.set(state=target)

    def tell(self, kind: Kind, level: Level, text: str, role: Role | None = None, /, **data: str | float) -> None:
        """Say one sentence."""
        self.effects.append(Tell(kind, level, text, role, data))

    def probe(self, role: Role, *, fresh: bool = False) -> None:
        """Ask for a check at once, unless that database has locked us out."""
        if role in self.model.roles and not (
            role is not self.model.active and self.model.record(role).locked_out(self.now_s)
        ):
            self.effects.append(ProbeNow(role, fresh))

    @property
    def active(self) -> Record:
        """Return the active database's record."""
        return self.model.record(self.model.active)

    @property
    def standby(self) -> Record:
        """Return the other database's record."""
        return self.model.record(self.model.standby)

    def finish(self) -> tuple[Model, tuple[Effect, ...]]:
        """Return the outcome, with the version raised when something changed that a person's decision rests on."""
        if _decision(self.model, self.policy) != _decision(self.before, self.policy):
            self.set(version=self.model.version + 1)
        return self.model, tuple(self.effects)


def serves(role: Role) -> Trigger:
    """Return the trigger that says `role` serves."""
    return Trigger.SERVES_PRIMARY if role is Role.PRIMARY else Trigger.SERVES_SECONDARY


def moves_to(role: Role) -> Trigger:
    """Return the trigger that begins a switch to `role`."""
    return Trigger.TO_PRIMARY if role is Role.PRIMARY else Trigger.TO_SECONDARY


def _decision(model: Model, policy: Policy) -> tuple[object, ...]:
    return (
        model.state,
        model.active,
        model.mode.armed,
        model.disagrees,
        health(model.primary, policy),
        health(model.secondary, policy),
        _diverged(model),
    )


def _diverged(model: Model) -> bool:
    """Say whether a failback would lose something; what it only waits for makes nobody decide otherwise."""
    dossier = model.sync.dossier if model.sync is not None else None
    return dossier is not None and dossier.verdict is Safety.DIVERGED
