"""The locks of an engine: one on the state directory, one on the gateway, in the same order for everybody."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from hotswap_tui.api.sockets import control_path
from hotswap_tui.engine.assembly import controlled
from hotswap_tui.engine.lock import LockedError, StateLock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from hotswap_tui.config import Loaded

_POLL_S: Final = 0.05


@contextmanager
def locked(
    loaded: Loaded,
    command: str,
    *,
    wait_s: float = 0.0,
    waiting: Callable[[str], None] = lambda _: None,
    environ: Mapping[str, str] = os.environ,
) -> Iterator[None]:
    """Hold the locks of the engine that `loaded` describes; they name its control socket.

    Raises LockedError when another engine has one of them for longer than `wait_s`, LockUnavailableError. `waiting` is told
    once who that is when there is a wait.
    """
    socket = control_path(loaded.settings.state_dir, environ)
    deadline_s = time.monotonic() + wait_s
    told = False
    while True:
        with ExitStack() as held:
            try:
                for directory in controlled(loaded):
                    held.enter_context(StateLock(directory, command=command, now_wall_s=time.time(), socket=socket))
            except LockedError as error:
                if time.monotonic() >= deadline_s:
                    raise
                if not told:
                    told = True
                    waiting(str(error))
            else:
                yield
                return
        time.sleep(_POLL_S)
