"""A look at two real servers, as the application's ordinary role: what leads where, and how far behind it is."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from dataclasses import replace

import psycopg
import pytest

from hotswap_tui.core.sync import Mark, Relation
from hotswap_tui.core.values import Role
from hotswap_tui.dsn import parse
from hotswap_tui.engine.ports import SyncQuestion
from hotswap_tui.sync.known import Known
from hotswap_tui.sync.look.reader import PairReader
from tests.support.until import until

pytestmark = pytest.mark.thorough

SETTINGS = {"max_wal_senders": 10, "wal_writer_delay": "10ms", "wal_retrieve_retry_interval": "100ms"}
BOTH = frozenset(Role)
PRIMARY, SECONDARY = Role.PRIMARY, Role.SECONDARY
RETURNS_S = 20.0
"""Far beyond what a look takes on a busy machine."""


def run(server, *statements, url=None):
    with psycopg.connect(url or server.superuser_url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture(scope="module")
def servers(clusters):
    """Give two logical servers to all tests of this file; each test has databases of its own."""
    with ExitStack() as stack:
        found = []
        for name in ("primary", "secondary"):
            server = clusters.make(name, wal_level="logical", settings=SETTINGS)
            stack.callback(server.remove)
            server.start()
            found.append(server)
        yield tuple(found)


class Pair:
    """One database on each server."""

    def __init__(self, servers, name):
        self.servers = dict(zip(Role, servers, strict=True))
        self.name = name
        for server in servers:
            run(server, f"CREATE DATABASE {name} TEMPLATE cc_financial OWNER ccfinapp", url=self._maintenance(server))

    def _maintenance(self, server):
        return server.superuser_url.replace("/cc_financial", "/postgres")

    def superuser_url(self, role):
        return self.servers[role].superuser_url.replace("/cc_financial", f"/{self.name}")

    def url(self, role):
        return self.servers[role].url.replace("/cc_financial", f"/{self.name}")

    def run(self, role, *statements):
        run(None, *statements, url=self.superuser_url(role))

    def reader(self, **urls):
        dsns = {role: parse(urls.get(role.value, self.url(role))) for role in Role}
        return PairReader(dsns, Known(), timeout_s=2.0)

    def replicate(self, source, *, copy="false", options="", tables="ALL TABLES"):
        self.run(source, f"CREATE PUBLICATION p_{source} FOR {tables}")
        self.run(
            source.other,
            f"CREATE SUBSCRIPTION {self.name}_{source} CONNECTION '{self.superuser_url(source)}' "
            f"PUBLICATION p_{source} WITH (copy_data = {copy}{options})",
        )

    def drop(self):
        for role in Role:
            with psycopg.connect(self.superuser_url(role), autocommit=True) as connection:
                for (name,) in connection.execute(
                    "SELECT subname FROM pg_subscription WHERE subdbid = "
                    "(SELECT oid FROM pg_database WHERE datname = current_database())"
                ).fetchall():
                    connection.execute(f"ALTER SUBSCRIPTION {name} DISABLE")
                    connection.execute(f"ALTER SUBSCRIPTION {name} SET (slot_name = NONE)")
                    connection.execute(f"DROP SUBSCRIPTION {name}")
        for server in self.servers.values():
            with psycopg.connect(self._maintenance(server), autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active", prepare=False
                )
                for (slot,) in connection.execute("SELECT slot_name FROM pg_replication_slots").fetchall():
                    drop_slot(connection, slot)
                connection.execute(f"DROP DATABASE {self.name} WITH (FORCE)")


def drop_slot(connection, slot):
    deadline = time.monotonic() + 10
    while True:
        try:
            connection.execute("SELECT pg_drop_replication_slot(%s)", (slot,))
        except psycopg.errors.ObjectInUse:
            assert time.monotonic() < deadline
        else:
            return


_numbers = iter(range(1000))


@pytest.fixture
def pair(servers):
    for server in servers:
        server.thaw()
    found = Pair(servers, f"pair{next(_numbers)}")
    yield found
    found.drop()


def asking(active=PRIMARY, ask=BOTH):
    return SyncQuestion(active, frozenset(ask))


async def read_until(reader, predicate, question=None):
    async def look():
        reading = await reader.read(question or asking())
        return reading if predicate(reading) else None

    return await until(look)


async def test_two_databases_without_any_tie_are_unrelated(pair):
    reading = await pair.reader().read(asking())
    assert (reading.relation, reading.flows, reading.primary_error, reading.secondary_error) == (
        Relation.UNRELATED,
        (),
        "",
        "",
    )
    assert reading.schema is not None
    assert reading.schema.differences == 0
    assert reading.sequences_behind == 0


async def test_two_ways_to_one_database_are_told(pair):
    reading = await pair.reader(secondary=pair.superuser_url(PRIMARY)).read(asking())
    assert reading.relation is Relation.SAME


async def test_an_idle_logical_link_is_hardly_behind(pair):
    """The first position that is asked for has been confirmed already, so that the lag is one round trip."""
    pair.replicate(PRIMARY)
    reader = pair.reader()
    ready = await read_until(
        reader, lambda reading: reading.flows and reading.flows[0].streaming and reading.flows[0].lag_s
    )
    (flow,) = ready.flows
    assert ready.relation is Relation.LOGICAL
    assert (flow.source, flow.lag_bytes, flow.missing, flow.not_ready, flow.error) == (PRIMARY, 0, 0, 0, "")
    assert flow.lag_s < 1.0
    assert flow.measured_s <= asyncio.get_running_loop().time()
    (slot,) = ready.slots
    assert (slot.role, slot.name, slot.active, slot.lost) == (PRIMARY, f"{pair.name}_primary", True, False)


async def test_a_two_way_link_has_two_flows_that_say_so(pair):
    for role in Role:
        pair.replicate(role, options=", origin = none")
    reading = await read_until(pair.reader(), lambda reading: all(flow.lag_s is not None for flow in reading.flows))
    assert reading.relation is Relation.TWO_WAY
    assert [(flow.source, flow.two_way) for flow in reading.flows] == [(PRIMARY, True), (SECONDARY, True)]


async def test_a_subscription_on_the_primary_alone_leads_back(pair):
    pair.replicate(SECONDARY)
    assert (await pair.reader().read(asking())).relation is Relation.LOGICAL_BACK


async def test_a_disabled_subscription_falls_behind_by_bytes_and_seconds(pair):
    """The bound is the age of what was seen confirmed, so it grows with each look; the slot keeps more and more."""
    pair.replicate(PRIMARY)
    reader = pair.reader()
    before = await read_until(reader, lambda reading: reading.flows[0].lag_s is not None)
    pair.run(SECONDARY, f"ALTER SUBSCRIPTION {pair.name}_primary DISABLE")
    await until(lambda: reader_sees_idle_slot(pair))
    pair.run(PRIMARY, "INSERT INTO marker SELECT g::text FROM generate_series(1, 1000) AS g")
    reading = await reader.read(asking())
    (flow,) = reading.flows
    assert not flow.streaming
    assert "is disabled" in flow.error
    assert flow.lag_bytes > 50_000
    assert flow.lag_s >= flow.measured_s - before.read_s
    assert reading.slots[0].retained_bytes >= flow.lag_bytes
    assert reading.slots[0].full_in_s is None  # this role may not know where the data is
    assert reading.write_rate > 0
    alone = await reader.read(asking(ask=[PRIMARY]))
    assert alone.flows[0].lag_s > flow.lag_s
    assert alone.relation is Relation.LOGICAL
    assert alone.secondary_error == ""


def reader_sees_idle_slot(pair):
    with psycopg.connect(pair.superuser_url(PRIMARY)) as connection:
        row = connection.execute("SELECT bool_and(NOT active) FROM pg_replication_slots").fetchone()
    return row is not None and row[0]


async def test_a_conflict_is_told_with_its_errors(pair):
    pair.replicate(PRIMARY)
    reader = pair.reader()
    await read_until(reader, lambda reading: reading.flows[0].streaming)
    pair.run(SECONDARY, "INSERT INTO marker VALUES ('twice')")
    pair.run(PRIMARY, "INSERT INTO marker VALUES ('twice')")
    reading = await read_until(reader, lambda reading: reading.flows[0].errors > 0 and reading.flows[0].error)
    assert "fails again and again" in reading.flows[0].error
    assert not reading.flows[0].streaming
    assert reading.flows[0].lag_bytes > 0


async def test_tables_that_are_not_carried_or_not_copied_are_named(pair):
    """A table that is not published is missing, and so is one that the subscription has not taken up."""
    pair.run(PRIMARY, "CREATE TABLE blocked (id int PRIMARY KEY)", "INSERT INTO blocked VALUES (1)")
    pair.run(SECONDARY, "CREATE TABLE blocked (id int PRIMARY KEY)", "INSERT INTO blocked VALUES (1)")
    pair.replicate(PRIMARY, copy="true", tables="TABLE blocked, marker")
    pair.run(PRIMARY, "CREATE UNLOGGED TABLE hotswap_heartbeat (one int)")
    reading = await read_until(
        pair.reader(),
        lambda reading: "blocked" in reading.flows[0].not_ready_tables and reading.flows[0].missing,
    )
    (flow,) = reading.flows
    assert flow.missing_tables == ("accounts", "budgets", "heartbeats", "transactions", "users")
    assert flow.lag_s is None  # nobody knows how old a table is that was never copied
    pair.run(PRIMARY, "CREATE TABLE late (id int PRIMARY KEY)", "ALTER PUBLICATION p_primary ADD TABLE late")
    assert "late" in (await pair.reader().read(asking())).flows[0].missing_tables


@pytest.mark.parametrize("frozen", Role)
async def test_a_frozen_server_costs_no_more_than_the_deadline(pair, frozen):
    """What was known of it stays, with its own moment; nothing is left open or running."""
    pair.replicate(PRIMARY)
    reader = pair.reader()
    before = await read_until(reader, lambda reading: reading.flows[0].lag_s is not None)
    others = asyncio.all_tasks()
    await asyncio.to_thread(pair.servers[frozen].freeze)
    try:
        begun_s = time.monotonic()
        reading = await reader.read(asking())
        assert time.monotonic() - begun_s < RETURNS_S
    finally:
        await asyncio.to_thread(pair.servers[frozen].thaw)
    assert asyncio.all_tasks() == others
    told = {PRIMARY: reading.primary_error, SECONDARY: reading.secondary_error}
    assert "no answer within 2 s" in told.pop(frozen)
    assert list(told.values()) == [""]
    assert reading.relation is Relation.LOGICAL
    if frozen is PRIMARY:
        assert reading.flows[0].lag_s == before.flows[0].lag_s
        assert reading.flows[0].measured_s == before.flows[0].measured_s
    assert (await reader.read(asking())).primary_error == ""


async def test_what_was_known_is_as_old_as_this_computer_slept(pair):
    slept_s = 0.0
    reader = PairReader({role: parse(pair.url(role)) for role in Role}, Known(), suspended_s=lambda: slept_s)
    before = await reader.read(asking())
    slept_s = 3600.0
    reading = await reader.read(asking(ask=[]))
    assert reading.schema is not None
    assert before.schema is not None
    assert reading.schema.read_s == before.schema.read_s - 3600.0
    assert (await reader.read(asking(ask=[]))).schema == reading.schema


async def test_a_dossier_is_about_one_stay_on_the_secondary(pair):
    """The next stay begins with another mark; what was found out before says nothing about it."""
    reader = pair.reader()
    stay = SyncQuestion(SECONDARY, BOTH, Mark(SECONDARY, 1.0, "1:1:"))
    assert (await reader.read(stay)).dossier is not None
    assert (await reader.read(replace(stay, ask=frozenset()))).dossier is not None
    assert (await reader.read(SyncQuestion(SECONDARY, frozenset(), Mark(SECONDARY, 2.0, "2:2:")))).dossier is None


async def test_another_method_is_seen_by_the_heartbeat(pair):
    """The lag is the age of the row that has arrived; a source that nobody beats in tells nothing."""
    for role in Role:
        run(None, "CREATE TABLE hotswap_heartbeat (one bool, beat_at timestamptz)", url=pair.url(role))
    pair.run(PRIMARY, "INSERT INTO hotswap_heartbeat VALUES (true, now())")
    pair.run(SECONDARY, "INSERT INTO hotswap_heartbeat VALUES (true, now() - interval '5 min')")
    reader = pair.reader()
    (flow,) = (await reader.read(asking())).flows
    assert 300 <= flow.lag_s < 400
    assert (await reader.read(asking())).relation is Relation.HEARTBEAT
    pair.run(PRIMARY, "UPDATE hotswap_heartbeat SET beat_at = now() - interval '1 day'")
    assert (await reader.read(asking())).flows[0].lag_s is None


async def test_a_standby_is_physical_until_it_is_promoted(make_server, make_standby):
    primary = make_server("primary", settings={"wal_writer_delay": "10ms"})
    standby = make_standby(primary)
    reader = PairReader({PRIMARY: parse(primary.url), SECONDARY: parse(standby.url)}, Known())
    reading = await read_until(reader, lambda reading: reading.flows[0].streaming)
    (flow,) = reading.flows
    assert (reading.relation, flow.lag_bytes, reading.sequences_behind) == (Relation.PHYSICAL, 0, 0)
    assert flow.lag_s < 1.0
    run(standby, "SELECT pg_wal_replay_pause()")
    run(primary, "INSERT INTO marker SELECT g::text FROM generate_series(1, 1000) AS g")
    reading = await read_until(reader, lambda reading: reading.flows[0].lag_bytes)
    (behind,) = reading.flows
    assert "paused" in behind.error
    assert behind.lag_s is not None
    (alone,) = (await reader.read(asking(ask=[PRIMARY]))).flows
    assert (alone.lag_bytes, alone.measured_s) == (behind.lag_bytes, behind.measured_s), "received is not replayed"
    urls = {PRIMARY: parse(primary.superuser_url), SECONDARY: parse(standby.url)}
    trusted = PairReader(urls, Known())
    await trusted.read(asking())
    (alone,) = (await trusted.read(asking(ask=[PRIMARY]))).flows
    assert alone.lag_bytes >= behind.lag_bytes
    assert alone.measured_s > behind.measured_s
    run(standby, "SELECT pg_wal_replay_resume()", "SELECT pg_promote()")
    assert (await reader.read(asking())).relation is Relation.PROMOTED


async def test_a_role_that_may_see_more_knows_when_the_disk_is_full(pair):
    """The superuser knows where the data is, and this machine how much room there is."""
    pair.replicate(PRIMARY)
    reader = pair.reader(primary=pair.superuser_url(PRIMARY))
    pair.run(SECONDARY, f"ALTER SUBSCRIPTION {pair.name}_primary DISABLE")
    await until(lambda: reader_sees_idle_slot(pair))
    await reader.read(asking())
    pair.run(PRIMARY, "INSERT INTO marker SELECT g::text FROM generate_series(1, 1000) AS g")
    (slot,) = (await reader.read(asking())).slots
    assert slot.full_in_s > 0
