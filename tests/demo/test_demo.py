"""The demo proves itself without a terminal, and leaves nothing behind however it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

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
    found = []
    for process in Path("/proc").iterdir():
        try:
            works_there = (process / "cwd").readlink().is_relative_to(directory)
            if works_there and (process / "exe").readlink().name == "postgres":
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


def test_the_script_writes_a_log_beside_what_it_prints(place):
    done = subprocess.run(
        [PROGRAM, "demo", "--script", *QUICK, "--log-file", "-", "--log-format", "json"],
        env=environ(place),
        cwd=place,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert (done.returncode, told[0]["kind"]) == (0, "initializing")
    assert [event["data"]["kind"] for event in told if event["kind"] == "switched"][:2] == ["failover", "failback"]
    assert "= secondary is the active database" in done.stdout


def test_the_script_plays_on_when_its_reader_has_gone(place):
    """As in `demo --script --log-file FILE | head -1`: FILE gets the whole play, in the reference's words."""
    script = f"set -o pipefail; {PROGRAM} demo --script {' '.join(QUICK)} --log-file {place}/log | head -1"
    done = subprocess.run(
        ["bash", "-c", script], env=environ(place), cwd=place, capture_output=True, text=True, timeout=90, check=False
    )
    assert (done.returncode, done.stderr, len(done.stdout.splitlines())) == (0, "", 1)
    lines = (place / "log").read_text().splitlines()
    assert lines[0] == "[DB Manager] Initializing with configuration:"
    assert "[DB Manager] Error: Both primary and secondary databases are unavailable" in lines
    assert lines[-1] == "[DB Manager] engine stopped"
    assert left_in(place) == []


def test_an_empty_terminal_says_what_it_waits_for(place):
    with Terminal([PROGRAM, "demo"], environ(place), place) as terminal:
        terminal.wait_for("starting two servers ...", deadline_s=FIRST_S)
        assert b"\x1b" not in terminal.raw
    until_sync(lambda: not left_in(place), END_S, "servers and directories gone")


def test_a_log_does_not_run_across_the_dashboard(place):
    with Terminal([PROGRAM, "demo", "--log-file", "-"], environ(place), place) as terminal:
        assert terminal.process.wait(END_S) == 2
        terminal.wait_for("--log-file - would write across the dashboard")
        assert len(terminal.raw.strip().splitlines()) == 1
    assert left_in(place) == []


def test_faults_are_on_keys(place):
    with Terminal([PROGRAM, "demo", *QUICK], environ(place), place, columns=80, rows=24) as terminal:
        terminal.wait_for(
            "PRIMARY serving", "K Kill", "F Hang", "T Start", "t on primary", "q Quit", deadline_s=FIRST_S
        )
        terminal.press("K")
        terminal.wait_for("SECONDARY chosen", "✗ DOWN", deadline_s=15)
        terminal.press("T")
        terminal.wait_for("PRIMARY serving", deadline_s=15)
        terminal.press("F")
        terminal.wait_for("SECONDARY chosen", "timeout", deadline_s=15)
        terminal.press("F")
        terminal.wait_for("PRIMARY serving", deadline_s=15)
        terminal.press("tL")
        terminal.wait_for("secondary: 30 ms slower")
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
        assert len([name for name in left_in(place) if "-postgres-" not in name]) == 2
        assert servers_in(place)
        if end == "closed terminal":
            terminal.hang_up()
        else:
            terminal.process.send_signal(signal.Signals[end])
        terminal.process.wait(END_S)
        until_sync(lambda: not left_in(place) and not servers_in(place), END_S, "servers and directories gone")
