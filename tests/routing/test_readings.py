from __future__ import annotations

from decimal import Decimal

import pytest

from hotswap_tui.core.plan import PoolMode
from hotswap_tui.core.traffic import Traffic, Waited
from hotswap_tui.core.values import Role
from hotswap_tui.dsn import parse
from hotswap_tui.routing import readings
from hotswap_tui.routing.readings import Leftover, Place, Rates

DATABASE = {
    "name": "app",
    "host": "h",
    "port": 6000,
    "database": "d",
    "force_user": "u",
    "pool_mode": None,
    "paused": 0,
}
POOL = {
    "database": "app", "user": "u", "cl_active": 3, "cl_waiting": 2, "sv_active": 1, "sv_idle": 4, "sv_used": 1,
    "maxwait": 1, "maxwait_us": 500_000, "pool_mode": "transaction",
}  # fmt: skip
TOTALS = {"database": "app", "query_count": Decimal(10), "query_time": Decimal(50_000)}
SERVER = {"database": "app", "state": "active", "close_needed": 1, "ptr": "0x1", "remote_pid": 7}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, Place("h", 6000, "d", "u")),
        ({"host": None}, Place("", 6000, "d", "u")),
        ({"force_user": None}, Place("h", 6000, "d", "")),
        ({"host": "/run/\x1b[31mpostgresql"}, Place("/run/postgresql", 6000, "d", "u")),
    ],
)
def test_where_a_database_points(change, expected):
    found = readings.pointing([{"name": "other"}, {**DATABASE, **change, "column of 2.0": 1}], "app")
    assert found is not None
    assert found.place == expected


def test_a_database_that_pgbouncer_does_not_know_points_nowhere():
    assert readings.pointing([DATABASE], "other") is None


def test_a_database_of_its_own_mode_and_pause():
    found = readings.pointing([{**DATABASE, "pool_mode": "session", "paused": 1}], "app")
    assert found is not None
    assert (found.pool_mode, found.paused) == (PoolMode.SESSION, True)


@pytest.mark.parametrize(
    ("url", "role"),
    [
        ("postgresql://u:x@h:6000/d", Role.PRIMARY),
        ("postgresql://u:x@h:6001/d", None),
        ("postgresql://u:x@h:6000/e", None),
        ("postgresql://v:x@h:6000/d", None),
        ("postgresql://u:x@other:6000/d", None),
    ],
)
def test_a_place_is_a_role_when_host_port_database_and_user_agree(url, role):
    places = {Role.PRIMARY: readings.place_of(parse(url)), Role.SECONDARY: Place("s", 1, "d", "u")}
    assert readings.role_of(Place("h", 6000, "d", "u"), places) is role


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PgBouncer 1.18.0", (1, 18, 0)),
        ("PgBouncer 1.25.0rc1", (1, 25, 0)),
        ("PgBouncer 1.24", (1, 24)),
        ("something", ()),
    ],
)
def test_the_version(text, expected):
    assert readings.version([{"version": text}]) == expected


def test_no_row_is_no_version():
    assert readings.version([]) == ()


def test_pool_modes_come_from_the_pools_else_from_the_configuration():
    assert readings.pool_mode([{"database": "x", "pool_mode": "session"}, POOL], "app") is PoolMode.TRANSACTION
    assert readings.pool_mode([], "app") is None
    assert readings.configured_pool_mode([{"key": "pool_mode", "value": "statement"}]) is PoolMode.STATEMENT
    assert readings.configured_pool_mode([]) is None


def test_traffic_is_that_of_one_database_over_all_users():
    others = {**POOL, "database": "x"}
    found = readings.traffic(
        [POOL, {**POOL, "user": "v", "maxwait": 0}, others], [TOTALS, {**TOTALS, "database": "x"}], "app", 5.0
    )
    assert found == Traffic(
        at_s=5.0, clients_active=6, clients_waiting=4, servers_active=2, servers_idle=10, max_wait_s=1.5, queries=10,
        query_time_us=50_000,
    )  # fmt: skip


def test_who_waits():
    assert readings.waited([POOL], "app") == Waited(2, 1.5)
    assert readings.waited([], "app") == Waited(0, 0.0)


def test_leftovers_are_what_pgbouncer_wants_closed():
    rows = [
        SERVER,
        {**SERVER, "close_needed": 0},
        {**SERVER, "database": "x"},
        {**SERVER, "ptr": "0x2", "state": "idle"},
    ]
    active, idle = readings.leftovers(rows, "app")
    assert active == Leftover("0x1", 7, "active")
    assert (active.ends_by_itself, idle.ends_by_itself) == (False, True)


def test_busy_processes_are_those_with_a_client():
    """Also behind a pooler that tells no process numbers."""
    assert readings.busy(
        [SERVER, {**SERVER, "state": "idle", "remote_pid": 8}, {**SERVER, "remote_pid": 0}], "app"
    ) == (7, 0)


def at(at_s: float, queries: int, time_us: int) -> Traffic:
    return Traffic(at_s, 0, 0, 0, 0, 0.0, queries, time_us)


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (at(2.0, 30, 90_000), (20.0, 2.0)),
        (at(3.0, 10, 50_000), (0.0, None)),
        (at(2.0, 3, 1_000), (None, None)),
        (at(1.1, 30, 90_000), (None, None)),
    ],
    ids=["busy", "idle", "restarted", "too soon"],
)
def test_rates_are_differences(later, expected):
    """Queries a second and milliseconds a query; counters that fell back tell of a new PgBouncer, not of negative traffic."""
    rates = Rates()
    first = rates.add(at(1.0, 10, 50_000))
    assert (first.queries_per_s, first.mean_query_ms) == (None, None)
    second = rates.add(later)
    assert (second.queries_per_s, second.mean_query_ms) == expected


def test_a_reading_soon_after_another_shows_the_rates_of_that():
    rates = Rates()
    rates.add(at(1.0, 10, 0))
    rates.add(at(2.0, 30, 40_000))
    assert rates.add(at(2.1, 31, 40_000)).queries_per_s == 20.0
    assert rates.add(at(3.0, 40, 50_000)).queries_per_s == 10.0


@pytest.mark.parametrize(
    ("pool", "spare"),
    [
        ({"cl_active": 3, "sv_active": 2, "sv_idle": 1}, True),
        ({"cl_active": 3, "sv_active": 2, "sv_used": 1}, True),
        ({"cl_active": 3, "sv_active": 3}, False),
        ({"cl_waiting": 1}, False),
        ({}, True),
    ],
)
def test_a_connection_is_spare_where_the_next_client_needs_no_login(pool, spare):
    idle = {"database": "cc_financial", "user": "a", "cl_active": 1, "sv_idle": 1}
    elsewhere = {"database": "other", "user": "a", "cl_active": 1}
    assert readings.spare([idle, elsewhere, {"database": "cc_financial", "user": "b", **pool}], "cc_financial") is spare


def test_logins_to_the_server_are_counted_for_our_database_only():
    pools = [
        {"database": "cc_financial", "user": "a", "sv_login": 1},
        {"database": "cc_financial", "user": "b", "sv_login": 2},
        {"database": "pgbouncer", "user": "pgbouncer", "sv_login": 4},
    ]
    assert readings.logins(pools, "cc_financial") == 3
