"""What the machine wants done. The engine carries effects out and reports back with events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from hotswap_tui.core.values import Tell

if TYPE_CHECKING:
    from hotswap_tui.core.values import Role, Switch


@dataclass(frozen=True, slots=True)
class ProbeNow:
    """Check a database at once, on a new connection when `fresh`; a check in flight is followed by another."""

    role: Role
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class BeginSwitch:
    """Move traffic; answer with SwitchDone, SwitchFailed or OutcomeUnknown."""

    switch: Switch


@dataclass(frozen=True, slots=True)
class CancelSwitch:
    """Stop the switch in flight if its target has not been committed yet."""

    switch_id: int


@dataclass(frozen=True, slots=True)
class ReadRouter:
    """Read back where traffic goes; answer with RouterRead. With `verify` a canary shows which server answers, too."""

    verify: Role | None = None


@dataclass(frozen=True, slots=True)
class HoldClients:
    """Let new work of clients wait for at most `budget_s`; answer with Held or HoldFailed."""

    budget_s: float


@dataclass(frozen=True, slots=True)
class ReleaseClients:
    """Let clients go on; answer with Released or ReleaseFailed."""


Effect: TypeAlias = ProbeNow | BeginSwitch | CancelSwitch | ReadRouter | HoldClients | ReleaseClients | Tell
