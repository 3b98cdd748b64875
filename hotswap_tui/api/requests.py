"""What a person may ask for, by the name that it has on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotswap_tui.core import events

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotswap_tui.core.events import Request

REQUESTS: Final[Mapping[str, type[Request]]] = {
    "switch": events.SwitchRequest,
    "failback": events.FailbackRequest,
    "cancel": events.CancelRequest,
    "repair": events.RepairRequest,
    "arm": events.ArmRequest,
    "disarm": events.DisarmRequest,
    "check": events.CheckRequest,
    "drill": events.DrillRequest,
    "end-drill": events.EndDrillRequest,
}


def request_name(request: Request) -> str:
    """Return the name that `request` has on the wire."""
    return next(name for name, kind in REQUESTS.items() if kind is type(request))
