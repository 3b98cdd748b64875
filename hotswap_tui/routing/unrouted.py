"""The router without a gateway: nothing is moved, and every reading says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.plan import Step
from hotswap_tui.core.traffic import Waited
from hotswap_tui.core.values import UNROUTED
from hotswap_tui.routing.router import Arrival

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotswap_tui.core.plan import Plan
    from hotswap_tui.core.values import Role, RouterReading, Tell
    from hotswap_tui.routing.router import Progress


class Unrouted:
    """Decide and tell only; applications follow the decision by themselves."""

    async def current(self) -> RouterReading:
        """Say that no gateway is configured."""
        return UNROUTED

    async def verify(self, role: Role) -> RouterReading:  # noqa: ARG002 - the router's protocol
        """Say that no gateway is configured."""
        return UNROUTED

    async def hold(self, budget_s: float) -> None:
        """Hold nobody: there is no traffic."""

    async def release(self) -> Waited:
        """Nobody waited."""
        return Waited()

    async def switch(self, target: Role, plan: Plan, progress: Progress) -> Arrival:  # noqa: ARG002
        """Accept the choice of `target`; there is no traffic to move."""
        progress(Step.REPOINT, done=False)
        return Arrival(UNROUTED)

    async def reconcile(self) -> Sequence[Tell]:
        """Nothing was left."""
        return ()

    async def aclose(self) -> None:
        """Hold nothing, so let go of nothing."""
