"""What goes wrong in an engine's process, at a moment that a test names: nothing else in it differs from the program."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hotswap_tui.core.plan import Step
from hotswap_tui.engine.keeper import Keeper
from hotswap_tui.routing.console import Line
from hotswap_tui.routing.pgbouncer import PgBouncerRouter

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap_tui.core.plan import Plan
    from hotswap_tui.core.values import Role
    from hotswap_tui.routing.console import Rows
    from hotswap_tui.routing.router import Arrival, Progress

_MINE = 0


@dataclass(frozen=True, slots=True)
class Mishap:
    """SIGKILL, once, at `moment`: as that step of a switch begins, or when a console command that begins so has been answered.

    `victim` is a process id; 0: the engine itself. With `disk_hangs` the journal never says that the first intent of an
    automatic switch is on disk.
    """

    moment: Step | str = ""
    victim: int = _MINE
    disk_hangs: bool = False

    def prepare(self, report: Callable[[Plan], None]) -> None:
        """Lie in wait in this process; `report` hears the plan of the switch in which a step was the moment."""
        if self.disk_hangs:
            _hang_once()
        if isinstance(self.moment, Step):
            self._at_step(self.moment, report)
        elif self.moment:
            self._after_command(self.moment)

    def _strike(self) -> None:
        os.kill(self.victim or os.getpid(), signal.SIGKILL)

    def _at_step(self, fatal: Step, report: Callable[[Plan], None]) -> None:
        switch, struck = PgBouncerRouter.switch, asyncio.Event()

        async def deadly(router: PgBouncerRouter, target: Role, plan: Plan, progress: Progress) -> Arrival:
            def told(step: Step, *, done: bool, detail: str = "") -> None:
                progress(step, done=done, detail=detail)
                if step is fatal and not struck.is_set():
                    struck.set()
                    report(plan)
                    self._strike()

            return await switch(router, target, plan, told)

        PgBouncerRouter.switch = deadly  # type: ignore[assignment, method-assign]

    def _after_command(self, fatal: str) -> None:
        ask = Line.ask

        async def deadly(line: Line, command: str, deadline_s: float) -> Rows:
            rows = await ask(line, command, deadline_s)
            if command.startswith(fatal):
                self._strike()
            return rows

        Line.ask = deadly  # type: ignore[assignment, method-assign]


def _hang_once() -> None:
    settled = Keeper.settled

    async def hangs(_: Keeper) -> None:
        Keeper.settled = settled  # type: ignore[method-assign]
        await asyncio.Event().wait()

    Keeper.settled = hangs  # type: ignore[assignment, method-assign]
