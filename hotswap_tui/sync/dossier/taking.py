"""Subscriptions of one server and the slots of the other one that they take changes from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.sync.dossier.asking import template

if TYPE_CHECKING:
    from hotswap_tui.sync.dossier.asking import Asking, Row

_TAKING: Final = template("taking").substitute()
_SENDING: Final = template("sending").substitute()


@dataclass(frozen=True, slots=True)
class Taking:
    """A subscription."""

    oid: int
    name: str
    slot: str
    """At the publisher; empty when it has none."""
    enabled: bool
    works: bool
    publications: tuple[str, ...]
    not_ready: int
    """Tables whose first copy is not complete."""


@dataclass(frozen=True, slots=True)
class Sending:
    """A logical replication slot."""

    name: str
    active: bool
    lost: bool
    """The server has given up the log that it needs."""
    behind_bytes: int | None
    """None: on a standby, or where nothing was confirmed yet."""


def taker(identifier: str | None, oid: int) -> str:
    """Return what tells a subscription from one that was made later, whatever it is called: its server and its number."""
    return f"{identifier or ''}/{oid}"


async def takers(asking: Asking) -> str:
    """Return every subscription of the database as `taker` tells it, with blanks between; raises InspectionError."""
    identifier = (await asking.identify()).system_identifier
    return " ".join(taker(identifier, each.oid) for each in await subscriptions(asking))


async def subscriptions(asking: Asking) -> tuple[Taking, ...]:
    """Return the subscriptions of the database; raises InspectionError."""
    return tuple(map(_taking, await asking.rows(_TAKING)))


async def slots(asking: Asking) -> dict[str, Sending]:
    """Return the database's slots by their names; raises InspectionError."""
    sendings = map(_sending, await asking.rows(_SENDING))
    return {sending.name: sending for sending in sendings}


def _taking(row: Row) -> Taking:
    try:
        oid, name, slot, enabled, works, publications, not_ready = row
        return Taking(
            int(str(oid)),
            str(name),
            slot or "",
            enabled == "t",
            works == "t",
            tuple(map(str, json.loads(publications or "[]"))),
            int(str(not_ready)),
        )
    except ValueError as error:
        raise InspectionError("not the answer that was asked for") from error


def _sending(row: Row) -> Sending:
    try:
        name, active, lost, behind = row
        return Sending(str(name), active == "t", lost == "t", None if behind is None else max(0, int(behind)))
    except ValueError as error:
        raise InspectionError("not the answer that was asked for") from error
