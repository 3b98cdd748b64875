"""What a switch asks a server: who it is, which transactions are open, to end them; on real servers, within its time."""

from __future__ import annotations

import asyncio
import gc
import re
import warnings
from contextlib import asynccontextmanager
from dataclasses import replace
from string import Template
from typing import TYPE_CHECKING

import asyncpg
import pytest

from hotswap_tui.dsn import parse
from hotswap_tui.probes import inspection as inspection_module
from hotswap_tui.probes.connect import Connector
from hotswap_tui.probes.inspection import PostgresInspection
from hotswap_tui.routing.inspection import InspectionError, OpenTransaction
from tests.probes.fake_server import error_response, fake_server
from tests.probes.pooler import needs_pgbouncer, pooler, through
from tests.probes.probing import open_sockets, url_to
from tests.support.until import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SOON_S = 5.0


@asynccontextmanager
async def inspecting(url: str, *, pooled: bool = False) -> AsyncIterator[PostgresInspection]:
    inspection = PostgresInspection(parse(url), pooled=pooled)
    try:
        yield inspection
    finally:
        await inspection.aclose()


@asynccontextmanager
async def client(url: str, application: str = "psql") -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url, server_settings={"application_name": application})
    try:
        yield connection
    finally:
        connection.terminate()


async def ask(server, query):
    """Ask past the code under test, as the superuser."""
    async with client(server.superuser_url) as connection:
        return await connection.fetchval(query)


async def run(server, statements):
    async with client(server.superuser_url) as connection:
        await connection.execute(statements)


def as_role(server, role, password):
    return re.sub(r"//[^@]*@", f"//{role}:{password}@", server.url)


async def test_a_server_says_who_it_is(server_pair):
    primary, secondary = server_pair
    async with inspecting(primary.url) as inspection, inspecting(secondary.url) as other:
        identity = await inspection.identify(SOON_S)
        assert await inspection.identify(SOON_S) == identity
        assert identity.differs(await other.identify(SOON_S)).startswith("system identifier ")
    assert identity.system_identifier == str(await ask(primary, "SELECT system_identifier FROM pg_control_system()"))
    started_us = await ask(primary, "SELECT (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::int8")
    assert identity.started_at == started_us / 1_000_000
    assert (identity.in_recovery, identity.database) == (False, "cc_financial")
    assert identity.address == f"127.0.0.1:{primary.port}"


async def test_a_unix_socket_has_no_address(server_pair):
    server = server_pair.primary
    url = server.url.replace(f"127.0.0.1:{server.port}", "") + f"?host={server.directory}&port={server.port}"
    async with inspecting(url) as inspection:
        assert (await inspection.identify(SOON_S)).address is None


async def test_an_ipv6_address_is_in_brackets(make_server):
    try:
        server = make_server(settings={"listen_addresses": "127.0.0.1,::1"})
    except Exception as error:  # noqa: BLE001  whatever says that this machine has no IPv6
        pytest.skip(f"no IPv6 here: {error}")
    async with inspecting(server.url.replace("127.0.0.1", "[::1]")) as inspection:
        try:
            identity = await inspection.identify(SOON_S)
        except InspectionError as error:
            pytest.skip(f"no IPv6 here: {error}")
    assert identity.address == f"[::1]:{server.port}"


async def test_a_physical_standby_shares_the_identifier_and_is_told_apart(make_server, make_standby):
    primary = make_server()
    standby = make_standby(primary)
    async with inspecting(primary.url) as one, inspecting(standby.url) as other:
        first, second = await one.identify(SOON_S), await other.identify(SOON_S)
    assert first.system_identifier == second.system_identifier
    assert (first.in_recovery, second.in_recovery) == (False, True)
    assert second.differs(first)
    assert second.differs(replace(first, started_at=second.started_at)) == "in recovery"


async def test_a_restarted_server_is_another_one(make_server):
    """The connection that the restart ended is opened anew by the next question."""
    server = make_server()
    async with inspecting(server.url) as inspection:
        before = await inspection.identify(SOON_S)
        await asyncio.to_thread(server.restart)
        after = await inspection.identify(SOON_S)
    assert after.differs(before) == "another postmaster start time"


async def test_without_the_privilege_the_identifier_alone_is_missing(make_server):
    server = make_server()
    async with inspecting(server.url) as inspection:
        whole = await inspection.identify(SOON_S)
    await run(server, "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
    async with inspecting(server.url) as inspection:
        for _ in range(2):
            assert await inspection.identify(SOON_S) == replace(whole, system_identifier=None)
    assert server.log.read_text(errors="replace").count("permission denied for function pg_control_system") == 1


async def test_without_the_function_the_identifier_alone_is_missing(server_pair, monkeypatch):
    monkeypatch.setattr(inspection_module, "_IDENTIFIER", "(SELECT a FROM pg_catalog.no_such_function() AS a)")
    async with inspecting(server_pair.primary.url) as inspection:
        identity = await inspection.identify(SOON_S)
    assert (identity.system_identifier, identity.database) == (None, "cc_financial")


async def test_a_hostile_search_path_decides_nothing(make_server):
    server = make_server()
    await run(
        server,
        "CREATE SCHEMA evil; GRANT USAGE ON SCHEMA evil TO PUBLIC;"
        "CREATE FUNCTION evil.pg_is_in_recovery() RETURNS bool LANGUAGE sql AS 'SELECT true';"
        "CREATE TYPE evil.int8 AS ENUM ('a');"
        "ALTER ROLE ccfinapp SET search_path = evil, pg_catalog",
    )
    async with inspecting(server.url) as inspection:
        assert not (await inspection.identify(SOON_S)).in_recovery


async def test_open_transactions_are_told_oldest_first(server_pair):
    server = server_pair.primary
    async with (
        client(server.url, "first \\N\\n") as first,
        client(server.url, "") as second,
        client(server.url) as idle,
        inspecting(server.url) as inspection,
    ):
        await first.execute("BEGIN; SELECT 1")
        await second.execute("BEGIN; SELECT 1")
        pids = [connection.get_server_pid() for connection in (second, idle, first)]
        found = await inspection.open_transactions([*pids, 1, 2**31 - 1], SOON_S)
    assert [(t.pid, t.application, t.state) for t in found] == [
        (pids[2], "first \\N\\n", "idle in transaction"),
        (pids[0], "", "idle in transaction"),
    ]
    assert 60 > found[0].age_s >= found[1].age_s >= 0


@pytest.mark.parametrize("text", ["\\N", "a\tb\nc\r\b\f\vd", "\\", "\\\\t", "ü€", ""])
async def test_any_text_survives_the_way(server_pair, text):
    async with client(server_pair.primary.url) as connection:
        quoted = await connection.fetchval("SELECT quote_literal($1::text)", text)
    session = await Connector(parse(server_pair.primary.url), SOON_S).open()
    try:
        assert await session.rows(f"SELECT {quoted}, NULL, 1 UNION ALL SELECT '', '', 2", 100) == [
            (text, None, "1"),
            ("", "", "2"),
        ]
        assert await session.rows("SELECT 1 WHERE false", 100) == []
    finally:
        session.terminate()


async def test_an_answer_beyond_its_limit_is_none(server_pair, monkeypatch):
    monkeypatch.setattr(inspection_module, "_ANSWER_LIMIT", 10)
    async with inspecting(server_pair.primary.url) as inspection:
        with pytest.raises(InspectionError, match=r"^failed: an answer of more than 10 bytes$"):
            await inspection.identify(SOON_S)


async def test_an_answer_that_does_not_fit_is_none(server_pair, monkeypatch):
    monkeypatch.setattr(inspection_module, "_IDENTITY", Template("SELECT 'x'"))
    async with inspecting(server_pair.primary.url) as inspection:
        with pytest.raises(InspectionError, match=r"^failed: not the answer that was asked for"):
            await inspection.identify(SOON_S)


async def test_nobody_is_asked_about_nothing():
    async with inspecting(url_to(1)) as inspection:
        assert await inspection.open_transactions((), SOON_S) == ()
        assert await inspection.terminate((), SOON_S) == 0


async def test_terminate_ends_sessions_of_this_database_only(server_pair):
    """A pid that another pooler made up may belong to somebody else."""
    server = server_pair.primary
    elsewhere = server.url.replace("/cc_financial", "/postgres")
    async with client(server.url) as victim, client(elsewhere) as other, inspecting(server.url) as inspection:
        await victim.execute("BEGIN")
        pids = [victim.get_server_pid(), other.get_server_pid(), 2**31 - 1]
        assert await inspection.terminate(pids, SOON_S) == 1
        await until(victim.is_closed)
        assert await other.fetchval("SELECT 1") == 1
        assert await inspection.open_transactions(pids, SOON_S) == ()


async def test_an_unprivileged_role_learns_little_and_may_end_nobody(make_server):
    server = make_server()
    await run(
        server, "CREATE ROLE stranger LOGIN PASSWORD 'stranger'; GRANT CONNECT ON DATABASE cc_financial TO stranger"
    )
    async with client(server.url, "app") as victim, inspecting(as_role(server, "stranger", "stranger")) as inspection:
        await victim.execute("BEGIN")
        pid = victim.get_server_pid()
        (found,) = await inspection.open_transactions([pid], SOON_S)
        assert found == OpenTransaction(pid, found.application, "", 0.0)
        with pytest.raises(InspectionError, match=r"^not allowed: permission denied to terminate process") as caught:
            await inspection.terminate([pid], SOON_S)
        assert "\n" not in str(caught.value)
        assert await victim.fetchval("SELECT 1") == 1
        assert (await inspection.identify(SOON_S)).database == "cc_financial"


async def test_a_refusal_keeps_the_connection(make_server):
    server = make_server()
    await run(server, "REVOKE EXECUTE ON FUNCTION pg_terminate_backend(integer, bigint) FROM PUBLIC")
    async with inspecting(server.url) as inspection:
        with pytest.raises(InspectionError, match="not allowed: permission denied for function pg_terminate_backend"):
            await inspection.terminate([1], SOON_S)
        await inspection.identify(SOON_S)
        count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'hotswap-tui'"
        assert await ask(server, count) == 1


@pytest.mark.parametrize("what", ["identify", "open_transactions", "terminate"])
async def test_a_server_that_hangs_costs_the_deadline_and_nothing_else(make_server, what):
    server = make_server()
    before = open_sockets()
    arguments = () if what == "identify" else ([12345],)
    async with inspecting(server.url) as inspection:
        await inspection.identify(SOON_S)
        server.freeze()
        try:
            with pytest.raises(
                InspectionError, match=r"^timeout: no answer within 0.1 s while waiting for the answer$"
            ):
                await getattr(inspection, what)(*arguments, 0.1)
            with pytest.raises(InspectionError, match=r"^timeout: no answer within 0.1 s while connecting$"):
                await getattr(inspection, what)(*arguments, 0.1)
            await until(lambda: open_sockets() == before)
        finally:
            server.thaw()
        await inspection.identify(SOON_S)
    await until(lambda: open_sockets() == before)


async def test_a_question_waits_its_turn_within_its_deadline(make_server):
    server = make_server()
    async with inspecting(server.url) as inspection:
        await inspection.identify(SOON_S)
        server.freeze()
        try:
            first = asyncio.ensure_future(inspection.identify(30.0))
            await until(inspection._asking.locked)
            with pytest.raises(InspectionError, match="while waiting for its turn"):
                await inspection.identify(0.05)
        finally:
            server.thaw()
        assert (await first).database == "cc_financial"


async def test_cancelling_leaves_nothing_behind(make_server):
    server = make_server()
    before = open_sockets()
    async with inspecting(server.url) as inspection:
        await inspection.identify(SOON_S)
        server.freeze()
        try:
            asking = asyncio.ensure_future(inspection.identify(30.0))
            await until(inspection._asking.locked)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            await until(lambda: open_sockets() == before)
        finally:
            server.thaw()
        await inspection.identify(SOON_S)


async def test_closing_leaves_no_session_on_the_server(make_server):
    server = make_server()
    async with inspecting(server.url) as inspection:
        await inspection.identify(SOON_S)
    gone = "SELECT count(*) = 0 FROM pg_stat_activity WHERE usename = 'ccfinapp'"
    assert await until(lambda: ask(server, gone))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gc.collect()


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (("/cc_financial", "/nothing"), 'database missing: database "nothing" does not exist'),
        (("ccfinapp:", "ccfinapp:wrong"), 'credentials refused: password authentication failed for user "ccfinapp"'),
    ],
)
async def test_what_a_server_refuses_is_one_line(server_pair, change, line):
    async with inspecting(server_pair.primary.url.replace(*change)) as inspection:
        with pytest.raises(InspectionError) as caught:
            await inspection.identify(SOON_S)
    assert str(caught.value) == line


async def test_a_dead_server_is_one_line(make_server):
    server = make_server(start=False)
    async with inspecting(server.url) as inspection:
        with pytest.raises(InspectionError, match=rf"^Connection refused \(127\.0\.0\.1:{server.port}\)$"):
            await inspection.identify(SOON_S)


async def test_no_secret_and_no_control_character_is_in_an_error():
    said = "no \x1b[2Jentry for hunter22 in [red]pg_hba.conf[/]"
    async with (
        fake_server(error_response("28000", said)) as port,
        inspecting(url_to(port, password="hunter22")) as asked,
    ):
        with pytest.raises(InspectionError) as caught:
            await asked.identify(SOON_S)
    assert str(caught.value) == "credentials refused: no entry for **** in [red]pg_hba.conf[/]"


@needs_pgbouncer
async def test_through_a_pooler_in_transaction_mode(make_server):
    """Every question is one message, so it does not matter that each may reach another server connection."""
    server = make_server()
    with pooler(server) as port:
        url = through(server, port)
        async with (
            inspecting(server.url) as direct,
            inspecting(url, pooled=True) as canary,
            client(server.url) as open_,
        ):
            await open_.execute("BEGIN")
            pid = open_.get_server_pid()
            expected = await direct.identify(SOON_S)
            for _ in range(6):
                assert (await canary.identify(SOON_S)).differs(expected) == ""
                assert [t.pid for t in await canary.open_transactions([pid], SOON_S)] == [pid]
            assert await canary.terminate([pid], SOON_S) == 1


@needs_pgbouncer
async def test_a_pooler_is_sent_no_parameter_that_it_might_refuse(make_server):
    """One login, none refused first: PgBouncer's log would name the parameter."""
    server = make_server()
    with pooler(server) as port:
        async with inspecting(through(server, port, "?options=-c%20jit%3Doff"), pooled=True) as canary:
            await canary.identify(SOON_S)
        assert "unsupported startup parameter" not in (server.directory / "pgbouncer.log").read_text()


@needs_pgbouncer
async def test_a_dead_server_behind_a_pooler_is_told_within_the_deadline(make_server):
    server = make_server()
    with pooler(server) as port:
        async with inspecting(through(server, port), pooled=True) as canary:
            await canary.identify(SOON_S)
            server.crash()
            with pytest.raises(InspectionError):
                await canary.identify(0.5)
