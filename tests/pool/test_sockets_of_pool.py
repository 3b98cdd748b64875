"""Leaving a connection: politely where it is idle, at once where something goes on."""

from __future__ import annotations

import asyncio
import resource

import psycopg
import pytest

from hotswap_tui.pool.sockets import cut, part, spoken_to
from tests.support.until import until


@pytest.fixture
async def connection(server_pair):
    """Give a connection to the primary."""
    connection = await psycopg.AsyncConnection.connect(server_pair.primary.url, autocommit=True)
    yield connection
    await connection.close()


async def test_an_idle_one_is_closed(connection):
    await connection.execute("SELECT 1")
    await part(connection)
    assert connection.closed
    await part(connection)
    cut(connection)


async def test_whoever_waits_for_an_answer_is_told(connection):
    asking = asyncio.create_task(connection.execute("SELECT pg_sleep(30)"))
    await until(connection.lock.locked)
    await part(connection)
    with pytest.raises(psycopg.OperationalError):
        await asking


async def test_one_in_a_transaction_fails_at_its_next_word(connection):
    async with connection.transaction(force_rollback=True):
        cut(connection)
        assert not connection.closed, "a closed one would end its transaction without an error"
        with pytest.raises(psycopg.OperationalError):
            await connection.execute("SELECT 1")


async def test_one_is_cut_off_where_no_descriptor_is_left(connection):
    asking = asyncio.create_task(connection.execute("SELECT pg_sleep(30)"))
    await until(connection.lock.locked)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        cut(connection)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    with pytest.raises(psycopg.OperationalError):
        await asking


async def test_a_farewell_is_heard(connection, server_pair):
    assert not spoken_to(connection)
    async with await psycopg.AsyncConnection.connect(server_pair.primary.superuser_url) as other:
        await other.execute("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])
    await until(lambda: spoken_to(connection))
