"""One write in two databases: both ends are told apart, and nothing is left behind, whatever fails."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg_pool import PoolClosed

from hotswap_tui.core.values import Role, State, Switch, SwitchKind
from hotswap_tui.dsn import parse
from hotswap_tui.pool import HotSwapPool, Outcome
from hotswap_tui.pool.sources import Source
from tests.support.pictures import NOW_S, down, snapshot
from tests.support.scripted_client import ScriptedClient
from tests.support.until import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.support.clusters import ServerPair

LONG_S = 20.0
INSERT = "INSERT INTO twice VALUES (%s)"
SCHEMA = (
    "DROP TABLE IF EXISTS twice; CREATE TABLE twice (id int PRIMARY KEY CHECK (id > 0), "
    "late int UNIQUE DEFERRABLE INITIALLY DEFERRED DEFAULT nextval('late')); GRANT ALL ON twice TO PUBLIC"
)
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'dual'"


def ask(url: str, query: str, *args: object) -> list[Any]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(query, args or None)
        return [row[0] for row in cursor.fetchall()] if cursor.description else []


@pytest.fixture
def servers(pair: ServerPair) -> ServerPair:
    """Give the pair with an empty table; a server does not notice by itself that who asked it to sleep has gone."""
    ended = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'dual'"
    for server in pair:
        ask(server.superuser_url, ended)
        ask(server.superuser_url, "CREATE SEQUENCE IF NOT EXISTS late; GRANT ALL ON SEQUENCE late TO PUBLIC; " + SCHEMA)
    return pair


@pytest.fixture
def engine() -> ScriptedClient:
    return ScriptedClient(snapshot())


OpenPool = HotSwapPool[psycopg.AsyncConnection[Any]]


@pytest.fixture
def opened(engine) -> Callable[..., Any]:
    """Open pools that follow the scripted engine."""

    @asynccontextmanager
    async def follow(_lost: Callable[[str], None]) -> AsyncIterator[ScriptedClient]:
        yield engine

    @asynccontextmanager
    async def open_pool(primary: str, secondary: str | None, **options: Any) -> AsyncIterator[OpenPool]:
        urls = {Role.PRIMARY: primary, Role.SECONDARY: secondary}
        dsns = {role: parse(url) for role, url in urls.items() if url}
        kwargs = {"application_name": "dual", **options.pop("kwargs", {})}
        given: Any = {"min_size": 1, "max_size": 8, "timeout": LONG_S, "kwargs": kwargs, **options}
        pool: OpenPool = HotSwapPool._over(Source(dsns, 5.0, follow), LONG_S, given)
        async with pool:
            await pool.wait_for("primary")
            yield pool

    return open_pool


@pytest.fixture
async def pool(servers, opened) -> AsyncIterator[OpenPool]:
    async with opened(servers.primary.url, servers.secondary.url) as pool:
        yield pool


def rows(servers: ServerPair) -> list[list[int]]:
    return [ask(server.superuser_url, "SELECT id FROM twice ORDER BY id") for server in servers]


@pytest.mark.parametrize("autocommit", [False, True])
async def test_both_have_it_and_no_connection_to_the_standby_stays(servers, opened, autocommit):
    """More at a time than connections are allowed; the pool's own keep their autocommit."""
    async with opened(servers.primary.url, servers.secondary.url, kwargs={"autocommit": autocommit}) as pool:
        told = await asyncio.gather(*(pool.write_both(INSERT, [number]) for number in range(1, 13)))
        assert all(both.complete and (both.failed, both.unknown) == ((), ()) for both in told)
        assert [(write.role, write.outcome, write.rows) for write in told[0]] == [
            (Role.PRIMARY, Outcome.DONE, 1),
            (Role.SECONDARY, Outcome.DONE, 1),
        ]
        assert str(told[0]) == "primary done (1 rows); secondary done (1 rows)"
        async with pool.connection() as connection:
            assert connection.autocommit is autocommit
        await until(lambda: ask(servers.secondary.superuser_url, CONNECTIONS) == [0])
    assert rows(servers) == [[*range(1, 13)]] * 2
    with pytest.raises(PoolClosed):
        await pool.write_both(INSERT, [99])


@pytest.mark.parametrize("at_commit", [False, True])
@pytest.mark.parametrize("failing", [(Role.PRIMARY,), (Role.SECONDARY,), (Role.PRIMARY, Role.SECONDARY)])
async def test_a_constraint_is_told_where_it_stands_and_takes_nothing_back_elsewhere(servers, pool, failing, at_commit):
    """A server that refuses a COMMIT has answered it: that is no unknown outcome."""
    for role in failing:
        ask(getattr(servers, role).url, "INSERT INTO twice VALUES (7, 7)")
    query, given = ("INSERT INTO twice VALUES (%s, 7)", 8) if at_commit else (INSERT, 7)
    both = await pool.write_both(query, [given])
    assert (both.failed, both.unknown, both.complete) == (failing, (), False)
    for write in both:
        if write.role in failing:
            assert (write.outcome, write.sqlstate, write.rows) == (Outcome.FAILED, "23505", None)
            assert "already exists" in write.error
            assert "\n" not in write.error
        else:
            assert write.outcome is Outcome.DONE
            assert ask(getattr(servers, write.role).url, "SELECT count(*) FROM twice") == [1]
    assert (await pool.write_both(INSERT, [9])).complete, "the connection is fit for use again"


async def test_a_database_that_is_known_to_be_down_is_not_tried(servers, pool, engine):
    engine.change(secondary=down(Role.SECONDARY))
    both = await pool.write_both(INSERT, [1])
    assert both.failed == (Role.SECONDARY,)
    assert "secondary failed its last check" in both.secondary.error
    assert rows(servers) == [[1], []]


async def test_a_database_that_is_found_down_is_told_with_what_the_system_says(servers, pool):
    await asyncio.to_thread(servers.secondary.crash)
    both = await pool.write_both(INSERT, [1])
    assert (both.primary.outcome, both.failed) == (Outcome.DONE, (Role.SECONDARY,))
    assert "refused" in both.secondary.error


async def test_a_wrong_password_is_told_and_not_shown(servers, opened):
    secret = "tr0ub4dor"
    wrong = servers.secondary.url.replace(servers.secondary._password, secret)
    async with opened(servers.primary.url, wrong) as pool:
        both = await pool.write_both(INSERT, [1])
        leaky = await pool.write_both("SELECT 1 / 0, %s::int", [secret])
    assert "password authentication failed" in both.secondary.error
    assert secret not in f"{both}{both!r}{leaky.secondary}"
    async with opened(servers.primary.url, None) as pool:
        alone = await pool.write_both(INSERT, [2])
    assert alone.secondary.error == "no connection string for secondary is set here"


@pytest.mark.parametrize("frozen", list(Role))
async def test_who_hangs_fails_at_the_deadline_and_the_other_is_done(servers, pool, frozen):
    await pool.write_both(INSERT, [1])
    await asyncio.to_thread(getattr(servers, frozen).freeze)
    both = await pool.write_both(INSERT, [2], timeout=0.3)
    assert (both.failed, both.unknown) == ((frozen,), ())
    assert both.primary.outcome is not both.secondary.outcome
    assert "within 0.30 s" in str(both)
    await asyncio.to_thread(servers.heal)


async def test_a_commit_without_an_answer_is_unknown(servers, pool):
    """The trigger, which runs at COMMIT, outlasts the deadline."""
    slow = (
        "CREATE OR REPLACE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(20); RETURN NULL; END';"
        "CREATE CONSTRAINT TRIGGER dawdle AFTER INSERT ON twice DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION dawdle()"
    )
    ask(servers.primary.superuser_url, slow)
    both = await pool.write_both(INSERT, [1], timeout=0.3)
    assert (both.unknown, both.failed, both.secondary.outcome) == ((Role.PRIMARY,), (), Outcome.DONE)
    assert both.primary.error == "not known whether it was committed: no answer within 0.30 s"


async def test_a_query_that_ends_its_transaction_itself_is_not_vouched_for(pool):
    both = await pool.write_both("INSERT INTO twice VALUES (1); COMMIT")
    assert both.unknown == (Role.PRIMARY, Role.SECONDARY)
    assert "ended its transaction itself" in both.primary.error


async def test_a_standby_in_recovery_says_that_it_is_read_only(servers, opened, make_standby):
    standby = make_standby(servers.primary)
    async with opened(servers.primary.url, standby.url) as pool:
        both = await pool.write_both(INSERT, [1])
    assert (both.primary.outcome, both.secondary.sqlstate) == (Outcome.DONE, "25006")
    assert "read-only transaction" in both.secondary.error


async def test_during_a_switch_the_database_that_is_given_up_is_not_written(servers, pool, engine):
    moving = Switch(1, SwitchKind.MANUAL, Role.PRIMARY, Role.SECONDARY, NOW_S, "why")
    engine.change(state=State.FAILING_OVER, switch=moving)
    both = await pool.write_both(INSERT, [1])
    assert (both.failed, both.secondary.outcome) == ((Role.PRIMARY,), Outcome.DONE)
    assert both.primary.error.startswith("primary is being given up")
    engine.change(state=State.SECONDARY, active=Role.SECONDARY, switch=None)
    await pool.wait_for("secondary")
    assert (await pool.write_both(INSERT, [2])).complete


async def test_who_writes_while_the_database_is_given_up_is_told_so(servers, pool, engine):
    held = asyncio.create_task(
        pool.write_both("SELECT pg_sleep(CASE name WHEN 'primary' THEN 20 ELSE 0 END) FROM marker")
    )
    active = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'dual' AND wait_event = 'PgSleep'"
    await until(lambda: ask(servers.primary.superuser_url, active) == [1])
    engine.change(state=State.SECONDARY, active=Role.SECONDARY, primary=down(Role.PRIMARY))
    both = await held
    assert (both.failed, both.secondary.outcome) == ((Role.PRIMARY,), Outcome.DONE)
    assert "primary was given up" in both.primary.error


@pytest.mark.parametrize("frozen", [None, *Role])
async def test_cancelling_ends_both_halves_at_once_and_leaves_nothing(servers, pool, frozen):
    """Also where a server hangs, which psycopg would ask for seconds to cancel."""
    held = asyncio.create_task(pool.write_both("SELECT pg_sleep(20)"))
    await until(lambda: all(ask(s.superuser_url, CONNECTIONS + " AND wait_event = 'PgSleep'") == [1] for s in servers))
    if frozen is not None:
        await asyncio.to_thread(getattr(servers, frozen).freeze)
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    held.cancel()
    with pytest.raises(asyncio.CancelledError):
        await held
    assert loop.time() - began_s < 2.0
    assert not [task for task in asyncio.all_tasks() if "_carry_out" in repr(task)]
    await asyncio.to_thread(servers.heal)
    assert (await pool.write_both(INSERT, [1])).complete


async def test_what_is_wrong_with_the_query_is_told_for_both(pool):
    both = await pool.write_both(INSERT, [1, 2])
    assert both.failed == (Role.PRIMARY, Role.SECONDARY)
    assert "placeholder" in both.primary.error


async def test_what_the_application_configures_holds_on_both_sides(servers, opened):
    async def strict(connection: psycopg.AsyncConnection[Any]) -> None:
        await connection.set_read_only(True)

    async with opened(servers.primary.url, servers.secondary.url, configure=strict) as pool:
        both = await pool.write_both(INSERT, [1])
    assert [write.sqlstate for write in both] == ["25006", "25006"]
