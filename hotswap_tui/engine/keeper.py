"""What the engine tells its journal, and how it goes on when the journal cannot listen.

A journal that cannot be written never blocks a switch: an intent waits for the disk for a bounded time, and what could
not be stored is stored again later.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from hotswap_tui.core.values import Kind, Level, Tell
from hotswap_tui.engine.ports import Entry, JournalError, Restored, StepRecord, SwitchRecord
from hotswap_tui.engine.restart import finished_before, must_remember, remember

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hotswap_tui.core.model import Model
    from hotswap_tui.core.values import Event, RouterReading, Switch
    from hotswap_tui.engine.journal_codec import PastSwitch
    from hotswap_tui.engine.ports import Journal, Memory, Sample

DURABLE_WITHIN_S = 1.0
"""An SD card's fsync takes up to a few hundred milliseconds; a switch does not wait longer for it."""
RETRY_S = 10.0
WAITING_ENTRIES = 1000
"""So many entries wait for a disk that fails; beyond them the oldest are lost, never the newest."""
CLOSED_WITHIN_S = 2.0
"""A disk that hangs does not keep the program from ending."""


class Keeper:
    """Writes entries in order; knows which part of the model still has to be stored."""

    def __init__(self, journal: Journal, pair: str, tell: Callable[[Tell], None], wall_s: Callable[[], float]) -> None:
        self._journal = journal
        self.pair = pair
        self._tell = tell
        self._wall_s = wall_s
        self._step_begun_s = 0.0
        self._failing = False
        self._queue: deque[Entry] = deque()
        """What the disk has not taken yet, oldest first."""
        self._in_flight: asyncio.Future[None] | None = None
        self._at_rest = asyncio.Event()
        self._at_rest.set()
        self._retry: asyncio.TimerHandle | None = None
        journal.on_notice(lambda text: tell(Tell(Kind.JOURNAL, Level.WARNING, text)))

    async def load(self) -> Restored:
        """Return what a former run left; nothing when it cannot be read, and say so."""
        try:
            return await self._journal.load()
        except JournalError as error:
            self._fail(error)
            return Restored()

    def sample(self, sample: Sample) -> None:
        """Keep a sample for the next batch."""
        self._journal.sample(sample)

    def remember(self, model: Model, events: tuple[Event, ...], offset_s: float) -> None:
        """Store the whole of what must survive."""
        self._write(Entry(events, self._memory(model, offset_s)))

    def _memory(self, model: Model, offset_s: float) -> Memory | None:
        """Return what to remember; with one database nothing is decided, so what was decided between two stays."""
        return remember(model, self.pair, offset_s) if model.has_secondary else None

    def write_events(self, events: tuple[Event, ...]) -> None:
        """Store sentences only."""
        self._write(Entry(events))

    def settle(self, unfinished: SwitchRecord, wall_s: float, reading: RouterReading) -> None:
        """Close the record of a switch that a former run left open, by where traffic goes now."""
        if not finished_before(unfinished, reading):
            result, error = "failed", "cut off by a restart"
        else:
            result, error = ("done", "") if reading.proven else ("unknown", reading.proof)
        record = replace(unfinished, finished_wall_s=wall_s, result=result, error=error, proof=reading.proof)
        self._write(Entry(switch=record))

    def after_step(self, before: Model, after: Model, events: tuple[Event, ...], offset_s: float) -> None:
        """Store what one decision changed."""
        memory = None
        if must_remember(before) != must_remember(after):
            memory = self._memory(after, offset_s)
        switch = _switch_record(before, after, offset_s)
        step = self._step_record(before.switch, after.switch)
        if events or memory is not None or switch is not None or step is not None:
            self._write(Entry(events, memory, switch, step))

    def _step_record(self, before: Switch | None, after: Switch | None) -> StepRecord | None:
        """Return the record of a step that has just begun or ended."""
        if before is None or after is None:
            return None
        if len(after.steps_done) > len(before.steps_done):
            return StepRecord(after.id, after.step, self._step_begun_s, self._wall_s())
        if after.step != before.step:
            self._step_begun_s = self._wall_s()
            return StepRecord(after.id, after.step, self._step_begun_s)
        return None

    async def history(self, limit: int) -> Sequence[PastSwitch]:
        """Return the newest `limit` switches, newest first; raises JournalError."""
        return await self._journal.history(limit)

    async def samples(self) -> Sequence[Sample]:
        """Return the samples of the last day, oldest first; raises JournalError."""
        return await self._journal.samples()

    async def settled(self) -> None:
        """Wait until what was given so far is on disk, but not for long, and not for a disk that fails."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DURABLE_WITHIN_S):
                await self._at_rest.wait()

    async def aclose(self, events: tuple[Event, ...]) -> None:
        """Store the last words, and what the disk still lacks, and close."""
        if self._retry is not None:
            self._retry.cancel()
        self._write(Entry(events))
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSED_WITHIN_S):
                await self._at_rest.wait()
                await self._journal.aclose()

    def _write(self, entry: Entry) -> None:
        self._queue.append(entry)
        if len(self._queue) > WAITING_ENTRIES:
            del self._queue[1]  # the first may be in the journal's hands
        self._hand_over()

    def _hand_over(self) -> None:
        """Give the journal the first entry of the queue, one at a time, so that the order stays whatever fails."""
        if self._in_flight is None and self._queue:
            self._at_rest.clear()
            self._in_flight = asyncio.ensure_future(self._journal.write(self._queue[0]))
            self._in_flight.add_done_callback(self._written)

    def _written(self, written: asyncio.Future[None]) -> None:
        self._in_flight = None
        if written.cancelled():
            return
        error = written.exception()
        if error is None:
            self._queue.popleft()
        elif isinstance(error, JournalError):
            self._fail(error)
        else:
            raise error
        if error is None and self._queue:
            self._hand_over()
            return
        self._at_rest.set()
        if error is None and self._failing:
            self._failing = False
            self._tell(Tell(Kind.JOURNAL, Level.GOOD, "the journal is written again"))

    def _fail(self, error: JournalError) -> None:
        """Keep what was not taken for another try, and tell the first time."""
        if self._retry is None and self._queue:
            self._retry = asyncio.get_running_loop().call_later(RETRY_S, self._retry_now)
        if not self._failing:
            self._failing = True
            text = f"journal: {error}; watching and switching go on, but a restart would not remember"
            self._tell(Tell(Kind.JOURNAL, Level.BAD, text))

    def _retry_now(self) -> None:
        self._retry = None
        self._hand_over()


def _switch_record(before: Model, after: Model, offset_s: float) -> SwitchRecord | None:
    """Return the record of a switch that this step began or ended."""
    outcome = after.last_switch
    if outcome is not None and outcome is not before.last_switch:
        switch = outcome.switch
        started, finished = switch.started_s + offset_s, outcome.finished_s + offset_s
        return SwitchRecord(
            switch,
            started,
            finished,
            outcome.result,
            outcome.error,
            outcome.down,
            outcome.down_s,
            outcome.waited,
            outcome.severed,
            outcome.proof,
        )
    if after.switch is not None and (before.switch is None or before.switch.id != after.switch.id):
        return SwitchRecord(after.switch, after.switch.started_s + offset_s)
    return None
