from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from hotswap_tui.core.values import Fault
from tests.probes.probing import probing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hotswap_tui.demo.servers import Server
    from tests.conftest import MakeServer

BEAT = "SELECT beat_at FROM hotswap_heartbeat"


@pytest.fixture
def server(make_server: MakeServer) -> Server:
    return make_server()


@pytest.fixture
async def admin(server: Server) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(server.superuser_url)
    yield connection
    await connection.close()


async def test_the_serving_database_gets_a_beat_with_every_check(server: Server, admin: asyncpg.Connection) -> None:
    async with probing(server.url, write_check=True) as prober:
        assert (await prober.check(fresh=False)).passed
        first = await admin.fetchval(BEAT)
        assert (await prober.check(fresh=False)).passed
        second = await admin.fetchval(BEAT)
        assert prober.note == ""
    assert first < second
    assert await admin.fetchval("SELECT count(*) FROM hotswap_heartbeat") == 1


async def test_only_the_serving_database_is_written_to(server: Server, admin: asyncpg.Connection) -> None:
    async with probing(server.url, write_check=True) as prober:
        prober.serving = False
        assert (await prober.check(fresh=False)).passed
    assert await admin.fetchval("SELECT to_regclass('hotswap_heartbeat')") is None


async def test_the_table_stays_out_of_publications(server: Server, admin: asyncpg.Connection) -> None:
    await admin.execute("CREATE PUBLICATION everything FOR ALL TABLES")
    async with probing(server.url, write_check=True) as prober:
        assert (await prober.check(fresh=False)).passed
    published = await admin.fetch("SELECT tablename FROM pg_publication_tables")
    assert "hotswap_heartbeat" not in {row["tablename"] for row in published}


async def test_a_row_that_is_gone_comes_back(server: Server, admin: asyncpg.Connection) -> None:
    async with probing(server.url, write_check=True) as prober:
        assert (await prober.check(fresh=False)).passed
        await admin.execute("DELETE FROM hotswap_heartbeat")
        assert (await prober.check(fresh=False)).passed
    assert await admin.fetchval(BEAT) is not None


async def test_a_missing_privilege_is_a_note_and_no_failure(server: Server, admin: asyncpg.Connection) -> None:
    await admin.execute("ALTER SCHEMA public OWNER TO postgres; REVOKE CREATE ON SCHEMA public FROM PUBLIC, ccfinapp")
    async with probing(server.url, write_check=True) as prober:
        assert (await prober.check(fresh=False)).passed
        assert prober.note == "the write check is not possible: permission denied for schema public"
        assert (await prober.check(fresh=False)).passed
        await admin.execute("GRANT CREATE ON SCHEMA public TO ccfinapp")
        assert (await prober.check(fresh=True)).passed
        assert prober.note == ""


@pytest.mark.parametrize(
    ("sqlstate", "fault"), [("53100", Fault.STORAGE), ("58030", Fault.STORAGE), ("25006", Fault.READ_ONLY)]
)
async def test_what_a_write_meets_is_the_verdict(
    server: Server, admin: asyncpg.Connection, sqlstate: str, fault: Fault
) -> None:
    """A trigger raises what a full or broken disk would."""
    async with probing(server.url, write_check=True) as prober:
        assert (await prober.check(fresh=False)).passed
        await admin.execute(f"""
            CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'disk trouble' USING ERRCODE = '{sqlstate}'; END $$;
            CREATE TRIGGER fail BEFORE UPDATE ON hotswap_heartbeat EXECUTE FUNCTION fail()
        """)
        verdict = await prober.check(fresh=False)
    assert (verdict.fault, verdict.sqlstate, verdict.detail) == (fault, sqlstate, "disk trouble")
    assert verdict.latency_ms is not None


async def test_a_lock_on_the_table_is_no_failure(server: Server, admin: asyncpg.Connection) -> None:
    async with probing(server.url, write_check=True, timeout_s=0.5) as prober:
        assert (await prober.check(fresh=False)).passed
        async with admin.transaction():
            await admin.execute("LOCK TABLE hotswap_heartbeat")
            verdict = await prober.check(fresh=False)
        assert verdict.passed
        assert "lock timeout" in prober.note


async def test_a_read_only_server_is_not_written_to(make_server: MakeServer) -> None:
    server = make_server(settings={"default_transaction_read_only": "on"})
    async with probing(server.url, writable=False, write_check=True) as prober:
        assert (await prober.check(fresh=False)).passed
        assert prober.note == ""


OLD = "CREATE UNLOGGED TABLE hotswap_heartbeat (one boolean PRIMARY KEY DEFAULT true CHECK (one), beat_at timestamptz NOT NULL); INSERT INTO hotswap_heartbeat (beat_at) VALUES (now())"
COUNT = "SELECT beats FROM hotswap_heartbeat"


async def test_every_beat_is_counted(server: Server, admin: asyncpg.Connection) -> None:
    """Each is one transaction, also where its row was gone: a count of two might begin on both sides of a mark."""
    async with probing(server.url, write_check=True) as prober:
        for beats in (1, 2, 3):
            assert (await prober.check(fresh=False)).passed
            assert await admin.fetchval(COUNT) == beats
        await admin.execute("DELETE FROM hotswap_heartbeat")
        ended = "SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::bigint"
        before = await admin.fetchval(ended)
        assert (await prober.check(fresh=False)).passed
        assert await admin.fetchval(COUNT) == 1
        assert await admin.fetchval(ended) == before + 1


async def test_a_table_from_before_begins_to_count(server: Server, admin: asyncpg.Connection) -> None:
    await admin.execute(f"SET ROLE ccfinapp; {OLD}; RESET ROLE")
    async with probing(server.url, write_check=True) as prober:
        for beats in (1, 2):
            assert (await prober.check(fresh=False)).passed
            assert prober.note == ""
            assert await admin.fetchval(COUNT) == beats


@pytest.mark.parametrize(
    "rights",
    [
        "GRANT UPDATE ON hotswap_heartbeat TO ccfinapp",
        "ALTER TABLE hotswap_heartbeat OWNER TO ccfinapp; ALTER TABLE hotswap_heartbeat SET LOGGED",
    ],
    ids=["somebody else's", "one that may be replicated"],
)
async def test_a_table_that_cannot_count_beats_as_before(
    server: Server, admin: asyncpg.Connection, rights: str
) -> None:
    await admin.execute(f"{OLD}; {rights}")
    async with probing(server.url, write_check=True) as prober:
        for _ in range(2):
            before = await admin.fetchval(BEAT)
            assert (await prober.check(fresh=False)).passed
            assert prober.note == ""
            assert await admin.fetchval(BEAT) > before
    columns = "SELECT count(*) FROM pg_attribute WHERE attrelid = 'hotswap_heartbeat'::regclass AND attname = 'beats'"
    assert await admin.fetchval(columns) == 0
