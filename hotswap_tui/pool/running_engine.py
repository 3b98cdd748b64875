"""An engine that runs on this machine already, followed over its control socket."""

from __future__ import annotations

import logging
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from hotswap_tui.api.attached import AttachedClient
from hotswap_tui.api.client import NoEngineError, NotAllowedError, read_snapshot
from hotswap_tui.api.sockets import candidates
from hotswap_tui.core.values import Role
from hotswap_tui.pool.errors import PairError
from hotswap_tui.pool.sources import Source, databases

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

    from hotswap_tui.config import Loaded
    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.dsn import Dsn
    from hotswap_tui.engine.client import EngineClient

_log = logging.getLogger("hotswap_tui.pool")


def running_engine(loaded: Loaded, path: Path | None) -> Source:
    """Return the engine behind the control socket at `path`, None: wherever the program finds one."""
    dsns = databases(loaded)

    @asynccontextmanager
    async def follow(_lost: Callable[[str], None]) -> AsyncIterator[EngineClient]:
        async with AttachedClient(await _find(loaded) if path is None else path, latencies=False) as client:
            _check_pair(dsns, client.snapshot())
            yield client

    return Source(dsns, loaded.settings.policy().connection_timeout_s, follow)


async def _find(loaded: Loaded) -> Path:
    """Return the socket of an engine that answers; raises what the likeliest place says, above all that one may not ask there."""
    named = loaded.settings.state_dir if loaded.sources["HOTSWAP_STATE_DIR"] != "default" else None
    silent: list[NoEngineError] = []
    forbidden: list[NotAllowedError] = []
    for place in candidates(os.environ, named):
        try:
            await read_snapshot(place)
        except NoEngineError as error:
            silent.append(error)
        except NotAllowedError as error:
            forbidden.append(error)
        else:
            return place
    raise [*forbidden, *silent][0]


def _check_pair(dsns: Mapping[Role, Dsn], snapshot: Snapshot) -> None:
    """Raise PairError where the roles are exchanged; warn of what may be another name for the same server."""
    theirs = {role: view.address for role in Role if (view := snapshot.database(role)) is not None}
    ours = {role: dsn.address for role, dsn in dsns.items()}
    differing = [role for role in Role if role in ours and role in theirs and ours[role] != theirs[role]]
    for role in differing:
        if ours[role] == theirs.get(role.other):
            raise PairError(
                f"{ours[role]} is the {role} here and the {role.other} of the engine at pid {snapshot.pid}: "
                "give both the same DATABASE_URL and DATABASE_URL_SECONDARY"
            )
        _log.warning("%s is %s here and %s for the engine: see that it is one server", role, ours[role], theirs[role])
