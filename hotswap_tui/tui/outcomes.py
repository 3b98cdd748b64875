"""How a switch goes, in the window that asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.switch_words import present_step, steps
from hotswap_tui.tui.cells import pack, wrap

if TYPE_CHECKING:
    from hotswap_tui.core.values import Switch


def under_way(switch: Switch, width: int, *, routed: bool) -> list[str]:
    """Return all steps of a switch in flight, what the present one waits for, and who wants it cancelled, in lines."""
    lines = pack(steps(switch, ahead=True) if routed else [], width)
    if lines == [""]:
        lines = [present_step(switch)]
    if switch.detail:
        lines += wrap(f"waits for {switch.detail}", width)
    if switch.cancelled_by:
        lines += wrap(f"cancelled by {switch.cancelled_by}: everything is put back", width)
    return lines
