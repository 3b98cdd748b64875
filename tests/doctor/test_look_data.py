"""Real pairs, looked at as the application's ordinary role: what is found, and what it comes to in findings."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from hotswap_tui.core.sync import Mark, Relation, SyncReading
from hotswap_tui.core.values import Fault, Role
from hotswap_tui.doctor.data import Remembered, look_at_pair, of_data
from hotswap_tui.doctor.facts import EngineLook
from hotswap_tui.doctor.finding import Level
from hotswap_tui.doctor.look_data import look_at_data
from hotswap_tui.doctor.subject import Subject
from hotswap_tui.dsn import parse
from tests.doctor.looks import PRIMARY, SECONDARY, look
from tests.support.replicated import replicated_pair
from tests.support.until import until

BOTH = frozenset(Role)
URLS = {PRIMARY: "postgresql://app:****@one.example/app"}
RUNS = EngineLook(
    Path("/state"),
    urls=URLS,
    serving=SECONDARY,
    mark=Mark(SECONDARY, 1.0, "1:1:"),
    active=SECONDARY,
    sync=SyncReading(0.0),
    sync_age_s=3.0,
)


@pytest.fixture(scope="module")
def replicated(clusters):
    with replicated_pair(clusters) as pair:
        pair.execute(pair.primary, "CREATE TABLE _prisma_migrations (id int PRIMARY KEY)")
        pair.execute(pair.secondary, "CREATE TABLE _prisma_migrations (id int PRIMARY KEY)")
        pair.execute(pair.secondary, f"ALTER SUBSCRIPTION {pair.subscription} REFRESH PUBLICATION")
        pair.execute(pair.secondary, "REVOKE UPDATE ON SEQUENCE users_id_seq FROM ccfinapp")
        yield pair


@pytest.fixture
def dsns(replicated):
    servers = {PRIMARY: replicated.primary, SECONDARY: replicated.secondary}
    return {role: parse(SecretStr(replicated.url(server))) for role, server in servers.items()}


def told(found):
    looks = {role: look(role) for role in Role}
    return [*of_data(Subject(), looks, found, Remembered())]


def texts(found, level):
    return [each.text for each in told(found) if each.level is level]


async def test_a_pair_that_replicates_is_told_with_its_lag(dsns):
    async def streams():
        found = await look_at_data(dsns, BOTH, PRIMARY)
        return found if found.reading.flows[0].lag_s is not None else None

    found = await until(streams)
    assert (found.reading.relation, found.tells_standby) == (Relation.LOGICAL, False)
    (subscribed,) = found.subscribed
    assert (subscribed.role, subscribed.enabled, subscribed.slot_there, subscribed.own) == (SECONDARY, True, True, True)
    assert subscribed.books == ("_prisma_migrations",)
    assert any(text.startswith("takes the primary's writes by logical replication") for text in texts(found, Level.OK))
    assert [text.partition(":")[0].partition(",")[0] for text in texts(found, Level.WARNING)] == [
        "_prisma_migrations",
        "this role may not move users_id_seq",
    ]


async def test_a_subscription_that_has_stopped_and_its_slot_is_gone(replicated, dsns):
    replicated.execute(replicated.secondary, f"ALTER SUBSCRIPTION {replicated.subscription} DISABLE")

    async def stopped():
        found = await look_at_data(dsns, BOTH, PRIMARY)
        return found if not any(slot.active for slot in found.reading.slots) else None

    found = await until(stopped)
    (problem,) = texts(found, Level.PROBLEM)
    assert problem.endswith("the subscription cc_financial_sub on the secondary is disabled")
    assert any(text.startswith("nobody reads the slot cc_financial_sub") for text in texts(found, Level.WARNING))
    replicated.execute(replicated.primary, f"SELECT pg_drop_replication_slot('{replicated.subscription}')")
    found = await look_at_data(dsns, BOTH, PRIMARY)
    assert found.reading.relation is Relation.UNRELATED
    (problem,) = texts(found, Level.PROBLEM)
    assert "which is not on the primary any more" in problem
    assert not texts(found, Level.NOTE)


async def test_one_that_is_not_asked_says_nothing_wrong(dsns):
    found = await look_at_data(dsns, frozenset({SECONDARY}), PRIMARY)
    assert found.reading.relation is Relation.UNKNOWN
    assert [each.slot_there for each in found.subscribed] == [True]
    assert not told(found)


async def test_two_databases_without_a_tie_need_no_more_than_a_notice(server_pair):
    dsns = {role: parse(SecretStr(server.url)) for role, server in zip(Role, server_pair, strict=True)}
    found = await look_at_data(dsns, BOTH, PRIMARY)
    assert [each.level for each in told(found)] == [Level.NOTE, Level.OK]
    same = await look_at_data(dict.fromkeys(Role, dsns[PRIMARY]), BOTH, PRIMARY)
    assert not told(same)


async def test_a_standby_replays(make_server, make_standby):
    primary = make_server()
    standby = await asyncio.to_thread(make_standby, primary)
    found = await look_at_data(
        {PRIMARY: parse(SecretStr(primary.url)), SECONDARY: parse(SecretStr(standby.url))}, BOTH, PRIMARY
    )
    assert found.reading.relation is Relation.PHYSICAL
    assert not found.tells_standby
    assert any(text.startswith("replays the primary's writes as its standby") for text in texts(found, Level.OK))
    assert max(each.level for each in told(found)) < Level.WARNING


async def test_a_server_that_is_gone_meanwhile_is_unseen(server_pair):
    dead = parse(SecretStr("postgresql://ccfinapp:secret@127.0.0.1:1/cc_financial"))
    found = await look_at_data({PRIMARY: parse(SecretStr(server_pair.primary.url)), SECONDARY: dead}, BOTH, PRIMARY)
    (unseen,) = told(found)
    assert (unseen.level, unseen.subject) == (Level.UNSEEN, SECONDARY)
    assert "secret" not in unseen.text


async def test_nothing_is_asked_where_nobody_answers():
    dead = {role: look(role, fault=Fault.REFUSED) for role in Role}
    assert await look_at_pair(dead, Remembered()) is None
    assert await look_at_pair({PRIMARY: look()}, Remembered()) is None
    assert not [*of_data(Subject(), dead, None, Remembered())]


@pytest.mark.parametrize(
    ("engine", "serving", "marked", "dated"),
    [
        (RUNS, SECONDARY, True, True),
        (replace(RUNS, active=PRIMARY), PRIMARY, False, True),
        (
            replace(RUNS, urls={PRIMARY: "postgresql://app:****@two.example/app"}, active=PRIMARY),
            SECONDARY,
            True,
            False,
        ),
        (replace(RUNS, active=None, urls={}), SECONDARY, True, False),
        (replace(RUNS, serving=None, mark=None), SECONDARY, False, True),
        (EngineLook(Path("/state")), PRIMARY, False, False),
    ],
)
def test_an_engine_of_these_databases_knows_best_and_then_the_journal(engine, serving, marked, dated):
    known = Remembered.of(engine, URLS)
    assert known.serving is serving
    assert (known.mark is not None, known.sync is not None) == (marked, dated)
    assert known.sync_age_s == (3.0 if dated else 0.0)
