"""Who is at the other end of the control socket: the kernel says it, and nobody else is listened to.

Allowed are root, the engine's own user, and members of the group where one is set. For anybody else nothing of a request is
processed, and the connection ends with one sentence.
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
import socket
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hotswap_tui.api.serving import Connection
from hotswap_tui.api.wire import dumps

if TYPE_CHECKING:
    import asyncio

STATE: Final = "peer"
"""Where an application finds its `Peer` in `scope["state"]`."""
ABORT: Final = "abort"
"""Where it finds what cuts the connection off."""
_CREDENTIALS: Final = struct.Struct("iII")
_GROUPS: Final = 59
"""SO_PEERGROUPS (socket(7), since Linux 4.13); Python has no name for it."""
_MOST_BYTES: Final = 1024
"""More than this Python does not ask for."""
_MOST_GROUPS: Final = 65536
"""NGROUPS_MAX"""
_GROUP: Final = struct.Struct("I")
_LINGER_S: Final = 2.0
"""How long somebody who is not allowed may take to say something before the connection is closed without an answer."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A process as the kernel vouches for it, at the moment when it connected."""

    pid: int
    uid: int
    groups: frozenset[int]

    @property
    def user(self) -> str:
        """Return the user's name, or its number when it has none."""
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return f"uid {self.uid}"


def peer_of(sock: socket.socket) -> Peer:
    """Return who has connected to a Unix socket; raises OSError when the kernel does not say."""
    pid, uid, gid = _CREDENTIALS.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return Peer(pid, uid, frozenset((gid, *_groups_of(sock))))


def _groups_of(sock: socket.socket) -> tuple[int, ...]:
    try:
        found = sock.getsockopt(socket.SOL_SOCKET, _GROUPS, _MOST_BYTES)
    except OSError as error:
        # a kernel that does not tell: the primary group decides
        return _many_groups_of(sock) if error.errno == errno.ERANGE else ()
    return tuple(gid for (gid,) in _GROUP.iter_unpack(found))


def _many_groups_of(sock: socket.socket) -> tuple[int, ...]:
    """Ask without Python's limit of 256 groups."""
    import ctypes  # noqa: PLC0415 - hardly anybody is in so many

    found, size = (ctypes.c_uint32 * _MOST_GROUPS)(), ctypes.c_uint32(_MOST_GROUPS * _GROUP.size)
    failed = ctypes.CDLL(None).getsockopt(sock.fileno(), socket.SOL_SOCKET, _GROUPS, found, ctypes.byref(size))
    return () if failed else tuple(found[: size.value // _GROUP.size])


@dataclass(frozen=True, slots=True)
class Door:
    """Says who may come in besides root and the engine's own user."""

    group: str | None = None

    def admits(self, peer: Peer) -> bool:
        """Say whether `peer` may look and act."""
        return peer.uid in {0, os.geteuid()} or self._gid() in peer.groups

    def refusal(self, peer: Peer) -> str:
        """Return why not, and what to do, as one sentence."""
        own = Peer(0, os.geteuid(), frozenset()).user
        group = f" or a member of the group {self.group} (then log in again)" if self.group else ""
        return f"this engine is not for {peer.user}: run this as {own}{group}"

    def _gid(self) -> int | None:
        try:
            return grp.getgrnam(self.group).gr_gid if self.group else None
        except KeyError:
            return None


def guarded(door: Door) -> type[Connection]:
    """Return the class of the connections that `door` lets in; their requests find a `Peer` and what cuts them off."""
    return type("ControlConnection", (_Guarded,), {"door": door})


class _Guarded(Connection):
    door: Door
    _refused: str | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        try:
            peer = peer_of(transport.get_extra_info("socket"))
        except OSError:  # gone already, or nobody can say who it is
            self._refused = "it is not known who asks"
            transport.abort()
            return
        self.app_state = {**self.app_state, STATE: peer, ABORT: transport.abort}
        if not self.door.admits(peer):
            self._refused = self.door.refusal(peer)
            self.loop.call_later(_LINGER_S, transport.abort)

    def data_received(self, data: bytes) -> None:
        if self._refused is None:
            super().data_received(data)
        elif not self.transport.is_closing():
            # Answered only now: a connection that is closed with something unread in it loses the answer.
            self.transport.write(_forbidden(self._refused))
            self.transport.close()


def _forbidden(sentence: str) -> bytes:
    body = dumps({"error": sentence}) + b"\n"
    head = f"HTTP/1.1 403 Forbidden\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
    return head.encode() + b"connection: close\r\n\r\n" + body


def peer_in(state: Any) -> Peer:
    """Return who asks, out of a request's state."""
    peer: Peer = getattr(state, STATE)
    return peer
