"""Noting where the secondary stands while nobody writes there yet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.sync import Mark
from hotswap_tui.core.text import clean
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.sync.dossier import snapshots, written
from hotswap_tui.sync.dossier.asking import Asking, template
from hotswap_tui.sync.dossier.stand import OWN_COUNTER, timeline
from hotswap_tui.sync.dossier.tail import FAILURES, failures
from hotswap_tui.sync.quoting import literal

if TYPE_CHECKING:
    from hotswap_tui.core.values import Role
    from hotswap_tui.routing.inspection import Inspection
    from hotswap_tui.sync.dossier.asking import Row

_MARK: Final = template("mark")
_IDENTIFIER: Final = "(SELECT system_identifier FROM pg_catalog.pg_control_system())"
_IN_RECOVERY: Final = "pg_catalog.pg_is_in_recovery()"
_NO_MOVES: Final = "NULL"
_PARTS: Final = {"own_counter": OWN_COUNTER, "written": written.QUERY}
_WHOLE: Final = _PARTS | {"identifier": _IDENTIFIER, "failures": f"({FAILURES})"}
REHEARSAL: Final = _MARK.substitute(_WHOLE, still="true", moves=_NO_MOVES)
"""Reads what a mark reads, and writes nothing. A server that has answered it once on a connection marks in half the time."""


async def take_mark(
    inspection: Inspection, role: Role, wall_s: float, timeout_s: float, *, takers: str = "", moves: str = _NO_MOVES
) -> Mark:
    """Note where the database stands; the last thing before clients come, since what is committed later counts as theirs.

    One round trip, where the server tells everything, and a small transaction of our own, which makes the write-ahead log before
    it safe on the disk; `moves`, a query for one value, is a part of it. `wall_s`: seconds since 1970; `takers` as `Mark.takers`.
    Raises InspectionError.
    """
    row = await _told(Asking(inspection, timeout_s), moves)
    try:
        in_recovery, snapshot, _, _, own, _, place, walfile, counted, slots, identifier, failed, statistics = row
        reset, tables = written.parse(json.loads(statistics or "[]"))
        counts = {word[0]: word[1:] for word in json.loads(counted or "[]")}
        return Mark(
            role,
            wall_s,
            snapshot=str(snapshots.parse(str(snapshot)).closed_by(int(own))) if own is not None else "",
            beats=int(counts["b"]) if counts.get("b") else None,
            system_identifier=None if identifier is None else clean(identifier, 63),
            in_recovery=in_recovery == "t",
            lsn=clean(place or ""),
            written=tables,
            stats_reset=reset,
            counter=clean(counts.get("c", "")),
            timeline=timeline(walfile),
            slots=clean(slots or "", 5000),
            takers=takers,
            failures=int(failed or 0),
        )
    except ValueError as error:
        raise InspectionError("not the answer that was asked for") from error


async def _told(asking: Asking, moves: str) -> Row:
    """Ask for everything at once, and in parts where this role or an older server does not tell something."""
    changing = {"still": _IN_RECOVERY, "moves": moves}
    try:
        return await asking.row(_MARK.substitute(_WHOLE, **changing))
    except InspectionError:
        identifier = (await asking.identify()).system_identifier
        told = "NULL" if identifier is None else literal(identifier)
        parts = {"identifier": told, "failures": str(await failures(asking))}
        return await asking.row(_MARK.substitute(_PARTS, **parts, **changing))
