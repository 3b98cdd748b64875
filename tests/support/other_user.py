"""Something done by another user, in a process of its own."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from multiprocessing.connection import Connection

_CONTEXT = multiprocessing.get_context("forkserver")

NOBODY = 65534


def obstacle() -> str:
    """Return why this process cannot become another user; empty when it can."""
    return "" if os.geteuid() == 0 else "only root can become another user"


async def as_user(
    uid: int, groups: Sequence[int], work: Callable[..., Coroutine[Any, Any, Any]], *arguments: Any
) -> tuple[str, Any]:
    """Return "" and what `work` returned to a process of `uid` with `groups`, or its error's name and text."""
    ours, theirs = _CONTEXT.Pipe(duplex=False)
    process = _CONTEXT.Process(target=_become, args=(theirs, uid, tuple(groups), work, arguments), daemon=True)
    process.start()
    theirs.close()
    try:
        answer: tuple[str, Any] = await asyncio.to_thread(ours.recv)
        return answer
    finally:
        ours.close()
        process.kill()
        await asyncio.to_thread(process.join)


def _become(
    pipe: Connection, uid: int, groups: tuple[int, ...], work: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    os.setgroups(groups)
    os.setgid(NOBODY)
    os.setuid(uid)
    try:
        answer = ("", asyncio.run(work(*arguments)))
    except Exception as error:  # noqa: BLE001 - told to who asked
        answer = (type(error).__name__, str(error))
    pipe.send(answer)
