"""What one database says of itself and of its part in replication."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.sync import lsn
from hotswap_tui.sync.look import questions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")

TableName = tuple[str, str]
"""Schema and table, raw."""


@dataclass(frozen=True, slots=True)
class Server:
    """Who answers, and what this role may ask."""

    version: int
    """`server_version_num`."""
    in_recovery: bool
    started_us: int
    database_oid: int
    database: str
    host: str | None
    """The address at which it was reached, as it sees it; None over a Unix socket."""
    tells_identifier: bool
    data_directory: str | None
    """None where this role may not know it."""


@dataclass(frozen=True, slots=True)
class HeldSlot:
    """A replication slot. Positions are bytes of write-ahead log."""

    name: str
    plugin: str | None
    database: str | None
    active: bool
    restart: int | None
    confirmed: int | None
    status: str | None
    safe_bytes: int | None


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription of this database."""

    oid: int
    name: str
    slot: str | None
    enabled: bool
    working: bool
    """Its apply worker runs."""
    two_way: bool
    """`origin = none`."""
    publications: tuple[str, ...]
    errors: int
    ended: int | None
    """The last position that it has told its source."""
    tables: tuple[tuple[str, str, bool], ...]
    """Schema, table, and whether it is `ready`."""


@dataclass(frozen=True, slots=True)
class Facts:
    """One database at `read_s`."""

    read_s: float
    server: Server
    identifier: str | None
    position: int | None
    """How far it has flushed, or replayed while in recovery."""
    slots: tuple[HeldSlot, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    sending: bool = False
    """A walsender runs here."""
    receiving: bool = False
    """A walreceiver runs here."""
    paused: bool = False
    slot_name: str = ""
    """`primary_slot_name`."""
    cluster_name: str = ""
    written: int | None = None
    """Rows written since the statistics began."""
    stats_reset: str | None = None
    heartbeat: TableName | None = None
    """The heartbeat's table, where it is logged and may be read."""

    @property
    def in_recovery(self) -> bool:
        """Say whether it only replays."""
        return self.server.in_recovery

    def slot(self, name: str) -> HeldSlot | None:
        """Return the slot `name`."""
        return next((slot for slot in self.slots if slot.name == name), None)


def wal_position(text: str | None) -> int | None:
    """Return a place in the write-ahead log where there is one; raises ValueError."""
    return None if text is None else lsn.place(text)


async def read_facts(rows: Callable[[str], Any], read_s: float) -> Facts:
    """Read one database in two round trips; raises InspectionError."""
    server = read(_server, await rows(questions.SERVER))
    answer = await rows(questions.facts(server))
    return read(lambda found: _facts(json.loads(str(found[0][0])), server, read_s), answer)


def read(reader: Callable[[Any], T], answer: Sequence[Sequence[str | None]]) -> T:
    """Return what `reader` makes of an answer; InspectionError when it does not fit the question."""
    try:
        return reader(answer)
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise InspectionError("not the answer that was asked for: is this PostgreSQL?") from error


def _server(rows: Sequence[Sequence[str | None]]) -> Server:
    ((version, in_recovery, started_us, oid, database, host, tells_identifier, directory),) = rows
    return Server(
        int(str(version)),
        in_recovery == "t",
        int(str(started_us)),
        int(str(oid)),
        str(database),
        host,
        tells_identifier == "t",
        directory,
    )


def _facts(found: dict[str, Any], server: Server, read_s: float) -> Facts:
    written, stats_reset = found["written"] or (None, None)
    heartbeat = found["heartbeat"]
    return Facts(
        read_s=read_s,
        server=server,
        identifier=found["identifier"],
        position=wal_position(found["position"]),
        slots=tuple(map(_slot, found["slots"] or ())),
        subscriptions=tuple(map(_subscription, found["subscriptions"] or ())),
        sending=found["sending"],
        receiving=found["receiving"],
        paused=found["paused"],
        slot_name=found["slot_name"] or "",
        cluster_name=found["cluster_name"] or "",
        written=written,
        stats_reset=stats_reset,
        heartbeat=(heartbeat[0], heartbeat[1]) if heartbeat else None,
    )


def _slot(found: dict[str, Any]) -> HeldSlot:
    return HeldSlot(
        found["name"],
        found["plugin"],
        found["database"],
        found["active"],
        wal_position(found["restart"]),
        wal_position(found["confirmed"]),
        found["status"],
        found["safe_bytes"],
    )


def _subscription(found: dict[str, Any]) -> Subscription:
    return Subscription(
        oid=found["oid"],
        name=found["name"],
        slot=found["slot"],
        enabled=found["enabled"],
        working=found["working"],
        two_way=found["origin"] == "none",
        publications=tuple(found["publications"]),
        errors=found["errors"] or 0,
        ended=wal_position(found["ended"]),
        tables=tuple((schema, table, ready) for schema, table, ready in found["tables"] or ()),
    )
