"""PgBouncer itself is killed: the engine says so, and goes on when `gateway run` has brought it back."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager

from hotswap_tui.core.values import Role
from tests.end_to_end.programs import PROGRAM
from tests.traffic.courses import FAST, answered, both_up, serves


@contextmanager
def supervised(stage):
    """Let `gateway run` start PgBouncer and keep it alive."""
    command = [PROGRAM, "gateway", "run", "--dir", str(stage.gateway.directory)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as supervisor:
        try:
            yield
        finally:
            supervisor.terminate()
            supervisor.wait(20)


async def test_the_engine_says_so_and_goes_on(stage):
    with stage.engine(**FAST) as engine:
        await engine.until(serves(Role.PRIMARY))
        async with stage.load(clients=2) as load:
            await answered(load)
            stage.kill_bouncer()
            picture = await engine.until(lambda picture: picture.router.error, what="word of a dead PgBouncer")
            assert picture.active is Role.PRIMARY
            assert picture.primary.passes > 0, "the databases are well"
            with supervised(stage):
                await engine.until(serves(Role.PRIMARY))
                await answered(load, "primary")
                await engine.until(both_up)
                assert await engine.switch(Role.SECONDARY) == ""
                await engine.until(serves(Role.SECONDARY))
                await answered(load, "secondary")
