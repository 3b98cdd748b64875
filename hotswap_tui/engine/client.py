"""How every front end speaks to the engine, wherever it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hotswap_tui.core.events import Request
    from hotswap_tui.core.latency import LatencyHistory
    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.core.values import Event, Role


@dataclass(frozen=True, slots=True)
class Silence:
    """The engine does not answer: since which monotonic second, and why."""

    since_s: float
    why: str


class EngineClient(Protocol):
    """The engine as its front ends see it."""

    @property
    def owner(self) -> bool:
        """Say whether the engine runs in this process and ends with it."""
        ...

    @property
    def silence(self) -> Silence | None:
        """Return since when and why nothing is heard of the engine, None while it answers."""
        ...

    def snapshot(self) -> Snapshot:
        """Return the present picture, the last one while the engine is silent."""
        ...

    def latency(self, role: Role) -> LatencyHistory:
        """Return the latencies of the checks of `role`, kept up to date."""
        ...

    def events(self) -> Sequence[Event]:
        """Return the newest events, oldest first."""
        ...

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` on the event loop after each change; return what ends the subscription."""
        ...

    async def request(self, request: Request) -> None:
        """Decide on a person's request, and return when that is on disk or the disk has had a second to take it.

        Raises RefusedError with a sentence when it is not allowed, StaleRequestError when the situation has changed meanwhile,
        OSError when the engine cannot be reached.
        """
        ...
