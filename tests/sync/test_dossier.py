from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import psycopg
import pytest

from hotswap_tui.core.sync import Dossier, Mark, Safety, Written
from hotswap_tui.core.values import Role
from hotswap_tui.dsn import parse
from hotswap_tui.probes.inspection import PostgresInspection
from hotswap_tui.routing.handover import HandoverError
from hotswap_tui.sync.dossier import transactions
from hotswap_tui.sync.dossier.asking import Asking
from hotswap_tui.sync.dossier.dossier import NO_MARK, examine, prove_safe, take_mark
from hotswap_tui.sync.dossier.snapshots import Snapshot
from hotswap_tui.sync.dossier.stand import Stand
from hotswap_tui.sync.dossier.written import growth
from tests.probes.probing import probing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from hotswap_tui.demo.servers import Server
    from hotswap_tui.routing.inspection import Inspection
    from tests.conftest import MakeServer

INSERT = "INSERT INTO users (email, name) VALUES (gen_random_uuid()::text, 'x')"


@asynccontextmanager
async def asking(server: Server) -> AsyncIterator[PostgresInspection]:
    inspection = PostgresInspection(parse(server.url))
    try:
        yield inspection
    finally:
        await inspection.aclose()


@pytest.fixture
def server(make_server: MakeServer) -> Server:
    return make_server("secondary")


@pytest.fixture
async def inspection(server: Server) -> AsyncIterator[PostgresInspection]:
    async with asking(server) as inspection:
        yield inspection


async def marked(inspection: PostgresInspection) -> Mark:
    return await take_mark(inspection, Role.SECONDARY, 1_700_000_000.0, 5.0)


async def examined(inspection: PostgresInspection, mark: Mark | None) -> Dossier:
    return await examine(inspection, None, mark, (), read_s=7.0, timeout_s=5.0)


async def verdict(inspection: PostgresInspection, mark: Mark) -> tuple[Safety, str]:
    dossier = await examined(inspection, mark)
    return dossier.verdict, dossier.why


def execute(server: Server, *statements: str) -> None:
    with psycopg.connect(server.superuser_url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


async def beat(server: Server, times: int = 1) -> None:
    async with probing(server.url, write_check=True, role=Role.SECONDARY) as prober:
        for _ in range(times):
            assert (await prober.check(fresh=False)).passed
            assert not prober.note


async def test_what_was_written_is_counted_per_table(server: Server, inspection: PostgresInspection) -> None:
    mark = await marked(inspection)
    execute(server, INSERT, INSERT, "UPDATE accounts SET balance_cents = 0")
    await beat(server, 2)
    dossier = await examined(inspection, mark)
    assert dossier == Dossier(
        Safety.DIVERGED,
        "3 transactions were committed on the secondary that are not ours, and nothing carries it back",
        since_wall_s=1_700_000_000.0,
        read_s=7.0,
        transactions=3,
        rows=5,
        written=(Written("public.accounts", 0, 3, 0), Written("public.users", 2, 0, 0)),
    )


async def test_statistics_that_were_reset_say_nothing(server: Server, inspection: PostgresInspection) -> None:
    mark = await marked(inspection)
    execute(server, INSERT, "SELECT pg_stat_reset()", INSERT)
    dossier = await examined(inspection, mark)
    assert (dossier.verdict, dossier.rows, dossier.written) == (Safety.DIVERGED, None, ())


def test_counts_that_have_shrunk_say_nothing() -> None:
    assert growth([Written("t", 5, 0, 0)], [Written("t", 4, 9, 0)]) is None


async def test_our_own_write_checks_are_told_from_others(server: Server, inspection: PostgresInspection) -> None:
    await beat(server)
    mark = await marked(inspection)
    await beat(server, 5)
    assert await verdict(inspection, mark) == (
        Safety.SAFE,
        "nothing was committed on the secondary since traffic was moved there but our own 5 write checks",
    )


class Counting:
    """Counts the round trips."""

    def __init__(self, inspection: PostgresInspection) -> None:
        self.inspection, self.trips = inspection, 0

    async def rows(self, query: str, timeout_s: float) -> Any:
        self.trips += 1
        return await self.inspection.rows(query, timeout_s)

    async def identify(self, timeout_s: float) -> Any:
        self.trips += 1
        return await self.inspection.identify(timeout_s)


async def test_a_mark_costs_a_failover_one_round_trip(server: Server, inspection: PostgresInspection) -> None:
    """A cloud database is 20 to 100 ms away. What a role may not ask for is asked for singly."""
    await beat(server)
    execute(server, INSERT, "SELECT pg_stat_force_next_flush()")
    counting = Counting(inspection)
    mark = await marked(cast("PostgresInspection", counting))
    assert counting.trips == 1
    assert mark.beats == 1
    assert mark.system_identifier is not None
    execute(server, "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
    async with asking(server) as other:
        kept = await marked(other)
    assert kept.system_identifier is None
    assert (kept.beats, kept.counter, kept.stats_reset) == (mark.beats, mark.counter, mark.stats_reset)


async def test_without_a_mark_nothing_is_proven(inspection: PostgresInspection) -> None:
    assert (await examined(inspection, None)).why == NO_MARK
    with pytest.raises(HandoverError, match="nothing was noted"):
        await prove_safe(lambda _: inspection, None, 5.0)


async def test_a_crash_gives_no_number_away_twice(server: Server, inspection: PostgresInspection) -> None:
    """What is rolled back is not made safe on the disk: its numbers are given again after a crash, unless the mark sees to it."""
    execute(server, *("BEGIN; " + INSERT + "; ROLLBACK",) * 20)
    mark = await marked(inspection)
    server.crash()
    server.start()
    execute(server, INSERT)
    assert (await verdict(inspection, mark))[0] is Safety.DIVERGED


async def test_a_crash_with_nothing_written_is_safe(server: Server, inspection: PostgresInspection) -> None:
    await beat(server)
    mark = await marked(inspection)
    execute(server, "BEGIN; " + INSERT + "; ROLLBACK")
    server.crash()
    server.start()
    await beat(server, 3)
    assert (await verdict(inspection, mark))[0] is Safety.SAFE


async def test_beats_that_a_crash_has_swallowed_hide_nothing(server: Server, inspection: PostgresInspection) -> None:
    await beat(server, 9)
    mark = await marked(inspection)
    execute(server, INSERT)
    server.crash()
    server.start()
    await beat(server, 12)
    assert (await verdict(inspection, mark))[0] is Safety.DIVERGED


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE hotswap_heartbeat SET beats = beats + 2, counter = '1/restored'",
        "DELETE FROM hotswap_heartbeat; INSERT INTO hotswap_heartbeat VALUES (true, now(), 7, '1/restored')",
        "UPDATE hotswap_heartbeat SET beats = beats + 1000",
        "ALTER TABLE hotswap_heartbeat SET LOGGED; UPDATE hotswap_heartbeat SET beats = beats + 2",
    ],
    ids=["another count", "a restored row", "more than there were transactions", "a table that may be replicated"],
)
async def test_a_count_that_is_not_ours_hides_nothing(
    server: Server, inspection: PostgresInspection, tampering: str
) -> None:
    await beat(server)
    mark = await marked(inspection)
    execute(server, INSERT, tampering)
    dossier = await examined(inspection, mark)
    assert (dossier.verdict, dossier.transactions) == (Safety.DIVERGED, 2)


async def test_a_count_that_was_begun_before_the_mark_hides_nothing(
    server: Server, inspection: PostgresInspection
) -> None:
    """There was no table, and then somebody has restored one with another server's count."""
    mark = await marked(inspection)
    restored = "CREATE UNLOGGED TABLE hotswap_heartbeat AS SELECT true AS one, now() AS beat_at, 2 AS beats, '1/restored' AS counter"
    execute(server, restored, "GRANT SELECT ON hotswap_heartbeat TO ccfinapp")
    execute(server, "BEGIN; " + INSERT + "; ROLLBACK")
    assert (await verdict(inspection, mark))[0] is Safety.DIVERGED


async def test_a_transaction_that_is_still_open_is_not_safe(server: Server, inspection: PostgresInspection) -> None:
    mark = await marked(inspection)
    with psycopg.connect(server.superuser_url) as connection:
        connection.execute(INSERT.encode())
        assert await verdict(inspection, mark) == (
            Safety.DIVERGED,
            "1 transaction is still open on the secondary, or prepared, and nothing carries it back",
        )
        connection.rollback()
    assert (await verdict(inspection, mark))[0] is Safety.SAFE


async def test_many_numbers_are_looked_at_in_parts_and_beyond_a_bound_nothing_is_proven(
    server: Server, inspection: PostgresInspection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "AT_ONCE", 4)
    mark = await marked(inspection)
    execute(server, *("BEGIN; " + INSERT + "; ROLLBACK",) * 30)
    assert (await verdict(inspection, mark))[0] is Safety.SAFE
    monkeypatch.setattr(transactions, "MOST", 12)
    dossier = await examined(inspection, mark)
    assert (dossier.verdict, dossier.transactions) == (Safety.DIVERGED, None)
    assert "only 12 of 30" in dossier.why


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"system_identifier": "1"}, "another server"),
        ({"snapshot": "900000:900000:"}, "restored from a backup"),
        ({"lsn": "FF/0"}, "restored from a backup"),
        ({"timeline": 7}, "restored or promoted"),
        ({"in_recovery": True, "snapshot": ""}, "was promoted"),
    ],
)
async def test_a_mark_of_another_past_proves_nothing(
    inspection: PostgresInspection, change: dict[str, Any], why: str
) -> None:
    mark = replace(await marked(inspection), **change)
    found, told = await verdict(inspection, mark)
    assert found is Safety.DIVERGED
    assert why in told
    with pytest.raises(HandoverError, match=why):
        await prove_safe(lambda _: inspection, mark, 5.0)


async def test_what_the_server_has_forgotten_is_not_proven() -> None:
    class Forgetful:
        async def rows(self, query: str, timeout_s: float) -> list[tuple[str, ...]]:
            assert "pg_xact_status" in query
            assert timeout_s <= 5.0
            return [("0", "0", "0", "2")]

    stand = Stand(False, Snapshot(9, 9), 0, 1, None, "", 0, tracks_origins=False, version=180000)
    asking = Asking(cast("Inspection", Forgetful()), 5.0)
    found = await transactions.account(asking, Mark(Role.SECONDARY, 0.0, "7:7:"), Snapshot(7, 7), stand, ())
    assert (found.nothing_foreign, found.foreign, found.ended.forgotten) == (False, None, 2)


async def test_one_database_under_two_names_is_safe(server: Server, inspection: PostgresInspection) -> None:
    mark = await marked(inspection)
    execute(server, INSERT)
    async with asking(server) as same:
        dossier = await examine(inspection, same, mark, (), read_s=0.0, timeout_s=5.0)
    assert (dossier.verdict, dossier.why) == (
        Safety.SAFE,
        "both connection strings lead to one and the same database",
    )


async def test_a_standby_is_safe_until_it_is_promoted(
    make_server: MakeServer, make_standby: Callable[[Server], Server]
) -> None:
    primary = make_server()
    standby = make_standby(primary)
    async with asking(standby) as inspection, asking(primary) as other:
        mark = await marked(inspection)
        assert (mark.in_recovery, mark.snapshot) == (True, "")
        execute(primary, INSERT)
        dossier = await examine(inspection, other, mark, (), read_s=0.0, timeout_s=5.0)
        assert dossier.verdict is Safety.SAFE
        assert dossier.tail in {"arrived", f"on its way: {dossier.tail_bytes} B missing"}
        execute(standby, "SELECT pg_promote()")
        dossier = await examine(inspection, other, mark, (), read_s=0.0, timeout_s=5.0)
        assert (dossier.verdict, dossier.why) == (
            Safety.DIVERGED,
            "the secondary was promoted since traffic was moved there",
        )
        assert dossier.tail.startswith("left behind")
        assert dossier.tail_bytes


async def test_a_promoted_standby_that_only_we_write_to_is_safe(
    make_server: MakeServer, make_standby: Callable[[Server], Server]
) -> None:
    """Its table is there and empty, which the first beat finds."""
    primary = make_server()
    await beat(primary, 3)
    standby = make_standby(primary)
    execute(standby, "SELECT pg_promote()")
    async with asking(standby) as inspection:
        mark = await marked(inspection)
        await beat(standby, 2)
        assert (await verdict(inspection, mark))[0] is Safety.SAFE


def test_a_snapshot_is_closed_by_a_transaction_that_began_after_it() -> None:
    assert str(Snapshot(5, 8, (5, 6)).closed_by(10)) == "5:11:5,6,8,9"
    assert str(Snapshot(8, 8).closed_by(8)) == "9:9:"
