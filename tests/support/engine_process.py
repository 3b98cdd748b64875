"""The real engine in a process of its own, told what to do over a pipe: what fault tests and benchmarks kill.

The processes are forked from one server that has imported everything already, so a start takes some 20 ms instead of
0.6 s. Nothing else differs from the program without a screen.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from hotswap_tui.config import load
from hotswap_tui.core.errors import RefusedError
from hotswap_tui.core.events import CancelRequest, FailbackRequest, RepairRequest, SwitchRequest
from hotswap_tui.core.values import Kind, Role
from hotswap_tui.engine.assembly import assemble
from hotswap_tui.engine.lock import StateLock
from tests.support.mishaps import Mishap
from tests.support.until import until

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from multiprocessing.connection import Connection

    from hotswap_tui.core.events import Request
    from hotswap_tui.core.plan import Plan
    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.core.values import Event
    from hotswap_tui.engine.engine import Engine

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__, "hotswap_tui.probes.inspection", "psycopg"])
_BY = "tester"


class EngineGoneError(Exception):
    """The process does not answer any more: it has ended."""


class EngineProcess:
    """Start an engine with the settings `environ`, in which `mishap` happens; a context manager that kills what is left of it."""

    def __init__(self, environ: Mapping[str, str], mishap: Mishap = Mishap()) -> None:  # noqa: B008 - frozen
        self._pipe, theirs = _CONTEXT.Pipe()
        self._plans, told = _CONTEXT.Pipe(duplex=False)
        self._plan: Plan | None = None
        self._asking = asyncio.Lock()
        self.process = _CONTEXT.Process(target=_live, args=(theirs, told, dict(environ), mishap), daemon=True)
        self.process.start()
        theirs.close()
        told.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._pipe.close()
        self._plans.close()

    @property
    def mishap_in(self) -> Plan | None:
        """Return the plan of the switch in which the mishap's step was reached, None as long as none was."""
        with suppress(EOFError):
            if self._plan is None and self._plans.poll():
                self._plan = self._plans.recv()
        return self._plan

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

    async def cancel(self) -> str:
        """Ask for the switch in flight to be cancelled; return why it was refused."""
        return str(await self._ask("cancel"))

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


def _live(pipe: Connection, plans: Connection, environ: dict[str, str], mishap: Mishap) -> None:
    mishap.prepare(plans.send)
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
    match name:
        case "switch":
            return SwitchRequest(_BY, Role(arguments[0]), version, arguments[1])
        case "failback":
            return FailbackRequest(_BY, version)
        case "cancel":
            return CancelRequest(_BY)
    return RepairRequest(_BY, version)
