"""Work that is not left half done."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Return what `work` returns, or raise what it raises; a cancellation takes effect after it, not within."""
    task, requests = await _ended(work)
    if requests and task.exception() is None:
        raise requests[-1]
    return task.result()


async def regardless(work: Coroutine[Any, Any, T]) -> T:
    """Return what `work` returns, or raise what it raises; a cancellation within has come too late, and is dropped."""
    task, requests = await _ended(work)
    caller = asyncio.current_task()
    for _ in requests:
        if caller is not None:
            caller.uncancel()
    return task.result()


async def _ended(work: Coroutine[Any, Any, T]) -> tuple[asyncio.Task[T], list[asyncio.CancelledError]]:
    task, requests = asyncio.ensure_future(work), []
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as request:
            requests.append(request)
    return task, requests


async def together(*works: Coroutine[Any, Any, object]) -> None:
    """Do all of `works` at once, and return when all have ended; raises what the first of them raises that fails."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks)
    except asyncio.CancelledError:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        raise
    for task in tasks:
        task.result()
