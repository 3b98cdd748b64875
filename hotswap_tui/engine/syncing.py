"""Lets the pair be looked at when that is due, beside the checks and never in their way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.events import SyncRead
from hotswap_tui.core.looking import NEVER_S, ask, look_due_s
from hotswap_tui.engine.ports import SyncQuestion

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine

    from hotswap_tui.core.events import Input
    from hotswap_tui.core.model import Model
    from hotswap_tui.core.policy import Policy
    from hotswap_tui.engine.ports import SyncReader


class Syncing:
    """Drives a reader for one engine. `model` gives the present state, `apply` takes events, `spawn` starts tasks."""

    def __init__(
        self,
        reader: SyncReader,
        model: Callable[[], Model],
        apply: Callable[[Input], None],
        spawn: Callable[[Coroutine[None, None, None]], asyncio.Task[None]],
    ) -> None:
        self._reader = reader
        self._model = model
        self._apply = apply
        self._spawn = spawn
        self._began_s: float | None = None
        self._active: object = None
        """Whose looks they were: after a switch the next one is due at once."""
        self._asked_s: float | None = None
        self._task: asyncio.Task[None] | None = None

    def launch(self, policy: Policy, now_s: float) -> float:
        """Begin a look that is due, and return when the next one is."""
        model = self._model()
        if self._task is not None:
            return NEVER_S  # its end makes a decision, and that comes here again
        last_s = self._began_s if self._active is model.active else None
        due_s = look_due_s(model, policy, last_s)
        if due_s > now_s:
            return due_s
        self._began_s, self._active = now_s, model.active
        databases = ask(model, policy, now_s, self._asked_s)
        if not databases:
            return look_due_s(model, policy, now_s)
        if model.standby in databases:
            self._asked_s = now_s
        self._task = self._spawn(self._look(SyncQuestion(model.active, databases, model.mark)))
        return NEVER_S

    async def _look(self, question: SyncQuestion) -> None:
        since_s = self._model().since_s
        try:
            reading = await self._reader.read(question)
        finally:
            self._task = None
        now = self._model()
        # A switch that has begun meanwhile knows better; one that has ended has another mark.
        if now.switch is None and (now.active, now.since_s) == (question.active, since_s):
            self._apply(SyncRead(reading))

    async def aclose(self) -> None:
        """Let the reader close its connections."""
        await self._reader.aclose()
