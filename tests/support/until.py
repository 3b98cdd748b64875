"""Waiting for an event with a deadline."""

from __future__ import annotations

import asyncio
import inspect
import time
from typing import TYPE_CHECKING, Any, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")

_POLL_S = 0.01


@overload
async def until(predicate: Callable[[], Awaitable[T]], deadline_s: float = 30.0, what: str = "") -> T: ...
@overload
async def until(predicate: Callable[[], T], deadline_s: float = 30.0, what: str = "") -> T: ...
async def until(predicate: Callable[[], Any], deadline_s: float = 30.0, what: str = "") -> Any:
    """Return the predicate's first true answer, asked every 10 ms; fails the test after `deadline_s` seconds.

    The predicate may be a coroutine function; it must itself come back.
    """
    deadline = time.monotonic() + deadline_s
    while True:
        answer = predicate()
        value = await answer if inspect.isawaitable(answer) else answer
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(_message(predicate, deadline_s, what))
        await asyncio.sleep(_POLL_S)


def until_sync(predicate: Callable[[], T], deadline_s: float = 30.0, what: str = "") -> T:
    """Do the same without an event loop."""
    deadline = time.monotonic() + deadline_s
    while not (value := predicate()):
        if time.monotonic() > deadline:
            raise AssertionError(_message(predicate, deadline_s, what))
        time.sleep(_POLL_S)
    return value


def _message(predicate: object, deadline_s: float, what: str) -> str:
    return f"not within {deadline_s:g} s: {what or getattr(predicate, '__qualname__', predicate)}"
