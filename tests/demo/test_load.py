"""A load meets what applications would, and notes it."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from hotswap_tui.demo.load import BEAT, READ, Load
from hotswap_tui.drill.ledger import Ledger
from hotswap_tui.drill.totals import Attempt, Longest
from tests.support.until import until

CLIENTS = 4


async def value(url, query):
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def _outage_s(load):
    return load.totals().outage.took_s


def _wait_s(load):
    return load.totals().wait.took_s


async def all_served(load):
    await until(lambda: all(client.successes for client in load.totals().clients), what="every client served")


@pytest.mark.parametrize("statement", [BEAT, READ])
async def test_clients_are_served_and_note_by_whom(make_server, statement):
    server = make_server("secondary")
    async with Load(server.url, clients=CLIENTS, statement=statement, timeline=3) as load:
        await all_served(load)
    totals = load.totals()
    assert (totals.errors, list(totals.markers), len(totals.clients)) == (0, ["secondary"], CLIENTS)
    assert totals.markers["secondary"].answers == totals.successes
    assert totals.wait == totals.outage
    assert [attempt.marker for attempt in load.timeline()] == ["secondary"] * 3


async def test_what_was_acknowledged_is_there(make_server):
    server = make_server()
    async with Load(server.url, clients=CLIENTS) as load:
        await all_served(load)
    assert await value(server.url, "SELECT sum(beats) FROM heartbeats") >= load.totals().successes
    assert await value(server.url, "SELECT count(*) FROM heartbeats") == CLIENTS


async def test_a_crash_is_errors_and_an_outage_until_the_server_is_back(make_server):
    server = make_server()
    async with Load(server.url, clients=CLIENTS) as load:
        await all_served(load)
        await asyncio.to_thread(server.crash)
        await until(lambda: all(client.errors for client in load.totals().clients), what="every client fails")
        await until(lambda: _outage_s(load) > _wait_s(load), what="an outage longer than any login")
        await asyncio.to_thread(server.start)
        load.lap()
        await until(lambda: all(client.successes for client in load.lap().clients), what="every client is served again")
    totals = load.totals()
    assert totals.outage.took_s > totals.wait.took_s
    assert totals.worst is not None
    assert totals.worst.outage == totals.outage
    assert {"ConnectionRefusedError"} <= {failure.error for failure in totals.failures}
    assert len(totals.failures) == totals.errors


async def test_a_frozen_server_makes_clients_wait_and_the_end_waits_for_nobody(make_server):
    server = make_server()
    async with Load(server.url, clients=CLIENTS, stuck_s=60) as load:
        await all_served(load)
        await asyncio.to_thread(server.freeze)
        await until(lambda: all(client.waiting_s > 0.05 for client in load.totals().clients), what="all wait")
        assert load.totals().errors == 0
    assert load.totals().waiting_s == 0


async def test_no_client_waits_for_ever(silent_listener):
    async with Load(silent_listener.url, clients=1, stuck_s=0.05) as load:
        await until(lambda: load.totals().errors > 1)
    assert {failure.error for failure in load.totals().failures} == {"stuck"}


async def test_clients_that_connect_for_every_transaction_close_their_connections(make_server):
    server = make_server()
    async with Load(server.url, clients=CLIENTS, reconnect=True) as load:
        await until(lambda: all(client.successes > 1 for client in load.totals().clients))
    count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'hotswap-tui load'"
    await until(lambda: _is(server, count, 0), what="connections closed")
    assert load.totals().errors == 0


async def _is(server, query, expected):
    return await value(server.superuser_url, query) == expected


async def test_clients_rest_and_go_on(server_pair):
    async with Load(server_pair.primary.url, clients=2, statement=READ) as load:
        await all_served(load)
        load.pause(paused=True)
        await until(lambda: load.lap().successes == 0, what="all rest")
        load.pause(paused=False)
        await until(lambda: load.lap().successes > 0, what="they go on")


def test_a_lap_counts_anew_and_a_wait_that_goes_on_belongs_to_it():
    ledger = Ledger(2, 10, 0.0)
    one, two = ledger.tallies
    one.begin(1.0)
    ledger.add(one.succeed(1.5, "primary"))
    two.begin(1.0)
    ledger.add(two.fail(3.0, "ConnectionRefusedError", "no"))
    first = ledger.lap(4.0)
    assert (first.successes, first.errors, first.wait) == (1, 1, Longest(2.0, 3.0))
    two.begin(4.5)
    second = ledger.lap(6.0)
    assert (second.since_s, second.successes, second.errors, second.failures) == (4.0, 0, 0, ())
    assert (second.waiting_s, second.wait, second.outage) == (1.5, Longest(1.5, 6.0), Longest(5.0, 6.0))
    ledger.add(two.succeed(7.0, "secondary"))
    totals = ledger.totals(8.0)
    assert (totals.successes, totals.errors, totals.outage) == (2, 1, Longest(6.0, 7.0))
    assert {name: seen.answers for name, seen in totals.markers.items()} == {"primary": 1, "secondary": 1}
    assert ledger.timeline()[-1] == Attempt(7.0, 1, 2.5, marker="secondary")
