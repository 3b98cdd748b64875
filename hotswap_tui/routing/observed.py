"""A gateway that is looked at and never touched: somebody else moves its traffic, or nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.traffic import NOBODY
from hotswap_tui.core.values import OBSERVING
from hotswap_tui.routing.console import Console
from hotswap_tui.routing.readings import place_of
from hotswap_tui.routing.router import HoldError, SwitchError
from hotswap_tui.routing.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hotswap_tui.core.plan import Plan
    from hotswap_tui.core.traffic import Waited
    from hotswap_tui.core.values import Role, RouterReading, Tell
    from hotswap_tui.dsn import Dsn
    from hotswap_tui.routing.layout import Gateway
    from hotswap_tui.routing.router import Arrival, Progress


class Observed:
    """The router of an engine that only observes; it reads PgBouncer back and refuses everything else."""

    def __init__(self, gateway: Gateway, targets: Mapping[Role, Dsn]) -> None:
        places = {role: place_of(dsn) for role, dsn in targets.items()}
        self._watch = Watch(Console(gateway), gateway.database, places)

    async def current(self) -> RouterReading:
        """Read back where traffic goes."""
        return await self._watch.reading()

    async def verify(self, role: Role) -> RouterReading:  # noqa: ARG002 - the router's protocol
        """Read back; no canary is sent."""
        return await self.current()

    async def hold(self, budget_s: float) -> None:  # noqa: ARG002 - the router's protocol
        """Refuse."""
        raise HoldError(OBSERVING)

    async def release(self) -> Waited:
        """Nobody is held."""
        return NOBODY

    async def switch(self, target: Role, plan: Plan, progress: Progress) -> Arrival:  # noqa: ARG002
        """Refuse."""
        raise SwitchError("", OBSERVING)

    async def reconcile(self) -> Sequence[Tell]:
        """Leave everything as it was left."""
        return ()

    async def aclose(self) -> None:
        """Let go of the console."""
        self._watch.drop()
