"""Whether everything that is written on the secondary finds its way to the primary.

Logical replication carries the rows of published tables, from the slot's beginning on. What it does not carry is looked for here:
other tables, changed columns, large objects (PostgreSQL's manual, "Logical Replication: Restrictions").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.amount_words import named, size
from hotswap_tui.core.text import clean
from hotswap_tui.core.values import Role
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.sync.books import MIGRATION_BOOKS
from hotswap_tui.sync.dossier import taking
from hotswap_tui.sync.dossier.asking import template
from hotswap_tui.sync.quoting import literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hotswap_tui.core.sync import Flow, Mark
    from hotswap_tui.sync.dossier.asking import Asking, Row
    from hotswap_tui.sync.dossier.snapshots import Snapshot
    from hotswap_tui.sync.dossier.taking import Sending, Taking

_TAKEN: Final = template("taken_tables")
_WRITABLE: Final = template("writable_tables")
_CARRIED: Final = template("carried")
_NOT_IN_A_SLOT: Final = re.compile(r"[^a-z0-9_]")
_NONE: Final = "nothing carries it back"


class NoWayBackError(Exception):
    """There is none that carries everything; one clean clause that says why."""


@dataclass(frozen=True, slots=True)
class WayBack:
    """What takes the secondary's writes to the primary."""

    name: str
    behind_bytes: int | None
    works: bool = True
    """False: the primary is down, and takes everything once it is back."""

    @property
    def words(self) -> str:
        """Return how far it is."""
        behind = "" if self.behind_bytes is None else f", {size(self.behind_bytes)} behind"
        return f"{clean(self.name)} carries it back{'' if self.works else ' once the primary is up'}{behind}"


@dataclass(frozen=True, slots=True)
class Since:
    """The time that is asked about."""

    mark: Mark
    then: Snapshot
    now: Snapshot


async def find(secondary: Asking, primary: Asking | None, since: Since, flows: Sequence[Flow]) -> WayBack:
    """Return the way back; raises NoWayBackError, and InspectionError for the secondary only.

    A primary that is down has the one that was last seen, as `flows` tells it.
    """
    slots = await taking.slots(secondary)
    try:
        seen = None if primary is None else await _on_primary(primary, slots, since.mark)
    except InspectionError:
        seen = None
    if seen is None:
        name, slot = _remembered(flows, slots)
        _refuse_changed(await _tables(secondary, since, ()))
    else:
        subscription, taken = seen
        name, slot = subscription.name, slots[subscription.slot]
        await _examine_publications(secondary, since, subscription.publications)
        tables = await _tables(secondary, since, subscription.publications)
        _refuse_changed(tables)
        _refuse_left_out(tables, taken)
    _examine_slot(slot, since.mark)
    return WayBack(name, slot.behind_bytes, works=seen is not None)


async def _on_primary(primary: Asking, slots: dict[str, Sending], mark: Mark) -> tuple[Taking, set[tuple[str, str]]]:
    candidates = [each for each in await taking.subscriptions(primary) if each.slot in slots]
    if not candidates:
        raise NoWayBackError(_NONE)
    subscription = candidates[0]
    name = clean(subscription.name)
    if not (subscription.enabled and subscription.works and slots[subscription.slot].active):
        raise NoWayBackError(f"{name}, which would carry it back, does not work now")
    if subscription.not_ready:
        raise NoWayBackError(f"{name} has not copied all of its tables yet")
    identifier = (await primary.identify()).system_identifier
    _refuse_later(name, taking.taker(identifier, subscription.oid), mark)
    rows = await primary.rows(_TAKEN.substitute(name=literal(subscription.name)))
    return subscription, {(str(schema), str(table)) for schema, table in rows}


def _remembered(flows: Sequence[Flow], slots: dict[str, Sending]) -> tuple[str, Sending]:
    """Return the subscription that was seen last, and its slot, whose name is made of the subscription's."""
    for flow in flows:
        slot = slots.get(flow.name) or slots.get(_NOT_IN_A_SLOT.sub("_", flow.name.lower()))
        if flow.source is not Role.SECONDARY or slot is None:
            continue
        if flow.missing or flow.not_ready:
            raise NoWayBackError(f"{clean(flow.name)} does not carry all tables")
        return flow.name, slot
    if slots and not flows:  # after a restart nothing has been seen yet
        told = named(sorted(slots))
        raise NoWayBackError(f"whether {told} carries it back is not known before the primary answers")
    raise NoWayBackError(_NONE)


def _refuse_later(name: str, taker: str, mark: Mark) -> None:
    """Raise NoWayBackError for a subscription that was not seen before the mark: it may have been made again, with a new slot."""
    if taker not in mark.takers.split():
        raise NoWayBackError(f"{name} was not there yet when traffic moved, so it may lack what was written before")


def _examine_slot(slot: Sending, mark: Mark) -> None:
    name = clean(slot.name)
    if slot.lost:
        raise NoWayBackError(f"the secondary has given up what its slot {name} kept")
    if slot.name not in mark.slots.split():
        raise NoWayBackError(f"the slot {name} was made after traffic had moved, so it lacks what was written before")


async def _examine_publications(secondary: Asking, since: Since, names: Sequence[str]) -> None:
    written_since = since.then.written_since
    found, partial, filtered, changed, large = await secondary.row(
        _CARRIED.substitute(
            names=",".join(map(literal, names)),
            publication_changed=written_since(since.now, "p"),
            member_changed=written_since(since.now, "d"),
        )
    )
    told = named(names)
    for wrong, why in (
        (found != str(len(set(names))), f"not all of the publications {told} are there"),
        (partial == "t", f"the publication {told} leaves out a kind of statement"),
        (filtered == "t", f"the publication {told} leaves out rows or columns"),
        (changed == "t", f"the publication {told} was changed since"),
        (large == "t", "there are large objects, which replication does not carry"),
    ):
        if wrong:
            raise NoWayBackError(why)


async def _tables(secondary: Asking, since: Since, publications: Sequence[str]) -> list[Row]:
    changed = since.then.written_since(since.now, "a")
    return await secondary.rows(_WRITABLE.substitute(changed=changed, names=",".join(map(literal, publications))))


def _refuse_changed(tables: Iterable[Row]) -> None:
    """Raise NoWayBackError for tables that have other columns than at the mark."""
    _refuse("columns were changed since, which replication does not carry", (row for row in tables if row[4] == "t"))


def _refuse_left_out(tables: Iterable[Row], taken: set[tuple[str, str]]) -> None:
    """Raise NoWayBackError for tables that are not `taken` on the primary, or that the secondary does not publish any more."""
    carried = (row for row in tables if row[1] not in MIGRATION_BOOKS)  # of which each database keeps its own
    left_out = (row for row in carried if row[5] != "t" or (row[:2] not in taken and row[2:4] not in taken))
    _refuse("not all tables are carried", left_out)


def _refuse(why: str, rows: Iterable[Row]) -> None:
    names = [f"{schema}.{table}" for schema, table, *_ in rows]
    if names:
        raise NoWayBackError(f"{why}: {named(names)}")
