"""Pools that follow an engine in another process: the program itself, as a service runs it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from psycopg_pool import PoolClosed

from hotswap_tui.api.client import NoEngineError, NotAllowedError, read_snapshot
from hotswap_tui.api.sockets import control_path
from hotswap_tui.config import load
from hotswap_tui.core.events import SwitchRequest
from hotswap_tui.core.values import Role
from hotswap_tui.pool import HotSwapPool, NoDatabaseError, PairError, running_engine
from tests.pool.conftest import FAST
from tests.pool.workers import beat, working
from tests.support.until import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(__file__).parents[2]


class Service:
    """`hotswap-tui serve` over the pair, which can be killed and started again."""

    def __init__(self, environ: dict[str, str], state: Path) -> None:
        self.environ = environ
        self.socket = control_path(state, {})
        self.process: asyncio.subprocess.Process

    async def start(self) -> None:
        """Start it and return when it answers and has seen both databases."""
        settings = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOTSWAP_LISTEN": "off", **self.environ}
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "hotswap_tui", "serve"), env=settings, stderr=asyncio.subprocess.DEVNULL
        )

        async def ready() -> bool:
            try:
                picture = await read_snapshot(self.socket)
            except NoEngineError:
                return False
            return picture.serving and picture.failover_available

        await until(ready, what="the service")

    async def end(self, how: signal.Signals) -> None:
        """End it with a signal."""
        self.process.send_signal(how)
        await self.process.wait()


@asynccontextmanager
async def _served(service: Service) -> AsyncIterator[Service]:
    await service.start()
    try:
        yield service
    finally:
        if service.process.returncode is None:
            await service.end(signal.SIGKILL)


@pytest.fixture
async def service(pair, tmp_path, monkeypatch):
    """Run the service; the environment of this process leads to it."""
    environ = {name: str(value) for name, value in FAST.items()}
    environ |= {"DATABASE_URL": pair.primary.url, "DATABASE_URL_SECONDARY": pair.secondary.url}
    environ |= {"HOTSWAP_STATE_DIR": str(tmp_path / "state")}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    async with _served(Service(environ, tmp_path / "state")) as service:
        yield service


async def switch(pool: HotSwapPool, target: Role) -> None:
    await pool.engine.request(SwitchRequest("tester", target, pool.snapshot().version))


async def test_the_pools_of_all_processes_follow_one_engine(pair, service):
    """A failover, found where the program looks for it; each pool leads to the secondary, and nothing is left on the primary."""
    async with HotSwapPool.attached() as one, HotSwapPool.attached(socket=service.socket) as other:
        assert not one.engine.owner
        await one.wait_for("primary")
        async with working(one, clients=3) as ours, working(other, clients=3) as theirs:
            await asyncio.gather(ours.answered("primary"), theirs.answered("primary"))
            await asyncio.to_thread(pair.primary.freeze)
            await asyncio.gather(ours.answered("secondary"), theirs.answered("secondary"))
            await asyncio.to_thread(pair.heal)
            await until(lambda: one.snapshot().failover_available)
            errors = len(ours.errors) + len(theirs.errors)
            await switch(one, Role.PRIMARY)
            await asyncio.gather(ours.answered("primary"), theirs.answered("primary"))
            assert len(ours.errors) + len(theirs.errors) == errors


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
async def test_an_engine_that_falls_silent_changes_nothing(pair, service, caplog, how):
    """Connections stay where they are, and that is told; the engine's return is noticed, and its decisions followed."""
    async with HotSwapPool.attached() as pool:
        await pool.wait_for("primary")
        if how is signal.SIGKILL:
            await service.end(how)
        else:
            service.process.send_signal(how)
        await until(lambda: pool.engine.silence is not None, what="the silence")
        assert await beat(pool) == "primary"
        assert pool.serving is Role.PRIMARY
        assert "connections stay with primary" in caplog.text

        if how is signal.SIGKILL:
            await service.start()
        else:
            service.process.send_signal(signal.SIGCONT)
        await until(lambda: pool.engine.silence is None, what="the engine's return")
        await until(lambda: pool.snapshot().failover_available)
        await switch(pool, Role.SECONDARY)
        await pool.wait_for("secondary")
        assert await beat(pool) == "secondary"


async def test_no_engine_is_told_at_the_start(pair, monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", pair.primary.url)
    monkeypatch.setenv("HOTSWAP_STATE_DIR", str(tmp_path / "state"))
    pool = HotSwapPool.attached()
    with pytest.raises(NoEngineError, match="no engine at"):
        await pool.__aenter__()
    with pytest.raises(PoolClosed, match="not open yet"):
        await beat(pool)


@pytest.mark.parametrize("others", [NotAllowedError("not you"), NoEngineError(Path("first"), "gone")])
async def test_an_engine_that_answers_is_preferred_to_one_that_does_not(pair, monkeypatch, others):
    """As for the commands: another user's engine, which the program looks for first, hides none of one's own."""

    async def read(path: Path) -> None:
        if path == Path("first"):
            raise others
        if not answers:
            raise NoEngineError(path, "gone")

    monkeypatch.setenv("DATABASE_URL", pair.primary.url)
    monkeypatch.setattr(running_engine, "candidates", lambda *_: (Path("first"), Path("second")))
    monkeypatch.setattr(running_engine, "read_snapshot", read)
    loaded, answers = load({}, os.environ, [], Path(os.devnull), None), True
    assert await running_engine._find(loaded) == Path("second")
    answers = False
    with pytest.raises(type(others)):
        await running_engine._find(loaded)


async def test_exchanged_databases_are_refused(pair, make_pool, monkeypatch, tmp_path):
    """Whoever took the secondary for the primary would write to both; another name for a server may be right."""
    async with make_pool():
        socket = control_path(tmp_path / "state", {})
        monkeypatch.setenv("DATABASE_URL", pair.secondary.url)
        monkeypatch.setenv("DATABASE_URL_SECONDARY", pair.primary.url)
        with pytest.raises(PairError, match="give both the same DATABASE_URL"):
            await HotSwapPool.attached(socket=socket).__aenter__()


async def test_another_name_for_a_server_is_told(pair, make_pool, monkeypatch, tmp_path, caplog):
    async with make_pool() as own:
        await own.wait_for("primary")
        monkeypatch.setenv("DATABASE_URL", pair.primary.url.replace("127.0.0.1", "localhost"))
        async with HotSwapPool.attached(socket=control_path(tmp_path / "state", {})) as pool:
            assert await beat(pool) == "primary"
    assert "see that it is one server" in caplog.text


async def test_a_database_without_a_connection_string_is_named(pair, make_pool, monkeypatch, tmp_path):
    async with make_pool() as own:
        await own.wait_for("primary")
        monkeypatch.setenv("DATABASE_URL", pair.primary.url)
        async with HotSwapPool.attached(socket=control_path(tmp_path / "state", {}), timeout=0.2) as pool:
            await pool.wait_for("primary")
            await asyncio.to_thread(pair.primary.crash)
            await own.wait_for("secondary")
            await until(lambda: pool.snapshot().active is Role.SECONDARY)
            with pytest.raises(NoDatabaseError, match="no connection string for secondary is set here"):
                await beat(pool)
