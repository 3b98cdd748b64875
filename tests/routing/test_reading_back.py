"""What the router reads back from PgBouncer, once a second over one connection."""

from __future__ import annotations

import asyncio

import psycopg
import pytest
from pydantic import SecretStr

from hotswap_tui.core.plan import PoolMode
from hotswap_tui.core.values import Role
from hotswap_tui.demo.load import Load
from hotswap_tui.dsn import parse
from hotswap_tui.probes.inspection import PostgresInspection
from hotswap_tui.routing import target_file, watch
from tests.support.bouncer_routers import router_of
from tests.support.until import until


async def test_a_reading_says_where_traffic_goes_and_how(router, server_pair):
    reading = await router.current()
    assert (reading.routed, reading.points_to, reading.error) == (True, Role.PRIMARY, "")
    assert reading.address == f"127.0.0.1:{server_pair.primary.port}"
    assert reading.version >= (1, 18)
    assert reading.pool_mode is PoolMode.TRANSACTION
    assert not reading.paused
    assert not reading.proven


async def test_traffic_is_counted(bouncer, router):
    with psycopg.connect(bouncer.url, autocommit=True, prepare_threshold=None) as client:
        client.execute("SELECT 1")
        reading = await router.current()
    assert reading.traffic is not None
    assert (reading.traffic.clients_active, reading.traffic.servers_idle) == (1, 1)
    assert reading.traffic.queries >= 1


async def test_reading_costs_one_login_and_two_more_wait_for_a_hold(bouncer, router):
    def logins() -> int:
        return len([row for row in bouncer.ask("SHOW CLIENTS") if row["database"] == "pgbouncer"]) - 1

    for _ in range(4):
        await router.current()
        assert logins() == 3
    await router.aclose()
    await until(lambda: logins() == 0)


async def test_a_pgbouncer_that_dies_and_comes_back_is_told_and_read_again(bouncer, router):
    await router.current()
    bouncer.kill()
    reading = await router.current()
    assert reading.routed
    assert reading.points_to is None
    assert "closed the connection" in reading.error
    assert "gateway run --dir" in (await router.current()).error
    bouncer.start()
    assert (await router.current()).points_to is Role.PRIMARY


async def test_a_hung_pgbouncer_is_told(bouncer, router, monkeypatch):
    monkeypatch.setattr(watch, "TIMEOUT_S", 0.1)
    await router.current()
    bouncer.freeze()
    assert "does not answer SHOW DATABASES in time" in (await router.current()).error
    assert "does not answer at" in (await router.current()).error
    bouncer.thaw()
    monkeypatch.setattr(watch, "TIMEOUT_S", 5)
    assert (await router.current()).points_to is Role.PRIMARY


@pytest.mark.parametrize(
    ("where", "address"),
    [
        ("[::1]:5499/db", "[::1]:5499"),
        ("LocalHost:5499/db", "127.0.0.1:5499"),
        ("Db.Example:5499/Db", "Db.Example:5499"),
        ("/db?host=/tmp/some.dir&port=5499", "/tmp/some.dir:5499"),
    ],
)
async def test_a_target_is_recognised_however_its_host_is_written(bouncer, server_pair, where, address):
    url = f"postgresql://a%40b:p@{where}"
    path = bouncer.gateway.target_file
    target_file.replace(path, target_file.render(bouncer.gateway.database, parse(SecretStr(url))))
    bouncer.ask("RELOAD")
    router = router_of(bouncer.gateway, {Role.PRIMARY: server_pair.primary.url, Role.SECONDARY: url})
    reading = await router.current()
    await router.aclose()
    assert (reading.points_to, reading.address, reading.error) == (Role.SECONDARY, address, "")


async def test_a_target_of_somebody_else_is_neither_of_the_two(bouncer, router):
    elsewhere = parse(SecretStr("postgresql://u:p@127.0.0.1:1/d"))
    target_file.replace(bouncer.gateway.target_file, target_file.render(bouncer.gateway.database, elsewhere))
    bouncer.ask("RELOAD")
    reading = await router.current()
    assert (reading.points_to, reading.address, reading.error) == (None, "127.0.0.1:1", "")


async def test_a_database_that_pgbouncer_does_not_serve_is_said(bouncer, router):
    elsewhere = parse(SecretStr("postgresql://u:p@127.0.0.1:1/d"))
    target_file.replace(bouncer.gateway.target_file, target_file.render("another", elsewhere))
    bouncer.kill()
    bouncer.start()
    assert "does not know the database cc_financial" in (await router.current()).error


async def test_a_pause_of_somebody_else_is_seen_once_a_client_waits(bouncer, router, monkeypatch):
    """PgBouncer 1.18 shows it nowhere: it is asked in a roundabout way when somebody waits without a reason."""
    monkeypatch.setattr(watch, "_SUSPICIOUS_S", 0.05)
    bouncer.ask("PAUSE")

    async def seen():
        return (await router.current()).paused

    async with Load(bouncer.url, clients=1):
        await until(seen)
        bouncer.ask("RESUME")
    assert not await seen()


async def test_a_pause_of_the_database_alone_is_seen_at_once(bouncer, router):
    bouncer.ask(f"PAUSE {bouncer.gateway.database}")
    assert (await router.current()).paused
    bouncer.ask(f"RESUME {bouncer.gateway.database}")
    assert not (await router.current()).paused


async def test_a_canary_proves_who_answers(router, server_pair):
    reading = await router.verify(Role.PRIMARY)
    assert reading.proven
    assert f"127.0.0.1:{server_pair.primary.port}, database cc_financial, started " in reading.proof


async def test_a_canary_is_not_sent_to_another_target_nor_while_clients_are_held(router):
    reading = await router.verify(Role.SECONDARY)
    assert (reading.points_to, reading.proven, reading.proof) == (Role.PRIMARY, False, "")
    await router.hold(10)
    reading = await router.verify(Role.PRIMARY)
    assert (reading.paused, reading.proven) == (True, False)
    assert "held" in reading.proof


async def test_a_canary_proves_nothing_while_connections_to_the_database_that_was_left_are_open(
    bouncer, router, server_pair
):
    path = bouncer.gateway.target_file
    with psycopg.connect(bouncer.url, prepare_threshold=None) as client:
        client.execute("SELECT 1")
        secondary = parse(SecretStr(server_pair.secondary.url))
        target_file.replace(path, target_file.render(bouncer.gateway.database, secondary))
        bouncer.ask("RELOAD")
        reading = await router.verify(Role.SECONDARY)
        assert (reading.points_to, reading.proven) == (Role.SECONDARY, False)
        assert reading.proof == "1 connection to the database that was left still open"
    await until(lambda: not any(row["close_needed"] for row in bouncer.ask("SHOW SERVERS")))
    assert (await router.verify(Role.SECONDARY)).proven


async def test_no_canary_goes_on_when_the_database_itself_does_not_answer(bouncer, make_router):
    nowhere = parse(SecretStr("postgresql://u:p@127.0.0.1:1/d"))
    canaries: list[PostgresInspection] = []

    def canary() -> PostgresInspection:
        canaries.append(PostgresInspection(nowhere))
        return canaries[-1]

    router = make_router(bouncer, inspect=lambda _: PostgresInspection(nowhere), canary=canary)
    reading = await router.verify(Role.PRIMARY)
    assert not reading.proven
    assert "refused" in reading.proof
    before = len(canaries)
    await router.current()
    assert len(asyncio.all_tasks()) == 1
    assert len(canaries) == before


async def test_a_canary_that_another_server_answers_proves_the_contrary(bouncer, make_router, server_pair):
    elsewhere = parse(SecretStr(server_pair.secondary.url))
    reading = await make_router(bouncer, canary=lambda: PostgresInspection(elsewhere)).verify(Role.PRIMARY)
    assert not reading.proven
    assert reading.proof.startswith("another server answers: ")


async def test_a_canary_without_an_answer_proves_nothing(bouncer, make_router, monkeypatch):
    monkeypatch.setattr("hotswap_tui.routing.pgbouncer.CANARY_S", 0.3)
    nowhere = parse(SecretStr("postgresql://u:p@127.0.0.1:1/d"))
    reading = await make_router(bouncer, canary=lambda: PostgresInspection(nowhere)).verify(Role.PRIMARY)
    assert (reading.points_to, reading.proven) == (Role.PRIMARY, False)
    assert "refused" in reading.proof
