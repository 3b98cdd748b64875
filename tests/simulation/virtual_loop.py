"""An event loop whose time jumps to the next thing that happens: hours pass in milliseconds, always alike."""

from __future__ import annotations

import asyncio
import inspect
from heapq import heappop
from typing import Any


class VirtualLoop(asyncio.BaseEventLoop):
    """Deterministic: callbacks run in the order of their time, then of their scheduling."""

    def __init__(self, now_s: float = 0.0) -> None:
        super().__init__()
        self.now_s = now_s
        self.steps = 0
        self.crash_at_step: int | None = None
        self._failure: BaseException | None = None
        self.set_exception_handler(self._failed)

    def time(self) -> float:
        return self.now_s

    def run_until(self, end_s: float) -> bool:
        """Run until `end_s`; return False when the program was to crash on the way."""
        handle = self.call_at(end_s, lambda: None)
        asyncio.events._set_running_loop(self)
        try:
            while self.now_s < end_s:
                self._run_once()
                self.steps += 1
                if self._failure is not None:
                    raise self._failure
                if self.crash_at_step is not None and self.steps >= self.crash_at_step:
                    return False
        finally:
            handle.cancel()
            asyncio.events._set_running_loop(None)
        return True

    def _run_once(self) -> None:
        """Run what is ready; when nothing is, jump to the next timer. Leaner than asyncio's own, which waits for files."""
        ready, scheduled = self._ready, self._scheduled  # type: ignore[attr-defined]
        while scheduled and scheduled[0]._cancelled:
            heappop(scheduled)._scheduled = False
        if not ready:
            if not scheduled:
                raise RuntimeError("nothing will ever happen again")
            self.now_s = max(self.now_s, scheduled[0]._when)
        while scheduled and scheduled[0]._when <= self.now_s:
            handle = heappop(scheduled)
            handle._scheduled = False
            ready.append(handle)
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()

    def _failed(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._failure = context.get("exception") or RuntimeError(context["message"])

    async def pause(self, seconds: float) -> None:
        """Wait; when cancelled, leave nothing behind that would fire later."""
        done = self.create_future()
        handle = self.call_later(seconds, done.set_result, None)
        try:
            await done
        finally:
            handle.cancel()

    def drop_everything(self) -> None:
        """Forget every callback and task, as a power cut does."""
        self.crash_at_step = None
        self._ready.clear()  # type: ignore[attr-defined]
        self._scheduled.clear()  # type: ignore[attr-defined]
        for task in asyncio.all_tasks(self):
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            if inspect.getcoroutinestate(task.get_coro()) == inspect.CORO_CREATED:  # type: ignore[arg-type]
                task.get_coro().close()

    def _process_events(self, event_list: list[object]) -> None:
        """There are no files to watch."""

    def _write_to_self(self) -> None:
        """There is no other thread to wake."""
