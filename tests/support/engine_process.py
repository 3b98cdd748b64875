"""The real engine in a process of its own, told what to do over a pipe: what fault tests and benchmarks kill.

The processes are forked from one server that has imported everything already, so a start takes some 20 ms instead of
0.6 s. Nothing else differs from the program without a screen.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from hotswap_tui.config import load
from hotswap_tui.core.errors import RefusedError
from hotswap_tui.core.events import FailbackRequest, RepairRequest, SwitchRequest
from hotswap_tui.core.plan import Step
from hotswap_tui.core.values import Kind, Role
from hotswap_tui.engine.assembly import assemble
from hotswap_tui.engine.lock import StateLock
from hotswap_tui.routing.console import Line
from hotswap_tui.routing.pgbouncer import PgBouncerRouter
from tests.support.until import until

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from multiprocessing.connection import Connection

    from hotswap_tui.core.events import Request
    from hotswap_tui.core.plan import Plan
    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.core.values import Event
    from hotswap_tui.engine.engine import Engine
    from hotswap_tui.routing.console import Rows
    from hotswap_tui.routing.router import Arrival, Progress

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__, "hotswap_tui.probes.inspection", "psycopg"])
_BY = "tester"


class EngineGoneError(Exception):
    """The process does not answer any more: it has ended."""


class EngineProcess:
    """Start an engine with the settings `environ`; a context manager that kills what is left of it.

    With `dies_at` the process kills itself (SIGKILL): as that step of a switch begins, or when a console command that begins
    with that text has been answered.
    """

    def __init__(self, environ: Mapping[str, str], dies_at: Step | str | None = None) -> None:
        self._pipe, theirs = _CONTEXT.Pipe()
        self._asking = asyncio.Lock()
        self.process = _CONTEXT.Process(target=_live, args=(theirs, dict(environ), dies_at), daemon=True)
        self.process.start()
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._pipe.close()

    def kill(self) -> None:
        """Send SIGKILL and wait for the end."""
        self.process.kill()
        self.process.join()

    async def ended(self, deadline_s: float = 20.0) -> int:
        """Wait until the process has ended by itself and return its exit code, negative for a signal."""
        await until(lambda: not self.process.is_alive(), deadline_s, "the engine's end")
        code = self.process.exitcode
        assert code is not None
        return code

    async def _ask(self, *command: object) -> Any:
        async with self._asking:
            try:
                self._pipe.send(command)
                return await asyncio.to_thread(self._pipe.recv)
            except (EOFError, OSError):
                raise EngineGoneError from None

    async def snapshot(self) -> Snapshot:
        """Return the present picture; raises EngineGoneError."""
        picture: Snapshot = await self._ask("snapshot")
        return picture

    async def events(self, kind: Kind | None = None) -> list[Event]:
        """Return the newest events, or those of one kind, oldest first; raises EngineGoneError."""
        return [event for event in await self._ask("events") if kind in {None, event.kind}]

    async def switch(self, target: Role, *, force: bool = False) -> str:
        """Ask for a switch as a person does; return why it was refused, empty when it was not."""
        return str(await self._ask("switch", target, force))

    async def failback(self) -> str:
        """Ask for the way back as a person does; return why it was refused."""
        return str(await self._ask("failback"))

    async def repair(self) -> str:
        """Ask for the router to be pointed at the active database; return why it was refused."""
        return str(await self._ask("repair"))

    async def stop(self) -> None:
        """End the engine in order."""
        await self._ask("stop")
        await self.ended()

    async def until(self, predicate: Callable[[Snapshot], bool], deadline_s: float = 15.0, what: str = "") -> Snapshot:
        """Wait for a picture of which `predicate` is true; the failure shows the last events."""

        async def seen() -> Snapshot | None:
            picture = await self.snapshot()
            return picture if predicate(picture) else None

        try:
            picture = await until(seen, deadline_s, what)
        except AssertionError as error:
            told = "\n".join(event.text for event in (await self.events())[-12:])
            raise AssertionError(f"{error}; the engine's last words:\n{told}") from None
        assert picture is not None
        return picture


# -- in the process -------------------------------------------------------------------------------------


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_at_step(fatal: Step) -> None:
    """Let the report that this step begins be the last act of this process."""
    switch = PgBouncerRouter.switch

    async def deadly(router: PgBouncerRouter, target: Role, plan: Plan, progress: Progress) -> Arrival:
        def told(step: Step, *, done: bool, detail: str = "") -> None:
            progress(step, done=done, detail=detail)
            if step is fatal:
                _die()

        return await switch(router, target, plan, told)

    PgBouncerRouter.switch = deadly  # type: ignore[assignment, method-assign]


def _die_after_command(fatal: str) -> None:
    """Let PgBouncer's answer to a command that begins so be the last thing that this process learns."""
    ask = Line.ask

    async def deadly(line: Line, command: str, deadline_s: float) -> Rows:
        rows = await ask(line, command, deadline_s)
        if command.startswith(fatal):
            _die()
        return rows

    Line.ask = deadly  # type: ignore[assignment, method-assign]


def _live(pipe: Connection, environ: dict[str, str], dies_at: Step | str | None) -> None:
    if isinstance(dies_at, Step):
        _die_at_step(dies_at)
    elif dies_at is not None:
        _die_after_command(dies_at)
    asyncio.run(_engine(pipe, environ))


async def _engine(pipe: Connection, environ: dict[str, str]) -> None:
    loaded = load({}, environ, [], Path(environ["HOME"]), None)
    with ExitStack() as locks:
        for directory in (loaded.settings.state_dir, Path(environ["HOTSWAP_GATEWAY"])):
            locks.enter_context(StateLock(directory, command="hotswap-tui", now_wall_s=time.time()))
        async with assemble(loaded, lambda _event: None) as engine:
            listener = Listener(pipe, engine)
            await engine.ended()
            listener.close()
    pipe.send("")


class Listener:
    """Answers what comes through the pipe."""

    def __init__(self, pipe: Connection, engine: Engine) -> None:
        self._pipe = pipe
        self._engine = engine
        self._loop = asyncio.get_running_loop()
        self._requests: set[asyncio.Task[None]] = set()
        self._loop.add_reader(pipe.fileno(), self._receive)

    def close(self) -> None:
        """Listen no more."""
        self._loop.remove_reader(self._pipe.fileno())

    def _receive(self) -> None:
        try:
            name, *arguments = self._pipe.recv()
        except EOFError:
            self.close()
            self._engine.stop()
            return
        match name:
            case "snapshot":
                self._pipe.send(self._engine.snapshot())
            case "events":
                self._pipe.send(self._engine.events())
            case "stop":
                self._engine.stop()
            case _:
                request = _request(name, arguments, self._engine.snapshot().version)
                task = self._loop.create_task(self._decide(request))
                self._requests.add(task)
                task.add_done_callback(self._requests.discard)

    async def _decide(self, request: Request) -> None:
        try:
            await self._engine.request(request)
        except RefusedError as refusal:
            self._pipe.send(str(refusal))
        else:
            self._pipe.send("")


def _request(name: str, arguments: list[Any], version: int) -> Request:
    if name == "switch":
        return SwitchRequest(_BY, Role(arguments[0]), version, arguments[1])
    return FailbackRequest(_BY, version) if name == "failback" else RepairRequest(_BY, version)
