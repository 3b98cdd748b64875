"""Whether one server reaches the other is proven by the server itself, and leaves nothing."""

from __future__ import annotations

import time
from dataclasses import replace

import psycopg
import pytest

from hotswap_tui.core.values import Role
from hotswap_tui.dsn import parse
from hotswap_tui.dsn.secret import SecretStr
from hotswap_tui.sync.connecting import connect, deadline, is_pooled
from hotswap_tui.sync.errors import SyncError
from hotswap_tui.sync.replication.reach import prove_reachable
from hotswap_tui.sync.replication.setup import Setup
from hotswap_tui.sync.replication.ways import ways
from tests.support.bouncers import LivePgBouncer, needs_pgbouncer
from tests.support.listeners import SilentListener
from tests.sync.setup_world import fresh, started

pytestmark = pytest.mark.thorough

PASSWORD = "hunter2-and-more"


@pytest.fixture(scope="module")
def world(clusters):
    with started(clusters) as servers, fresh(servers) as world:
        yield world


def way_by(world, route, user="postgres"):
    primary, secondary = world.dsn("primary", user), world.dsn("secondary", user)
    return ways(primary, secondary, route and parse(SecretStr(route)), two_way=True)


def refused(world, way, timeout_s=20.0):
    with connect(way.source_dsn) as source, connect(way.target_dsn) as target, pytest.raises(SyncError) as error:
        prove_reachable(way, source, target, timeout_s)
    assert PASSWORD not in str(error.value)
    assert world.objects() == {"primary": [], "secondary": []}
    return str(error.value)


def test_both_directions_are_proven_and_nothing_stays(world):
    for way in way_by(world, None):
        with connect(way.source_dsn) as source, connect(way.target_dsn) as target:
            prove_reachable(way, source, target)
    assert world.objects() == {"primary": [], "secondary": []}


def test_an_ordinary_role_proves_it_too_and_its_password_is_in_no_log(world):
    world.allow()
    try:
        (way, _) = way_by(world, None, "ccfinapp")
        with connect(way.source_dsn) as source, connect(way.target_dsn) as target:
            prove_reachable(way, source, target)
        world.execute("primary", "ALTER ROLE ccfinapp NOREPLICATION")
        assert "as superuser: ALTER ROLE ccfinapp REPLICATION" in refused(world, way)
        port = world.primary.port
        (way, _) = way_by(world, f"postgresql://ccfinapp:{PASSWORD}@127.0.0.1:{port}/{world.database}", "ccfinapp")
        assert "password authentication failed" in refused(world, way)
        assert PASSWORD not in world.secondary.log.read_text()
        world.execute("secondary", "REVOKE pg_create_subscription FROM ccfinapp")
        assert "GRANT pg_create_subscription TO ccfinapp" in refused(world, way)
    finally:
        world.forbid()


def test_a_loopback_address_that_is_the_secondary_itself_is_named(world):
    (way, _) = way_by(world, f"postgresql://postgres:{PASSWORD}@localhost:1/{world.database}")
    line = refused(world, way)
    assert line.startswith("the secondary's server cannot reach the primary by DB_PRIMARY_URL_FROM_SECONDARY: ")
    assert line.endswith(
        "; localhost is the secondary itself there: set DB_PRIMARY_URL_FROM_SECONDARY as the other machine reaches it "
        "(its address, a VPN, a tunnel)"
    )


def test_another_server_that_answers_is_not_taken_for_the_primary(world):
    (way, _) = ways(world.dsn("primary"), world.dsn("secondary"), world.dsn("secondary"), two_way=True)
    assert "by DB_PRIMARY_URL_FROM_SECONDARY, but another server, or it is not seen there" in refused(world, way)


async def test_a_way_that_never_answers_has_a_deadline(world):
    import asyncio

    async with SilentListener() as silent:
        (way, _) = way_by(world, f"postgresql://postgres:{PASSWORD}@127.0.0.1:{silent.port}/x")
        begun_s = time.monotonic()
        line = await asyncio.to_thread(refused, world, way, 1.0)
    assert "no answer in time" in line
    assert time.monotonic() - begun_s < 15


def test_a_frozen_server_does_not_keep_anybody_waiting(world):
    with connect(world.dsn("primary")) as connection:
        world.primary.freeze()
        try:
            with pytest.raises(SyncError, match=r"no answer within 0\.2 s"), deadline(connection, 0.2):
                connection.execute("SELECT 1")
            with pytest.raises(SyncError, match=r"127\.0\.0\.1"):
                connect(world.dsn("primary"), timeout_s=2)
        finally:
            world.primary.thaw()


def test_a_session_begins_without_the_applications_settings(world):
    dsn = replace(world.dsn("primary"), server_settings=(("statement_timeout", "1"), ("search_path", "public")))
    with connect(dsn, application_name="mine") as connection:
        shown = [
            connection.execute(f"SHOW {name}").fetchone()
            for name in ("statement_timeout", "search_path", "application_name")
        ]
    assert shown == [("0",), ("",), ("mine",)]


def test_an_error_is_one_line_without_statement_or_secret(world):
    secret = world.dsn("primary").password.get_secret_value()
    with pytest.raises(SyncError) as error:
        connect(replace(world.dsn("primary"), user="nobody"))
    assert "\n" not in str(error.value)
    assert secret not in str(error.value)
    assert error.value.__cause__ is None


@pytest.mark.parametrize(
    ("database", "names"),
    [
        ("cc_financial", ("cc_financial_pub", "cc_financial_sub", "cc_financial_sub")),
        ("My-App", ("My-App_pub", "My-App_sub", "my_app_sub")),
        ("é" * 40, ("é" * 29 + "_pub", "é" * 29 + "_sub", "_" * 40 + "_sub")),
    ],
)
def test_names_are_the_references_and_fit(world, database, names):
    primary = replace(world.dsn("primary"), database=database)
    there, back = ways(primary, world.dsn("secondary"), two_way=True)
    assert (there.publication, there.subscription, there.slot) == names
    assert len({there.slot, back.slot, there.subscription, back.subscription}) >= 2
    assert (there.source, there.target, back.source, back.back) == (Role.PRIMARY, Role.SECONDARY, Role.SECONDARY, True)


def test_a_subscription_keeps_what_a_person_stated_and_no_default_of_ours(world):
    route = parse(
        SecretStr(
            "postgresql://u:p%27w@h:1/db?sslmode=require&sslrootcert=/ca.pem&statement_timeout=5&application_name=app"
        )
    )
    (way,) = ways(world.dsn("primary"), world.dsn("secondary"), route)
    keywords = psycopg.conninfo.conninfo_to_dict(way.conninfo().get_secret_value())
    assert keywords == {
        "host": "h", "port": "1", "dbname": "db", "user": "u", "password": "p'w", "sslmode": "verify-ca",
        "sslrootcert": "/ca.pem", "application_name": f"{world.database}_sub",
    }  # fmt: skip
    assert "p'w" not in way.masked_conninfo() + repr(way)


@needs_pgbouncer
def test_a_pooler_is_recognised_and_its_sessions_stay_as_they_are(world):
    with LivePgBouncer(world.primary, world.secondary) as bouncer:
        dsn = parse(SecretStr(bouncer.url))
        with connect(dsn) as connection:
            assert is_pooled(connection)
            assert connection.execute("SHOW search_path").fetchone() != ("",)
        with Setup(dsn, world.dsn("secondary")) as setup:
            (problem,) = [r for r in setup.examine() if "a pooler answers" in r.text]
    assert problem.subject == "primary"
    with connect(world.dsn("primary")) as connection:
        assert not is_pooled(connection)
