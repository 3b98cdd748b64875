"""`hotswap-tui demo --script`: a failover and a failback without a terminal, told as they happen."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hotswap_tui.core.events import FailbackRequest, SwitchRequest
from hotswap_tui.core.values import Role, State

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.core.values import Event
    from hotswap_tui.demo.client_load import Met
    from hotswap_tui.demo.stage import Stage
    from hotswap_tui.engine.engine import Engine

DEADLINE_S = 30.0
"""Far more than any step takes: it ends a script that would wait for ever."""


class ScriptError(Exception):
    """The play did not go as written; the text says which step, and where the machine was."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is done, and the picture that must follow."""

    title: str
    act: Callable[[], Awaitable[object]]
    expected: Callable[[Snapshot], bool]


def serves(role: Role, *, armed: bool = True) -> Callable[[Snapshot], bool]:
    """Return a test for `role` serving steadily."""
    state = State.PRIMARY if role is Role.PRIMARY else State.SECONDARY
    return lambda s: s.state is state and s.active is role and s.mode.armed is armed


def play(stage: Stage, engine: Engine) -> tuple[Step, ...]:
    """Return the whole play."""
    primary, secondary = Role.PRIMARY, Role.SECONDARY

    async def nothing() -> None:
        """Only watch."""

    async def both() -> None:
        await asyncio.gather(stage.crash(primary), stage.crash(secondary))

    async def by_hand() -> None:
        await engine.request(SwitchRequest("demo", secondary, engine.snapshot().version))

    async def back() -> None:
        await engine.request(FailbackRequest("demo", engine.snapshot().version))

    def ready(snapshot: Snapshot) -> bool:
        return serves(primary)(snapshot) and snapshot.failover_available

    return (
        Step("both databases run", nothing, ready),
        Step("the primary crashes", lambda: stage.crash(primary), serves(secondary)),
        Step("the primary is started again", lambda: stage.restart(primary), ready),
        Step("the primary freezes", lambda: stage.freeze(primary), serves(secondary)),
        Step("the primary goes on", lambda: stage.freeze(primary), ready),
        Step("a person switches", by_hand, serves(secondary, armed=False)),
        Step("a person fails back", back, ready),
        Step("both databases crash", both, lambda s: s.state is State.UNAVAILABLE),
        Step("the secondary is started again", lambda: stage.restart(secondary), serves(secondary)),
        Step("the primary is started again", lambda: stage.restart(primary), ready),
    )


class Narrator:
    """Tells steps and events to `out`, line by line, with the seconds since the beginning."""

    def __init__(self, out: Callable[[str], None]) -> None:
        self._began_s = time.monotonic()
        self._out = out

    def say(self, text: str) -> None:
        """Tell one line."""
        self._out(f"{time.monotonic() - self._began_s:7.2f}s  {text}")

    def event(self, event: Event) -> None:
        """Tell one event."""
        self.say(f"    {event.level.value} {event.text}")


async def perform(stage: Stage, engine: Engine, narrator: Narrator) -> None:
    """Play every step; raises ScriptError when one does not end as written."""
    for step in play(stage, engine):
        narrator.say(step.title)
        await step.act()
        took_s = await _until(engine, step)
        narrator.say(f"    = {engine.snapshot().active} is the active database, {took_s:.2f}s later")
        if stage.clients is not None:
            narrator.say(f"    = {told(await stage.clients.lap())}")


def told(met: Met) -> str:
    """Return what the clients met, as a sentence."""
    by = f" by {' and '.join(met.servers)}" if met.servers else ""
    first = f"; the first error: {met.error}" if met.error else ""
    return f"clients: {met.successes} answers{by}, {met.errors} errors, longest wait {met.longest_s:.2f}s{first}"


async def _until(engine: Engine, step: Step) -> float:
    changed = asyncio.Event()
    unsubscribe = engine.subscribe(changed.set)
    began_s = time.monotonic()
    try:
        async with asyncio.timeout(DEADLINE_S):
            while not step.expected(engine.snapshot()):
                changed.clear()
                await changed.wait()
    except TimeoutError:
        snapshot = engine.snapshot()
        text = f"{step.title}: {snapshot.state} with {snapshot.active} active after {DEADLINE_S:.0f}s"
        raise ScriptError(text) from None
    finally:
        unsubscribe()
    return time.monotonic() - began_s
