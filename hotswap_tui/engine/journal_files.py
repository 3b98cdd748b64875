"""The journal's files: made with their final mode, opened, and moved aside when they are damaged."""

from __future__ import annotations

import os
import sqlite3
from datetime import UTC, datetime
from importlib import resources
from typing import TYPE_CHECKING, Final

from hotswap_tui.engine.journal_codec import DamagedError
from hotswap_tui.engine.ports import JournalError

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME: Final = "journal.sqlite3"
APPLICATION_ID: Final = 0x48534A31
"""Marks the database as ours, so that a foreign one is never written into."""
MIGRATIONS: Final = ("journal_1.sql", "journal_2.sql")
"""The step that leads to each version, from 1 on."""
BUSY_S: Final = 5.0
_CHECKPOINT_PAGES: Final = 256
"""A megabyte of write-ahead log; SQLite's own default lets it grow to four."""


def open_writable(path: Path) -> tuple[sqlite3.Connection, bool]:
    """Return a connection to the journal at `path`, and whether it is a new one; directory and file are made when missing.

    Raises sqlite3.Error or OSError, DamagedError for a database that is not ours, JournalError for one that is too new.
    """
    _create(path)
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
    try:
        version = checked_version(connection)
        # A commit costs one fsync instead of three, readers never wait, and a torn write is told by its checksum.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {_CHECKPOINT_PAGES * 4096}")
        _migrate(connection, version)
    except (sqlite3.Error, JournalError):
        connection.close()
        raise
    return connection, version == 0


def _create(path: Path) -> None:
    os.makedirs(path.parent, mode=0o700, exist_ok=True)  # noqa: PTH103  Path.mkdir gives parents another mode, too
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Make the names in `directory` survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def checked_version(connection: sqlite3.Connection) -> int:
    """Return the schema's version, 0 for an empty database.

    Raises DamagedError when the database is not ours, JournalError when a newer program made it.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (objects,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != APPLICATION_ID and (version, application, objects) != (0, 0, 0):
        raise DamagedError("it is not a journal of this program")
    if version > len(MIGRATIONS):
        known = len(MIGRATIONS)
        raise JournalError(
            f"it was written by a newer hotswap-tui (schema {version}, this one knows {known}); update hotswap-tui or move the file away"
        )
    return int(version)


def _migrate(connection: sqlite3.Connection, version: int) -> None:
    folder = resources.files("hotswap_tui.engine") / "sql"
    for number, name in enumerate(MIGRATIONS[version:], start=version + 1):
        step = (folder / name).read_text(encoding="utf-8")
        marks = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {number};"
        with connection:
            connection.executescript(f"BEGIN IMMEDIATE; {step}\n{marks} COMMIT;")


def move_aside(path: Path, wall_s: float) -> Path:
    """Rename the damaged journal at `path` to `NAME.corrupt-TIMESTAMP` and return the new path."""
    stamp = datetime.fromtimestamp(wall_s, UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = path.with_name(f"{path.name}.corrupt-{stamp}")
    number = 2
    while aside.exists():
        aside = path.with_name(f"{path.name}.corrupt-{stamp}-{number}")
        number += 1
    # The write-ahead log goes first: left behind, it would be replayed into the new database.
    for suffix in ("-wal", "-shm", ""):
        source = path.with_name(path.name + suffix)
        if source.exists():
            source.rename(aside.with_name(aside.name + suffix))
    sync_directory(path.parent)
    return aside
