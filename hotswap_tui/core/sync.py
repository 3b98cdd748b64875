"""What the two databases have in common, and what a switch would leave behind. Values only; `sync` measures them.

Moments that end in `_s` are monotonic seconds unless a field says otherwise. Names of tables and servers are cleaned text.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hotswap_tui.core.values import Role

SHOWN = 10
"""At most so many examples of anything are carried along; counts are whole."""


class Relation(StrEnum):
    """How the two databases belong together, found by looking."""

    UNKNOWN = "unknown"
    """Not found out yet: one of them has not been read."""
    UNRELATED = "unrelated"
    """Nothing that we know of carries writes from one to the other."""
    LOGICAL = "logical"
    """A subscription on the secondary takes the primary's writes."""
    LOGICAL_BACK = "logical_back"
    """A subscription on the primary takes the secondary's writes, and none the other way."""
    TWO_WAY = "two_way"
    """Both."""
    PHYSICAL = "physical"
    """The secondary is a standby of the primary: the same system identifier, in recovery."""
    PHYSICAL_BACK = "physical_back"
    """The primary is a standby of the secondary."""
    PROMOTED = "promoted"
    """Both write, and were one server once: a standby was promoted. They only drift apart from there."""
    HEARTBEAT = "heartbeat"
    """Some other method carries the row of `hotswap_heartbeat`."""
    SAME = "same"
    """Both connection strings lead to one and the same database."""

    @property
    def words(self) -> str:
        """Return the relation as a person reads it."""
        return _RELATION_WORDS[self]


_RELATION_WORDS = {
    Relation.UNKNOWN: "not known yet",
    Relation.UNRELATED: "not replicated",
    Relation.LOGICAL: "logical replication, primary → secondary",
    Relation.LOGICAL_BACK: "logical replication, secondary → primary only",
    Relation.TWO_WAY: "logical replication, both ways",
    Relation.PHYSICAL: "secondary is a standby of the primary",
    Relation.PHYSICAL_BACK: "primary is a standby of the secondary",
    Relation.PROMOTED: "a promoted standby: no way back by itself",
    Relation.HEARTBEAT: "copied by another method, seen by the heartbeat",
    Relation.SAME: "one and the same database",
}


@dataclass(frozen=True, slots=True)
class Flow:
    """Writes on their way from `source` to the other database."""

    source: Role
    name: str
    """The subscription, or the standby's slot or application name; `hotswap_heartbeat` where only that is seen."""
    streaming: bool
    """It is enabled, and works now."""
    lag_s: float | None = None
    """What the source had committed so many seconds before `measured_s` has arrived: an upper bound. None: not known."""
    lag_bytes: int | None = None
    """Write-ahead log that the target has not confirmed."""
    measured_s: float | None = None
    """When that was so; the figures of a flow that cannot be measured any more keep their moment."""
    two_way: bool = False
    """The subscription leaves out what came from elsewhere (`origin = none`)."""
    missing: int = 0
    """Tables of the source that are not in the publication."""
    missing_tables: tuple[str, ...] = ()
    not_ready: int = 0
    """Tables whose initial copy is not complete."""
    not_ready_tables: tuple[str, ...] = ()
    errors: int = 0
    """Failures of the subscription's workers since the target's statistics began: conflicts among them."""
    error: str = ""
    """Why nothing flows, in one line; empty while it does."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A replication slot, which keeps write-ahead log until it is read."""

    role: Role
    """The database whose disk it fills."""
    name: str
    active: bool
    retained_bytes: int | None = None
    lost: bool = False
    """The server has given it up: what it had kept is gone."""
    left_bytes: int | None = None
    """What may still be written until the server gives it up (`max_slot_wal_keep_size`); None: never."""
    full_in_s: float | None = None
    """Until the disk is full, or the slot is lost, at the present rate; None: not known, or nothing is kept."""


@dataclass(frozen=True, slots=True)
class SchemaDrift:
    """How the two catalogues differ."""

    differences: int
    examples: tuple[str, ...] = ()
    """The first SHOWN differences, a line each, as `sync schema` prints them."""
    read_s: float = 0.0


@dataclass(frozen=True, slots=True)
class SequenceDrift:
    """One sequence that is behind on the database that does not serve."""

    name: str
    serving: int
    other: int | None
    """None: it is not there."""


@dataclass(frozen=True, slots=True)
class TableRows:
    """Estimates of one table's rows, as the planner has them; None: never analysed, or not there."""

    name: str
    primary: int | None
    secondary: int | None


@dataclass(frozen=True, slots=True)
class Written:
    """What the statistics say was done to one table; they count what was rolled back, too, and a crash resets them."""

    table: str
    inserted: int
    updated: int
    deleted: int

    @property
    def rows(self) -> int:
        """Return all of them."""
        return self.inserted + self.updated + self.deleted


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a database stood when traffic was moved to it, while nobody wrote there yet; survives restarts."""

    role: Role
    wall_s: float
    """Seconds since 1970."""
    snapshot: str
    """`pg_current_snapshot()`: which transactions had ended. Empty on a server in recovery, which has none of its own."""
    beats: int | None = None
    """How many write checks our heartbeat's row had counted; None: there is no such row, or it may be replicated."""
    system_identifier: str | None = None
    in_recovery: bool = False
    lsn: str = ""
    written: tuple[Written, ...] = ()
    """The statistics of that moment, from which what came later is counted."""
    stats_reset: str = ""
    """When they were reset last, in the server's words."""
    counter: str = ""
    """Which counter `beats` was read from: a number of another one says nothing."""
    timeline: int | None = None
    """Of the write-ahead log: a promotion and a restored backup begin a new one. None in recovery."""
    slots: str = ""
    """The logical replication slots of that moment, with blanks between: what was written later is in none made after it."""
    takers: str = ""
    """The other database's subscriptions that were known then, each as its server's identifier and a number, with blanks between: one
    that was made later begins later."""
    failures: int = 0
    """How often the database's subscriptions had failed, as the statistics count it."""


class Safety(StrEnum):
    """What a failback would lose of what was written on the secondary."""

    SAFE = "safe"
    """Nothing: it is proven that nothing was written, or that the primary has all of it."""
    NEEDS_SYNC = "needs_sync"
    """Nothing, once the way back has carried it: a failback waits for that."""
    DIVERGED = "diverged"
    """Something was written, or may have been, and there is no way back."""

    @property
    def words(self) -> str:
        """Return the verdict as it is shown."""
        return self.value.upper().replace("_", " ")


@dataclass(frozen=True, slots=True)
class Dossier:
    """What has happened on the secondary since traffic was moved to it."""

    verdict: Safety
    why: str
    """One sentence: what proves it, or what is missing for a proof."""
    since_wall_s: float | None = None
    """Since the mark; None: no mark was taken."""
    read_s: float = 0.0
    transactions: int | None = None
    """Transactions that were committed and are not ours; None: not counted."""
    rows: int | None = None
    """Rows that the statistics count as written; None where they cannot be compared any more (a crash, a reset)."""
    written: tuple[Written, ...] = ()
    """Of which tables, the most written first, at most SHOWN."""
    tail_bytes: int | None = None
    """Write-ahead log of the primary that the secondary had not received; None: not known (the primary is down)."""
    tail: str = ""
    """What is known of the primary's unreplicated tail, in one sentence: on its way, in conflict, or left behind."""
    conflicts: int = 0
    """Failures of the subscription on the secondary since the mark: the tail does not fit what was written meanwhile."""


@dataclass(frozen=True, slots=True)
class SyncReading:
    """What was found out about the pair at `read_s`."""

    read_s: float
    relation: Relation = Relation.UNKNOWN
    flows: tuple[Flow, ...] = ()
    slots: tuple[Slot, ...] = ()
    schema: SchemaDrift | None = None
    """None: not compared yet."""
    sequences_behind: int | None = None
    """Sequences of the serving database that the other one would repeat; None: not compared yet."""
    sequences: tuple[SequenceDrift, ...] = ()
    primary_rows: int | None = None
    """Estimates, summed up over the tables that both have."""
    secondary_rows: int | None = None
    tables: tuple[TableRows, ...] = ()
    """Those whose estimates differ most, at most SHOWN."""
    write_rate: float | None = None
    """Rows written per second on the serving database since the reading before."""
    dossier: Dossier | None = None
    """While the secondary serves."""
    primary_error: str = ""
    """Why the primary could not be read, in one line; what is known from before stays."""
    secondary_error: str = ""

    def flow(self, source: Role) -> Flow | None:
        """Return the flow that leaves `source`."""
        return next((flow for flow in self.flows if flow.source is source), None)


def aged(reading: SyncReading, by_s: float) -> SyncReading:
    """Return `reading` with every moment `by_s` seconds earlier: a computer's sleep is no part of its monotonic clock."""
    flows = tuple(
        flow if flow.measured_s is None else replace(flow, measured_s=flow.measured_s - by_s) for flow in reading.flows
    )
    schema, dossier = reading.schema, reading.dossier
    return replace(
        reading,
        read_s=reading.read_s - by_s,
        flows=flows,
        schema=schema and replace(schema, read_s=schema.read_s - by_s),
        dossier=dossier and replace(dossier, read_s=dossier.read_s - by_s),
    )


def behind_s(flow: Flow | None, alive_s: float) -> float | None:
    """Return how many seconds of writes the target may lack when its source is lost at `alive_s`; None: not known.

    The measured lag and its age, which is at most what a crash at that moment loses.
    """
    if flow is None or flow.lag_s is None or flow.measured_s is None:
        return None
    return flow.lag_s + max(0.0, alive_s - flow.measured_s)
