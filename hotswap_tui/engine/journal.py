"""The journal: what must survive a restart, the events, the switches and the checks, in STATE_DIR/journal.sqlite3.

One thread of its own does all of it, in order, so that a slow disk never holds up a check. Entries are on disk when their
awaitable resolves; samples are kept for ten seconds and go with the next entry or alone.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeVar

from hotswap_tui.engine.journal_samples import sample_row
from hotswap_tui.engine.journal_store import Store
from hotswap_tui.engine.journal_thread import JournalThread
from hotswap_tui.engine.ports import Entry, JournalError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from hotswap_tui.engine.journal_codec import PastSwitch, Row
    from hotswap_tui.engine.ports import Restored, Sample

T = TypeVar("T")

BATCH_S: Final = 10.0
_HELD_SAMPLES: Final = 20_000
"""Kept while nothing can be written; the oldest go first."""


class SqliteJournal:
    """Keep the journal of `directory`; nothing is touched before the first call. `wall_s` returns seconds since 1970.

    Cancelling what a method returned does not undo the work: it was queued by the call.
    """

    def __init__(self, directory: Path, *, wall_s: Callable[[], float] = time.time) -> None:
        self._store = Store(directory, wall_s, self._noticed)
        self._thread = JournalThread()
        self._samples: deque[Row] = deque(maxlen=_HELD_SAMPLES)
        self._batch: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listener: Callable[[str], None] = lambda _: None
        self._closed = False

    def on_notice(self, listener: Callable[[str], None]) -> None:
        """Call `listener` on the event loop with a sentence when a damaged journal was moved aside and a new one begun."""
        self._listener = listener

    def load(self) -> Awaitable[Restored]:
        """Return what a former run left; JournalError when there is something that cannot be read."""
        return self._submit(self._store.load)

    def write(self, entry: Entry) -> Awaitable[None]:
        """Store `entry`; resolves when it is safe on disk, raises JournalError when it cannot be."""
        return self._submit(lambda: self._write(entry))

    def sample(self, sample: Sample) -> None:
        """Keep a sample for the next batch."""
        self._samples.append(sample_row(sample))
        if self._batch is None:
            self._batch = asyncio.get_running_loop().call_later(BATCH_S, self._flush)

    def history(self, limit: int) -> Awaitable[Sequence[PastSwitch]]:
        """Return the newest `limit` switches, newest first; raises JournalError."""
        return self._submit(lambda: self._store.history(limit))

    def samples(self) -> Awaitable[Sequence[Sample]]:
        """Return the samples of the last day, oldest first, those of the present batch included; raises JournalError."""
        return self._submit(self._last_day)

    async def aclose(self) -> None:
        """Write what is still held and close; a disk that hangs makes this hang."""
        if self._closed:
            return
        self._closed = True
        if self._batch is not None:
            self._batch.cancel()
        # Only samples can be lost here: every entry was answered for by itself.
        with suppress(JournalError):
            await self._submit(lambda: self._write(Entry()))
        await self._submit(self._store.close)
        self._thread.end()

    def _submit(self, work: Callable[[], T]) -> asyncio.Future[T]:
        self._loop = asyncio.get_running_loop()
        return self._thread.submit(work)

    def _write(self, entry: Entry) -> None:
        rows = self._samples.copy()  # one step to the interpreter: the event loop may be appending
        self._store.write(entry, rows)
        for _ in rows:
            self._samples.popleft()

    def _last_day(self) -> Sequence[Sample]:
        self._write(Entry())
        return self._store.samples()

    def _flush(self) -> None:
        self._batch = None
        self._submit(lambda: self._write(Entry())).add_done_callback(self._flushed)

    def _flushed(self, written: asyncio.Future[None]) -> None:
        # What could not be written is still held and goes with the next batch; entries are what tells a person.
        if not written.cancelled() and written.exception() is None:
            return
        if self._batch is None and not self._closed:
            self._batch = asyncio.get_running_loop().call_later(BATCH_S, self._flush)

    def _noticed(self, sentence: str) -> None:
        with suppress(RuntimeError):  # the loop is closed: the program is ending
            assert self._loop is not None
            self._loop.call_soon_threadsafe(self._listener, sentence)
