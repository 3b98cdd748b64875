"""What every switch at one gateway works with, and how its steps fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hotswap_tui.dsn import DsnError
from hotswap_tui.routing.holding import TROUBLE as HOLDING_TROUBLE
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.routing.target_file import TargetFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotswap_tui.core.values import Role
    from hotswap_tui.dsn import Dsn
    from hotswap_tui.routing.console import Console
    from hotswap_tui.routing.handover import Handover
    from hotswap_tui.routing.holding import Holding
    from hotswap_tui.routing.inspection import Inspection
    from hotswap_tui.routing.layout import Gateway
    from hotswap_tui.routing.readings import Place
    from hotswap_tui.routing.severing import Severing
    from hotswap_tui.routing.watch import Watch

COMMAND_S: Final = 2.0
"""How long a console command may take."""


class StepError(Exception):
    """A step did not come to its end; one line."""


TROUBLE: Final = (*HOLDING_TROUBLE, InspectionError, TargetFileError, DsnError, StepError)


@dataclass(frozen=True, slots=True)
class Tools:
    """What every switch at one gateway works with."""

    gateway: Gateway
    targets: Mapping[Role, Dsn]
    places: Mapping[Role, Place]
    inspect: Callable[[Role], Inspection]
    canary: Callable[[], Inspection]
    console: Console
    watch: Watch
    holding: Holding
    severing: Severing
    handover: Handover | None = None
    """None: nothing is done about the data."""
