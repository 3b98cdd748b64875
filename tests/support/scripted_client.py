"""An `EngineClient` whose picture is a value that the test sets: for screens in rare states."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hotswap_tui.core.errors import RefusedError
from hotswap_tui.core.values import Event, Role
from tests.support.pictures import EVENTS, NOW_S, history, snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hotswap_tui.core.events import Request
    from hotswap_tui.core.latency import LatencyHistory
    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.engine.client import Silence


class ScriptedClient:
    """Shows what it is told to show and remembers what it was asked."""

    def __init__(
        self,
        picture: Snapshot | None = None,
        *,
        owner: bool = True,
        events: Sequence[Event] = EVENTS,
        histories: dict[Role, LatencyHistory] | None = None,
    ) -> None:
        self.picture = picture or snapshot()
        self.told = list(events)
        self.requests: list[Request] = []
        self.refuse_with = ""
        self.fail_with: OSError | None = None
        self.listeners: list[Callable[[], None]] = []
        self.silence: Silence | None = None
        self._owner = owner
        self._histories = histories or {
            Role.PRIMARY: history(1.8, failures_ago_s=(196, 195)),
            Role.SECONDARY: history(31.0),
        }

    @property
    def owner(self) -> bool:
        """Return what the test chose."""
        return self._owner

    def snapshot(self) -> Snapshot:
        """Return the picture."""
        return self.picture

    def latency(self, role: Role) -> LatencyHistory:
        """Return the history."""
        return self._histories[role]

    def events(self) -> Sequence[Event]:
        """Return the events."""
        return self.told

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Keep the listener."""
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    async def request(self, request: Request) -> None:
        """Remember the request; refuse or fail as told."""
        if self.fail_with is not None:
            raise self.fail_with
        if self.refuse_with:
            raise RefusedError(self.refuse_with)
        self.requests.append(request)

    def change(self, **changes: Any) -> None:
        """Change the picture and tell the listeners, as the engine does."""
        self.picture = replace(self.picture, **changes)
        for listener in list(self.listeners):
            listener()


class SettableClock:
    """Monotonic seconds that stand still until the test moves them."""

    def __init__(self, now_s: float = NOW_S) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        """Return the moment."""
        return self.now_s
