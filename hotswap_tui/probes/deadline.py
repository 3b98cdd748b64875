"""A deadline outside the driver, whose own ways to give up may hang themselves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from hotswap_tui.probes.session import Session

T = TypeVar("T")

_ROUNDS_OF_GRACE = 4
"""Turns of the loop after the deadline, so that an answer that lies in our socket counts although this process was late."""


async def finished(
    work: Coroutine[Any, Any, T], timeout_s: float, session: Callable[[], Session | None]
) -> asyncio.Task[T] | None:
    """Let `work` run as a task of its own and return the task when it is done, None when the deadline has ended it.

    `session` names the connection that `work` waits for, None while there is none. When this returns, or is cancelled, nothing
    of `work` goes on.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=timeout_s)
        for _ in range(_ROUNDS_OF_GRACE):
            if task.done():
                return task
            await asyncio.sleep(0)
    except asyncio.CancelledError:
        await _abandon(task, session())
        raise
    if task.done():
        return task
    await _abandon(task, session())
    return None


async def _abandon(task: asyncio.Task[T], session: Session | None) -> None:
    # A query is ended by closing its connection. Cancelling it would make the driver open another one, without
    # any time limit, to ask a server that does not answer to stop; its statement time-out does that.
    if session is not None:
        session.terminate()
    else:
        task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()
