"""A real engine over fakes in real time, behind a real control socket."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from hotswap_tui.api.control import control_app
from hotswap_tui.api.peer import Door, guarded
from hotswap_tui.api.serving import serving
from hotswap_tui.api.sockets import bind_control, control_path
from hotswap_tui.core.policy import Policy
from hotswap_tui.core.values import Role, State
from hotswap_tui.engine.engine import Engine
from hotswap_tui.engine.local import LocalClient
from hotswap_tui.engine.picture import Target
from hotswap_tui.engine.ports import Restored
from tests.engine.engine_world import PAIR, Clock, MemoryJournal, Prober, Router
from tests.support.until import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from hotswap_tui.core.values import Event

QUICK = Policy(
    check_interval_s=0.05,
    connection_timeout_s=0.5,
    failure_threshold=2,
    primary_retry_interval_s=0.1,
    failure_retry_interval_s=0.05,
    standby_check_interval_s=0.05,
    hold_max_s=0.0,
)
SLOW = Policy(check_interval_s=600.0, standby_check_interval_s=600.0, hold_max_s=0.0, gateway_interval_s=600.0)
"""Nothing happens by itself."""


@dataclass
class ControlWorld:
    """One life of an engine in this process, and where it is asked."""

    engine: Engine
    path: Path
    probers: dict[Role, Prober]
    router: Router
    journal: MemoryJournal
    faults: list[str]
    log: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.local = LocalClient(self.engine)

    async def settled(self) -> None:
        """Wait until both databases have been checked."""
        await until(lambda: self.local.snapshot().state is State.PRIMARY, what="the first checks")
        await until(lambda: all(prober.checks for prober in self.probers.values()))


def build(
    directory: Path, policy: Policy, restored: Restored | None = None, roles: tuple[Role, ...] = tuple(Role)
) -> ControlWorld:
    """Return an engine that has not been started."""
    loop = cast("Any", asyncio.get_running_loop())
    probers = {role: Prober(role, loop) for role in roles}
    router, journal = Router(Role.PRIMARY, routed=True), MemoryJournal(loop, restored or Restored())
    targets = {role: Target(prober, f"{role}:5432", f"postgresql://{role}") for role, prober in probers.items()}
    log: list[Event] = []
    engine = Engine(policy, targets, router, journal, Clock(loop), name="cc", pair=PAIR, tell=log.append)
    return ControlWorld(engine, control_path(directory, {}), probers, router, journal, [], log)


@asynccontextmanager
async def control_world(
    directory: Path,
    policy: Policy = QUICK,
    *,
    group: str | None = None,
    restored: Restored | None = None,
    roles: tuple[Role, ...] = tuple(Role),
) -> AsyncIterator[ControlWorld]:
    """Run an engine and its control socket; whatever goes wrong in the application fails the test."""
    world = build(directory, policy, restored, roles)
    async with world.engine:
        async with listening(world, group=group):
            yield world
        assert world.faults == []


def listening(world: ControlWorld, *, group: str | None = None) -> AbstractAsyncContextManager[None]:
    """Serve the control socket of a running engine."""
    return control_socket(world.local, world.path, world.faults.append, group)


@asynccontextmanager
async def control_socket(
    local: LocalClient, path: Path, tell: Callable[[str], None], group: str | None = None
) -> AsyncIterator[None]:
    """Bind and serve; `tell` gets what goes wrong."""
    sock = bind_control(path, group)
    async with serving(control_app(local), sock, http=guarded(Door(group)), name="control socket", tell=tell):
        yield
