"""Where a server stands: which transactions had ended, and how many of them were our own write checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.sync import lsn
from hotswap_tui.sync.dossier import snapshots
from hotswap_tui.sync.dossier.asking import template

if TYPE_CHECKING:
    from hotswap_tui.core.sync import Mark
    from hotswap_tui.sync.dossier.asking import Asking
    from hotswap_tui.sync.dossier.snapshots import Snapshot

OWN_COUNTER: Final = template("own_counter").substitute()
_STAND: Final = template("stand")


@dataclass(frozen=True, slots=True)
class Stand:
    """What one statement has read on the secondary."""

    in_recovery: bool
    snapshot: Snapshot
    place: int
    """In the write-ahead log, bytes."""
    timeline: int | None
    beats: int | None
    counter: str
    open: int
    """Transactions that have a number and have not ended, prepared ones included."""
    tracks_origins: bool
    """The server notes where a transaction came from."""
    version: int
    """As `server_version_num` says it."""


async def _counter_columns(asking: Asking) -> dict[str, str]:
    """Return how a statement reads our own counter, NULL where it may not be trusted; raises InspectionError."""
    tables = await asking.rows(OWN_COUNTER)
    return columns_of(tables[0][0] if tables else None)


def columns_of(table: str | None) -> dict[str, str]:
    """Return how a statement reads the counter in `table`, the server's quoting; NULL where there is none."""
    if table is None:
        return {"beats": "NULL::pg_catalog.int8", "counter": "NULL::pg_catalog.text"}
    return {name: f"(SELECT h.{name} FROM {table} h)" for name in ("beats", "counter")}  # noqa: S608 - the server's quoting


async def read_stand(asking: Asking) -> Stand:
    """Return where the server stands now; raises InspectionError."""
    row = await asking.row(_STAND.substitute(await _counter_columns(asking)))
    try:
        in_recovery, snapshot, place, walfile, beats, counter, still_open, tracks, version = row
        return Stand(
            in_recovery=in_recovery == "t",
            snapshot=snapshots.parse(str(snapshot)),
            place=lsn.place(str(place)),
            timeline=timeline(walfile),
            beats=None if beats is None else int(beats),
            counter=counter or "",
            open=int(str(still_open)),
            tracks_origins=tracks == "on",
            version=int(str(version)),
        )
    except ValueError as error:
        raise InspectionError("not the answer that was asked for") from error


def timeline(walfile: str | None) -> int | None:
    """Return the timeline in the name of a file of the log; None where there is none. Raises ValueError."""
    return int(walfile[:8], 16) if walfile else None


def own_since(mark: Mark, then: Snapshot, now: Stand) -> int:
    """Return how many transactions since the mark were surely our own write checks.

    The counter names the transaction in which it was begun. One that was begun since (the table was not there, or a crash has
    emptied it) counts from nothing; the number of any other, say from a backup that somebody has restored, says nothing here.
    """
    if now.beats is None or not now.counter:
        return 0
    if now.counter == mark.counter:
        return max(0, now.beats - (mark.beats or 0))
    begun_in = now.counter.partition("/")[0]
    begun_since = begun_in.isdigit() and then.is_new(int(begun_in), now.snapshot)
    return max(0, now.beats) if begun_since else 0
