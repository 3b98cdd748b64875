"""What other users try in processes of their own; imported there, so it imports little."""

from __future__ import annotations

import ctypes  # noqa: F401 - the other user may not be allowed to read the standard library
import socket
from typing import TYPE_CHECKING

from hotswap_tui.api.client import read_snapshot, send
from hotswap_tui.api.peer import peer_of
from hotswap_tui.core.events import DisarmRequest, SwitchRequest
from hotswap_tui.core.values import Role

if TYPE_CHECKING:
    from pathlib import Path


async def pid_of(path: Path) -> int:
    return (await read_snapshot(path)).pid


async def move(path: Path, version: int) -> None:
    await send(path, SwitchRequest("root@tty1", Role.SECONDARY, version))


async def disarm(path: Path, by: str) -> str:
    return (await send(path, DisarmRequest(by))).mode.by


async def groups_seen() -> int:
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        return len(peer_of(ours).groups)
