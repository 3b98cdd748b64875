"""When new settings are taken: never during a switch or a hold, and never half of another gateway's."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hotswap_tui.config import SettingsError, load
from hotswap_tui.core.values import Level
from hotswap_tui.gateway.notify import Notifier
from hotswap_tui.service.reload import Reload
from tests.support.pictures import snapshot, switch
from tests.support.scripted_client import ScriptedClient
from tests.support.until import until

if TYPE_CHECKING:
    from hotswap_tui.config import Loaded
    from hotswap_tui.core.policy import Policy

URL = "postgresql://app:hunter2@{}/app"


def read(host="db1", **given):
    urls = {"DATABASE_URL": URL.format(host), "DATABASE_URL_SECONDARY": URL.format("db2")}
    return load({}, {**urls, "HOTSWAP_STATE_DIR": "/nowhere", **given}, [], Path("/nonexistent"), None)


class Client(ScriptedClient):
    """Remembers what it was told."""

    def __init__(self) -> None:
        super().__init__(snapshot())
        self.said: list[tuple[Level, str]] = []
        self.policies: list[Policy] = []

    def tell(self, tell):
        self.said.append((tell.level, tell.text))

    def adopt(self, policy):
        self.policies.append(policy)


class World:
    """A reload whose next reading is `reading`, and what it has led to."""

    def __init__(self) -> None:
        self.client = Client()
        self.reading: Loaded | Exception = read()
        self.readings = 0
        self.replaced: list[Loaded] = []
        self.adopted: list[Loaded] = []
        self.reload = Reload(read(), self.client, self, self.read, Notifier({}), self.replace)

    async def read(self):
        self.readings += 1
        if isinstance(self.reading, Exception):
            raise self.reading
        return self.reading

    async def replace(self, loaded):
        self.replaced.append(loaded)

    async def adopt(self, loaded):
        self.adopted.append(loaded)

    async def asked(self):
        readings = self.readings
        self.reload.ask()
        await until(lambda: self.readings > readings and not self.reload._asked.is_set())
        await asyncio.sleep(0)


@pytest.fixture
async def world():
    world = World()
    running = asyncio.ensure_future(world.reload.run())
    yield world
    running.cancel()


async def test_a_policy_is_taken_by_the_engine_that_is_there(world):
    world.reading = read(DB_FAILURE_THRESHOLD="7")
    await world.asked()
    assert [policy.failure_threshold for policy in world.client.policies] == [7]
    assert (world.replaced, world.adopted) == ([], [])
    await world.asked()
    assert world.client.said[-1] == (Level.INFO, "settings read again: nothing has changed")


async def test_another_database_waits_for_the_end_of_a_switch(world):
    world.client.change(switch=switch())
    world.reading = read("db3")
    await world.asked()
    assert world.client.said[-1] == (Level.INFO, "the new settings wait until the switch or hold has ended")
    assert world.replaced == []
    world.reading = read("db4")
    await world.asked()
    world.client.change(switch=None)
    await until(lambda: world.replaced)
    assert [loaded.primary.address for loaded in world.replaced] == ["db4:5432"]


async def test_wrong_settings_change_nothing_and_every_problem_is_said(world):
    world.reading = SettingsError(["one is wrong", "another, too"])
    await world.asked()
    assert [text for _, text in world.client.said] == [
        "one is wrong",
        "another, too",
        "settings not changed: what is above must be put right first",
    ]
    assert (world.client.policies, world.replaced, world.adopted) == ([], [], [])


async def test_another_gateway_brings_its_databases_with_it_at_a_restart_only(world, monkeypatch):
    other = read("db3", DB_FAILURE_THRESHOLD="7")
    settings = other.settings.model_copy(update={"gateway": Path("/srv/gateway")})
    world.reading = replace(other, settings=settings)
    await world.asked()
    texts = [text for _, text in world.client.said]
    assert "HOTSWAP_GATEWAY not set → /srv/gateway: needs a restart" in texts
    assert texts[-1].startswith("settings not changed: another gateway has other databases")
    assert (world.client.policies, world.replaced, world.adopted) == ([], [], [])


async def test_what_stands_around_the_engine_follows(world):
    world.reading = read(HOTSWAP_LISTEN="off", HOTSWAP_GROUP="staff")
    await world.asked()
    assert [loaded.settings.listen for loaded in world.adopted] == ["off"]
    assert world.adopted[0].settings.group is None
