"""What the two databases have in common, in numbers; slots and tables are summed up, because their names are without end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotswap_tui.api.families import gauge
from hotswap_tui.core.sync import Relation, Safety, SyncReading
from hotswap_tui.core.values import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from prometheus_client.core import Metric

    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.core.sync import Flow, Slot

VERDICTS: Final[Mapping[Safety, int]] = {Safety.SAFE: 0, Safety.NEEDS_SYNC: 1, Safety.DIVERGED: 2}
_VERDICTS = ", ".join(f"{number} {verdict.words}" for verdict, number in VERDICTS.items())
_NOT_READ: Final = SyncReading(0.0)

_PAIR: Final[Sequence[tuple[str, str, Callable[[SyncReading], float | None]]]] = (
    (
        "hotswap_schema_differences",
        "Places in which the two schemas differ.",
        lambda pair: None if pair.schema is None else pair.schema.differences,
    ),
    (
        "hotswap_sequences_behind",
        "Sequences that the database that does not serve would repeat.",
        lambda pair: pair.sequences_behind,
    ),
    (
        "hotswap_write_rows_per_second",
        "Rows written on the database that serves, between the last two looks.",
        lambda pair: pair.write_rate,
    ),
    (
        "hotswap_dossier_verdict",
        f"What a failback would lose, while the secondary serves: {_VERDICTS}.",
        lambda pair: None if pair.dossier is None else VERDICTS[pair.dossier.verdict],
    ),
    (
        "hotswap_secondary_rows_written",
        "Rows that the statistics count as written on the secondary since traffic moved there.",
        lambda pair: None if pair.dossier is None else pair.dossier.rows,
    ),
)

_FLOWS: Final[Sequence[tuple[str, str, Callable[[Flow, float], float | None]]]] = (
    (
        "hotswap_replication_streaming",
        "1 while writes flow from this database to the other.",
        lambda flow, _: flow.streaming,
    ),
    (
        "hotswap_replication_lag_seconds",
        "How old the writes are that the other database lacks, when that was measured.",
        lambda flow, _: flow.lag_s,
    ),
    (
        "hotswap_replication_lag_bytes",
        "Write-ahead log that the other database has not confirmed.",
        lambda flow, _: flow.lag_bytes,
    ),
    (
        "hotswap_replication_lag_age_seconds",
        "Since the lag was measured; a crash loses at most both together.",
        lambda flow, now_s: None if flow.measured_s is None else max(0.0, now_s - flow.measured_s),
    ),
    (
        "hotswap_replication_failures",
        "Failures of the subscription since the target's statistics began.",
        lambda flow, _: flow.errors,
    ),
    ("hotswap_tables_not_replicated", "Tables that the publication leaves out.", lambda flow, _: flow.missing),
    ("hotswap_tables_not_copied", "Tables whose initial copy is not complete.", lambda flow, _: flow.not_ready),
)

_SLOTS: Final[Sequence[tuple[str, str, Callable[[Iterable[Slot]], float | None]]]] = (
    (
        "hotswap_slot_retained_bytes",
        "Write-ahead log that the replication slot keeps which keeps most on this database's disk.",
        lambda slots: max((slot.retained_bytes for slot in slots if slot.retained_bytes is not None), default=None),
    ),
    (
        "hotswap_slot_full_in_seconds",
        "Until the first slot fills this database's disk or is lost, at the present rate.",
        lambda slots: min((slot.full_in_s for slot in slots if slot.full_in_s is not None), default=None),
    ),
    (
        "hotswap_slots_lost",
        "Replication slots that the server has given up.",
        lambda slots: sum(slot.lost for slot in slots),
    ),
)


def sync_families(snapshot: Snapshot) -> Iterator[Metric]:
    """Yield every family; what was never read has no sample, except that the relation is unknown."""
    pair, now_s = snapshot.sync or _NOT_READ, snapshot.now_s
    text = "1 for how the two databases belong together, found by looking."
    relations = [((relation.value,), pair.relation is relation) for relation in Relation]
    yield gauge("hotswap_sync_relation", text, ("relation",), relations)
    age_s = None if snapshot.sync is None else max(0.0, now_s - pair.read_s)
    yield gauge("hotswap_sync_age_seconds", "Since the pair was looked at.", (), [((), age_s)])
    for name, text, of_pair in _PAIR:
        yield gauge(name, text, (), [((), of_pair(pair))])
    for name, text, of_flow in _FLOWS:
        yield gauge(name, text, ("source",), [((flow.source.value,), of_flow(flow, now_s)) for flow in _one_each(pair)])
    yield from _of_databases(pair)


def _one_each(pair: SyncReading) -> list[Flow]:
    return [flow for flow in map(pair.flow, Role) if flow is not None]


def _of_databases(pair: SyncReading) -> Iterator[Metric]:
    rows = [(("primary",), pair.primary_rows), (("secondary",), pair.secondary_rows)]
    yield gauge(
        "hotswap_rows_estimate", "Rows of the tables that both have, as the planner has them.", ("database",), rows
    )
    kept = {role: [slot for slot in pair.slots if slot.role is role] for role in Role}
    for name, text, of_slots in _SLOTS:
        values = [((role.value,), of_slots(slots)) for role, slots in kept.items() if slots]
        yield gauge(name, text, ("database",), values)
