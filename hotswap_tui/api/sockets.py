"""The control socket's place in the file system: where it is bound, with which mode, and where it is looked for.

It lies in a directory of its own, which belongs to the engine's user and which nobody else can write to. The mode of the
directory and of the socket keep others out before a byte is exchanged; `peer` checks once more who has come.
"""

from __future__ import annotations

import fcntl
import grp
import os
import socket
import stat
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hotswap_tui.api.socket_address import address
from hotswap_tui.config.state_dir import default_state_dir
from hotswap_tui.engine.lock import holder_of
from hotswap_tui.routing.layout import owner_of

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE_NAME: Final = "control.sock"
DIRECTORY: Final = "control"
"""In the state directory, which keeps other files that no group is to read."""
SYSTEM_DIRECTORY: Final = Path("/run/hotswap-tui")
USER_DIRECTORY: Final = "hotswap-tui"
_BACKLOG: Final = 64
_WRITABLE_BY_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH


class ControlSocketError(OSError):
    """The control socket cannot be made; one line that says why, where and what to do."""


class ControlSocket(socket.socket):
    """A listening socket whose file goes when it is closed, unless another has taken its name."""

    def __init__(self, path: Path) -> None:
        super().__init__(socket.AF_UNIX, socket.SOCK_STREAM)
        self.path = path
        self._made: os.stat_result | None = None

    def made(self) -> None:
        """Remember which file is ours."""
        self._made = self.path.stat(follow_symlinks=False)

    def close(self) -> None:
        """Remove the file and close."""
        made, self._made = self._made, None
        if made is not None:
            with suppress(OSError):
                if os.path.samestat(made, self.path.stat(follow_symlinks=False)):
                    self.path.unlink()
        super().close()


def control_path(state_dir: Path, environ: Mapping[str, str]) -> Path:
    """Return where an engine binds: in the directory that systemd has made for it, else in its state directory."""
    runtime = environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return Path(runtime) / FILE_NAME if runtime else state_dir / DIRECTORY / FILE_NAME


def candidates(environ: Mapping[str, str], state_dir: Path | None) -> tuple[Path, ...]:
    """Return where an engine's socket may be, the likeliest first; with a `state_dir` only that engine's."""
    if state_dir is not None:
        return _of_state_dir(state_dir)
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    places = [SYSTEM_DIRECTORY / FILE_NAME]
    if runtime.startswith("/"):
        places.append(Path(runtime) / USER_DIRECTORY / FILE_NAME)
    return tuple(dict.fromkeys([*places, *_of_state_dir(default_state_dir())]))


def _of_state_dir(state_dir: Path) -> tuple[Path, ...]:
    """Return the usual place and the one that the directory's engine has written down."""
    usual = control_path(state_dir, {})
    holder = holder_of(state_dir)
    return tuple(dict.fromkeys([Path(holder.socket), usual])) if holder and holder.socket else (usual,)


def bind_control(path: Path, group: str | None) -> ControlSocket:
    """Return a socket that listens at `path`: for its user alone (0600), or for the members of `group`, too (0660).

    The directory is made when it is missing and gets its mode (0700, or 0750 with the group). A file that a dead engine left is
    replaced. Raises ControlSocketError.
    """
    try:
        gid = None if group is None else grp.getgrnam(group).gr_gid
    except KeyError:
        raise ControlSocketError(f"HOTSWAP_GROUP: there is no group {group}; groupadd --system {group}") from None
    try:
        with ExitStack() as opened:
            directory = _own_directory(path.parent, gid, opened)
            _lock(directory, path)
            _clear(path)
            return _listening(path, gid)
    except ControlSocketError:
        raise
    except OSError as error:
        raise ControlSocketError(_failed(path, error, group)) from error


def _failed(path: Path, error: OSError, group: str | None) -> str:
    why = f"control socket {path}: {(error.strerror or str(error)).lower()}"
    if not isinstance(error, PermissionError):
        return why
    return f"{why}; run this as {owner_of(path)}" + (f", who must be a member of the group {group}" if group else "")


def _own_directory(path: Path, gid: int | None, opened: ExitStack) -> int:
    """Return a descriptor of the directory, which is ours alone."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    opened.callback(os.close, directory)
    found = os.fstat(directory)
    if found.st_uid != os.geteuid():
        raise ControlSocketError(f"{path} belongs to {owner_of(path)}; the control socket needs a directory of its own")
    if found.st_mode & _WRITABLE_BY_OTHERS:
        raise ControlSocketError(f"{path} can be written by other users; chmod go-w {path}")
    if gid is not None and found.st_gid != gid:
        os.fchown(directory, -1, gid)
    wanted = 0o700 if gid is None else 0o750
    if stat.S_IMODE(found.st_mode) != wanted:
        os.fchmod(directory, wanted)
    return directory


def _lock(directory: int, path: Path) -> None:
    """Keep other engines out until the socket is made; nobody is waited for, since members of the group can lock it, too."""
    try:
        fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ControlSocketError(f"{path.parent} is locked by another process; end it, or try again") from None


def _clear(path: Path) -> None:
    """Remove the socket of an engine that is gone; raises ControlSocketError for anything else that has the name."""
    try:
        found = path.stat(follow_symlinks=False)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise ControlSocketError(f"{path} is in the way: it is no socket; remove it")
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as probe, address(path) as place:
        probe.setblocking(False)
        try:
            probe.connect(place)
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
        except BlockingIOError:
            pass  # its queue is full: somebody has it
    raise ControlSocketError(f"another engine answers at {path}; end it, or choose another HOTSWAP_STATE_DIR")


def _listening(path: Path, gid: int | None) -> ControlSocket:
    with ExitStack() as undo:
        sock = undo.enter_context(closing(ControlSocket(path)))
        # Linux gives the file the mode that its socket has, less the umask: it never is wider than this.
        os.fchmod(sock.fileno(), 0o600)
        with address(path) as place:
            sock.bind(place)
        sock.made()
        if gid is not None:
            os.chown(path, -1, gid, follow_symlinks=False)
        path.chmod(0o600 if gid is None else 0o660)
        sock.listen(_BACKLOG)
        sock.setblocking(False)
        undo.pop_all()
        return sock
