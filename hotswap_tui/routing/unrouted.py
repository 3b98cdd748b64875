"""The router without a gateway: nothing is moved, and every reading says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.values import UNROUTED

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap_tui.core.values import RouterReading, Switch


class Unrouted:
    """Decide and tell only; applications follow the decision by themselves."""

    async def current(self) -> RouterReading:
        """Say that no gateway is configured."""
        return UNROUTED

    async def switch(self, switch: Switch, progress: Callable[[str, bool], None]) -> RouterReading:
        """Accept the choice of `switch.target`; there is no traffic to move."""
        progress(f"choose {switch.target}", True)
        return UNROUTED

    async def aclose(self) -> None:
        """Hold nothing, so let go of nothing."""
