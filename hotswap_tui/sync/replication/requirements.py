"""What replication needs of two servers, looked at all at once; each finding says how to mend it.

Sources: PostgreSQL's manual, "Logical Replication": "Configuration Settings", "Security", "Restrictions".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotswap_tui.core.values import Role
from hotswap_tui.sync.replication.requirement import Level, Requirement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hotswap_tui.dsn import Dsn
    from hotswap_tui.sync.replication.found import Found
    from hotswap_tui.sync.replication.servers import ServerFacts
    from hotswap_tui.sync.replication.ways import Way

BOTH: Final = "both"
ONE_WAY_FROM: Final = 13
TWO_WAY_FROM: Final = 16
_SAME_START_US: Final = 1000
_POOLER_HOSTS: Final = ("-pooler.", ".pooler.supabase.")

_WAL_LEVEL: Final = {
    "rds": "set rds.logical_replication = 1 in the instance's parameter group, and reboot it",
    "cloudsql": "set the flag cloudsql.logical_decoding = on, which restarts the instance",
    "azure": "set the server parameter wal_level = LOGICAL, and restart it",
    "neon": "switch on logical replication in the project's settings",
    "": "ALTER SYSTEM SET wal_level = 'logical', and restart the server",
}
_REPLICATION: Final = {"rds": "GRANT rds_replication TO {}"}


def of_servers(
    servers: Mapping[Role, ServerFacts], ways: tuple[Way, ...], found: Mapping[Role, Found]
) -> Iterator[Requirement]:
    """Yield what is missing of the servers themselves; `found` has what exists of each way, by its source."""
    two_way = ways[0].two_way
    for facts in servers.values():
        yield from _answers(facts, ways)
        yield from _version(facts, two_way=two_way)
    yield from _pair(servers)
    for way in ways:
        yield from _source(servers[way.source], found[way.source])
        yield from _target(servers[way.target], found[way.source])
    yield _not_carried(servers[Role.PRIMARY])
    if servers[Role.PRIMARY].large_objects:
        text = f"{servers[Role.PRIMARY].large_objects} large objects, which logical replication does not carry"
        yield Requirement(Level.WARNING, Role.PRIMARY, text, "keep them in a bytea column, or dump and restore them")


def names_a_pooler(dsn: Dsn) -> bool:
    """Say whether a connection string leads to a pooler, going by what it says."""
    hosts = (address.host.lower() for address in dsn.addresses)
    return "pgbouncer=true" in dsn.masked() or any(mark in host for host in hosts for mark in _POOLER_HOSTS)


def _answers(facts: ServerFacts, ways: tuple[Way, ...]) -> Iterator[Requirement]:
    dsns = {role: dsn for way in ways for role, dsn in ((way.source, way.source_dsn), (way.target, way.target_dsn))}
    routes = [way for way in ways if way.source is facts.role and names_a_pooler(way.route)]
    if facts.pooled or routes or names_a_pooler(dsns[facts.role]):
        text = f"a pooler answers at {dsns[facts.role].address}, and replication cannot go through it"
        fix = "name the server itself: its own port without pgbouncer=true, Neon's host without -pooler, Supabase's direct connection"
        yield Requirement(Level.PROBLEM, facts.role, text, fix)
    if facts.in_recovery:
        text = "a standby in recovery: logical replication cannot be set up with it, and physical replication carries everything already"
        yield Requirement(Level.PROBLEM, facts.role, text, "promote it (SELECT pg_promote()), or leave it as it is")
    elif facts.read_only:
        text = "transactions are read-only there (default_transaction_read_only)"
        yield Requirement(
            Level.PROBLEM, facts.role, text, "ALTER SYSTEM, DATABASE or ROLE … RESET default_transaction_read_only"
        )


def _version(facts: ServerFacts, *, two_way: bool) -> Iterator[Requirement]:
    if facts.major < ONE_WAY_FROM:
        text = f"PostgreSQL {facts.major}; this needs {ONE_WAY_FROM} or later"
        yield Requirement(Level.PROBLEM, facts.role, text, "upgrade it")
    elif two_way and facts.major < TWO_WAY_FROM:
        text = f"PostgreSQL {facts.major}; --two-way needs {TWO_WAY_FROM} or later on both, which tells apart where a write came from"
        yield Requirement(Level.PROBLEM, facts.role, text, "upgrade it, or leave out --two-way")
    else:
        yield Requirement(Level.OK, facts.role, f"PostgreSQL {facts.major}")


def _pair(servers: Mapping[Role, ServerFacts]) -> Iterator[Requirement]:
    one, other = servers.values()
    known = one.system_identifier and other.system_identifier
    same = not known or one.system_identifier == other.system_identifier
    if same and abs(one.started_us - other.started_us) < _SAME_START_US:
        yield Requirement(Level.PROBLEM, BOTH, "one and the same server", "name another one in DATABASE_URL_SECONDARY")


def _source(facts: ServerFacts, found: Found) -> Iterator[Requirement]:
    """Yield what the server lacks that writes come from: settings, room, and rights."""
    if facts.wal_level != "logical":
        yield Requirement(Level.PROBLEM, facts.role, f"wal_level is {facts.wal_level}", _WAL_LEVEL[facts.provider])
    else:
        yield Requirement(Level.OK, facts.role, "wal_level is logical")
    needed = 2 - (found.slot is not None)  # one of its own, and one for the table that is being copied
    rooms = (
        ("max_replication_slots", facts.slots_allowed, facts.slots, "replication slots"),
        ("max_wal_senders", facts.senders_allowed, facts.senders, "WAL senders"),
    )
    yield from (_room(facts, room, needed) for room in rooms)
    if not facts.may_replicate:
        fix = _REPLICATION.get(facts.provider, "as superuser: ALTER ROLE {} REPLICATION").format(facts.user)
        yield Requirement(Level.PROBLEM, facts.role, f"role {facts.user} may not replicate", fix)
    if not facts.may_create:
        fix = f"GRANT CREATE ON DATABASE {facts.database} TO {facts.user}"
        yield Requirement(Level.PROBLEM, facts.role, f"role {facts.user} may create nothing in {facts.database}", fix)
    if facts.wal_kept_at_most == "-1":
        text = "max_slot_wal_keep_size has no limit: while the other server is away, its slot keeps write-ahead log until the disk is full"
        fix = "set a limit that the disk has room for: ALTER SYSTEM SET max_slot_wal_keep_size = '10GB'"
        yield Requirement(Level.NOTE, facts.role, text, fix)


def _target(facts: ServerFacts, found: Found) -> Iterator[Requirement]:
    """Yield what the server lacks that writes go to."""
    needed = 1 if found.subscription is not None and found.subscription.enabled else 2  # one to apply, one to copy
    rooms = (
        ("max_logical_replication_workers", facts.workers_allowed, facts.subscriptions, "logical replication workers"),
        ("max_worker_processes", facts.processes_allowed - 1, facts.subscriptions, "worker processes"),
        (
            "max_active_replication_origins" if facts.major >= 18 else "max_replication_slots",
            facts.origins_allowed, facts.subscriptions, "replication origins",
        ),
    )  # fmt: skip
    yield from (_room(facts, room, needed) for room in rooms)


def _room(facts: ServerFacts, room: tuple[str, int, int, str], needed: int) -> Requirement:
    setting, allowed, used, words = room
    free = allowed - used
    if free >= needed:
        return Requirement(Level.OK, facts.role, f"{used} of {allowed} {words} in use")
    text = f"{used} of {max(0, allowed)} {words} in use, and {needed} more are needed"
    fix = f"ALTER SYSTEM SET {setting} = {max(10, used + needed + 4)}, and restart the server"
    return Requirement(Level.PROBLEM, facts.role, text, fix)


def _not_carried(facts: ServerFacts) -> Requirement:
    text = f"{facts.sequences} sequences, which logical replication does not carry; a switch moves them ahead"
    return Requirement(Level.NOTE, facts.role, text)
