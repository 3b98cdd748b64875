"""Pictures of what the two databases have in common: in step, behind, apart, and what was written on the secondary."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hotswap_tui.core.sync import (
    Dossier,
    Flow,
    Relation,
    Safety,
    SchemaDrift,
    SequenceDrift,
    Slot,
    SyncReading,
    TableRows,
    Written,
)
from hotswap_tui.core.values import Role, State
from tests.support.pictures import (
    FACTS,
    HOSTILE,
    NOBODY,
    NOW_S,
    ON_SECONDARY,
    ROUTED,
    TO_SECONDARY,
    WALL_S,
    database,
    down,
    snapshot,
)

if TYPE_CHECKING:
    from hotswap_tui.core.snapshot import Snapshot

PRIMARY, SECONDARY = Role.PRIMARY, Role.SECONDARY
STANDBY = replace(FACTS, read_only=True, in_recovery=True)
FORTH = Flow(PRIMARY, "hotswap_sub", streaming=True, lag_s=0.2, lag_bytes=1_240, measured_s=NOW_S - 12)
BACK = Flow(SECONDARY, "hotswap_back", streaming=True, lag_s=0.3, lag_bytes=0, measured_s=NOW_S - 12, two_way=True)
SLOT = Slot(PRIMARY, "hotswap_sub", active=True, retained_bytes=13_000_000)
ALIKE = SchemaDrift(0, (), NOW_S - 252)
WRITTEN = (Written("public.orders", 380, 15, 5), Written("public.payments", 9, 0, 0), Written("audit.log", 3, 0, 0))
IN_STEP = SyncReading(
    NOW_S - 12,
    Relation.LOGICAL,
    (FORTH,),
    (SLOT,),
    ALIKE,
    sequences_behind=2,
    sequences=(SequenceDrift("public.orders_id_seq", 1041, 12), SequenceDrift("public.payments_id_seq", 77, None)),
    primary_rows=1_240_000,
    secondary_rows=1_239_880,
    tables=(TableRows("public.orders", 1_001_200, 1_001_080), TableRows("audit.log", 200, None)),
    write_rate=200.0,
)
APART = SyncReading(NOW_S - 31, Relation.UNRELATED, schema=ALIKE, sequences_behind=0, write_rate=3.4)
NEEDS_SYNC = Dossier(
    Safety.NEEDS_SYNC,
    "42 transactions were committed on the secondary that are not ours; hotswap_back carries it back, 1.2 kB behind",
    WALL_S - 151,
    NOW_S - 4,
    transactions=42,
    rows=412,
    written=WRITTEN,
    tail_bytes=0,
)
DIVERGED = Dossier(
    Safety.DIVERGED,
    "42 transactions were committed on the secondary that are not ours, and no subscription on the primary takes them",
    WALL_S - 151,
    NOW_S - 4,
    transactions=42,
    rows=412,
    written=WRITTEN,
    tail="left behind: nothing brings over what the primary had not sent when traffic was moved",
)
SAFE = Dossier(
    Safety.SAFE,
    "nothing was committed on the secondary since traffic was moved there but our own 3 write checks",
    WALL_S - 151,
    NOW_S - 4,
    transactions=0,
    rows=0,
)
DRIFTED = SchemaDrift(
    3,
    (
        "table public.orders: column note text is missing on the secondary",
        "index public.orders_created_idx is missing on the secondary",
        "type public.mood: labels differ",
    ),
    NOW_S - 252,
)
_BACK_AGAIN = {**ON_SECONDARY, "last_switch": None, "primary": database(PRIMARY), "router": TO_SECONDARY}


def synced(reading: SyncReading, **changes: Any) -> Snapshot:
    """Return the steady picture behind a gateway, with what was found out about the pair."""
    return snapshot(**{"router": ROUTED, "sync": reading, **changes})


def on_secondary(reading: SyncReading, **changes: Any) -> Snapshot:
    """Return the secondary serving beside a primary that is well again."""
    return snapshot(**{**_BACK_AGAIN, "sync": reading, **changes})


def sync_pictures() -> dict[str, Snapshot]:
    """Return a picture for everything about the pair that a screen must tell apart."""
    return _in_order() | _in_trouble() | _after_failover()


def _in_order() -> dict[str, Snapshot]:
    behind = replace(FORTH, lag_s=74.2, lag_bytes=48_300_000)
    standby = SyncReading(
        NOW_S - 12,
        Relation.PHYSICAL,
        (replace(FORTH, name="walreceiver"),),
        schema=ALIKE,
        sequences_behind=0,
        write_rate=200.0,
    )
    return {
        "sync-in-step": synced(IN_STEP),
        "sync-lagging": synced(replace(IN_STEP, flows=(behind,)), policy=replace(snapshot().policy, max_lag_s=30.0)),
        "sync-unrelated": synced(APART),
        "sync-standby": synced(standby, secondary=database(SECONDARY, facts=STANDBY)),
        "sync-unread": synced(SyncReading(NOW_S - 2, secondary_error="timeout: no answer within 5 s")),
    }


def _in_trouble() -> dict[str, Snapshot]:
    filling = replace(SLOT, active=False, retained_bytes=61_000_000_000, full_in_s=2_520.0)
    stopped = replace(
        FORTH, streaming=False, measured_s=NOW_S - 312, errors=14, error="duplicate key in public.orders (orders_pkey)"
    )
    lost = replace(SLOT, active=False, lost=True, retained_bytes=None, left_bytes=0)
    partly = replace(
        FORTH, missing=2, missing_tables=("public.audit", "public.tmp"), not_ready=1, not_ready_tables=("public.big",)
    )
    return {
        "sync-slot-filling": synced(replace(IN_STEP, flows=(stopped,), slots=(filling,))),
        "sync-slot-lost": synced(replace(IN_STEP, flows=(replace(stopped, errors=0),), slots=(lost,))),
        "sync-schema-drift": synced(replace(IN_STEP, schema=DRIFTED, flows=(partly,))),
        "sync-dead-primary": snapshot(
            **{**NOBODY, "state": State.UNAVAILABLE, "primary": down(PRIMARY, for_s=14)},
            router=ROUTED,
            sync=replace(IN_STEP, flows=(replace(FORTH, measured_s=NOW_S - 20),), primary_error="connection refused"),
        ),
        "sync-hostile": hostile_sync(),
    }


def _after_failover() -> dict[str, Snapshot]:
    two_way = replace(IN_STEP, relation=Relation.TWO_WAY, flows=(FORTH, BACK), sequences_behind=0, sequences=())
    apart = replace(APART, dossier=DIVERGED)
    back_slot = Slot(SECONDARY, "hotswap_back", active=False, retained_bytes=90_000)
    waiting = replace(BACK, streaming=False, error="the primary does not answer", measured_s=NOW_S - 154)
    return {
        "sync-needs-sync": on_secondary(replace(two_way, dossier=NEEDS_SYNC)),
        "sync-safe": on_secondary(replace(two_way, dossier=SAFE)),
        "sync-diverged": on_secondary(apart, blocked="DB_FAILBACK_GUARD is block, and the secondary is DIVERGED"),
        "sync-way-back-waits": snapshot(
            **{**ON_SECONDARY, "last_switch": None},
            router=TO_SECONDARY,
            sync=replace(two_way, flows=(waiting,), slots=(back_slot,), dossier=NEEDS_SYNC),
        ),
    }


def hostile_sync() -> Snapshot:
    """Return a picture in which every name of the two servers is an attack."""
    flow = replace(
        FORTH,
        name=HOSTILE,
        streaming=False,
        error=HOSTILE,
        missing=9,
        missing_tables=(HOSTILE,) * 3,
        not_ready=2,
        not_ready_tables=(HOSTILE,) * 2,
    )
    dossier = replace(DIVERGED, why=HOSTILE, tail=HOSTILE, conflicts=3, written=(Written(HOSTILE, 1, 2, 3),) * 10)
    reading = replace(
        IN_STEP,
        flows=(flow,),
        slots=(replace(SLOT, name=HOSTILE),),
        schema=SchemaDrift(12, (HOSTILE,) * 10, NOW_S - 5),
        sequences=(SequenceDrift(HOSTILE, 1, 2),) * 10,
        tables=(TableRows(HOSTILE, 1, None),) * 10,
        dossier=dossier,
        primary_error=HOSTILE,
        secondary_error=HOSTILE,
    )
    return on_secondary(reading)
