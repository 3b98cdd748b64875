"""Carries a course out over the control socket: hears the engine, asks what is to be asked, and heeds signals."""

from __future__ import annotations

import asyncio
import signal
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING, Any, Final

from hotswap_tui.api.client import (
    EngineFailedError,
    NoEngineError,
    NotAllowedError,
    UnansweredError,
    WireError,
    read_history,
    send,
)
from hotswap_tui.api.listening import Lost, heard
from hotswap_tui.core.errors import RefusedError, StaleRequestError
from hotswap_tui.drill.order import Ask, request_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hotswap_tui.api.client import Update
    from hotswap_tui.drill.course import Course

TICK_S: Final = 0.1
"""How late a drill notices that time has passed."""
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_HISTORY: Final = 20
_SETTLES_S: Final = 2.0
"""How long the journal may lag behind the engine."""


class Conductor:
    """Bring one drill to its end; `operator` asks, `tell` takes each line of what happens."""

    def __init__(self, path: Path, course: Course, operator: str, tell: Callable[[str], None]) -> None:
        self._path = path
        self._course = course
        self._operator = operator
        self._tell = tell
        self._news = asyncio.Event()
        self._lost: Lost | None = None
        self._told = 0
        self._since_wall_s = course.before.wall_s

    async def conduct(self) -> None:
        """Return when the drill is over, with everything put back as far as that can be."""
        listening = asyncio.create_task(self._listen())
        try:
            while not self._course.over:
                await self._go_on()
                self._narrate()
        finally:
            listening.cancel()
            await asyncio.wait({listening})

    async def _go_on(self) -> None:
        now_s = asyncio.get_running_loop().time()
        if self._lost is not None:
            self._course.unheard(self._lost.why, self._lost.since_s, now_s)
        elif (ask := self._course.see(self._course.picture, now_s)) is not None:
            await self._ask(ask)
            return
        if not self._course.over:
            await self._hear()

    async def _hear(self) -> None:
        """Wait for news or for time to pass."""
        self._news.clear()
        try:
            async with asyncio.timeout(TICK_S):
                await self._news.wait()
        except TimeoutError:
            return

    async def _ask(self, ask: Ask) -> None:
        course, loop = self._course, asyncio.get_running_loop()
        request = request_of(ask, course.order, self._operator, course.picture.version)
        try:
            picture = await send(self._path, request)
        except StaleRequestError as refusal:
            # What a person has agreed to begin is his to look at again; what puts things back rests on the next picture.
            if ask is Ask.DRILL:
                course.refused(ask, str(refusal), loop.time())
            await self._hear()
        except RefusedError as refusal:
            course.refused(ask, str(refusal), loop.time())
        except UnansweredError as error:
            course.unanswered(ask, error.why, loop.time())
            self._lost = Lost(loop.time(), error.why)
        except (NoEngineError, NotAllowedError, EngineFailedError, WireError) as error:
            self._lost = self._lost or Lost(loop.time(), str(error))
        else:
            course.accepted(ask, picture, loop.time())

    # -- what the engine tells ----------------------------------------------------------------------

    async def _listen(self) -> None:
        try:
            async with aclosing(heard(self._path)) as updates:
                async for update in updates:
                    self._take(update)
        except (NotAllowedError, EngineFailedError, WireError) as error:
            self._lost = Lost(asyncio.get_running_loop().time(), str(error))
            self._news.set()

    def _take(self, update: Update | Lost) -> None:
        if isinstance(update, Lost):
            self._lost = update
        else:
            self._lost = None
            # An answer to a request may have shown more than what was under way then.
            if update.snapshot.now_s >= self._course.picture.now_s:
                self._course.picture = update.snapshot
            for event in update.events:
                if event.id > self._told and event.wall_s >= self._since_wall_s:
                    self._tell(f"{event.level.value} {event.text}")
                self._told = max(self._told, event.id)
        self._news.set()

    def _narrate(self) -> None:
        for line in self._course.said():
            self._tell(f"drill: {line}")

    # -- signals ------------------------------------------------------------------------------------

    @contextmanager
    def heeding_signals(self) -> Iterator[None]:
        """Let whoever wants this program to end have the drill end in order."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._stop, number)
        try:
            yield
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)

    def _stop(self, number: signal.Signals) -> None:
        if self._course.why:
            self._tell("drill: everything is being put back; it ends by itself")
        self._course.abort(f"ended by {signal.Signals(number).name}", asyncio.get_running_loop().time())
        self._news.set()


async def past(path: Path, course: Course) -> list[dict[str, Any]]:
    """Return the newest switches from the journal, once it has the legs' ends; nothing where it cannot be read."""
    ids = {leg.switch.id for leg in (course.legs.away, course.legs.back) if leg} if course.legs is not None else set()
    history: list[dict[str, Any]] = []
    try:
        async with asyncio.timeout(_SETTLES_S):
            while True:
                history = await read_history(path, _HISTORY)
                ours = [switch for switch in history if switch.get("id") in ids]
                if len(ours) == len(ids) and all(switch.get("result") != "unfinished" for switch in ours):
                    return history
                await asyncio.sleep(TICK_S)
    except (TimeoutError, NoEngineError, NotAllowedError, EngineFailedError, WireError):
        return history
