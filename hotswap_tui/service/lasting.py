"""An engine's client that outlives the engine: when new settings need another engine, whoever is attached stays attached."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.errors import RefusedError
from hotswap_tui.core.values import State
from hotswap_tui.engine.local import LocalClient

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap_tui.core.events import Request
    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.core.values import Tell
    from hotswap_tui.engine.engine import Engine

_FIRST_CHECKS_S: Final = 1.0
"""So much longer than the connection time-out the first checks of a new engine may take."""


class LastingClient(LocalClient):
    """EngineClient over one engine of this process after another.

    Between two of them it shows the last picture, until the new engine has checked: a load balancer must not see an outage
    that is none.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._subscriptions: dict[Callable[[], None], Callable[[], None]] = {}
        """What ends each, by the listener."""
        self._between = False
        self._said: list[Tell] = []
        self._last: Snapshot | None = None
        self._shown_until_s = 0.0

    def snapshot(self) -> Snapshot:
        """Return the present picture."""
        snapshot = super().snapshot()
        if self._last is None:
            return snapshot
        if self._between or (snapshot.state is State.STARTING and snapshot.now_s < self._shown_until_s):
            return replace(self._last, now_s=snapshot.now_s, wall_s=snapshot.wall_s)
        self._last = None
        return snapshot

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after each change, in the context of this call; return what ends the subscription."""
        called = partial(copy_context().run, listener)
        self._subscriptions[called] = self._engine.subscribe(called)

        def unsubscribe() -> None:
            self._subscriptions.pop(called)()

        return unsubscribe

    def tell(self, tell: Tell) -> None:
        """Put a sentence into the event list, the next engine's when the last one has ended."""
        if self._between:
            self._said.append(tell)
        else:
            super().tell(tell)

    async def request(self, request: Request) -> None:
        """Carry out a person's request."""
        if self._between:
            raise RefusedError("new settings are being taken; ask again in a second")
        await super().request(request)

    def rest(self) -> None:
        """Ask the engine nothing more: it is about to end, and another will `succeed` it."""
        self._last = self.snapshot()
        self._between = True

    def succeed(self, engine: Engine) -> None:
        """Show and ask `engine`, which has started, from now on."""
        loop = asyncio.get_running_loop()
        self._engine = engine
        self._between = False
        self._shown_until_s = loop.time() + super().snapshot().policy.connection_timeout_s + _FIRST_CHECKS_S
        for listener, unsubscribe in self._subscriptions.items():
            unsubscribe()
            self._subscriptions[listener] = engine.subscribe(listener)
            loop.call_soon(listener)
        said, self._said = self._said, []
        for tell in said:
            self.tell(tell)
