"""What the two databases have in common, as one JSON document for programs: `sync` in `/api/status`, and `sync status --json`.

Moments are ISO 8601 with the local offset, durations seconds; what is not known is null. Keys are only ever added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hotswap_tui.api.moments import local_iso
from hotswap_tui.core.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hotswap_tui.api.moments import Moments
    from hotswap_tui.core.sync import Dossier, Flow, SchemaDrift, Slot, SyncReading

_NAME = 200
"""Two names of 63 bytes, quoted and joined by a dot, are shorter."""


def sync_document(reading: SyncReading, moments: Moments) -> dict[str, Any]:
    """Return everything that `reading` tells; names that servers chose are cleaned."""
    return {
        "read": moments.local(reading.read_s),
        "age_s": moments.ago_s(reading.read_s),
        "relation": reading.relation.value,
        "words": reading.relation.words,
        "flows": [_flow(flow, moments) for flow in reading.flows],
        "slots": [_slot(slot) for slot in reading.slots],
        "schema": None if reading.schema is None else _schema(reading.schema, moments),
        "sequences_behind": reading.sequences_behind,
        "sequences": [
            {"name": clean(drift.name, _NAME), "serving": drift.serving, "other": drift.other}
            for drift in reading.sequences
        ],
        "primary_rows": reading.primary_rows,
        "secondary_rows": reading.secondary_rows,
        "tables": [
            {"name": clean(table.name, _NAME), "primary": table.primary, "secondary": table.secondary}
            for table in reading.tables
        ],
        "write_rate": _rounded(reading.write_rate),
        "dossier": None if reading.dossier is None else dossier_document(reading.dossier, moments),
        "primary_error": clean(reading.primary_error) or None,
        "secondary_error": clean(reading.secondary_error) or None,
    }


def _flow(flow: Flow, moments: Moments) -> dict[str, Any]:
    return {
        "from": flow.source.value,
        "to": flow.source.other.value,
        "name": clean(flow.name, _NAME),
        "streaming": flow.streaming,
        "lag_s": _rounded(flow.lag_s),
        "lag_bytes": flow.lag_bytes,
        "measured": moments.local(flow.measured_s),
        "age_s": None if flow.measured_s is None else moments.ago_s(flow.measured_s),
        "two_way": flow.two_way,
        "missing": flow.missing,
        "missing_tables": _names(flow.missing_tables),
        "not_ready": flow.not_ready,
        "not_ready_tables": _names(flow.not_ready_tables),
        "errors": flow.errors,
        "error": clean(flow.error) or None,
    }


def _slot(slot: Slot) -> dict[str, Any]:
    return {
        "database": slot.role.value,
        "name": clean(slot.name, _NAME),
        "active": slot.active,
        "retained_bytes": slot.retained_bytes,
        "lost": slot.lost,
        "left_bytes": slot.left_bytes,
        "full_in_s": _rounded(slot.full_in_s),
    }


def _schema(drift: SchemaDrift, moments: Moments) -> dict[str, Any]:
    return {
        "differences": drift.differences,
        "examples": [clean(line) for line in drift.examples],
        "compared": moments.local(drift.read_s),
        "age_s": moments.ago_s(drift.read_s),
    }


def dossier_document(dossier: Dossier, moments: Moments) -> dict[str, Any]:
    """Return what was written on the secondary since traffic moved there, and the verdict on a failback."""
    return {
        "verdict": dossier.verdict.value,
        "why": clean(dossier.why),
        "since": None if dossier.since_wall_s is None else local_iso(dossier.since_wall_s),
        "read": moments.local(dossier.read_s),
        "age_s": moments.ago_s(dossier.read_s),
        "transactions": dossier.transactions,
        "rows": dossier.rows,
        "written": [
            {
                "table": clean(table.table, _NAME),
                "inserted": table.inserted,
                "updated": table.updated,
                "deleted": table.deleted,
            }
            for table in dossier.written
        ],
        "tail_bytes": dossier.tail_bytes,
        "tail": clean(dossier.tail) or None,
        "conflicts": dossier.conflicts,
    }


def _names(names: Iterable[str]) -> list[str]:
    return [clean(name, _NAME) for name in names]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
