"""Writing to a journal, inside the caller's transaction, and keeping it from growing without end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotswap_tui.engine import journal_codec as codec

if TYPE_CHECKING:
    import sqlite3

    from hotswap_tui.engine.journal_codec import PastSwitch
    from hotswap_tui.engine.ports import Entry, StepRecord

EVENTS_KEPT: Final = 50_000
SWITCHES_KEPT: Final = 60_000
"""More than a year at the default budget of six an hour."""

_NEWEST: Final = "seq = (SELECT max(seq) FROM switch) AND id = ?"
"""Ids may begin anew, so only the newest switch can be meant."""


def store(connection: sqlite3.Connection, entry: Entry) -> None:
    """Store what `entry` holds."""
    if entry.events:
        query = f"INSERT INTO event ({codec.EVENT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  columns are ours
        connection.executemany(query, [codec.event_row(event) for event in entry.events])
        connection.execute("DELETE FROM event WHERE seq <= (SELECT max(seq) FROM event) - ?", (EVENTS_KEPT,))
    if entry.memory is not None:
        connection.execute("INSERT OR REPLACE INTO memory VALUES (1, ?)", (codec.memory_text(entry.memory),))
    if entry.switch is not None:
        _store_switch(connection, codec.switch_row(entry.switch))
    if entry.step is not None:
        _store_step(connection, entry.step)


def store_past(connection: sqlite3.Connection, past: PastSwitch) -> None:
    """Store a switch of another journal with all that is known of it."""
    _store_switch(connection, codec.switch_row(past.record, past.recipe))
    for step in past.steps:
        _store_step(connection, step)


def _store_switch(connection: sqlite3.Connection, row: codec.Row) -> None:
    """Bring the newest switch up to date or begin another."""
    columns = dict(zip(codec.SWITCH_COLUMNS.split(", "), row, strict=True))
    number = columns["id"]
    # Another attempt begins its steps anew.
    query = f"DELETE FROM step WHERE switch_seq = (SELECT seq FROM switch WHERE {_NEWEST} AND attempt <> ?)"  # noqa: S608
    connection.execute(query, (number, columns["attempt"]))
    if not columns["recipe"]:
        del columns["recipe"]  # who closes a former life's switch does not know its plan
    names, places = ", ".join(columns), ", ".join("?" * len(columns))
    query = f"UPDATE switch SET ({names}) = ({places}) WHERE {_NEWEST}"  # noqa: S608  columns are ours
    if not connection.execute(query, (*columns.values(), number)).rowcount:
        connection.execute(f"INSERT INTO switch ({names}) VALUES ({places})", tuple(columns.values()))  # noqa: S608
        _forget_old_switches(connection)


def _forget_old_switches(connection: sqlite3.Connection) -> None:
    (newest,) = connection.execute("SELECT max(seq) FROM switch").fetchone()
    connection.execute("DELETE FROM switch WHERE seq <= ?", (newest - SWITCHES_KEPT,))
    connection.execute("DELETE FROM step WHERE switch_seq <= ?", (newest - SWITCHES_KEPT,))


def _store_step(connection: sqlite3.Connection, step: StepRecord) -> None:
    """Store a step of the newest switch; one of a switch that could not be stored is let go."""
    connection.execute(
        f"INSERT INTO step (switch_seq, {codec.STEP_COLUMNS}) SELECT seq, ?, ?, ? FROM switch WHERE {_NEWEST}"  # noqa: S608
        " ON CONFLICT (switch_seq, step) DO UPDATE"
        " SET begun_wall_s = excluded.begun_wall_s, done_wall_s = excluded.done_wall_s",
        (*codec.step_row(step), step.switch_id),
    )
