"""The engine in this process, as its front ends see it."""

from __future__ import annotations

from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hotswap_tui.core.events import Request
    from hotswap_tui.core.latency import LatencyHistory
    from hotswap_tui.core.policy import Policy
    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.core.values import Event, Role, Tell
    from hotswap_tui.engine.engine import Engine
    from hotswap_tui.engine.journal_codec import PastSwitch
    from hotswap_tui.engine.ports import Sample
    from hotswap_tui.engine.tally import Tally


class LocalClient:
    """EngineClient over an engine that ends with this process."""

    owner = True
    silence = None

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def snapshot(self) -> Snapshot:
        """Return the present picture."""
        return self._engine.snapshot()

    def latency(self, role: Role) -> LatencyHistory:
        """Return the latencies of the checks of `role`."""
        return self._engine.latency(role)

    def events(self) -> Sequence[Event]:
        """Return the newest events, oldest first."""
        return self._engine.events()

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after each change, in the context of this call; return what ends the subscription.

        Textual finds its app in the context; the engine's tasks have none.
        """
        return self._engine.subscribe(partial(copy_context().run, listener))

    def tally(self) -> Tally:
        """Return what the engine has counted since it started."""
        return self._engine.tally()

    async def history(self, limit: int) -> Sequence[PastSwitch]:
        """Return the newest `limit` switches, newest first; raises JournalError."""
        return await self._engine.history(limit)

    async def samples(self) -> Sequence[Sample]:
        """Return the latency samples of the last day, oldest first, seconds since 1970; raises JournalError."""
        return await self._engine.samples()

    def tell(self, tell: Tell) -> None:
        """Put a sentence into the engine's event list, for what works around it."""
        self._engine.tell(tell)

    def adopt(self, policy: Policy) -> None:
        """Let the engine decide by another policy from now on."""
        self._engine.adopt(policy)

    async def request(self, request: Request) -> None:
        """Carry out a person's request."""
        await self._engine.request(request)
