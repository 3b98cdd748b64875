"""The proxy's faults, in front of a real server."""

from __future__ import annotations

import asyncio
import time

import asyncpg
import pytest

from tests.support.until import until


async def connect(proxy, server, timeout_s=5.0):
    return await asyncpg.connect(proxy.url(server.url), timeout=timeout_s)


async def test_it_forwards_both_ways(server_pair, make_proxy):
    proxy = await make_proxy(server_pair.primary)
    connection = await connect(proxy, server_pair.primary)
    assert await connection.fetchval("SELECT repeat('x', 200000)") == "x" * 200_000
    assert proxy.connections == 1
    await connection.close()
    await until(lambda: proxy.connections == 0)


async def test_it_delays_answers(server_pair, make_proxy):
    proxy = await make_proxy(server_pair.primary)
    connection = await connect(proxy, server_pair.primary)
    proxy.delay_ms = 80
    started = time.monotonic()
    await connection.execute("SELECT 1")
    assert time.monotonic() - started >= 0.08
    proxy.delay_ms = 0
    await connection.close()


async def test_a_stall_holds_old_and_new_connections_until_it_ends(server_pair, make_proxy):
    proxy = await make_proxy(server_pair.primary)
    connection = await connect(proxy, server_pair.primary)
    await proxy.stall()
    query = asyncio.ensure_future(connection.fetchval("SELECT 7"))
    with pytest.raises(TimeoutError):
        await connect(proxy, server_pair.primary, timeout_s=0.2)
    assert not query.done()
    await proxy.forward()
    assert await asyncio.wait_for(query, 5) == 7
    await connection.close()


async def test_a_refusal_leaves_what_is_connected(server_pair, make_proxy):
    proxy = await make_proxy(server_pair.primary)
    connection = await connect(proxy, server_pair.primary)
    await proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        await connect(proxy, server_pair.primary)
    assert await connection.fetchval("SELECT 1") == 1
    await proxy.forward()
    await (await connect(proxy, server_pair.primary)).close()
    await connection.close()


async def test_a_drop_resets_connections_and_accepts_new_ones(server_pair, make_proxy):
    proxy = await make_proxy(server_pair.primary)
    connection = await connect(proxy, server_pair.primary)
    await proxy.drop()
    await until(connection.is_closed)
    await (await connect(proxy, server_pair.primary)).close()


async def test_a_dead_target_closes_the_client(make_proxy, make_server):
    server = make_server(start=False)
    proxy = await make_proxy(server)
    with pytest.raises((ConnectionError, asyncpg.PostgresError)):
        await connect(proxy, server)


async def test_closing_ends_stalled_connections(server_pair, make_proxy):
    proxy = await make_proxy(server_pair.primary)
    connection = await connect(proxy, server_pair.primary)
    await proxy.stall()
    query = asyncio.ensure_future(connection.fetchval("SELECT 1"))
    await until(lambda: proxy.connections == 1)
    await proxy.close()
    with pytest.raises((ConnectionError, asyncpg.PostgresError)):
        await asyncio.wait_for(query, 5)


async def test_a_silent_listener_counts_what_is_open(silent_listener):
    with pytest.raises(TimeoutError):
        await asyncpg.connect(silent_listener.url, timeout=0.1)
    assert silent_listener.accepted >= 1
    await until(lambda: silent_listener.connections == 0)


async def test_a_full_backlog_neither_accepts_nor_refuses(full_backlog):
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.open_connection("127.0.0.1", full_backlog.port), 0.3)
