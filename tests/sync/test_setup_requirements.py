"""What is missing is one line with its remedy, for each requirement; versions and providers by table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotswap_tui.core.values import Role
from hotswap_tui.dsn import parse
from hotswap_tui.dsn.secret import SecretStr
from hotswap_tui.sync.errors import SyncError
from hotswap_tui.sync.replication.found import Found, FoundSlot, Publication, Subscription
from hotswap_tui.sync.replication.progress import Progress
from hotswap_tui.sync.replication.requirement import Level, problems
from hotswap_tui.sync.replication.requirements import of_servers
from hotswap_tui.sync.replication.servers import ServerFacts, TableFacts
from hotswap_tui.sync.replication.setup import _Watch
from hotswap_tui.sync.replication.table_requirements import of_found, of_rows, of_schema, of_scope, of_tables
from hotswap_tui.sync.replication.ways import ways

PRIMARY = parse(SecretStr("postgresql://app:hunter2@db1/app"))
SECONDARY = parse(SecretStr("postgresql://app:hunter2@db2/app"))
USERS = TableFacts(("public", "users"), False, False, False, True, True, False, ("id integer", "name text"))
FACTS = ServerFacts(
    Role.PRIMARY, 160004, "app", "app", 1, "1", False, False, "logical", 10, 0, 10, 0, 4, 8, 0, 10, "10GB",
    False, True, True, "", tables=(USERS,),
)  # fmt: skip
SUBSCRIBED = Subscription(1, True, "app_sub", ("app_pub",), False)
HERE = Found(Publication(True, True, True), FoundSlot(True, True, False), SUBSCRIBED)


def told(primary=None, secondary=None, *, two_way=False, dsns=(PRIMARY, SECONDARY), found=None):
    servers = {
        Role.PRIMARY: replace(FACTS, **(primary or {})),
        Role.SECONDARY: replace(
            FACTS, role=Role.SECONDARY, started_us=10**9, **{"system_identifier": "2", **(secondary or {})}
        ),
    }
    both = ways(*dsns, two_way=two_way)
    return list(of_servers(servers, both, {role: found or Found() for role in Role}))


def test_nothing_is_missing_where_nothing_is():
    assert problems(told()) == problems(told(two_way=True)) == []


@pytest.mark.parametrize(
    ("primary", "secondary", "subject", "text", "fix"),
    [
        ({"wal_level": "replica"}, {}, "primary", "wal_level is replica", "ALTER SYSTEM SET wal_level = 'logical'"),
        ({"wal_level": "replica", "provider": "rds"}, {}, "primary", "wal_level", "rds.logical_replication"),
        ({"wal_level": "replica", "provider": "cloudsql"}, {}, "primary", "wal_level", "cloudsql.logical_decoding"),
        ({"wal_level": "replica", "provider": "azure"}, {}, "primary", "wal_level", "server parameter"),
        ({"wal_level": "replica", "provider": "neon"}, {}, "primary", "wal_level", "project's settings"),
        ({"slots": 9}, {}, "primary", "9 of 10 replication slots in use, and 2 more", "SET max_replication_slots = 15"),
        ({"senders": 10}, {}, "primary", "10 of 10 WAL senders in use", "SET max_wal_senders = 16"),
        ({"may_replicate": False}, {}, "primary", "role app may not replicate", "ALTER ROLE app REPLICATION"),
        ({"may_replicate": False, "provider": "rds"}, {}, "primary", "may not replicate", "GRANT rds_replication TO app"),
        ({"may_create": False}, {}, "primary", "may create nothing in app", "GRANT CREATE ON DATABASE app TO app"),
        ({"version": 120000}, {}, "primary", "PostgreSQL 12; this needs 13", "upgrade"),
        ({"pooled": True}, {}, "primary", "a pooler answers at db1:5432", "name the server itself"),
        ({"in_recovery": True}, {}, "primary", "a standby in recovery", "pg_promote"),
        ({"read_only": True}, {}, "primary", "read-only", "RESET default_transaction_read_only"),
        ({}, {"in_recovery": True, "read_only": True}, "secondary", "a standby in recovery", "pg_promote"),
        ({}, {"workers_allowed": 0}, "secondary", "logical replication workers", "max_logical_replication_workers"),
        ({}, {"processes_allowed": 2}, "secondary", "worker processes", "SET max_worker_processes"),
        ({}, {"origins_allowed": 1}, "secondary", "replication origins", "SET max_replication_slots"),
        ({}, {"origins_allowed": 1, "version": 180000}, "secondary", "origins", "SET max_active_replication_origins"),
    ],
)  # fmt: skip
def test_each_missing_requirement_has_its_line_and_its_remedy(primary, secondary, subject, text, fix):
    (problem,) = problems(told(primary, secondary))
    assert (problem.subject, problem.level) == (subject, Level.PROBLEM)
    assert text in problem.text
    assert fix in problem.fix


def test_everything_that_is_missing_is_said_at_once():
    lines = problems(
        told({"wal_level": "minimal", "may_replicate": False}, {"workers_allowed": 0, "version": 150001}, two_way=True)
    )
    assert len(lines) >= 4


def test_both_ways_need_16_on_both_servers():
    (problem,) = problems(told({}, {"version": 150001}, two_way=True))
    assert problem.subject == "secondary"
    assert "--two-way needs 16" in problem.text
    assert problems(told({}, {"version": 150001})) == []


def test_one_server_is_no_pair():
    (problem,) = problems(told({"started_us": 10**9}, {"system_identifier": "1"}))
    assert problem.text == "one and the same server"
    assert problems(told({"started_us": 5}, {"system_identifier": "1"})) == []


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://app:hunter2@ep-x-pooler.eu.aws.neon.tech/app",
        "postgresql://app:hunter2@aws-0.pooler.supabase.com:6543/app",
        "postgresql://app:hunter2@localhost:6432/app?pgbouncer=true",
    ],
)
def test_a_pooler_is_known_by_its_url(url):
    (problem,) = problems(told(dsns=(parse(SecretStr(url)), SECONDARY)))
    assert "a pooler answers" in problem.text
    assert "hunter2" not in problem.text + problem.fix


def test_what_is_not_carried_is_said():
    lines = told({"sequences": 3, "large_objects": 2, "wal_kept_at_most": "-1"})
    texts = [(r.level, r.text) for r in lines if r.level in {Level.NOTE, Level.WARNING}]
    assert [level for level, _ in texts] == [Level.NOTE, Level.NOTE, Level.WARNING]
    assert "3 sequences" in str(texts)
    assert "2 large objects" in str(texts)
    assert "no limit" in str(texts)


@pytest.mark.parametrize(
    ("ours", "theirs", "text", "fix"),
    [
        (USERS, None, "table public.users is missing", "sync schema"),
        (USERS, replace(USERS, columns=("id integer",)), "columns of public.users are missing", "sync schema"),
        (USERS, replace(USERS, columns=("id bigint", "name text")), "or of another type", "sync schema"),
        (USERS, replace(USERS, owned=False), "role app may not act for the owner of public.users", "OWNER TO app"),
        (replace(USERS, identified=False), USERS, "neither a primary key nor a replica identity", "REPLICA IDENTITY FULL"),
        (replace(USERS, table=("public", "hotswap_heartbeat")), replace(USERS, table=("public", "hotswap_heartbeat")),
         "a logged table", 'ALTER TABLE "public"."hotswap_heartbeat" SET UNLOGGED'),
    ],
)  # fmt: skip
def test_each_tables_hindrance_has_its_line(ours, theirs, text, fix):
    target = replace(FACTS, role=Role.SECONDARY, tables=(theirs,) if theirs else ())
    (problem,) = problems(of_tables(replace(FACTS, tables=(ours,)), target, all_tables=True))
    assert text in problem.text
    assert fix in problem.fix


def test_an_unlogged_table_is_only_noted_and_our_heartbeat_not_even_that():
    beat = replace(USERS, table=("public", "hotswap_heartbeat"), unlogged=True)
    source = replace(FACTS, tables=(replace(USERS, unlogged=True, identified=False), beat))
    (note,) = of_tables(source, replace(FACTS, tables=()), all_tables=True)
    assert (note.level, note.text) == (Level.NOTE, "unlogged tables are not carried: public.users")
    assert source.listed() == ()


def test_a_list_names_what_the_role_owns_partitions_by_their_table():
    parent, part = replace(USERS, table=("a", "p"), partitioned=True), replace(USERS, table=("a", "p1"), partition=True)
    extension, beat = replace(USERS, extension=True), replace(USERS, table=("a", "hotswap_heartbeat"))
    source = replace(FACTS, tables=(parent, part, extension, beat))
    assert source.listed() == (("a", "p"),)
    assert [t.table for t in source.carried(all_tables=False)] == [("a", "p1")]
    (note,) = of_scope(source, ways(PRIMARY, SECONDARY)[0], all_tables=False, found=Found())
    assert note.level is Level.NOTE
    foreign = replace(source, tables=(replace(parent, owned=False),))
    (problem,) = of_scope(foreign, ways(PRIMARY, SECONDARY)[0], all_tables=False, found=Found())
    assert "role app does not own a.p" in problem.text


def test_rows_that_are_there_already_are_named():
    (problem,) = of_rows(ways(PRIMARY, SECONDARY)[0], [("public", f"t{n}") for n in range(7)])
    assert problem.text == "tables public.t0, public.t1, public.t2, public.t3, public.t4 and 2 more have rows already"
    assert "--no-copy" in problem.fix


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (replace(HERE, publication=Publication(True, False, True)), "does not publish every kind of write"),
        (replace(HERE, slot=FoundSlot(False, False, False)), "of another kind"),
        (replace(HERE, subscription=None), "or for another subscriber"),
        (replace(HERE, subscription=replace(SUBSCRIBED, publications=("other",))), "takes another publication or slot"),
        (replace(HERE, subscription=replace(SUBSCRIBED, slot=None)), "takes another publication or slot"),
        (replace(HERE, slot=None), "is gone"),
        (replace(HERE, slot=FoundSlot(True, False, True)), "is gone"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(found, text):
    (problem,) = problems(of_found(ways(PRIMARY, SECONDARY)[0], found))
    assert text in problem.text
    assert problem.fix


def test_what_fits_is_used():
    assert list(of_found(ways(PRIMARY, SECONDARY)[0], HERE)) == []


def test_schemas_that_differ_are_a_warning():
    (one,) = of_schema(["index a is missing on the secondary"])
    assert (one.level, one.text) == (
        Level.WARNING,
        "the schemas have one difference: index a is missing on the secondary",
    )
    (alike,) = of_schema([])
    assert alike.level is Level.OK


def test_a_subscription_without_a_worker_is_not_waited_for(monkeypatch):
    monkeypatch.setattr("hotswap_tui.sync.replication.setup._IDLE_S", -1.0)
    idle = Progress(2, 0, 0, 0, 0, 10, working=False)
    with pytest.raises(SyncError, match="no worker of subscription app_sub runs on the secondary"):
        _Watch(ways(PRIMARY, SECONDARY)[0], idle).told(idle)
