"""How writes get from one database to the other, and what stops them on the way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.amount_words import count, named
from hotswap_tui.core.sync import Relation
from hotswap_tui.core.sync_facts import lag_words
from hotswap_tui.core.text import clean
from hotswap_tui.core.values import Role
from hotswap_tui.doctor.finding import Check, Finding, Level
from hotswap_tui.doctor.pair import BOTH
from hotswap_tui.sync.quoting import identifier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap_tui.core.policy import Policy
    from hotswap_tui.core.sync import Flow, SyncReading
    from hotswap_tui.doctor.facts import DataLook, Subscribed

_LATE_S: Final = 30.0
"""Behind by more than this is worth a warning where DB_MAX_LAG sets no limit."""
_PHYSICAL: Final = frozenset({Relation.PHYSICAL, Relation.PHYSICAL_BACK})
_BEAT: Final = "an engine with DB_WRITE_CHECK=1 writes the heartbeat"
_ANEW: Final = "hotswap-tui sync teardown, then sync setup, which says which tables to empty first"


def replication(look: DataLook, policy: Policy) -> Iterator[Finding]:
    """Yield how the two belong together, and what becomes of the writes of each."""
    yield from _unread(look.reading)
    lone = [each for each in look.subscribed if not each.slot_there and not _is_fed(look, each.role)]
    yield from (_lone(each) for each in lone)
    if not any(each.own for each in lone):
        yield from _apart(look.reading)
    for flow in look.reading.flows:
        yield _flow(flow, look, policy)
        yield from _tables(flow, look)
        yield from _books(flow, look)


def _setup(reading: SyncReading) -> str:
    """Return the command that sets up what there is, and what is missing of it."""
    return f"hotswap-tui sync setup{' --two-way' if reading.relation is Relation.TWO_WAY else ''}"


def _unread(reading: SyncReading) -> Iterator[Finding]:
    for role, why in ((Role.PRIMARY, reading.primary_error), (Role.SECONDARY, reading.secondary_error)):
        if why:
            text = f"what it has in common with the other one could not be found out: {clean(why)}"
            yield Finding(Check.REPLICATION, Level.UNSEEN, role, text, "look again, or hotswap-tui sync status")


def _is_fed(look: DataLook, role: Role) -> bool:
    return any(each.role is role and each.slot_there for each in look.subscribed)


def _lone(found: Subscribed) -> Finding:
    """Say that a subscription reads a slot that the other database does not have."""
    source = found.role.other
    text = f"the subscription {found.name} reads the slot {found.slot}, which is not on the {source}"
    if found.own:
        return Finding(Check.REPLICATION, Level.PROBLEM, found.role, f"{text} any more: nothing arrives", _ANEW)
    fix = f"where the {source} is its source, the slot was dropped: nothing arrives, and it has to be set up anew"
    return Finding(Check.REPLICATION, Level.NOTE, found.role, text, fix)


def _apart(reading: SyncReading) -> Iterator[Finding]:
    """Say what no flow says. One database under both settings, and roles the wrong way round, are told by the servers already."""
    if reading.relation is Relation.UNRELATED:
        text = (
            "nothing replicates the one to the other: after a failover applications go on with what the secondary has"
        )
        fix = 'hotswap-tui sync setup replicates the primary; "Keep the data together" in the README has other ways'
        yield Finding(Check.REPLICATION, Level.NOTE, BOTH, text, fix)
    elif reading.relation is Relation.PROMOTED:
        text = "they were one once, and both write now: what one is told the other does not learn"
        fix = "if the secondary was promoted, rebuild one of them from the other (pg_rewind or pg_basebackup)"
        yield Finding(Check.REPLICATION, Level.WARNING, BOTH, text, fix)
    elif reading.relation is Relation.LOGICAL_BACK:
        text = "nothing takes the primary's writes to it: after a failover applications go on with what it has"
        fix = "hotswap-tui sync setup --two-way; if the roles are meant the other way round, exchange the two URLs"
        yield Finding(Check.REPLICATION, Level.WARNING, Role.SECONDARY, text, fix)


def _flow(flow: Flow, look: DataLook, policy: Policy) -> Finding:
    target, relation = flow.source.other, look.reading.relation
    if not flow.streaming:
        why = clean(flow.error) or "nobody reads its slot"
        text = f"replication from the {flow.source} has STOPPED: {why}"
        return Finding(Check.REPLICATION, Level.PROBLEM, target, text, _mended(flow, look))
    # What was measured just now needs no age, and nothing no size.
    behind = lag_words(replace(flow, measured_s=None, lag_bytes=flow.lag_bytes or None), 0.0)
    failures = f"; {count(flow.errors, 'failure')} before" if flow.errors else ""
    text = f"{_carried(flow, relation)}, {behind}{failures}"
    limit_s = _LATE_S if policy.max_lag_s is None else policy.max_lag_s
    if flow.lag_s is None:
        return Finding(Check.REPLICATION, Level.NOTE, target, text, _measured(flow, relation))
    if flow.lag_s > limit_s:
        return Finding(Check.REPLICATION, Level.WARNING, target, text, _hastened(flow, relation))
    return Finding(Check.REPLICATION, Level.OK, target, text)


def _carried(flow: Flow, relation: Relation) -> str:
    """Return what carries the writes."""
    if relation is Relation.HEARTBEAT:
        return f"gets the {flow.source}'s rows by some other method ({flow.name})"
    if relation in _PHYSICAL:
        return f"replays the {flow.source}'s writes as its standby ({flow.name})"
    return f"takes the {flow.source}'s writes by logical replication ({flow.name})"


def _measured(flow: Flow, relation: Relation) -> str:
    if relation is Relation.HEARTBEAT:
        return f"{_BEAT}; nobody does at present"
    if flow.not_ready:
        return ""  # the copy, which is told on its own, is why
    return "it is busy: hotswap-tui sync status looks again, and an engine follows it all the time"


def _hastened(flow: Flow, relation: Relation) -> str:
    target = flow.source.other
    if relation is Relation.HEARTBEAT:
        return f"see whether what copies the {flow.source}'s rows still runs; {_BEAT}"
    return f"look for long transactions, locks and load on the {target}, and at the network between the two"


def _mended(flow: Flow, look: DataLook) -> str:
    """Return what to do about a flow that has stopped."""
    target, own = flow.source.other, _of(look, flow)
    if look.reading.relation in _PHYSICAL:
        resume = "SELECT pg_wal_replay_resume() there" if "paused" in flow.error else ""
        return resume or f"look into the {target}'s log, and at its primary_conninfo and primary_slot_name"
    if own is None:
        return f"the {target}'s log says why"
    if own.slot_lost or not own.slot_there:
        return _ANEW if own.own else f"drop the subscription {own.name} and create it anew, with its rows"
    if not own.enabled:
        return f"ALTER SUBSCRIPTION {identifier(own.name)} ENABLE on the {target}; if it has disabled itself, its log says why"
    reach = f"{_setup(look.reading)} --dry-run shows whether its server reaches the {flow.source}"
    if flow.errors:
        return f"where the log names a row that is in the way, take it out of the {target}; {reach}"
    return f"the {target}'s log says why; {reach}"


def _of(look: DataLook, flow: Flow) -> Subscribed | None:
    found = (each for each in look.subscribed if each.role is flow.source.other and each.name == flow.name)
    return next(found, None)


def _tables(flow: Flow, look: DataLook) -> Iterator[Finding]:
    source, target = flow.source, flow.source.other
    if flow.missing:
        what = f"{count(flow.missing, 'table')} not replicated, whose rows stay behind"
        text = f"{what}: {named(flow.missing_tables, flow.missing)}"
        fix = f"{_setup(look.reading)}, run again, takes in what it can, and says what the rest lacks"
        yield Finding(Check.REPLICATION, Level.WARNING, source, text, fix)
    if flow.not_ready:
        tables = named(flow.not_ready_tables, flow.not_ready)
        text = f"{count(flow.not_ready, 'table')} not copied from the {source} yet: {tables}"
        fix = f"hotswap-tui sync status shows how many are left; where it does not get on, the {target}'s log says why"
        yield Finding(Check.REPLICATION, Level.PROBLEM, target, text, fix)


def _books(flow: Flow, look: DataLook) -> Iterator[Finding]:
    own = _of(look, flow)
    if own is not None and own.books:
        text = (
            f"{named(own.books)}, where a migration tool notes what it has done, is replicated: its run for this database would "
            "find nothing to do"
        )
        fix = f"{_setup(look.reading)}, run again, leaves it out"
        yield Finding(Check.REPLICATION, Level.WARNING, own.role, text, fix)
