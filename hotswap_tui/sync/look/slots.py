"""What replication slots keep on a server's disk, and until when there is room for it."""

from __future__ import annotations

import shutil
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.sync import Slot
from hotswap_tui.core.text import clean

if TYPE_CHECKING:
    from hotswap_tui.core.values import Role
    from hotswap_tui.sync.look.facts import Facts, HeldSlot, Server

_LOST: Final = "lost"
_NAME_LIMIT: Final = 63


def held(role: Role, now: Facts, before: Facts | None, disk_left: int | None) -> tuple[Slot, ...]:
    """Return the slots of one database's server; `before`, the reading before it, tells how fast they grow."""
    return tuple(_held(role, slot, now, before, disk_left) for slot in now.slots)


def _held(role: Role, slot: HeldSlot, now: Facts, before: Facts | None, disk_left: int | None) -> Slot:
    retained = _retained(slot, now)
    lefts = [left for left in (slot.safe_bytes, disk_left) if left is not None]
    return Slot(
        role=role,
        name=clean(slot.name, _NAME_LIMIT),
        active=slot.active,
        retained_bytes=retained,
        lost=slot.status == _LOST,
        left_bytes=slot.safe_bytes,
        full_in_s=_full_in_s(min(lefts), _growth(slot, retained, now, before)) if lefts else None,
    )


def _retained(slot: HeldSlot, now: Facts) -> int | None:
    if slot.restart is None or now.position is None:
        return None
    return max(0, now.position - slot.restart)


def _growth(slot: HeldSlot, retained: int | None, now: Facts, before: Facts | None) -> float:
    """Return by how many bytes per second the slot keeps more and more; 0 where it does not, or nobody knows."""
    if before is None or retained is None or now.read_s <= before.read_s:
        return 0.0
    earlier = before.slot(slot.name)
    was = _retained(earlier, before) if earlier is not None else None
    return 0.0 if was is None else max(0.0, (retained - was) / (now.read_s - before.read_s))


def _full_in_s(left: int, growth: float) -> float | None:
    return max(0, left) / growth if growth > 0 else None


def disk_left(server: Server) -> int | None:
    """Return the free bytes of the disk with the server's write-ahead log; None where this machine cannot tell. Blocks.

    Only for a server that was reached over loopback or a Unix socket: one behind a published container port names an address of
    its own.
    """
    if server.data_directory is None or not _is_here(server.host):
        return None
    data = Path(server.data_directory)
    for path in (data / "pg_wal", data):
        try:
            return shutil.disk_usage(path).free
        except OSError:
            continue
    return None


def _is_here(host: str | None) -> bool:
    if host is None:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
