"""The control socket lies where it is looked for, and nobody else can put himself in its place or come near it."""

from __future__ import annotations

import fcntl
import grp
import os
import socket
import stat
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from hotswap_tui.api.socket_address import address
from hotswap_tui.api.sockets import ControlSocketError, bind_control, candidates, control_path
from hotswap_tui.engine.lock import StateLock
from tests.support.other_user import NOBODY, obstacle

needs_root = pytest.mark.skipif(bool(obstacle()), reason=obstacle())
GROUP = next(group for group in grp.getgrall() if group.gr_gid not in os.getgroups())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat(follow_symlinks=False).st_mode)


def answers(path: Path) -> bool:
    with closing(socket.socket(socket.AF_UNIX)) as probe, address(path) as place:
        try:
            probe.connect(place)
        except OSError:
            return False
        return True


@pytest.fixture
def path(tmp_path) -> Path:
    return control_path(tmp_path / "state", {})


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
def test_the_socket_is_for_its_user_alone_whatever_the_umask(path, umask):
    path.parent.mkdir(parents=True)
    before = os.umask(umask)
    try:
        with closing(bind_control(path, None)):
            assert (mode(path), mode(path.parent)) == (0o600, 0o700)
            assert answers(path)
    finally:
        os.umask(before)


def test_the_socket_is_never_wider_than_it_will_be(path, monkeypatch):
    """Linux makes the file with the mode of its socket; nothing has to be taken back."""
    path.parent.mkdir(parents=True)
    monkeypatch.setattr(Path, "chmod", lambda *_: None)
    before = os.umask(0)
    try:
        with closing(bind_control(path, None)):
            assert mode(path) == 0o600
    finally:
        os.umask(before)


@needs_root
def test_a_group_may_come_in(path):
    with closing(bind_control(path, GROUP.gr_name)):
        assert (mode(path), mode(path.parent)) == (0o660, 0o750)
        assert {path.stat().st_gid, path.parent.stat().st_gid} == {GROUP.gr_gid}
    with closing(bind_control(path, None)):
        assert (mode(path), mode(path.parent)) == (0o600, 0o700)


def test_an_unknown_group_is_named(path):
    with pytest.raises(ControlSocketError, match="there is no group moonlings; groupadd --system moonlings"):
        bind_control(path, "moonlings")


def test_the_file_goes_when_the_socket_is_closed(path):
    sock = bind_control(path, None)
    sock.close()
    sock.close()
    assert not path.exists()


def test_a_file_that_another_engine_has_put_there_stays(path):
    sock = bind_control(path, None)
    path.unlink()
    with closing(bind_control(path, None)):
        sock.close()
        assert answers(path)


def test_what_a_dead_engine_left_is_replaced(path):
    path.parent.mkdir(parents=True, mode=0o700)
    with closing(socket.socket(socket.AF_UNIX)) as dead:
        dead.bind(str(path))
    with closing(bind_control(path, None)):
        assert answers(path)


def test_an_engine_that_answers_is_left_alone(path):
    with closing(bind_control(path, None)):
        with pytest.raises(ControlSocketError, match="another engine answers at"):
            bind_control(path, None)
        assert answers(path)


def test_an_engine_whose_queue_is_full_is_left_alone(path):
    path.parent.mkdir(parents=True, mode=0o700)
    with closing(socket.socket(socket.AF_UNIX)) as busy, closing(socket.socket(socket.AF_UNIX)) as waiting:
        busy.bind(str(path))
        busy.listen(0)
        waiting.connect(str(path))
        with pytest.raises(ControlSocketError, match="another engine answers at"):
            bind_control(path, None)


def test_a_member_of_the_group_cannot_keep_an_engine_from_starting(path):
    """The directory can be read by the group, so its members can lock it; that is said instead of waited for."""
    path.parent.mkdir(parents=True, mode=0o750)
    held = os.open(path.parent, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_SH)
    try:
        with pytest.raises(ControlSocketError, match="control is locked by another process"):
            bind_control(path, None)
    finally:
        os.close(held)


def test_what_is_no_socket_is_left_alone(path):
    path.parent.mkdir(parents=True, mode=0o700)
    path.write_text("precious")
    with pytest.raises(ControlSocketError, match="in the way: it is no socket; remove it"):
        bind_control(path, None)
    assert path.read_text() == "precious"


def test_a_directory_that_others_can_write_to_is_refused(path):
    path.parent.mkdir(parents=True)
    path.parent.chmod(0o770)
    with pytest.raises(ControlSocketError, match="can be written by other users; chmod go-w"):
        bind_control(path, None)


@needs_root
def test_a_directory_of_somebody_else_is_refused(path):
    path.parent.mkdir(parents=True)
    os.chown(path.parent, NOBODY, -1)
    with pytest.raises(ControlSocketError, match="needs a directory of its own"):
        bind_control(path, None)


def test_a_link_is_not_followed(path, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    path.parent.parent.mkdir()
    path.parent.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ControlSocketError, match="control socket"):
        bind_control(path, None)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_path_may_be_longer_than_the_kernel_takes(tmp_path):
    path = control_path(tmp_path / ("x" * 120) / ("y" * 120), {})
    with closing(bind_control(path, None)):
        assert mode(path) == 0o600
        assert answers(path)
    assert not path.exists()


# -- where it is --------------------------------------------------------------------------------


def test_systemd_says_where_an_engine_binds():
    state = Path("/var/lib/hotswap-tui")
    assert control_path(state, {}) == state / "control" / "control.sock"
    assert control_path(state, {"RUNTIME_DIRECTORY": "/run/hotswap-tui"}) == Path("/run/hotswap-tui/control.sock")
    assert control_path(state, {"RUNTIME_DIRECTORY": "/run/a:/run/b"}) == Path("/run/a/control.sock")


def test_clients_look_in_the_usual_places(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    system, own = Path("/run/hotswap-tui/control.sock"), Path("/var/lib/hotswap-tui/control/control.sock")
    assert candidates({}, None) == (system, own)
    user = Path("/run/user/1000/hotswap-tui/control.sock")
    assert candidates({"XDG_RUNTIME_DIR": "/run/user/1000"}, None) == (system, user, own)
    assert candidates({"XDG_RUNTIME_DIR": "here"}, None) == (system, own)
    assert candidates({"XDG_RUNTIME_DIR": "/run/user/1000"}, tmp_path) == (tmp_path / "control" / "control.sock",)


def test_a_named_state_directory_says_where_its_engine_listens(tmp_path):
    elsewhere = tmp_path / "run" / "control.sock"
    with StateLock(tmp_path, command="hotswap-tui serve", now_wall_s=time.time(), socket=elsewhere):
        assert candidates({}, tmp_path) == (elsewhere, tmp_path / "control" / "control.sock")
    (tmp_path / "engine.lock").write_text("{")
    assert candidates({}, tmp_path) == (tmp_path / "control" / "control.sock",)


def test_a_failure_says_who_could_do_it(path, monkeypatch):
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchmod", refuse)
    monkeypatch.setattr(grp, "getgrnam", lambda _: SimpleNamespace(gr_gid=os.getgid()))
    with pytest.raises(
        ControlSocketError, match=r"operation not permitted; run this as .* a member of the group staff"
    ):
        bind_control(path, "staff")
