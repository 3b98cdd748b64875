"""What the machine is told. Times are arguments of `step`, not fields, except a verdict's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from hotswap_tui.core.traffic import NOBODY, Waited

if TYPE_CHECKING:
    from hotswap_tui.core.plan import Step
    from hotswap_tui.core.sync import Mark, SyncReading
    from hotswap_tui.core.values import Role, RouterReading, Verdict


@dataclass(frozen=True, slots=True)
class Checked:
    """A check has ended."""

    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Elapsed:
    """A moment that the machine asked to be woken at has come."""


@dataclass(frozen=True, slots=True)
class ConnectionLost:
    """The idle connection to a database was closed by the other side."""

    role: Role
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Slept:
    """The machine we run on was suspended for `seconds`."""

    seconds: float


@dataclass(frozen=True, slots=True)
class RouterRead:
    """The router was read back."""

    reading: RouterReading


@dataclass(frozen=True, slots=True)
class SyncRead:
    """The pair was looked at."""

    reading: SyncReading


@dataclass(frozen=True, slots=True)
class Held:
    """New work of clients waits."""


@dataclass(frozen=True, slots=True)
class HoldFailed:
    """Clients could not be held."""

    error: str


@dataclass(frozen=True, slots=True)
class Released:
    """Clients go on."""

    waited: Waited


@dataclass(frozen=True, slots=True)
class ReleaseFailed:
    """Clients may still wait."""

    error: str


@dataclass(frozen=True, slots=True)
class SwitchStep:
    """The switch in flight has begun a step, waits in it for `detail`, or is done with it."""

    switch_id: int
    step: Step
    done: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SwitchDone:
    """The switch in flight is proven complete."""

    switch_id: int
    reading: RouterReading
    waited: Waited = NOBODY
    severed: int = 0
    """Connections to the database that was left which had to be cut off."""
    proof: str = ""
    mark: Mark | None = None
    """Where the target stood before clients came; None: it is the primary, or could not be read."""
    data: str = ""
    """What was done about the data, in words."""
    data_problem: str = ""
    """What could not be done about it."""


@dataclass(frozen=True, slots=True)
class SwitchFailed:
    """The switch in flight did not happen; traffic is where it was."""

    switch_id: int
    step: str
    error: str
    cancelled: bool = False
    waited: Waited = NOBODY
    """Whom its hold kept waiting."""


@dataclass(frozen=True, slots=True)
class OutcomeUnknown:
    """Nobody can say yet whether the switch in flight happened."""

    switch_id: int
    error: str


@dataclass(frozen=True, slots=True)
class SwitchRequest:
    """A person asks to move traffic to `target`, having seen decision `version`."""

    by: str
    target: Role
    version: int
    force: bool = False


@dataclass(frozen=True, slots=True)
class FailbackRequest:
    """A person asks to move traffic to the primary and to restore the mode that was."""

    by: str
    version: int


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """A person asks to stop the switch in flight."""

    by: str


@dataclass(frozen=True, slots=True)
class RepairRequest:
    """A person asks to point the router at the active database again."""

    by: str
    version: int


@dataclass(frozen=True, slots=True)
class ArmRequest:
    """A person lets automation act again."""

    by: str


@dataclass(frozen=True, slots=True)
class DisarmRequest:
    """A person stops automation, for `for_s` seconds or until armed again."""

    by: str
    why: str = ""
    for_s: float | None = None


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """A person asks for a check of both databases now."""

    by: str


@dataclass(frozen=True, slots=True)
class DrillRequest:
    """A person asks for checks of the primary to fail on purpose, until traffic has moved or `for_s` seconds are over.

    With `planned` no check fails: the person moves traffic there and back, and everyone is told that it is a drill.
    """

    by: str
    version: int
    for_s: float
    planned: bool = False


@dataclass(frozen=True, slots=True)
class EndDrillRequest:
    """A person asks for the drill to end: the primary's checks say the truth again."""

    by: str


Request: TypeAlias = (
    SwitchRequest
    | FailbackRequest
    | CancelRequest
    | RepairRequest
    | ArmRequest
    | DisarmRequest
    | CheckRequest
    | DrillRequest
    | EndDrillRequest
)
Input: TypeAlias = (
    Checked
    | Elapsed
    | ConnectionLost
    | Slept
    | RouterRead
    | SyncRead
    | Held
    | HoldFailed
    | Released
    | ReleaseFailed
    | SwitchStep
    | SwitchDone
    | SwitchFailed
    | OutcomeUnknown
    | Request
)
