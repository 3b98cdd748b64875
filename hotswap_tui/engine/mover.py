"""Carries out what concerns client traffic, and reports back with events."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hotswap_tui.core.effects import BeginSwitch, CancelSwitch, HoldClients, ReadRouter, ReleaseClients
from hotswap_tui.core.events import (
    Held,
    HoldFailed,
    OutcomeUnknown,
    Released,
    ReleaseFailed,
    RouterRead,
    SwitchDone,
    SwitchFailed,
    SwitchStep,
)
from hotswap_tui.core.plan import Step
from hotswap_tui.routing.router import HoldError, OutcomeUnknownError, SwitchError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from hotswap_tui.core.events import Input
    from hotswap_tui.core.values import Role, Switch
    from hotswap_tui.routing.router import Router


class Mover:
    """Drives a router for one engine. `settled` waits for the journal, `apply` takes events, `spawn` starts tasks."""

    def __init__(
        self,
        router: Router,
        settled: Callable[[], Awaitable[None]],
        apply: Callable[[Input], None],
        spawn: Callable[[Coroutine[None, None, None]], asyncio.Task[None]],
    ) -> None:
        self._router = router
        self._settled = settled
        self._apply = apply
        self._spawn = spawn
        self._switch: Switch | None = None
        self._task: asyncio.Task[None] | None = None
        self._committed = False
        self._switches = 0
        """Begun and ended ones: a reading that a switch has overtaken says nothing."""
        self._reading = False
        self._ending = False
        """From now on a cancellation is the engine's end, not a person's wish."""

    def carry_out(self, effect: BeginSwitch | CancelSwitch | ReadRouter | HoldClients | ReleaseClients) -> None:
        """Start what `effect` asks for."""
        match effect:
            case BeginSwitch(switch):
                self._switch, self._committed = switch, False
                self._switches += 1
                self._task = self._spawn(self._move(switch))
            case CancelSwitch(switch_id):
                # Not at once: a task that is cancelled before its first step reports nothing.
                asyncio.get_running_loop().call_soon(self._cancel, switch_id)
            case ReadRouter(verify):
                if not self._reading:
                    self._reading = True
                    _ = self._spawn(self._read(verify))
            case HoldClients(budget_s):
                _ = self._spawn(self._hold(budget_s))
            case ReleaseClients():
                _ = self._spawn(self._release())

    async def rest(self, timeout_s: float) -> None:
        """Wait until the switch in flight has ended, but not for long."""
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=timeout_s)
        self._ending = True

    def _cancel(self, switch_id: int) -> None:
        """Stop the switch, unless its target has been committed in the same moment."""
        if self._task is not None and self._switch is not None and self._switch.id == switch_id and not self._committed:
            self._task.cancel()

    async def _move(self, switch: Switch) -> None:
        assert switch.plan is not None

        def progress(step: Step, *, done: bool, detail: str = "") -> None:
            self._committed = self._committed or step is Step.REPOINT
            self._apply(SwitchStep(switch.id, step, done, detail))

        try:
            await self._settled()
            arrival = await self._router.switch(switch.target, switch.plan, progress)
        except SwitchError as error:
            outcome: Input = SwitchFailed(switch.id, error.step, error.error, waited=error.waited)
        except OutcomeUnknownError as error:
            outcome = OutcomeUnknown(switch.id, str(error))
        except asyncio.CancelledError:
            if self._ending:
                raise
            outcome = SwitchFailed(switch.id, "", "cancelled", cancelled=True)
            # Before the router took it over, a hold of the suspicion was still in force.
            await self._release()
        else:
            secured = arrival.secured
            outcome = SwitchDone(
                switch.id,
                arrival.reading,
                arrival.waited,
                arrival.severed,
                arrival.proof,
                secured.mark,
                secured.words,
                secured.problem,
            )
        self._task = None
        self._switches += 1
        self._apply(outcome)

    async def _read(self, verify: Role | None) -> None:
        before = self._switches
        try:
            reading = await (self._router.current() if verify is None else self._router.verify(verify))
        finally:
            self._reading = False
        if before == self._switches:
            self._apply(RouterRead(reading))

    async def _hold(self, budget_s: float) -> None:
        try:
            await self._router.hold(budget_s)
        except HoldError as error:
            self._apply(HoldFailed(str(error)))
        else:
            self._apply(Held())

    async def _release(self) -> None:
        try:
            waited = await self._router.release()
        except HoldError as error:
            self._apply(ReleaseFailed(str(error)))
        else:
            self._apply(Released(waited))
