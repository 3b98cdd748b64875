"""An event loop whose time jumps to the next thing that happens: hours pass in milliseconds, always alike."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any


class _Jump:
    """In place of a selector: waiting is moving the clock."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def select(self, timeout_s: float | None) -> list[object]:
        if timeout_s is None:
            msg = "nothing will ever happen again"
            raise RuntimeError(msg)
        self._loop.now_s += timeout_s
        return []


class VirtualLoop(asyncio.BaseEventLoop):
    """Deterministic: callbacks run in the order of their time, then of their scheduling."""

    def __init__(self, now_s: float = 0.0) -> None:
        super().__init__()
        self.now_s = now_s
        self.steps = 0
        self.crash_at_step: int | None = None
        self._selector = _Jump(self)
        self._clock_resolution = 1e-9
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
                self._run_once()  # type: ignore[attr-defined]
                self.steps += 1
                if self._failure is not None:
                    raise self._failure
                if self.crash_at_step is not None and self.steps >= self.crash_at_step:
                    return False
        finally:
            handle.cancel()
            asyncio.events._set_running_loop(None)
        return True

    def _failed(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._failure = context.get("exception") or RuntimeError(context["message"])

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
