"""A real engine in the test's own loop that answers on its control socket, and the commands as processes beside it."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hotswap_tui.api.control import control_app
from hotswap_tui.api.peer import Door, guarded
from hotswap_tui.api.serving import serving
from hotswap_tui.api.sockets import bind_control, control_path
from hotswap_tui.config import load
from hotswap_tui.engine.assembly import assemble
from hotswap_tui.engine.local import LocalClient
from hotswap_tui.service.locking import locked
from tests.support.until import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from hotswap_tui.engine.engine import Engine

ROOT = Path(__file__).parents[2]
_DEADLINE_S = 30.0
_LOADED = """
import sys
from hotswap_tui.cli.main import main
main(sys.argv[1:])
print(*{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
"""
QUICK = {
    "DB_HEALTH_CHECK_INTERVAL": "200",
    "DB_FAILURE_RETRY_INTERVAL": "200",
    "DB_CONNECTION_TIMEOUT": "2000",
    "DB_PRIMARY_RETRY_INTERVAL": "600000",
    "DB_SYNC_CHECK_INTERVAL": "0",  # who tests what is told of the data asks for it
}


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Controlled:
    """An engine that can be asked."""

    engine: Engine
    state_dir: Path
    socket: Path

    async def command(self, *arguments: str, answer: str | None = None) -> Ended:
        """Run a command of the program over this engine; `answer` comes from a pipe, not from a terminal."""
        return await command(*arguments, "--state-dir", str(self.state_dir), answer=answer)

    async def modules_after(self, *arguments: str) -> set[str]:
        """Return the packages that a command has loaded when it ends."""
        process = await _python("-c", _LOADED, *arguments, "--state-dir", str(self.state_dir))
        _, err = await asyncio.wait_for(process.communicate(), _DEADLINE_S)
        return set(err.decode().splitlines()[-1].split())


@asynccontextmanager
async def controlled(state_dir: Path, environ: Mapping[str, str]) -> AsyncIterator[Controlled]:
    """Run an engine with these settings; it has checked all its databases once when it is given."""
    settings = {"HOTSWAP_STATE_DIR": str(state_dir), **QUICK, **environ}
    loaded = load({}, settings, [], state_dir, None)
    with locked(loaded, "hotswap-tui", environ={}):
        async with assemble(loaded, lambda _event: None) as engine:
            path = control_path(state_dir, {})
            app = control_app(LocalClient(engine))
            async with serving(app, bind_control(path, None), http=guarded(Door(None)), name="control socket"):
                await until(lambda: _checked(engine), what="the first checks")
                yield Controlled(engine, state_dir, path)


def _checked(engine: Engine) -> bool:
    picture = engine.snapshot()
    views = [view for view in (picture.primary, picture.secondary) if view is not None]
    return all(view.verdict is not None for view in views)


async def command(*arguments: str, answer: str | None = None) -> Ended:
    """Run a command of the program, without a terminal, and wait for its end."""
    process = await started(*arguments)
    out, err = await asyncio.wait_for(process.communicate(answer.encode() if answer else None), _DEADLINE_S)
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


async def started(*arguments: str, stdout: int = asyncio.subprocess.PIPE) -> asyncio.subprocess.Process:
    """Start a command of the program with pipes for streams."""
    return await _python("-m", "hotswap_tui", *arguments, stdout=stdout)


async def _python(*arguments: str, stdout: int = asyncio.subprocess.PIPE) -> asyncio.subprocess.Process:
    path = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": "/nonexistent"}
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        stdin=pipe,
        stdout=stdout,
        stderr=pipe,
        env={**path, "LC_ALL": "C.UTF-8", "TZ": "UTC"},
    )
