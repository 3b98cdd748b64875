"""Look whether an engine runs, what it runs with, and what its journal remembers. Nothing is written."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from hotswap_tui.api.client import NotAllowedError, WireError, read_snapshot
from hotswap_tui.api.sockets import candidates
from hotswap_tui.core.policy import within_hour
from hotswap_tui.doctor.facts import EngineLook
from hotswap_tui.engine.journal_files import FILE_NAME
from hotswap_tui.engine.journal_read import memory, reading
from hotswap_tui.engine.lock import LockedError, LockUnavailableError, check_free
from hotswap_tui.engine.ports import JournalError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from hotswap_tui.core.snapshot import Snapshot

_PATIENCE_S: Final = 2.0


async def look_at_engine(state_dir: Path, environ: Mapping[str, str], now_wall_s: float) -> EngineLook:
    """Return who controls `state_dir`, or else where another engine answers; never raises for what is not there."""
    look = _remembered(_lock(state_dir), now_wall_s)
    own = candidates(environ, state_dir)
    if look.locked:
        return await _asked(look, own)
    others = [path for path in candidates(environ, None) if path not in own]
    return await _asked(look, others, elsewhere=True)


async def _asked(look: EngineLook, paths: Sequence[Path], *, elsewhere: bool = False) -> EngineLook:
    for path in paths:
        where = str(path) if elsewhere else ""
        try:
            picture = await read_snapshot(path, patience_s=_PATIENCE_S)
        except NotAllowedError:
            look = replace(look, elsewhere=where)
        except (OSError, WireError):
            continue
        else:
            return _pictured(replace(look, elsewhere=where), picture)
    return look


def _pictured(look: EngineLook, picture: Snapshot) -> EngineLook:
    """Return `look` with what the engine itself says."""
    return replace(
        look,
        policy=picture.policy,
        urls={view.role: view.url for view in (picture.primary, picture.secondary) if view is not None},
        holder=look.holder or f"pid {picture.pid}",
        active=picture.active,
        sync=picture.sync,
        sync_age_s=0.0 if picture.sync is None else picture.now_s - picture.sync.read_s,
    )


def lock_of(directory: Path) -> EngineLook:
    """Return who controls `directory`, without its journal."""
    return _lock(directory)


def _lock(directory: Path) -> EngineLook:
    try:
        check_free(directory)
    except LockedError as error:
        who = "" if error.holder is None else f"pid {error.holder.pid}, {error.holder.command}"
        return EngineLook(directory, locked=True, holder=who)
    except LockUnavailableError as error:
        return EngineLook(directory, trouble=str(error))
    return EngineLook(directory)


def _remembered(look: EngineLook, now_wall_s: float) -> EngineLook:
    path = look.directory / FILE_NAME
    try:
        with reading(path) as connection:
            kept = memory(connection)
    except JournalError as error:
        # There is none before the first start; what may not be seen at all is told of the lock already.
        return replace(look, journal_trouble="" if look.trouble or not os.path.lexists(path) else str(error))
    if kept is None:
        return look
    mode = kept.mode
    who = f"{mode.by}: {mode.why}" if mode.why else mode.by
    return replace(
        look,
        failovers_in_hour=len(within_hour(kept.failover_wall_s, now_wall_s)),
        disarmed="" if mode.armed else who or "somebody",
        serving=kept.active,
        mark=kept.mark,
    )
