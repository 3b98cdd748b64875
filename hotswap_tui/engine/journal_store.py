"""The journal's database: one connection, opened when needed and given up after every error. Blocking; one thread only."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeVar

from hotswap_tui.engine import journal_codec as codec
from hotswap_tui.engine import journal_read, journal_samples, journal_write
from hotswap_tui.engine.journal_files import FILE_NAME, move_aside, open_writable
from hotswap_tui.engine.ports import Entry, JournalError, Memory, Restored

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from hotswap_tui.core.values import Event
    from hotswap_tui.engine.journal_codec import PastSwitch
    from hotswap_tui.engine.ports import Sample

T = TypeVar("T")

_SALVAGED_SWITCHES: Final = 1000

_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})
"""SQLITE_ERROR is a statement that does not fit the schema: the statements are ours, so the schema is not."""


class Store:
    """Reads and writes the journal of `directory`. Every method raises JournalError.

    A damaged database is moved aside and a new one begun with what could be saved of it; `notice` is called with the sentence.
    """

    def __init__(self, directory: Path, wall_s: Callable[[], float], notice: Callable[[str], None]) -> None:
        self.path = directory / FILE_NAME
        self._wall_s = wall_s
        self._notice = notice
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._memory: Memory | None = None
        """The newest known, so that a journal that is begun anew has it, too."""

    def load(self) -> Restored:
        """Return what a former run left, even if it can only be read."""
        try:
            found = self._run(self._restored)
        except JournalError:
            if not os.path.isfile(self.path):  # noqa: PTH113  Path.is_file raises where nobody may look
                raise
            with journal_read.reading(self.path) as connection:
                found = self._restored(connection)
        self._memory = found.memory
        return found

    def _restored(self, connection: sqlite3.Connection) -> Restored:
        return journal_read.restored(connection, self._wall_s())

    def history(self, limit: int) -> list[PastSwitch]:
        """Return the newest switches, newest first."""
        return self._run(lambda connection: journal_read.switches(connection, limit))

    def samples(self) -> tuple[Sample, ...]:
        """Return the samples of the last day, oldest first."""
        return self._run(lambda connection: journal_samples.last_day(connection, self._wall_s()))

    def write(self, entry: Entry, samples: Sequence[codec.Row] = ()) -> None:
        """Store both in one transaction: on disk when this returns, except that samples alone may be lost with the power."""
        self._memory = entry.memory or self._memory

        def work(connection: sqlite3.Connection) -> None:
            # A step alone may be lost with the power: the router's read-back decides what became of its switch.
            # In a write-ahead log, NORMAL leaves the fsync to the next entry or checkpoint: an SD card lives longer.
            durable = entry.events or entry.memory or entry.switch
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                journal_write.store(connection, entry)
                journal_samples.store(connection, samples)

        self._run(work)

    def close(self) -> None:
        """Close the database; the next use opens it again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            # Closing checkpoints; where that fails, the write-ahead log stays and is read at the next start.
            with suppress(sqlite3.Error):
                connection.close()

    def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            try:
                return work(self._opened())
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
                self._begin_anew(error)
                return work(self._opened())
        except (sqlite3.Error, OSError, JournalError) as error:
            self.close()
            raise journal_read.journal_error(self.path, error) from error

    def _opened(self) -> sqlite3.Connection:
        if self._connection is not None and not self._file_is_there():
            self.close()
        if self._connection is None:
            self._connection, new = open_writable(self.path)
            self._inode = self.path.stat().st_ino
            if new and self._memory is not None:
                journal_write.store(self._connection, Entry(memory=self._memory))
        return self._connection

    def _file_is_there(self) -> bool:
        # A database whose file was removed looks healthy to SQLite, and nothing that is written to it survives.
        try:
            return self.path.stat().st_ino == self._inode
        except OSError:
            return False

    def _begin_anew(self, error: sqlite3.DatabaseError) -> None:
        self.close()
        saved, switches = self._salvage()
        self._memory = self._memory or saved.memory
        aside = move_aside(self.path, self._wall_s())
        connection = self._opened()
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            journal_write.store(connection, Entry(events=saved.events))
            for past in reversed(switches):
                journal_write.store_past(connection, past)
        kept = "what must survive a restart was saved" if self._memory else "nothing could be saved from it"
        self._notice(f"the journal was damaged ({error}); it is kept as {aside.name}, {kept}, and a new one was begun")

    def _salvage(self) -> tuple[Entry, list[PastSwitch]]:
        memory: Memory | None = None
        events: tuple[Event, ...] = ()
        switches: list[PastSwitch] = []
        with suppress(JournalError), journal_read.reading(self.path) as connection:
            with suppress(sqlite3.Error):
                memory = journal_read.memory(connection)
            with suppress(sqlite3.Error):
                switches = journal_read.switches(connection, _SALVAGED_SWITCHES, steps=False)
                switches = journal_read.switches(connection, _SALVAGED_SWITCHES)
            with suppress(sqlite3.Error):
                events = journal_read.events(connection)
        return Entry(events=events, memory=memory), switches


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    return isinstance(error, codec.DamagedError) or journal_read.primary_code(error) in _DAMAGE
