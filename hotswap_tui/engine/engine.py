"""The runtime loop: probes, machine, router and journal wired together.

Everything happens in callbacks of one event loop: a check or a switch that has ended, a due moment, a person's request.
Each is one synchronous `_apply`, so no two decisions overlap. `run` only starts, waits and cleans up.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Self

from hotswap_tui.core.effects import BeginSwitch, CancelSwitch, HoldClients, ProbeNow, ReadRouter, ReleaseClients
from hotswap_tui.core.errors import IllegalEventError, RefusedError
from hotswap_tui.core.events import Checked, ConnectionLost, Elapsed, Released, Slept
from hotswap_tui.core.latency import LatencyHistory
from hotswap_tui.core.machine import step
from hotswap_tui.core.schedule import due_s, wake_s, wants_fresh
from hotswap_tui.core.values import Kind, Level, Role, Tell
from hotswap_tui.engine.checks import Checks
from hotswap_tui.engine.chronicle import Chronicle
from hotswap_tui.engine.keeper import Keeper
from hotswap_tui.engine.mover import Mover
from hotswap_tui.engine.picture import Frame, picture
from hotswap_tui.engine.ports import Sample
from hotswap_tui.engine.restart import recall, seen_before, stories
from hotswap_tui.engine.syncing import Syncing
from hotswap_tui.engine.tally import Counts

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from hotswap_tui.core.effects import Effect
    from hotswap_tui.core.events import Input, Request
    from hotswap_tui.core.model import Model
    from hotswap_tui.core.policy import Policy
    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.core.values import Event, RouterReading, Verdict
    from hotswap_tui.engine.hooks import Hooks
    from hotswap_tui.engine.journal_codec import PastSwitch
    from hotswap_tui.engine.picture import Target
    from hotswap_tui.engine.ports import Clock, Journal, Restored, SyncReader
    from hotswap_tui.engine.tally import Tally
    from hotswap_tui.routing.router import Router

SLEEP_NOTICED_S = 1.0
"""A suspension shorter than this cannot fail a check; clock readings differ by microseconds."""
SWITCH_AT_SHUTDOWN_S = 2.0
"""How long a switch in flight may take to end when the engine stops; the next start reconciles one that did not."""


class Engine:
    """Watch the configured databases, decide, act and tell."""

    def __init__(  # noqa: PLR0913 - its ports
        self,
        policy: Policy,
        targets: Mapping[Role, Target],
        router: Router,
        journal: Journal,
        clock: Clock,
        *,
        name: str,
        pair: str,
        tell: Callable[[Event], None] = lambda _event: None,
        notices: Sequence[Tell] = (),
        on_switch: Sequence[str] = (),
        reader: SyncReader | None = None,
    ) -> None:
        self._policy = policy
        self._targets = targets
        self._router = router
        self._clock = clock
        self._name = name
        self._notices = notices
        self._counts = Counts()
        self._chronicle = Chronicle(self._telling(tell), clock.wall_s)
        self._keeper = Keeper(journal, pair, self._journal_told, clock.wall_s)
        self._mover = Mover(router, self._keeper.settled, self._apply, self._spawn)
        self._checks = Checks(
            targets, self._spawn, wants_fresh=self._wants_fresh, ended=self._checked, noted=self._note
        )
        self._hooks = self._hooks_of(on_switch) if on_switch else None
        self._syncing = Syncing(reader, lambda: self._model, self._apply, self._spawn) if reader else None
        self._latency = {role: LatencyHistory() for role in targets}
        self._listeners: list[Callable[[], None]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._closing = False
        """No more checks begin; a switch in flight may still end."""
        self._stopping = False
        self._model: Model
        self._frame: Frame
        self._loop: asyncio.AbstractEventLoop
        self._ended: asyncio.Future[None]

    # -- life ---------------------------------------------------------------------------------

    async def start(self) -> None:
        """Restore what was remembered, reconcile it with the router, and begin to check."""
        self._loop = asyncio.get_running_loop()
        self._ended = self._loop.create_future()
        restored = await self._keeper.load()
        left_over = await self._router.reconcile()
        reading = await self._reading(restored)
        now_s, offset_s = self._loop.time(), self._offset_s()
        self._suspended_s = self._clock.suspended_s()
        self._chronicle.restore(restored.events, restored.last_event_id)
        for sample in restored.samples:
            if sample.role in self._latency:
                self._latency[sample.role].add(sample.wall_s - offset_s, sample.latency_ms)
        has_secondary = Role.SECONDARY in self._targets
        model = recall(
            restored.memory,
            restored.unfinished,
            reading,
            self._policy,
            pair=self._keeper.pair,
            has_secondary=has_secondary,
            now_s=now_s,
            offset_s=offset_s,
        )
        # No version of a life before comes again: who has looked at that one has not seen this.
        self._model = replace(seen_before(model, restored.samples, offset_s), version=round(now_s * 1000))
        self._frame = Frame(self._name, os.getpid(), now_s, self._targets, self._policy)
        told = [Tell(Kind.STARTED, Level.INFO, f"engine started, pid {os.getpid()}", data={"pid": os.getpid()})]
        told += [*self._notices, *left_over]
        told += stories(restored.memory, restored.unfinished, reading, self._keeper.pair, has_secondary=has_secondary)
        if restored.unfinished is not None and not reading.error:
            self._keeper.settle(restored.unfinished, self._clock.wall_s(), reading)
        self._keeper.remember(self._model, self._chronicle.record(told), self._offset_s())
        for role, target in self._targets.items():
            target.prober.on_lost(partial(self._lost, role))
        self._mark_serving()
        self._launch()

    def _hooks_of(self, argv: Sequence[str]) -> Hooks:
        from hotswap_tui.engine.hooks import Hooks  # noqa: PLC0415 - only who has set HOTSWAP_ON_SWITCH needs it

        return Hooks(tuple(argv), lambda told: self._keep([told]))

    async def _reading(self, restored: Restored) -> RouterReading:
        """Read the router back; a switch that was cut off after it had arrived is proven, or not, by a canary."""
        reading = await self._router.current()
        unfinished = restored.unfinished
        if unfinished is not None and reading.points_to is unfinished.switch.target:
            return await self._router.verify(unfinished.switch.target)
        return reading

    async def run(self) -> None:
        """Start and work until `stop` is called; re-raise what made it impossible to go on."""
        async with self:
            await self.ended()

    async def __aenter__(self) -> Self:
        """Start; nothing is left behind when that fails."""
        try:
            await self.start()
        except BaseException:
            await self._shut_down()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """End every check, let a switch in flight finish, and store the last words."""
        await self._shut_down()

    async def ended(self) -> None:
        """Return after `stop`; raise what made it impossible to go on."""
        await asyncio.shield(self._ended)

    def stop(self) -> None:
        """Ask `run` to end."""
        if not self._ended.done():
            self._ended.set_result(None)

    async def _shut_down(self) -> None:
        self._closing = True
        self._checks.close()
        if self._timer is not None:
            self._timer.cancel()
        await self._mover.rest(SWITCH_AT_SHUTDOWN_S)
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for target in self._targets.values():
            await target.prober.aclose()
        await self._router.aclose()
        if self._syncing is not None:
            await self._syncing.aclose()
        if self._hooks is not None:
            await self._hooks.aclose()
        await self._keeper.aclose(self._chronicle.record([Tell(Kind.STOPPED, Level.INFO, "engine stopped")]))

    # -- what front ends see --------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """Return the present picture."""
        return picture(self._model, self._frame, self._checks.running, self._loop.time(), self._clock.wall_s())

    def latency(self, role: Role) -> LatencyHistory:
        """Return the latencies of the checks of `role`."""
        return self._latency[role]

    def events(self) -> tuple[Event, ...]:
        """Return the newest events, oldest first."""
        return self._chronicle.events

    def tally(self) -> Tally:
        """Return what was counted since the start."""
        return self._counts.tally()

    async def history(self, limit: int) -> Sequence[PastSwitch]:
        """Return the newest `limit` switches, newest first; raises JournalError."""
        return await self._keeper.history(limit)

    async def samples(self) -> Sequence[Sample]:
        """Return the latency samples of the last day, oldest first, thinned as a restart finds them; raises JournalError."""
        return await self._keeper.samples()

    def tell(self, tell: Tell) -> None:
        """Tell everyone what somebody around the engine has to say."""
        self._keep([tell])

    def adopt(self, policy: Policy) -> None:
        """Decide by another policy from now on; its time-out and write check are for an engine with other probers."""
        self._policy = policy
        self._frame = replace(self._frame, policy=policy)
        self._apply(Elapsed())

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after each change; return what ends the subscription."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def request(self, request: Request) -> None:
        """Decide on a person's request, and return when that is on disk or the disk has had a second to take it.

        Raises RefusedError with a sentence when it is not allowed.
        """
        try:
            self._decide(request)
        except RefusedError as refusal:
            self._keep([Tell(Kind.REFUSED, Level.INFO, f"{request.by}: refused: {refusal}", data={"by": request.by})])
            raise
        await self._keeper.settled()

    # -- one decision -----------------------------------------------------------------------------

    def _apply(self, event: Input) -> None:
        """Let the machine decide on something that has happened."""
        if self._stopping:
            return
        try:
            self._decide(event)
        except IllegalEventError as error:
            self._keep([Tell(Kind.IGNORED, Level.BAD, f"ignored: {error}")])
        except Exception as error:  # noqa: BLE001 - the supervisor: whoever awaits `run` gets it
            if not self._ended.done():
                self._ended.set_exception(error)

    def _decide(self, event: Input) -> None:
        suspended_s = self._clock.suspended_s()
        slept_s = suspended_s - self._suspended_s
        if slept_s >= SLEEP_NOTICED_S:
            self._suspended_s = suspended_s
            self._step(Slept(slept_s))
        self._step(event)
        self._launch()
        self._notify()

    def _notify(self) -> None:
        """Call the listeners from the loop: what one of them does wrong is not the engine's."""
        for listener in self._listeners:
            self._loop.call_soon(listener)

    def _step(self, event: Input) -> None:
        before = self._model
        if isinstance(event, Released):
            self._counts.waited(event.waited)
        self._model, effects = step(before, event, self._loop.time(), self._policy)
        told = self._chronicle.record([effect for effect in effects if isinstance(effect, Tell)])
        self._keeper.after_step(before, self._model, told, self._offset_s())
        if before.active is not self._model.active:
            self._mark_serving()
        ended = self._model.last_switch
        if ended is not None and ended is not before.last_switch:
            self._counts.switched(ended)
            if self._hooks is not None:
                self._hooks.switched(ended, self._offset_s())
        for effect in effects:
            self._carry_out(effect)

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case ProbeNow(role, fresh):
                self._checks.ask(role, fresh=fresh)
            case BeginSwitch() | CancelSwitch() | ReadRouter() | HoldClients() | ReleaseClients():
                self._mover.carry_out(effect)

    # -- checks -----------------------------------------------------------------------------------

    def _launch(self) -> None:
        """Start the checks that are due and set the timer for the next moment."""
        if self._closing:
            return
        now_s = self._loop.time()
        next_s = wake_s(self._model)
        for role in self._targets:
            if role in self._checks.running:
                continue
            due = due_s(self._model, role, self._policy)
            if due <= now_s:
                self._checks.begin(role)
            else:
                next_s = min(next_s, due)
        if self._syncing is not None:
            next_s = min(next_s, self._syncing.launch(self._policy, now_s))
        self._wake_at(next_s)

    def _wake_at(self, moment_s: float) -> None:
        if self._timer is not None:
            if self._timer.when() == moment_s:
                return
            self._timer.cancel()
        self._timer = None if moment_s == float("inf") else self._loop.call_at(moment_s, self._wake)

    def _wake(self) -> None:
        """Go on at a moment that has come: the machine's own, or only a check's, which needs no decision."""
        self._timer = None
        if wake_s(self._model) <= self._loop.time() or self._clock.suspended_s() - self._suspended_s >= SLEEP_NOTICED_S:
            self._apply(Elapsed())
        else:
            self._launch()

    def _wants_fresh(self, role: Role) -> bool:
        return wants_fresh(self._model, role, self._policy, self._loop.time())

    def _checked(self, verdict: Verdict) -> None:
        self._counts.checked(verdict)
        self._apply(Checked(verdict))
        self._sample(verdict)

    def _sample(self, verdict: Verdict) -> None:
        """Keep the latency for graphs and journal, unless it measured this computer's sleep."""
        if verdict.started_s >= self._model.discard_before_s:
            latency_ms = verdict.measured_ms
            self._latency[verdict.role].add(verdict.finished_s, latency_ms)
            self._keeper.sample(Sample(verdict.role, self._clock.wall_s(), latency_ms))

    def _note(self, role: Role, note: str) -> None:
        self._keep([Tell(Kind.CONFIG, Level.WARNING, f"{role}: {note}", role)])

    def _lost(self, role: Role, detail: str) -> None:
        self._apply(ConnectionLost(role, detail))

    def _mark_serving(self) -> None:
        for role, target in self._targets.items():
            target.prober.serving = role is self._model.active

    # -- telling ------------------------------------------------------------------------------------

    def _telling(self, tell: Callable[[Event], None]) -> Callable[[Event], None]:
        def told(event: Event) -> None:
            self._counts.told(event)
            tell(event)

        return told

    def _keep(self, told: list[Tell]) -> None:
        self._keeper.write_events(self._chronicle.record(told))
        self._notify()

    def _journal_told(self, tell: Tell) -> None:
        """Tell what the journal cannot store itself."""
        self._chronicle.record([tell])
        self._notify()

    def _offset_s(self) -> float:
        return self._clock.wall_s() - self._loop.time()

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._reap)
        return task

    def _reap(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._ended.done():
            self._ended.set_exception(error)
