"""How a pool is made, started and ended, and what it passes on."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import PoolClosed
from pydantic import SecretStr

import hotswap_tui
from hotswap_tui.api.client import read_snapshot
from hotswap_tui.api.sockets import control_path
from hotswap_tui.config import SettingsError
from hotswap_tui.core.values import Health, Role, State
from hotswap_tui.pool import EngineElsewhereError, HotSwapPool
from hotswap_tui.pool.sources import settings_given
from tests.pool.workers import beat
from tests.support.until import until

ROOT = Path(__file__).parents[2]


def sockets() -> int:
    """Count the sockets of this process; psycopg leaves that of a login that was given up to the collector."""
    gc.collect()
    descriptors = [fd for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink()]
    return sum(str(fd.readlink()).startswith("socket:") for fd in descriptors)


def tasks() -> set[str]:
    return {task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()}


def test_the_package_stays_cheap_to_import():
    """A command that imports it gets neither psycopg nor a screen; the name is there, and no other."""
    program = (
        "import sys, hotswap_tui\n"
        "assert not {'psycopg', 'asyncpg', 'pydantic', 'textual'} & set(sys.modules)\n"
        "hotswap_tui.HotSwapPool\n"
        "assert not {'textual', 'plotext', 'rich', 'starlette'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
    assert hotswap_tui.HotSwapPool is HotSwapPool
    name = "ColdSwapPool"
    with pytest.raises(AttributeError, match=name):
        getattr(hotswap_tui, name)


@pytest.mark.parametrize("frozen", [False, True])
async def test_nothing_is_left_behind(pair, make_pool, frozen):
    """No task and no socket, also where a database hangs while the pool is closed."""
    before = sockets()
    async with make_pool() as pool:
        await pool.wait_for("primary")
        await asyncio.gather(*(beat(pool, client) for client in range(6)))
        if frozen:
            await asyncio.to_thread(pair.primary.freeze)
            await pool.wait_for("secondary")
    assert tasks() == set()
    await until(lambda: sockets() <= before, what="the end of all connections")


async def test_a_second_engine_is_told_to_attach(make_pool):
    """It learns who is in the way and what to do instead; the first goes on."""
    async with make_pool() as pool:
        with pytest.raises(EngineElsewhereError, match=rf"pid {os.getpid()}.*HotSwapPool\.attached"):
            await make_pool().__aenter__()
        await pool.wait_for("primary")


async def test_the_dashboard_finds_the_engine(make_pool, tmp_path):
    async with make_pool() as pool:
        picture = await read_snapshot(control_path(tmp_path / "state", {}))
        assert picture.pid == pool.snapshot().pid
    assert not control_path(tmp_path / "state", {}).exists()


async def test_nobody_attaches_who_is_not_wanted(make_pool, tmp_path):
    async with make_pool(control=False) as pool:
        assert not control_path(tmp_path / "state", {}).exists()
        await pool.wait_for("primary")


async def test_a_control_socket_that_cannot_be_made_keeps_nobody_from_work(make_pool, tmp_path, caplog):
    (tmp_path / "state").mkdir()
    control_path(tmp_path / "state", {}).parent.write_text("in the way")
    async with make_pool() as pool:
        assert await beat(pool) == "primary"
    assert "nobody can attach to this engine" in caplog.text


async def test_what_is_wrong_is_said_when_a_pool_is_made(pair, make_pool):
    with pytest.raises(SettingsError, match="DB_FAILURE_THRESHOLD"):
        make_pool({"DB_FAILURE_THRESHOLD": "many"})
    with pytest.raises(SettingsError, match="DATABASE_URL"):
        HotSwapPool("")
    with pytest.raises(ValueError, match="max_size"):
        make_pool(min_size=3, max_size=2)
    with pytest.raises(PoolClosed, match="not open yet"):
        await beat(make_pool())


def test_settings_may_be_secrets_and_nothing():
    token = "hunter22" * 3
    given = {"HOTSWAP_TOKEN": SecretStr(token), "HOTSWAP_GROUP": None}
    settings = settings_given("postgresql://u:p@h/d", None, given).settings
    assert settings.token is not None
    assert settings.token.get_secret_value() == token
    assert settings.group is None


async def test_settings_come_from_the_environment(pair, monkeypatch, tmp_path):
    """As for the program; Prisma's parameters, which libpq refuses, do not disturb."""
    for name, value in {
        "DATABASE_URL": f"{pair.primary.url}?schema=public&connection_limit=5&pgbouncer=true",
        "DATABASE_URL_SECONDARY": pair.secondary.url,
        "DB_HEALTH_CHECK_INTERVAL": "321",
        "HOTSWAP_STATE_DIR": str(tmp_path / "state"),
    }.items():
        monkeypatch.setenv(name, value)
    async with HotSwapPool.from_env(min_size=1) as pool:
        assert await beat(pool) == "primary"
        assert pool.snapshot().policy.check_interval_s == 0.321


async def test_options_are_psycopgs_own(pair, tmp_path):
    """Row factory, class, settings of the session, and callbacks, which are told of every connection."""
    called: list[str] = []

    async def configure(connection: AsyncConnection[DictRow]) -> None:
        called.append("configure")
        await connection.set_autocommit(True)

    async def check(_: AsyncConnection[DictRow]) -> None:
        called.append("check")

    async def reset(_: AsyncConnection[DictRow]) -> None:
        called.append("reset")

    async with HotSwapPool(
        SecretStr(pair.primary.url),
        settings={"HOTSWAP_STATE_DIR": tmp_path / "state"},
        control=False,
        connection_class=AsyncConnection[DictRow],
        kwargs={"row_factory": dict_row, "application_name": "mine"},
        min_size=1,
        name="ours",
        configure=configure,
        check=check,
        reset=reset,
    ) as pool:
        async with pool.connection() as connection:
            row = await (await connection.execute("SELECT current_setting('application_name') AS name")).fetchone()
            assert row == {"name": "mine"}
        await until(lambda: "reset" in called)
    assert set(called) == {"configure", "check", "reset"}


async def test_a_connection_that_cannot_be_configured_is_not_left_open(pair, make_pool):
    before = sockets()

    refused = asyncio.Event()

    async def refuse(_: psycopg.AsyncConnection) -> None:
        refused.set()
        raise psycopg.OperationalError("not this one")

    async with make_pool(configure=refuse, min_size=1):
        await refused.wait()
    await until(lambda: sockets() <= before)


async def test_a_server_that_was_restarted_is_used_again_at_once(pair, make_pool):
    """Without a switch, and without the pauses that psycopg's pool makes after failed logins; who waits gets no error."""
    async with make_pool({"DB_FAILURE_THRESHOLD": 1000}) as pool:
        await pool.wait_for("primary")
        await until(lambda: pool.get_stats()["pool_available"] == 4)
        await asyncio.to_thread(pair.primary.crash)
        waiting = [asyncio.create_task(beat(pool, client)) for client in range(4)]
        await until(lambda: pool.get_stats().get("connections_errors", 0) > 4)
        assert pool.snapshot().active is Role.PRIMARY
        await asyncio.to_thread(pair.primary.start)
        assert await asyncio.gather(*waiting) == ["primary"] * 4
        await until(lambda: pool.get_stats().get("connections_errors", 0) == 0, what="connections that are new ones")


async def test_who_observes_never_moves(pair, make_pool):
    """The secondary is well and the primary is gone: it would be left, and it is told so, but nobody is led elsewhere or held."""
    async with make_pool({"HOTSWAP_OBSERVE": 1}) as pool:
        await pool.wait_for("primary")
        await until(lambda: pool.snapshot().secondary.health is Health.UP)
        await asyncio.to_thread(pair.primary.crash)
        await until(lambda: pool.snapshot().primary.health is Health.DOWN)
        assert pool.serving is Role.PRIMARY
        await asyncio.to_thread(pair.heal)
        assert await beat(pool) == "primary"


async def test_a_restart_stays_where_traffic_was(pair, make_pool):
    """The next engine over the state directory leads on to the secondary, from the first connection on."""
    async with make_pool() as pool:
        await pool.wait_for("primary")
        await asyncio.to_thread(pair.primary.crash)
        await pool.wait_for("secondary")
        await asyncio.to_thread(pair.heal)
    async with make_pool() as pool:
        assert await beat(pool) == "secondary"
        assert pool.serving is Role.SECONDARY


async def test_the_log_has_the_engines_words(pair, make_pool, caplog):
    with caplog.at_level(logging.INFO, "hotswap_tui"):
        async with make_pool() as pool:
            await pool.wait_for("primary")
            await asyncio.to_thread(pair.primary.crash)
            await pool.wait_for("secondary")
    assert "[DB Manager] ✅ Connected to primary database" in caplog.messages
    assert "[DB Manager] ✅ Connected to secondary database (FAILOVER MODE)" in caplog.messages
    assert any(text.startswith("connections lead to secondary instead of primary") for text in caplog.messages)
    password = psycopg.conninfo.conninfo_to_dict(pair.primary.url)["password"]
    assert not any(str(password) in text for text in caplog.messages)


async def test_an_engine_that_dies_leaves_the_application_its_database(pair, make_pool, caplog):
    """A fault of the engine's own is told loudly; connections stay where they are."""
    async with make_pool() as pool:
        await pool.wait_for("primary")
        pool.engine._engine._ended.set_exception(RuntimeError("our own mistake"))
        await until(lambda: "nobody fails over any more" in caplog.text)
        assert await beat(pool) == "primary"
        assert pool.serving is Role.PRIMARY
        assert pool.snapshot().state is State.PRIMARY
    assert "connections stay with primary" in caplog.text
