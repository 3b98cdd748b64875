"""The login to the database that may take over, while the failure of the other one is confirmed."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from hotswap_tui.core.plan import PoolMode, choose
from hotswap_tui.core.values import Fault, Role
from hotswap_tui.dsn import parse
from hotswap_tui.probes.inspection import PostgresInspection
from hotswap_tui.routing.ahead import Ahead
from tests.support.bouncer_routers import Steps
from tests.support.until import until

NAME = "ahead"
SESSIONS = f"SELECT pid FROM pg_stat_activity WHERE application_name = '{NAME}'"


class Opening:
    """Inspects the servers of a pair, and remembers which were wanted."""

    def __init__(self, pair) -> None:
        self.urls = {role: f"{server.url}?application_name={NAME}" for role, server in zip(Role, pair, strict=True)}
        self.wanted: list[Role] = []

    def __call__(self, role: Role) -> PostgresInspection:
        self.wanted.append(role)
        return PostgresInspection(parse(SecretStr(self.urls[role])))


class Hanging:
    """A server that accepts a connection and never answers; `goes_on` lets it."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.goes_on = asyncio.Event()
        self.queries: list[str] = []
        self.turn = asyncio.Lock()
        self.closed = False

    async def identify(self, _: float) -> None:
        async with self.turn:
            self.asked.set()
            await self.goes_on.wait()

    async def rows(self, query: str, _: float) -> None:
        self.queries.append(query)

    async def aclose(self) -> None:
        async with self.turn:
            self.closed = True


def sessions(server) -> set[int]:
    with psycopg.connect(server.superuser_url, autocommit=True) as connection:
        return {pid for (pid,) in connection.execute(SESSIONS).fetchall()}


async def test_a_switch_uses_the_session_that_the_hold_has_opened(bouncer, make_router, server_pair):
    opening = Opening(server_pair)
    router = make_router(bouncer, inspect=opening)
    await router.current()
    await asyncio.to_thread(server_pair.primary.crash)
    await router.hold(15.0)
    opened = await until(lambda: sessions(server_pair.secondary), what="a session ahead")
    seen: list[set[int]] = []
    plan = choose(Role.PRIMARY, Fault.REFUSED, PoolMode.TRANSACTION, (1, 18))
    await router.switch(Role.SECONDARY, plan, Steps(lambda _: seen.append(sessions(server_pair.secondary))))
    assert seen == [opened] * len(plan.steps)
    assert opening.wanted == [Role.SECONDARY]
    await until(lambda: not sessions(server_pair.secondary), what="nothing left open")


async def test_after_a_false_alarm_it_is_closed(bouncer, make_router, server_pair):
    router = make_router(bouncer, inspect=Opening(server_pair))
    await router.current()
    await router.hold(15.0)
    await until(lambda: sessions(server_pair.secondary), what="a session ahead")
    await router.current()
    assert sessions(server_pair.secondary), "as long as the hold lasts"
    await router.release()
    await router.current()
    await until(lambda: not sessions(server_pair.secondary), what="nothing left open")


async def test_a_server_that_never_answers_is_not_waited_for():
    hanging: Any = Hanging()
    ahead = Ahead(lambda _: hanging, lambda _: ())
    ahead.begin(Role.SECONDARY)
    ahead.begin(Role.SECONDARY)
    await hanging.asked.wait()
    await ahead.end()
    assert hanging.closed
    assert ahead.take(Role.PRIMARY) is hanging, "nothing was opened there: whoever wants it opens it"


@pytest.mark.parametrize(("taken", "near_s"), [(False, 60.0), (True, 60.0), (False, 0.0)], ids=["", "taken", "far"])
async def test_a_rehearsal_is_for_what_is_near_and_over_when_the_switch_begins(taken, near_s, monkeypatch):
    """Whoever is far away would be waited for."""
    monkeypatch.setattr("hotswap_tui.routing.ahead._NEAR_S", near_s)
    hanging: Any = Hanging()
    expected = ["as secondary", "and so on"] if near_s and not taken else []
    ahead = Ahead(lambda _: hanging, lambda role: (f"as {role}", "and so on"))
    ahead.begin(Role.SECONDARY)
    await hanging.asked.wait()
    if taken:
        assert ahead.take(Role.SECONDARY) is hanging
    hanging.goes_on.set()
    await until(lambda: len(hanging.queries) == len(expected), what="both queries")
    await ahead.end()
    await hanging.aclose()
    assert hanging.queries == expected
