"""What a drill is asked to do, what it asks of the engine, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.events import (
    ArmRequest,
    CancelRequest,
    DrillRequest,
    EndDrillRequest,
    FailbackRequest,
    SwitchRequest,
)
from hotswap_tui.core.values import Role

if TYPE_CHECKING:
    from hotswap_tui.core.events import Request
    from hotswap_tui.drill.timing import Timing

PUT_BACK_S: Final = 60.0
"""How long a drill tries at least to put everything back, however small its budget."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a person has asked for."""

    automatic: bool
    budget_s: float
    """For each leg, from the decision to the proof."""
    stay_s: float
    """How long the secondary serves before a person's failback."""
    timing: Timing
    """What automation needs, by the policy."""

    @property
    def put_back_s(self) -> float:
        """Return how long a way back by hand may take, with everything that is tried again."""
        return max(self.budget_s, PUT_BACK_S)

    @property
    def told_for_s(self) -> float:
        """Return how long the engine calls it a drill if nobody ends it."""
        if self.automatic:
            return self.timing.detection_limit_s
        return self.budget_s + self.stay_s + self.put_back_s


class Ask(Enum):
    """One request to the engine."""

    DRILL = auto()
    SWITCH = auto()
    BACK = auto()
    CANCEL = auto()
    END_DRILL = auto()
    ARM = auto()


class Verdict(StrEnum):
    """How a drill ended."""

    PASSED = "PASSED"
    """Both legs within the budget, and everything is as it was."""
    ABORTED = "ABORTED"
    """Cut short, or too slow; everything is as it was."""
    FAILED = "FAILED"
    """Not everything is as it was: a person must look."""


def request_of(ask: Ask, order: Order, by: str, version: int) -> Request:
    """Return the request of `by`, made on decision `version`."""
    match ask:
        case Ask.DRILL:
            return DrillRequest(by, version, order.told_for_s, planned=not order.automatic)
        case Ask.SWITCH:
            return SwitchRequest(by, Role.SECONDARY, version)
        case Ask.BACK:
            return FailbackRequest(by, version)
        case Ask.CANCEL:
            return CancelRequest(by)
        case Ask.END_DRILL:
            return EndDrillRequest(by)
        case Ask.ARM:
            return ArmRequest(by)
