"""What was written on the secondary since traffic moved there, and what a failback would lose of it, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.amount_words import count, size
from hotswap_tui.core.sync_facts import seen
from hotswap_tui.core.text import clean
from hotswap_tui.core.time_words import clock_time

if TYPE_CHECKING:
    from datetime import tzinfo

    from hotswap_tui.core.sync import Dossier, Written

_MOMENT = "%Y-%m-%d %H:%M:%S"


def dossier_lines(dossier: Dossier, now_s: float, zone: tzinfo | None = None) -> list[str]:
    """Return verdict, reason, what was counted and since when, table by table; wall times in `zone`, local when None."""
    lines = [
        f"{dossier.verdict.words}: {clean(dossier.why)}",
        f"{_since(dossier, zone)}, {seen(dossier.read_s, now_s)}",
    ]
    if counted := _counted(dossier):
        lines.append(counted)
    lines += [f"{clean(table.table, 80)}: {written_words(table)}" for table in dossier.written]
    if tail := tail_words(dossier):
        lines.append(f"primary's unreplicated tail: {tail}")
    return lines


def _since(dossier: Dossier, zone: tzinfo | None) -> str:
    if dossier.since_wall_s is None:
        return "no mark was taken when traffic moved"
    return f"since traffic moved at {clock_time(dossier.since_wall_s, zone, _MOMENT)}"


def _counted(dossier: Dossier) -> str:
    told = []
    if dossier.transactions:
        told.append(f"{count(dossier.transactions, 'transaction')} of others")
    if dossier.rows:
        told.append(f"{count(dossier.rows, 'row')} by the statistics, rolled back ones included")
    return ", ".join(told)


def written_words(table: Written) -> str:
    """Return what was done to one table."""
    parts = ((table.inserted, "inserted"), (table.updated, "updated"), (table.deleted, "deleted"))
    return ", ".join(f"{many:,} {what}" for many, what in parts if many) or "nothing counted"


def tail_words(dossier: Dossier) -> str:
    """Return what is known of what the primary had not sent; empty when that is nothing."""
    if dossier.tail:
        return clean(dossier.tail)
    kept = f"{size(dossier.tail_bytes)} not received" if dossier.tail_bytes else ""
    conflicts = f"{count(dossier.conflicts, 'conflict')} since" if dossier.conflicts else ""
    return ", ".join(filter(None, (kept, conflicts)))
