"""Noting where the secondary stands while nobody writes there yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotswap_tui.core.sync import Mark
from hotswap_tui.core.text import clean
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.sync.dossier import snapshots, written
from hotswap_tui.sync.dossier.asking import Asking, template
from hotswap_tui.sync.dossier.stand import counter_columns, timeline
from hotswap_tui.sync.dossier.tail import failures

if TYPE_CHECKING:
    from hotswap_tui.core.sync import Written
    from hotswap_tui.core.values import Role
    from hotswap_tui.routing.inspection import Inspection

_MARK: Final = template("mark")


async def take_mark(inspection: Inspection, role: Role, wall_s: float, timeout_s: float) -> Mark:
    """Note where the database stands; the last thing before clients come, since what is committed later counts as theirs.

    One small transaction of our own makes the write-ahead log before it safe on the disk. `wall_s`: seconds since 1970. Raises
    InspectionError.
    """
    asking = Asking(inspection, timeout_s)
    identifier = (await asking.identify()).system_identifier
    columns = await counter_columns(asking)
    reset, tables = await _statistics(asking)
    failed = await failures(asking)
    row = await asking.row(_MARK.substitute(columns))
    try:
        in_recovery, snapshot, _, _, own, place, walfile, beats, counter, slots = row
        return Mark(
            role,
            wall_s,
            snapshot=str(snapshots.parse(str(snapshot)).closed_by(int(own))) if own is not None else "",
            beats=None if beats is None else int(beats),
            system_identifier=identifier,
            in_recovery=in_recovery == "t",
            lsn=clean(place or ""),
            written=tables,
            stats_reset=reset,
            counter=clean(counter or ""),
            timeline=timeline(walfile),
            slots=clean(slots or "", 5000),
            failures=failed,
        )
    except ValueError as error:
        raise InspectionError("not the answer that was asked for") from error


async def _statistics(asking: Asking) -> tuple[str, tuple[Written, ...]]:
    try:
        return await written.read(asking)
    except InspectionError:
        return "", ()
