"""The demo proves itself without a terminal, and leaves nothing behind however it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

from hotswap_tui.demo.installation import find_installation
from tests.end_to_end.programs import PROGRAM
from tests.end_to_end.terminal import Terminal
from tests.support.until import until_sync

FIRST_S = 30.0
END_S = 20.0
QUICK = ("--db-primary-retry-interval", "800")


@pytest.fixture
def place():
    """Give the demo a directory for temporary files that it alone uses.

    Its path is short, for the servers' sockets, and open, for their account.
    """
    with tempfile.TemporaryDirectory(prefix="hs-", dir="/tmp") as name:
        directory = Path(name)
        directory.chmod(0o1777)
        yield directory


def environ(place):
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(place),
        "TMPDIR": str(place),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
    }


def servers_in(directory):
    """Return the processes of PostgreSQL that work below `directory`."""
    programs = find_installation().programs
    found = []
    for process in Path("/proc").iterdir():
        try:
            works_there = (process / "cwd").readlink().is_relative_to(directory)
            if works_there and (process / "exe").readlink().is_relative_to(programs):
                found.append(int(process.name))
        except OSError:
            continue
    return found


def left_in(directory):
    return sorted(entry.name for entry in directory.iterdir() if entry.name.startswith("hotswap-tui-"))


def test_the_script_plays_every_failover_and_failback(place):
    done = subprocess.run(
        [PROGRAM, "demo", "--script", *QUICK],
        env=environ(place),
        cwd=place,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    outcomes = re.findall(r"= (\w+) is the active database", done.stdout)
    assert outcomes == [
        *("primary", "secondary", "primary"),
        *("secondary", "primary"),
        *("secondary", "primary"),
        *("primary", "secondary", "primary"),
    ]
    assert "both primary and secondary databases are unavailable" in done.stdout
    assert servers_in(place) == []
    assert left_in(place) == []


def test_faults_are_on_keys(place):
    with Terminal([PROGRAM, "demo", *QUICK], environ(place), place, columns=80, rows=24) as terminal:
        terminal.wait_for("PRIMARY serving", "K Crash", "F Freeze", "T Start", "t Target", "q Quit", deadline_s=FIRST_S)
        terminal.press("K")
        terminal.wait_for("SECONDARY chosen", "✗ DOWN", deadline_s=15)
        terminal.press("T")
        terminal.wait_for("PRIMARY serving", deadline_s=15)
        terminal.press("F")
        terminal.wait_for("SECONDARY chosen", "timeout", deadline_s=15)
        terminal.press("F")
        terminal.wait_for("PRIMARY serving", deadline_s=15)
        terminal.press("tL")
        terminal.wait_for("secondary: 150 ms slower")
        terminal.press("q")
        terminal.wait_for("Stop watching?")
        terminal.press("y")
        assert terminal.ended(END_S) == 0
        assert terminal.restored
    assert servers_in(place) == []
    assert left_in(place) == []


@pytest.mark.parametrize("end", ["SIGKILL", "SIGHUP", "SIGTERM", "SIGINT", "closed terminal"])
def test_nothing_outlives_it(place, end):
    with Terminal([PROGRAM, "demo"], environ(place), place) as terminal:
        terminal.wait_for("PRIMARY serving", deadline_s=FIRST_S)
        assert len(left_in(place)) == 2
        assert servers_in(place)
        if end == "closed terminal":
            terminal.hang_up()
        else:
            terminal.process.send_signal(signal.Signals[end])
        terminal.process.wait(END_S)
        until_sync(lambda: not left_in(place) and not servers_in(place), END_S, "servers and directories gone")
