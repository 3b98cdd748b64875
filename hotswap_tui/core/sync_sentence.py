"""What of the data a person must know now: parts of the sentence. Everything else stands on the sync screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.sentence_parts import MAY, SHOULD, Part
from hotswap_tui.core.sync import Safety, behind_s
from hotswap_tui.core.sync_facts import SOON_S
from hotswap_tui.core.time_words import age
from hotswap_tui.core.values import Health, Level, Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.core.sync import SyncReading


def urgent(snapshot: Snapshot, now_s: float) -> list[Part]:
    """Return what is wrong with the data while a database serves, and where more of it stands; nothing when all is well."""
    reading = snapshot.sync
    if reading is None:
        return []
    parts = [*_slots(reading, now_s), *_diverged(snapshot, reading), *_stale(snapshot, reading, now_s)]
    return [*parts, Part("more of it", ("more",), command="panel-sync", rank=MAY)] if parts else []


def _slots(reading: SyncReading, now_s: float) -> Iterator[Part]:
    for slot in reading.slots:
        left_s = None if slot.full_in_s is None else max(slot.full_in_s - (now_s - reading.read_s), 0.0)
        if slot.lost:
            yield Part("replication slot LOST", ("slot LOST",), Level.BAD, SHOULD)
        elif left_s is not None and left_s < SOON_S:
            end = "slot lost" if slot.left_bytes is not None else f"{slot.role}'s disk full"
            text = f"{end} in {age(left_s)}"
            yield Part(f"{text}: replication slot unread" if not slot.active else text, (text,), Level.BAD, SHOULD)


def _diverged(snapshot: Snapshot, reading: SyncReading) -> Iterator[Part]:
    dossier = reading.dossier
    if snapshot.active is Role.PRIMARY or dossier is None or dossier.verdict is not Safety.DIVERGED:
        return
    short = Safety.DIVERGED.words
    # What holds the failback says the rest.
    text = short if short in snapshot.blocked else f"{short}: a failback loses writes"
    yield Part(text, (short,), Level.BAD, SHOULD)


def _stale(snapshot: Snapshot, reading: SyncReading, now_s: float) -> Iterator[Part]:
    """Say that nothing flows to the database that does not serve, or that it lacks too much for a failover."""
    active, other = snapshot.database(snapshot.active), snapshot.database(snapshot.active.other)
    flow, limit_s = reading.flow(snapshot.active), snapshot.policy.max_lag_s
    if active is None or other is None or other.health is not Health.UP:
        return
    lacks_s = behind_s(flow, active.last_pass_s or now_s)
    if limit_s is not None and other.role is Role.SECONDARY and (lacks_s is None or lacks_s > limit_s):
        known = "lag not known" if lacks_s is None else f"secondary lacks {age(lacks_s)}"
        yield Part(
            f"{known}, no failover (DB_MAX_LAG {limit_s:g}s)", (f"{known}, no failover", known), Level.BAD, SHOULD
        )
    elif flow is not None and not flow.streaming:
        stopped = f"replication to {other.role} STOPPED"
        since = "" if lacks_s is None else f", {age(lacks_s)} behind"
        yield Part(f"{stopped}{since}", (stopped, "replication STOPPED"), Level.BAD, SHOULD)
