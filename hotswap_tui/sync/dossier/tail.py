"""What the primary had not sent when it was left: whether it arrives, conflicts, or stays behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.amount_words import count, size
from hotswap_tui.core.text import clean
from hotswap_tui.core.values import Role
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.sync import lsn
from hotswap_tui.sync.dossier import taking
from hotswap_tui.sync.dossier.asking import template

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotswap_tui.core.sync import Flow, Mark
    from hotswap_tui.sync.dossier.asking import Asking
    from hotswap_tui.sync.dossier.stand import Stand
    from hotswap_tui.sync.dossier.taking import Sending, Taking

FAILURES: Final = template("failures").substitute()
_PLACE: Final = (
    "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL ELSE pg_catalog.pg_current_wal_flush_lsn() END"
)
_NOTHING_TAKES_IT: Final = "left behind: nothing brings over what the primary had not sent when traffic was moved"
_PROMOTED: Final = (
    "left behind: the secondary was a standby, and takes nothing more from the primary since it was promoted"
)


@dataclass(frozen=True, slots=True)
class Tail:
    """The fields `tail_bytes`, `tail` and `conflicts` of a dossier."""

    missing_bytes: int | None = None
    words: str = ""
    conflicts: int = 0


async def failures(asking: Asking) -> int:
    """Return how often the database's subscriptions have failed or passed over a row; 0 where the server does not count that."""
    try:
        ((counted,),) = await asking.rows(FAILURES)
        return int(str(counted))
    except (InspectionError, ValueError):
        return 0


async def read_tail(secondary: Asking, primary: Asking | None, mark: Mark, now: Stand, flows: Sequence[Flow]) -> Tail:
    """Return what is known of it; the primary may be down. Raises InspectionError for the secondary only."""
    failed = await failures(secondary)
    conflicts = failed - mark.failures if failed >= mark.failures else failed
    subscriptions = [] if now.in_recovery else _of_flows(await taking.subscriptions(secondary), flows)
    if primary is None:
        return Tail(None, "", conflicts)
    try:
        if subscriptions:
            return _judged(subscriptions[0], await taking.slots(primary), conflicts)
        return await _physical(secondary, primary, mark, now) or Tail(None, _NOTHING_TAKES_IT, conflicts)
    except InspectionError:
        return Tail(None, "", conflicts)


def _of_flows(subscriptions: Sequence[Taking], flows: Sequence[Flow]) -> list[Taking]:
    names = {flow.name for flow in flows if flow.source is Role.PRIMARY}
    return [each for each in subscriptions if clean(each.name) in names or each.name in names]


def _judged(subscription: Taking, slots: dict[str, Sending], conflicts: int) -> Tail:
    slot = slots.get(subscription.slot)
    if slot is None:
        return Tail(None, f"left behind: the primary has no slot {clean(subscription.slot) or 'for it'}", conflicts)
    if slot.lost:
        return Tail(None, f"left behind: the primary has given up what its slot {clean(slot.name)} kept", conflicts)
    return Tail(slot.behind_bytes, tail_words(subscription, slot.behind_bytes, conflicts), conflicts)


def tail_words(subscription: Taking, missing_bytes: int | None, conflicts: int) -> str:
    """Return where the tail is. A subscription that has failed and does not work meets rows that do not fit."""
    name = clean(subscription.name)
    amount = "part of the log" if missing_bytes is None else size(missing_bytes)
    if conflicts and not subscription.works:
        why = "stands still" if subscription.enabled else "was disabled"
        return f"in conflict with what was written meanwhile: {name} has failed {_times(conflicts)} and {why}, {amount} missing"
    if not subscription.works:
        return f"not on its way, {amount} missing: {name} {'does not work' if subscription.enabled else 'is disabled'}"
    if missing_bytes == 0:
        passed_over = f", {count(conflicts, 'failure')} or skipped rows on the way" if conflicts else ""
        return f"arrived{passed_over}"
    return f"on its way: {amount} missing"


def _times(many: int) -> str:
    return "once" if many == 1 else f"{many:,} times"


async def _physical(secondary: Asking, primary: Asking, mark: Mark, now: Stand) -> Tail | None:
    """Return the tail of two servers that were one; None when they were not, or are not known to be."""
    identifier = (await primary.identify()).system_identifier
    if identifier is None or identifier != (await secondary.identify()).system_identifier:
        return None
    (place,) = await primary.row(_PLACE)
    if place is None:
        return Tail()
    if not now.in_recovery:
        behind = lsn.place(place) - lsn.place(mark.lsn) if mark.in_recovery and mark.lsn else None
        return Tail(None if behind is None else max(0, behind), _PROMOTED)
    missing = max(0, lsn.place(place) - now.place)
    return Tail(missing, f"on its way: {size(missing)} missing" if missing else "arrived")
