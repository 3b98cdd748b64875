from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import asyncpg
import pytest

from hotswap_tui.core.values import Fault, Role
from tests.probes.fake_server import error_response, fake_server
from tests.probes.probing import probing, url_to
from tests.support.until import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from hotswap_tui.core.values import Verdict
    from hotswap_tui.demo.servers import Server
    from hotswap_tui.demo.tcp_proxy import TcpProxy
    from tests.conftest import MakeServer
    from tests.support.clusters import ServerPair


def without_password(url: str) -> str:
    credentials, _, rest = url.partition("@")
    return f"{credentials.rpartition(':')[0]}:wrong@{rest}"


async def test_a_healthy_server_passes_with_its_facts(server_pair: ServerPair) -> None:
    async with probing(server_pair.primary.url) as prober:
        verdict = await prober.check(fresh=False)
    assert verdict.passed
    assert verdict.role is Role.PRIMARY
    assert verdict.detail == ""
    assert verdict.latency_ms is not None
    assert verdict.connect_ms is not None
    assert 0 < verdict.latency_ms < 1000
    assert verdict.started_s < verdict.finished_s
    facts = verdict.facts
    assert facts is not None
    assert facts.version.startswith("18")
    assert not facts.in_recovery
    assert not facts.read_only
    assert abs(time.time() - facts.started_at) < 3600
    assert 1 <= facts.connections <= facts.max_connections == 50


async def test_the_connection_persists_until_a_fresh_one_passes(make_server: MakeServer) -> None:
    server = make_server()
    watcher = await asyncpg.connect(server.superuser_url)
    seen = "SELECT array_agg(pid) FROM pg_stat_activity WHERE application_name = 'hotswap-tui'"
    try:
        async with probing(server.url) as prober:
            first = await prober.check(fresh=False)
            pids = [await watcher.fetchval(seen)]
            again = await prober.check(fresh=False)
            pids.append(await watcher.fetchval(seen))
            fresh = await prober.check(fresh=True)
            await until(lambda: _one_row(watcher, seen))
            pids.append(await watcher.fetchval(seen))
        assert [first.fresh, again.fresh, fresh.fresh] == [True, False, True]
        assert again.connect_ms is None
        assert pids[0] == pids[1] != pids[2]
        await until(lambda: _no_row(watcher, seen))
    finally:
        await watcher.close()


async def _one_row(watcher: asyncpg.Connection, query: str) -> bool:
    return len(await watcher.fetchval(query) or []) == 1


async def _no_row(watcher: asyncpg.Connection, query: str) -> bool:
    return await watcher.fetchval(query) is None


async def test_a_stopped_server_refuses_and_is_back_after_its_restart(server_pair: ServerPair) -> None:
    server = server_pair.primary
    async with probing(server.url) as prober:
        assert (await prober.check(fresh=False)).passed
        await asyncio.to_thread(server.crash)
        verdict = await prober.check(fresh=False)
        assert verdict.fault is Fault.REFUSED
        assert verdict.detail == f"Connection refused (127.0.0.1:{server.port})"
        assert verdict.latency_ms is None
        await asyncio.to_thread(server.start)
        assert (await prober.check(fresh=False)).passed


@pytest.mark.parametrize("fresh", [False, True])
async def test_a_frozen_server_times_out_exactly(server_pair: ServerPair, fresh: bool) -> None:
    async with probing(server_pair.primary.url, timeout_s=0.4) as prober:
        assert (await prober.check(fresh=False)).passed
        await asyncio.to_thread(server_pair.primary.freeze)
        verdict = await prober.check(fresh=fresh)
        assert verdict.fault is Fault.TIMEOUT
        assert verdict.detail.startswith("no answer within 0.4 s while ")
        assert 0.4 <= verdict.finished_s - verdict.started_s < 0.6 + verdict.loop_delay_ms / 1000
        server_pair.primary.thaw()
        after = await prober.check(fresh=False)
        assert after.passed
        assert after.fresh is not fresh


async def test_the_server_ends_a_query_that_outlives_the_deadline(make_server: MakeServer) -> None:
    """A lock on the catalogue stands for whatever holds a query up."""
    server = make_server()
    blocker = await asyncpg.connect(server.superuser_url)
    try:
        async with probing(server.url, timeout_s=0.3) as prober:
            assert (await prober.check(fresh=False)).passed
            transaction = blocker.transaction()
            await transaction.start()
            await blocker.execute("LOCK TABLE pg_catalog.pg_database IN ACCESS EXCLUSIVE MODE")
            assert (await prober.check(fresh=False)).fault is Fault.TIMEOUT
            left = "SELECT array_agg(pid) FROM pg_stat_activity WHERE application_name = 'hotswap-tui'"
            await until(lambda: _no_row(blocker, left), what="no backend of ours is left")
            await transaction.rollback()
    finally:
        await blocker.close()


async def test_a_server_that_shuts_down_says_so(make_server: MakeServer) -> None:
    server = make_server()
    holder = await asyncpg.connect(server.url)
    try:
        async with probing(server.url) as prober:
            assert server.pid is not None
            os.kill(server.pid, signal.SIGTERM)
            verdict = await until(lambda: _faulty(prober.check(fresh=True)))
            assert verdict is not None
            assert verdict.fault is Fault.STOPPING
            assert verdict.sqlstate == "57P03"
            assert verdict.detail == "the database system is shutting down"
    finally:
        await holder.close()


async def _faulty(check: Awaitable[Verdict]) -> Verdict | None:
    verdict = await check
    return verdict if verdict.fault else None


async def test_a_server_that_starts_says_so() -> None:
    """The window of a real start is too short to meet."""
    answer = error_response("57P03", "the database system is starting up")
    async with fake_server(answer) as port, probing(url_to(port)) as prober:
        verdict = await prober.check(fresh=False)
    assert (verdict.fault, verdict.sqlstate) == (Fault.STARTING, "57P03")


async def test_a_wrong_password_is_a_matter_of_credentials(server_pair: ServerPair) -> None:
    async with probing(without_password(server_pair.primary.url)) as prober:
        verdict = await prober.check(fresh=False)
    assert (verdict.fault, verdict.sqlstate) == (Fault.CREDENTIALS, "28P01")
    assert verdict.detail == 'password authentication failed for user "ccfinapp"'


async def test_a_missing_database_is_missing(server_pair: ServerPair) -> None:
    async with probing(server_pair.primary.url.replace("/cc_financial", "/nothing")) as prober:
        verdict = await prober.check(fresh=False)
    assert (verdict.fault, verdict.sqlstate) == (Fault.MISSING, "3D000")


async def test_a_full_server_has_too_many_clients(make_server: MakeServer) -> None:
    settings = {"max_connections": 3, "superuser_reserved_connections": 0, "reserved_connections": 0}
    server = make_server(settings=settings)
    others = [await asyncpg.connect(server.url) for _ in range(3)]
    try:
        async with probing(server.url) as prober:
            verdict = await prober.check(fresh=False)
        assert (verdict.fault, verdict.sqlstate) == (Fault.TOO_MANY, "53300")
    finally:
        for other in others:
            await other.close()


@pytest.mark.parametrize("writable", [True, False])
async def test_a_read_only_server_fails_only_where_a_writable_one_is_expected(
    make_server: MakeServer, writable: bool
) -> None:
    server = make_server(settings={"default_transaction_read_only": "on"})
    async with probing(server.url, writable=writable) as prober:
        verdict = await prober.check(fresh=False)
        assert not (await prober.check(fresh=False)).fresh
    assert verdict.fault is (Fault.READ_ONLY if writable else None)
    assert verdict.facts is not None
    assert verdict.facts.read_only
    assert not verdict.facts.in_recovery


async def test_a_standby_is_in_recovery(make_server: MakeServer, make_standby: Callable[[Server], Server]) -> None:
    standby = make_standby(make_server())
    async with probing(standby.url) as prober:
        verdict = await prober.check(fresh=False)
    assert verdict.fault is Fault.READ_ONLY
    assert verdict.detail == "in recovery"
    assert verdict.facts is not None
    assert verdict.facts.in_recovery


async def test_a_connection_lost_during_a_check_is_no_failure_when_a_new_login_passes(make_server: MakeServer) -> None:
    """A NAT, a pooler or an administrator ends idle connections; that says nothing about the server."""
    server = make_server()
    lost: list[str] = []
    admin = await asyncpg.connect(server.superuser_url)
    try:
        async with probing(server.url) as prober:
            prober.on_lost(lost.append)
            assert (await prober.check(fresh=False)).passed
            async with admin.transaction():
                await admin.execute("LOCK TABLE pg_catalog.pg_database IN ACCESS EXCLUSIVE MODE")
                check = asyncio.ensure_future(prober.check(fresh=False))
                waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                pid = await until(lambda: admin.fetchval(waiting))
                await admin.execute(f"SELECT pg_terminate_backend({pid})")
            verdict = await check
        assert verdict.passed
        assert verdict.fresh
        assert lost == []
    finally:
        await admin.close()


async def test_a_connection_that_is_reset_while_logging_in_is_a_failure() -> None:
    async with fake_server(b"") as port, probing(url_to(port, "sslmode=disable")) as prober:
        verdict = await prober.check(fresh=False)
    assert verdict.fault is Fault.RESET


@pytest.mark.parametrize("how", ["crash", "drop"])
async def test_the_loss_of_an_idle_connection_is_told_at_once(
    server_pair: ServerPair, make_proxy: Callable[..., Awaitable[TcpProxy]], how: str
) -> None:
    proxy = await make_proxy(server_pair.primary)
    lost: asyncio.Queue[str] = asyncio.Queue()
    async with probing(proxy.url(server_pair.primary.url)) as prober:
        prober.on_lost(lost.put_nowait)
        assert (await prober.check(fresh=False)).passed
        if how == "crash":
            await asyncio.to_thread(server_pair.primary.crash)
        else:
            await proxy.drop()
        sentence = await asyncio.wait_for(lost.get(), 1)
        assert sentence == f"the idle connection to 127.0.0.1:{proxy.port} was closed by the other side"
    assert lost.empty()


async def test_our_own_closing_is_no_loss(server_pair: ServerPair) -> None:
    lost: list[str] = []
    async with probing(server_pair.primary.url) as prober:
        prober.on_lost(lost.append)
        assert (await prober.check(fresh=False)).passed
        assert (await prober.check(fresh=True)).passed
    await asyncio.sleep(0)
    assert lost == []


async def test_a_cancelled_check_leaves_nothing_and_the_prober_works_on(
    server_pair: ServerPair, make_proxy: Callable[..., Awaitable[TcpProxy]]
) -> None:
    proxy = await make_proxy(server_pair.primary)
    async with probing(proxy.url(server_pair.primary.url)) as prober:
        for fresh in (False, True):
            assert (await prober.check(fresh=False)).passed
            await proxy.stall()
            tasks = asyncio.all_tasks()
            check = asyncio.ensure_future(prober.check(fresh=fresh))
            await until(prober._checking.locked)
            check.cancel()
            with pytest.raises(asyncio.CancelledError):
                await check
            assert _ours(tasks) == []
            await proxy.forward()


def _ours(before: set[asyncio.Task[object]]) -> list[asyncio.Task[object]]:
    return [task for task in asyncio.all_tasks() - before if "tcp_proxy" not in repr(task) and "pump" not in repr(task)]


async def test_checks_at_the_same_time_wait_for_each_other(server_pair: ServerPair) -> None:
    async with probing(server_pair.primary.url) as prober:
        verdicts = await asyncio.gather(*(prober.check(fresh=False) for _ in range(5)))
    assert all(verdict.passed for verdict in verdicts)
    assert [verdict.fresh for verdict in verdicts] == [True, False, False, False, False]


async def test_an_answer_that_came_while_this_process_was_late_counts(server_pair: ServerPair) -> None:
    async with probing(server_pair.primary.url, timeout_s=1.0) as prober:
        assert (await prober.check(fresh=False)).passed
        await asyncio.to_thread(server_pair.primary.freeze)
        check = asyncio.ensure_future(prober.check(fresh=False))
        await until(prober._checking.locked)
        server_pair.primary.thaw()
        time.sleep(1.5)  # noqa: ASYNC251 - the stall that is meant
        verdict = await check
    assert verdict.passed
    assert verdict.loop_delay_ms > 1200


async def test_a_port_without_postgresql_is_unknown() -> None:
    async with fake_server(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port, probing(url_to(port), timeout_s=1) as prober:
        verdict = await prober.check(fresh=False)
    assert verdict.fault in {Fault.UNKNOWN, Fault.RESET}


async def test_hostile_words_of_a_server_are_cleaned_and_hold_no_password() -> None:
    answer = error_response("XX000", "x\x1b]0;y\x07\nsecret-word [/x] \u202e")
    async with fake_server(answer) as port, probing(url_to(port, password="secret-word")) as prober:
        verdict = await prober.check(fresh=False)
    assert verdict.detail == "x **** [/x]"


async def test_an_ipv6_address_is_reached(make_server: MakeServer) -> None:
    if not _has_ipv6():
        pytest.skip("this machine has no IPv6 loopback")
    server = make_server(settings={"listen_addresses": "127.0.0.1,::1"})
    async with probing(server.url.replace("127.0.0.1", "[::1]")) as prober:
        assert (await prober.check(fresh=False)).passed


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


async def test_a_unix_socket_is_reached_and_its_absence_is_a_refusal(server_pair: ServerPair) -> None:
    server = server_pair.primary
    url = f"{server.url.partition('@')[0]}@/cc_financial?host={server.directory}&port={server.port}&sslmode=require"
    async with probing(url) as prober:
        assert (await prober.check(fresh=False)).passed
        await asyncio.to_thread(server.stop)
        assert (await prober.check(fresh=True)).fault is Fault.REFUSED


async def test_the_next_address_gets_its_share_of_the_deadline(server_pair: ServerPair, full_backlog: object) -> None:
    hole = getattr(full_backlog, "port", 0)
    server = server_pair.primary
    url = server.url.replace(f"127.0.0.1:{server.port}", f"127.0.0.1:{hole},127.0.0.1:{server.port}")
    async with probing(url, timeout_s=1.0) as prober:
        verdict = await prober.check(fresh=False)
    assert verdict.passed
    assert verdict.connect_ms is not None
    assert verdict.connect_ms > 400


async def test_no_free_file_descriptor_says_nothing_about_the_server(server_pair: ServerPair, tmp_path: Path) -> None:
    script = """
import asyncio, os, resource, sys
from tests.probes.probing import probing
async def main():
    async with probing(sys.argv[1], timeout_s=2) as prober:
        used = max(map(int, os.listdir("/proc/self/fd")))
        resource.setrlimit(resource.RLIMIT_NOFILE, (used, 4096))
        print((await prober.check(fresh=False)).fault)
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
        print((await prober.check(fresh=False)).fault)
asyncio.run(main())
"""
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", script, server_pair.primary.url],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stdout.split() == ["internal", "None"], done.stderr


async def test_our_own_stall_is_not_the_servers_latency(server_pair: ServerPair) -> None:
    """A screen that is painted while the answer comes delays nothing but the reading of it: it is asked again."""
    async with probing(server_pair.primary.url, timeout_s=5) as prober:
        assert (await prober.check(fresh=False)).passed
        session = prober._session
        assert session is not None
        ask, stalls = session.ask, [0.2]

        async def stalled():
            if stalls:
                asyncio.get_running_loop().call_later(0.0, time.sleep, stalls.pop())
                await asyncio.sleep(0.01)
            return await ask()

        session.ask = stalled  # type: ignore[method-assign]
        verdict = await prober.check(fresh=False)
    assert verdict.latency_ms is not None
    assert 0 < verdict.latency_ms < 100
    assert verdict.loop_delay_ms > 100
