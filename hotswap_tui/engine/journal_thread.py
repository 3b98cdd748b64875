"""The one thread that touches the journal's files. It does not keep the process from ending: a disk may hang for ever."""

from __future__ import annotations

import asyncio
import queue
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class JournalThread:
    """Does work in the order in which it was given. The thread begins with the first work."""

    def __init__(self) -> None:
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._ended = False

    def submit(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Do `work` and resolve with what it returns or raises; cancelling does not undo it. RuntimeError after `end`."""
        if self._ended:
            raise RuntimeError("the journal is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._work.put(lambda: _perform(work, loop, future))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
            self._thread.start()
        return future

    def end(self) -> None:
        """End the thread after the work that it was given; does not wait."""
        self._ended = True
        self._work.put(None)

    def _run(self) -> None:
        for work in iter(self._work.get, None):
            work()


def _perform(work: Callable[[], T], loop: asyncio.AbstractEventLoop, future: asyncio.Future[T]) -> None:
    # A closed loop means that the program is ending, and that nobody waits for this any more.
    with suppress(RuntimeError):
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001  whoever waits gets it, as from any executor
            loop.call_soon_threadsafe(_fail, future, error)
        else:
            loop.call_soon_threadsafe(_resolve, future, result)


def _resolve(future: asyncio.Future[T], result: T) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[T], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
