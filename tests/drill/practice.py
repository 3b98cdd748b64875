"""A real engine over two real servers and a real PgBouncer, and `hotswap-tui drill` as a process beside it."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotswap_tui.core.values import Kind, Role, State
from hotswap_tui.engine.local import LocalClient
from tests.support.controlled import Ended, controlled, started
from tests.support.until import until

if TYPE_CHECKING:
    import signal
    from collections.abc import AsyncIterator

    from hotswap_tui.core.snapshot import Snapshot
    from tests.support.traffic import Stage

QUICK = {
    "DB_HEALTH_CHECK_INTERVAL": "200",
    "DB_CONNECTION_TIMEOUT": "3000",
    "DB_FAILURE_THRESHOLD": "2",
    "DB_FAILURE_RETRY_INTERVAL": "100",
    "DB_PRIMARY_RETRY_INTERVAL": "300",
}
"""Quick to decide, and not so quick that a busy machine makes a database look dead."""
ENDS_S = 60.0


def report(ended: Ended) -> dict[str, Any]:
    """Return what `--json` has printed."""
    told: dict[str, Any] = json.loads(ended.out)
    return told


@dataclass(frozen=True, slots=True)
class Drilling:
    """`hotswap-tui drill` under way."""

    process: asyncio.subprocess.Process

    def tell_to_end(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def ended(self) -> Ended:
        out, err = await asyncio.wait_for(self.process.communicate(), ENDS_S)
        assert self.process.returncode is not None
        return Ended(self.process.returncode, out.decode(), err.decode())


@dataclass(frozen=True, slots=True)
class Practice:
    """One engine, and how to drill with it."""

    client: LocalClient
    options: tuple[str, ...]

    @property
    def now(self) -> Snapshot:
        return self.client.snapshot()

    def said(self, kind: Kind) -> list[str]:
        return [event.text for event in self.client.events() if event.kind is kind]

    def as_before(self) -> bool:
        now = self.now
        settled = now.state is State.PRIMARY and now.switch is None and now.drill is None
        return settled and now.mode.armed and now.active is Role.PRIMARY and not now.router.paused

    @asynccontextmanager
    async def begun(self, *options: str) -> AsyncIterator[Drilling]:
        """Start a drill; what is left of it in the end is killed."""
        process = await started("drill", *options, *self.options)
        try:
            yield Drilling(process)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def drill(self, *options: str) -> Ended:
        """Hold one to its end."""
        async with self.begun("--yes", *options) as drilling:
            return await drilling.ended()


@asynccontextmanager
async def practice(stage: Stage, **settings: str) -> AsyncIterator[Practice]:
    """Run an engine that both databases have answered; drills find the gateway in an env file."""
    environ = stage.environ(QUICK | settings)
    env_file = stage.home / "drill.env"
    env_file.write_text(f"HOTSWAP_GATEWAY={environ['HOTSWAP_GATEWAY']}\n")
    state_dir = environ["HOTSWAP_STATE_DIR"]
    async with controlled(Path(state_dir), environ) as engine:
        held = Practice(LocalClient(engine.engine), ("--state-dir", state_dir, "--env-file", str(env_file)))
        await until(lambda: held.as_before() and held.now.failover_available, what="both databases up")
        yield held
