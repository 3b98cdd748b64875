"""One drill from its beginning to its report."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hotswap_tui.drill.conductor import Conductor, past
from hotswap_tui.drill.course import Course
from hotswap_tui.drill.report import document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.drill.clients import Clients
    from hotswap_tui.drill.order import Order, Verdict
    from hotswap_tui.dsn import Dsn

_LAST_ANSWERS: Final = 3
"""So many answers more are waited for when traffic is back."""
_LAST_ANSWERS_S: Final = 2.0


class Drilled(NamedTuple):
    """What came of a drill."""

    verdict: Verdict
    refusal: str
    """Why the engine did not let it begin; then nothing was done."""
    report: dict[str, Any]


async def drill(
    path: Path, order: Order, before: Snapshot, operator: str, way_in: Dsn | str, tell: Callable[[str], None]
) -> Drilled:
    """Hold a drill with the engine at `path`, which showed `before` when somebody agreed to it.

    `way_in` is what applications connect with, or why nobody asks through the gateway; `tell` takes lines as things happen.
    """
    began_wall_s = time.time()
    async with AsyncExitStack() as stack:
        clients = await _clients(way_in, stack)
        course = Course(order, before, asyncio.get_running_loop().time())
        conductor = Conductor(path, course, operator, tell)
        stack.enter_context(conductor.heeding_signals())
        await conductor.conduct()
        ended_wall_s = time.time()
        if not isinstance(clients, str):
            await clients.answered(_LAST_ANSWERS, _LAST_ANSWERS_S)
        history = [] if course.lost or course.refusal else await past(path, course)
        report = document(course, history, clients, began_wall_s, ended_wall_s)
        return Drilled(course.verdict, course.refusal, report)


async def _clients(way_in: Dsn | str, stack: AsyncExitStack) -> Clients | str:
    if isinstance(way_in, str):
        return way_in
    # No other command waits for the driver.
    from hotswap_tui.drill.clients import asking, first_answer  # noqa: PLC0415

    if why := await first_answer(way_in):
        return f"the gateway did not answer an application before anything was moved: {why}"
    return await stack.enter_async_context(asking(way_in))
