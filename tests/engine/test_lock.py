"""One engine controls a state directory, and the loser is told who holds it."""

from __future__ import annotations

import fcntl
import os
import signal
import stat
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import pytest

from hotswap_tui.engine.lock import FILE_NAME, LockedError, LockUnavailableError, StateLock, check_free

ROOT = Path(__file__).parents[2]
HOLD = """
import sys, time
from pathlib import Path
from hotswap_tui.engine.lock import StateLock
with StateLock(Path(sys.argv[1]), command="hotswap-tui serve", now_wall_s=float(sys.argv[2])):
    print("held", flush=True)
    sys.stdin.read()
"""


def lock(directory) -> StateLock:
    return StateLock(directory, command="hotswap-tui", now_wall_s=time.time())


@pytest.fixture
def hold(tmp_path):
    """Start a process that holds the lock of the directory."""
    processes = []

    def start(since_wall_s: float) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", HOLD, str(tmp_path), str(since_wall_s)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def test_the_loser_says_who_holds_the_directory(tmp_path, hold):
    now = time.time()
    holder = hold(now)
    with pytest.raises(LockedError) as caught:
        lock(tmp_path).acquire()
    since = datetime.fromtimestamp(now).astimezone()
    assert str(caught.value) == f"another engine (pid {holder.pid}, since {since:%H:%M:%S}) controls {tmp_path}"
    assert caught.value.holder is not None
    assert caught.value.holder.command == "hotswap-tui serve"


def test_a_holder_since_another_day_is_told_with_the_date(tmp_path, hold):
    holder = hold(1_700_000_000)
    since = datetime.fromtimestamp(1_700_000_000).astimezone()
    with pytest.raises(LockedError, match=rf"\(pid {holder.pid}, since {since:%Y-%m-%d %H:%M:%S}\)"):
        lock(tmp_path).acquire()


def test_what_a_dead_holder_left_is_no_lock(tmp_path, hold):
    holder = hold(time.time())
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert str(holder.pid) in (tmp_path / "engine.lock").read_text()
    with lock(tmp_path):
        assert f'"pid": {os.getpid()}' in (tmp_path / "engine.lock").read_text()


def test_the_same_process_cannot_hold_it_twice(tmp_path):
    with lock(tmp_path), pytest.raises(LockedError):
        lock(tmp_path).acquire()


def test_a_released_lock_can_be_taken(tmp_path):
    first = lock(tmp_path)
    first.acquire()
    first.release()
    first.release()
    with lock(tmp_path):
        pass


@pytest.mark.parametrize("content", ["", "not json", "[]", '{"pid": "x"}', '{"pid": 1}'])
def test_a_holder_that_has_not_said_who_it_is_still_holds(tmp_path, content):
    with lock(tmp_path):
        (tmp_path / "engine.lock").write_text(content)
        with pytest.raises(LockedError) as caught:
            lock(tmp_path).acquire()
    assert str(caught.value) == f"another engine controls {tmp_path}"


def test_children_do_not_inherit_it(tmp_path):
    held = lock(tmp_path)
    held.acquire()
    command = [sys.executable, "-c", "print('up', flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=False) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"up\n"
        held.release()
        with lock(tmp_path):
            child.communicate(b"\n")


def test_a_file_that_was_removed_keeps_nobody_out_for_long(tmp_path):
    with lock(tmp_path):
        (tmp_path / "engine.lock").unlink()
        with lock(tmp_path):
            assert (tmp_path / "engine.lock").exists()


def test_directory_and_file_are_private(tmp_path):
    with lock(tmp_path / "state"):
        assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
        assert stat.S_IMODE((tmp_path / "state/engine.lock").stat().st_mode) == 0o600


def test_an_impossible_directory_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LockUnavailableError, match=r"file/state/engine\.lock: not a directory$"):
        lock(tmp_path / "file" / "state").acquire()


def test_who_only_asks_does_not_keep_an_engine_out(tmp_path, monkeypatch):
    """`gateway release` looks just when an engine starts: its lock is over at once, and no engine holds the directory."""
    with lock(tmp_path):
        pass
    asking = os.open(tmp_path / FILE_NAME, os.O_RDONLY)
    fcntl.flock(asking, fcntl.LOCK_SH)
    clock = SimpleNamespace(monotonic=lambda: 0.0, sleep=lambda _: os.close(asking))
    monkeypatch.setattr("hotswap_tui.engine.lock.time", clock)
    with lock(tmp_path):
        pass


def test_asking_makes_nothing_and_takes_nothing(tmp_path, hold):
    check_free(tmp_path)
    assert list(tmp_path.iterdir()) == []
    holder = hold(time.time())
    with pytest.raises(LockedError, match=rf"\(pid {holder.pid}, "):
        check_free(tmp_path)
    holder.communicate()
    check_free(tmp_path)
    with lock(tmp_path):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone can leave a lock that others cannot open, and become another")
@pytest.mark.parametrize("act", ["check_free(directory)", "StateLock(directory, command='', now_wall_s=0.0).acquire()"])
def test_whoever_may_not_open_it_is_told_whom_to_be(act):
    """The engine ran as root once, and now somebody else starts it."""
    program = f"""
import os, sys
from pathlib import Path
from hotswap_tui.engine.lock import LockUnavailableError, StateLock, check_free
directory = Path(sys.argv[1])
os.setuid(65534)
try:
    {act}
except LockUnavailableError as error:
    print(error)
"""
    with TemporaryDirectory(dir="/tmp") as base:
        directory = Path(base)
        directory.chmod(0o755)
        with lock(directory):
            command = [sys.executable, "-c", program, base]
            done = subprocess.run(
                command, cwd="/", env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
            )
    assert done.stdout == f"{directory}/engine.lock: permission denied; run this as root, to whom it belongs\n", (
        done.stderr
    )
