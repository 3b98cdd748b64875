"""What replication does not carry, compared: schemas and sequences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotswap_tui.core.amount_words import count, named
from hotswap_tui.core.guards import LOGICAL
from hotswap_tui.core.sync import Relation
from hotswap_tui.core.sync_facts import EXAMPLES, sequence_words
from hotswap_tui.core.text import clean
from hotswap_tui.doctor.finding import Check, Finding, Level
from hotswap_tui.doctor.pair import BOTH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap_tui.core.sync import SyncReading
    from hotswap_tui.core.values import Role
    from hotswap_tui.doctor.facts import DataLook, Details

_CARRIED: Final = LOGICAL | {Relation.HEARTBEAT}
_BY_ITSELF: Final = frozenset({Relation.PHYSICAL, Relation.PHYSICAL_BACK})


def schema(primary: Details | None, secondary: Details | None, reading: SyncReading) -> Iterator[Finding]:
    """Yield how the schemas differ, and a side without any table, where nothing finer need be said."""
    if empty := [*_empty(primary, secondary)]:
        yield from empty
        return
    drift = reading.schema
    if reading.relation in _BY_ITSELF or reading.primary_error or reading.secondary_error:
        return
    if drift is None:
        text = "whether the schemas are alike could not be found out in time, or not as this role"
        yield Finding(Check.SCHEMA, Level.UNSEEN, BOTH, text, "hotswap-tui sync schema compares them")
    elif drift.differences:
        first = f": {clean(drift.examples[0])}" if drift.examples else ""
        text = f"the schemas differ in {count(drift.differences, 'place')}{first}"
        fix = "hotswap-tui sync schema lists them all; --command runs your migration on both"
        yield Finding(Check.SCHEMA, Level.WARNING, BOTH, text, fix)
    elif primary is not None:
        yield Finding(Check.SCHEMA, Level.OK, BOTH, f"the schemas are alike, with {count(primary.tables, 'table')}")


def _empty(primary: Details | None, secondary: Details | None) -> Iterator[Finding]:
    if primary is None or secondary is None:
        return
    if primary.tables and not secondary.tables:
        text = (
            f"the secondary has no tables, the primary has {primary.tables}: after a failover applications find nothing"
        )
        fix = (
            "load the schema (npx prisma migrate deploy with the secondary's URL, or pg_dump --schema-only), then hotswap-tui sync "
            "setup; or hotswap-tui sync copy --from primary --to secondary"
        )
        yield Finding(Check.SCHEMA, Level.PROBLEM, "secondary", text, fix)
    elif not primary.tables and secondary.tables:
        text = f"the primary has no tables, the secondary has {secondary.tables}"
        yield Finding(Check.SCHEMA, Level.WARNING, "primary", text, "check that DATABASE_URL names the right database")


def sequences(look: DataLook, gap: int | None) -> Iterator[Finding]:
    """Yield what becomes of sequences in a switch; `gap` is DB_SEQUENCE_GAP, None where the settings are wrong.

    Where the rows do not come from the database that serves either, the sequences fit those that are there.
    """
    reading, target = look.reading, look.serving.other
    behind = reading.sequences_behind
    if behind is None or reading.relation not in _CARRIED or reading.flow(look.serving) is None:
        return
    moved = reading.relation in LOGICAL
    if moved and look.immovable:
        text = f"this role may not move {named(look.immovable)}: a planned switch stops at that, and after a failover keys may repeat"
        fix = "GRANT UPDATE ON ALL SEQUENCES IN SCHEMA public TO the role, for other schemas likewise"
        yield Finding(Check.SEQUENCES, Level.WARNING, target, text, fix)
    yield _behind(reading, behind, target, gap, moved=moved)


def _behind(reading: SyncReading, behind: int, target: Role, gap: int | None, *, moved: bool) -> Finding:
    if not behind:
        return Finding(Check.SEQUENCES, Level.OK, target, "no sequence is behind")
    many = count(behind, "sequence")
    if moved:
        by = "" if gap is None else f", a failover by {gap:,} (DB_SEQUENCE_GAP)"
        text = f"{many} behind, as replication does not carry them: a planned switch moves them ahead{by}"
        return Finding(Check.SEQUENCES, Level.OK, target, text)
    examples = named([sequence_words(each) for each in reading.sequences], behind, EXAMPLES)
    fix = "let what copies the rows bring them along (setval): a switch does not move them here"
    return Finding(Check.SEQUENCES, Level.WARNING, target, f"{many} behind, so keys would repeat: {examples}", fix)
