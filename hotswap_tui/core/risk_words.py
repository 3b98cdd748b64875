"""What a switch would lose or repeat, before anything is done: seconds, rows, sequences, tables; every figure with its age."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.amount_words import about, count, named
from hotswap_tui.core.dossier_words import tail_words
from hotswap_tui.core.guards import data_plan
from hotswap_tui.core.plan import CATCH_UP_S, Step, choose
from hotswap_tui.core.sync import Relation, Safety, behind_s
from hotswap_tui.core.sync_facts import lag_words, seen, sequence_words
from hotswap_tui.core.text import clean
from hotswap_tui.core.time_words import age
from hotswap_tui.core.values import Health, Level, Role, SwitchKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap_tui.core.plan import Plan
    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.core.sync import Dossier, Flow, SyncReading

_NO_WAY = frozenset({Relation.UNRELATED, Relation.PROMOTED})


def risk_sentences(snapshot: Snapshot, target: Role, now_s: float, *, forced: bool = False) -> list[tuple[str, Level]]:
    """Return what a person's switch to `target` would lose or repeat, in the order in which it matters."""
    left, reading = target.other, snapshot.sync
    if reading is None:
        off = not snapshot.policy.sync_interval_s
        why = "it is not measured (DB_SYNC_CHECK_INTERVAL is 0)" if off else "it is not measured yet"
        return [(f"what {left} took and {target} has not received stays behind; {why}", Level.WARNING)]
    if reading.relation is Relation.SAME:
        return [("both connection strings lead to one and the same database: nothing is gained", Level.WARNING)]
    dossier = reading.dossier if target is Role.PRIMARY else None
    plan = plan_to(snapshot, SwitchKind.MANUAL, target, firm=forced)
    told = list(_failback(dossier, now_s)) if dossier is not None else []
    told += _writes(snapshot, reading, plan, target, now_s)
    return [*told, *_drift(reading, plan, target, now_s)]


def at_stake(snapshot: Snapshot, target: Role, now_s: float) -> bool:
    """Say whether a switch to `target` loses more than any failover does: its name is typed even when the other is down."""
    reading = snapshot.sync
    if reading is None:
        return False
    if target is Role.PRIMARY:
        return reading.dossier is not None and reading.dossier.verdict is Safety.DIVERGED
    flow, limit_s = reading.flow(target.other), snapshot.policy.max_lag_s
    if flow is None:
        return False
    lacks_s = behind_s(flow, _alive_s(snapshot, now_s))
    return flow.not_ready > 0 or (limit_s is not None and (lacks_s is None or lacks_s > limit_s))


def _alive_s(snapshot: Snapshot, now_s: float) -> float:
    """Return when the database that is left took writes last."""
    view = snapshot.database(snapshot.active)
    if view is None or view.health is not Health.DOWN or view.last_pass_s is None:
        return now_s
    return view.last_pass_s


def plan_to(snapshot: Snapshot, kind: SwitchKind, target: Role, *, firm: bool) -> Plan:
    """Return how the engine would carry out a person's switch, as things are now."""
    source, router = snapshot.active, snapshot.router
    left = snapshot.database(source)
    fault = left.verdict.fault if left is not None and left.verdict is not None else None
    data = data_plan(snapshot.sync, kind, target, snapshot.policy, automatic=False, firm=firm)
    return choose(source, fault, router.pool_mode, router.version, firm=firm, data=data)


def _writes(
    snapshot: Snapshot, reading: SyncReading, plan: Plan, target: Role, now_s: float
) -> Iterator[tuple[str, Level]]:
    """Say what becomes of the last writes on the database that is left; a dossier says it of the secondary's."""
    flow = reading.flow(target.other)
    if flow is None:
        if target is Role.SECONDARY or reading.dossier is None:
            yield _without_replication(reading, target, now_s)
        return
    if Step.CATCH_UP in plan.steps and plan.data.catch_up:
        must, far = plan.data.must_catch_up, flow.lag_s is None or flow.lag_s > CATCH_UP_S
        late, level = "nothing is moved" if must else "it goes on", Level.WARNING if far or not must else Level.INFO
        now = f"now {lag_words(flow, now_s, reading.write_rate)}"
        yield (f"waits until {target} has everything ({now}); after {CATCH_UP_S:g} s {late}", level)
    else:
        yield _lacking(snapshot, reading, flow, now_s)
    yield from _tables(flow, target)


def _without_replication(reading: SyncReading, target: Role, now_s: float) -> tuple[str, Level]:
    left = target.other
    if reading.relation is Relation.UNKNOWN:
        why = clean(reading.secondary_error or reading.primary_error) or "the pair has not been looked at yet"
        what = f"what {left} took and {target} has not received stays behind"
        return (f"{what}; how much is not known: {why}", Level.WARNING)
    if reading.relation is Relation.HEARTBEAT:
        return (f"how far {target} is behind is not known: no heartbeat has come from {left}", Level.WARNING)
    since = "since it was promoted" if reading.relation is Relation.PROMOTED else "since both were last alike"
    rate = f" (now {reading.write_rate:.1f} rows/s, {seen(reading.read_s, now_s)})" if reading.write_rate else ""
    what = "replicated" if reading.relation in _NO_WAY else f"replicated to {target}"
    return (f"nothing is {what}: everything written on {left} {since} stays behind{rate}", Level.BAD)


def _lacking(snapshot: Snapshot, reading: SyncReading, flow: Flow, now_s: float) -> tuple[str, Level]:
    """Say how many seconds and rows the target lacks when the source is left as it is."""
    left, limit_s = flow.source, snapshot.policy.max_lag_s
    lacks_s = behind_s(flow, _alive_s(snapshot, now_s))
    why = "" if flow.streaming else f"replication has STOPPED ({clean(flow.error) or 'nobody reads its slot'}): "
    if lacks_s is None:
        return (f"{why}how much of what {left} took stays behind is not known", Level.BAD if why else Level.WARNING)
    rows = "" if reading.write_rate is None else f", {about(reading.write_rate * lacks_s, 'row')}"
    over = limit_s is not None and lacks_s > limit_s
    limit = f"; DB_MAX_LAG is {limit_s:g}s" if over else ""
    text = f"{why}up to {age(lacks_s)} of writes on {left} stay behind{rows} ({lag_words(flow, now_s)}){limit}"
    return (text, Level.BAD if why or over else Level.WARNING)


def _tables(flow: Flow, target: Role) -> Iterator[tuple[str, Level]]:
    if flow.not_ready:
        tables = named(flow.not_ready_tables, flow.not_ready)
        yield (f"{count(flow.not_ready, 'table')} not copied to {target} yet: {tables}", Level.BAD)
    if flow.missing:
        tables = named(flow.missing_tables, flow.missing)
        what = f"{count(flow.missing, 'table')} of {flow.source} not replicated, their rows stay behind"
        yield (f"{what}: {tables}", Level.WARNING)


def _failback(dossier: Dossier, now_s: float) -> Iterator[tuple[str, Level]]:
    """Say what the verdict is on what was written on the secondary."""
    why = clean(dossier.why)
    when = seen(dossier.read_s, now_s)
    if dossier.verdict is Safety.SAFE:
        yield (f"SAFE: {why}, {when}", Level.INFO)
    elif dossier.verdict is Safety.NEEDS_SYNC:
        yield (f"NEEDS SYNC: {why}, {when}", Level.WARNING)
    else:
        yield (f"DIVERGED: {why}, {when}", Level.BAD)
        if dossier.rows or dossier.written:
            rows = "what was written" if dossier.rows is None else count(dossier.rows, "row")
            tables = [f"{table.table} {table.rows:,}" for table in dossier.written]
            yield (f"stays behind on the secondary: {rows}{(tables and f' ({named(tables)})') or ''}", Level.BAD)
    arrived = dossier.tail_bytes == 0 and not dossier.conflicts
    if (tail := tail_words(dossier)) and not arrived:
        yield (f"primary's unreplicated tail: {tail}", Level.BAD if dossier.conflicts else Level.WARNING)


def _drift(reading: SyncReading, plan: Plan, target: Role, now_s: float) -> Iterator[tuple[str, Level]]:
    """Say what differs besides rows: sequences that repeat keys, and schemas."""
    behind = reading.sequences_behind
    if behind:
        many = count(behind, "sequence")
        if plan.data.sequences:
            yield (f"{many} behind on {target}: the switch moves them ahead", Level.INFO)
        else:
            examples = named([sequence_words(sequence) for sequence in reading.sequences], behind, 1)
            shown = f" ({examples})" if examples else ""
            yield (f"{many} behind on {target}: keys would repeat{shown}", Level.WARNING)
    drift = reading.schema
    if drift is not None and drift.differences:
        first = f": {clean(drift.examples[0])}" if drift.examples else ""
        compared = f"compared {age(now_s - drift.read_s)} ago"
        yield (f"the schemas differ in {count(drift.differences, 'place')}{first}; {compared}", Level.WARNING)
