"""Reading a journal without writing to it, whether or not an engine has it open."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from hotswap_tui.engine import journal_codec as codec
from hotswap_tui.engine import journal_samples
from hotswap_tui.engine.journal_files import BUSY_S, FILE_NAME, checked_version
from hotswap_tui.engine.ports import JournalError, Memory, Restored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hotswap_tui.core.values import Event
    from hotswap_tui.engine.journal_codec import PastSwitch

EVENTS_LOADED: Final = 500

_WHY: Final = {
    sqlite3.SQLITE_BUSY: "another program has locked it",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk fails (I/O error)",
    sqlite3.SQLITE_READONLY: "it is read-only",
}

_NO_PLACE: Final = frozenset(
    {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY}
)


def primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code, 0 when it did not come from SQLite itself."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def journal_error(path: Path, error: sqlite3.Error | OSError | JournalError) -> JournalError:
    """Return `error` as one line that names the file."""
    if isinstance(error, OSError):
        return JournalError(f"{path}: {(error.strerror or str(error)).lower()}")
    why = _WHY.get(primary_code(error), str(error)) if isinstance(error, sqlite3.Error) else str(error)
    return JournalError(f"{path}: {why}")


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the journal at `path` for reading; whatever goes wrong is raised as JournalError."""
    try:
        _must_exist(path)
        with closing(_open(path)) as connection:
            yield connection
    except (sqlite3.Error, OSError, JournalError) as error:
        raise journal_error(path, error) from error


def _must_exist(path: Path) -> None:
    if not path.is_file():
        raise JournalError("there is no journal; no engine has kept its state there")


def _open(path: Path) -> sqlite3.Connection:
    try:
        return _checked(path, "mode=ro")
    except sqlite3.OperationalError as error:
        if primary_code(error) not in _NO_PLACE:
            raise
    # A write-ahead log is read through an index in a file beside it, which a full or read-only disk has no place for.
    log = path.with_name(path.name + "-wal")
    if not log.exists() or not log.stat().st_size:
        return _checked(path, "mode=ro&immutable=1")
    return _checked(path, "mode=rw", "PRAGMA locking_mode = EXCLUSIVE")  # keeps the index in memory


def _checked(path: Path, options: str, setting: str = "") -> sqlite3.Connection:
    uri = f"file:{quote(str(path.absolute()))}?{options}"
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None)
    try:
        connection.execute(setting)
        _must_be_begun(connection)
    except (sqlite3.Error, JournalError):
        connection.close()
        raise
    return connection


def _must_be_begun(connection: sqlite3.Connection) -> None:
    if checked_version(connection) == 0:
        raise JournalError("it is empty; no engine has written to it yet")


def read_history(directory: Path, limit: int) -> list[PastSwitch]:
    """Return the newest `limit` switches in the journal of `directory`, newest first; raises JournalError."""
    with reading(directory / FILE_NAME) as connection:
        return switches(connection, limit)


def switches(connection: sqlite3.Connection, limit: int, *, steps: bool = True) -> list[PastSwitch]:
    """Return the newest `limit` switches, newest first, with their `steps`; also from a journal of version 1."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    columns = codec.SWITCH_COLUMNS_1 if version == 1 else codec.SWITCH_COLUMNS
    query = f"SELECT seq, {columns} FROM switch ORDER BY seq DESC LIMIT ?"  # noqa: S608  columns are ours
    rows = connection.execute(query, (limit,)).fetchall()
    found = _steps(connection, rows[-1][0]) if rows and steps and version > 1 else {}
    return [codec.past_switch(row, found.get(seq, ())) for seq, *row in rows]


def _steps(connection: sqlite3.Connection, oldest: int) -> dict[int, list[codec.Row]]:
    query = f"SELECT switch_seq, {codec.STEP_COLUMNS} FROM step WHERE switch_seq >= ? ORDER BY seq"  # noqa: S608  columns are ours
    steps: dict[int, list[codec.Row]] = {}
    for switch_seq, *fields in connection.execute(query, (oldest,)):
        steps.setdefault(switch_seq, []).append(tuple(fields))
    return steps


def memory(connection: sqlite3.Connection) -> Memory | None:
    """Return what must survive a restart, as it was stored last."""
    row = connection.execute("SELECT value FROM memory").fetchone()
    return None if row is None else codec.memory(row[0])


def events(connection: sqlite3.Connection) -> tuple[Event, ...]:
    """Return the newest events, oldest first."""
    query = f"SELECT {codec.EVENT_COLUMNS} FROM event ORDER BY seq DESC LIMIT ?"  # noqa: S608  columns are ours
    return codec.events(reversed(connection.execute(query, (EVENTS_LOADED,)).fetchall()))


def restored(connection: sqlite3.Connection, now_s: float) -> Restored:
    """Return what a run begins with."""
    newest = next(iter(switches(connection, 1)), None)
    unfinished = newest if newest is not None and not newest.record.result else None
    told = events(connection)
    return Restored(
        memory=_ahead_of(memory(connection), newest),
        unfinished=unfinished.record if unfinished else None,
        unfinished_steps=unfinished.steps if unfinished else (),
        last_event_id=max((event.id for event in told), default=0),
        events=told,
        samples=journal_samples.last_day(connection, now_s),
    )


def _ahead_of(remembered: Memory | None, newest: PastSwitch | None) -> Memory | None:
    """Never give a switch's number away again, though the memory that followed it was not stored."""
    if remembered is None or newest is None:
        return remembered
    return replace(remembered, next_switch_id=max(remembered.next_switch_id, newest.record.switch.id + 1))
