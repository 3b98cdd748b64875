"""The demo proves itself without a terminal, and leaves nothing behind however it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.end_to_end.programs import PROGRAM
from tests.end_to_end.terminal import Terminal
from tests.support.until import until_sync

FIRST_S = 30.0
END_S = 60.0
PLAY_S = 90.0
PACE = {
    "--db-health-check-interval": 300,
    "--db-connection-timeout": 1000,
    "--db-failure-retry-interval": 100,
    "--db-primary-retry-interval": 300,
}
QUICK = tuple(str(word) for option in PACE.items() for word in option)
STEPS = 10
RUNNING = ("pgbouncer", "postgres")


@contextmanager
def working_place():
    """Give the demo a directory for temporary files that it alone uses.

    Its path is short, for the servers' sockets, and open, for their account.
    """
    with tempfile.TemporaryDirectory(prefix="hs-", dir="/tmp") as name:
        directory = Path(name)
        directory.chmod(0o1777)
        yield directory


@pytest.fixture
def place():
    with working_place() as directory:
        yield directory


def environ(place):
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(place),
        "TMPDIR": str(place),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
    }


def processes_in(directory):
    """Return the programs that work below `directory`: servers, PgBouncer and who keeps it, clients."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any((process / "cwd").readlink().is_relative_to(home) for home in directory.glob("hotswap-tui-*")):
                found.add((process / "exe").readlink().name)
        except OSError:
            continue
    return found


def left_in(directory):
    return sorted(entry.name for entry in directory.iterdir() if entry.name.startswith("hotswap-tui-"))


def nothing_left_in(directory):
    return not left_in(directory) and not processes_in(directory)


class Play(NamedTuple):
    """What a whole play said, and left."""

    returncode: int
    told: tuple[str, ...]
    """The lines of standard output, up to where the reader stopped reading."""
    logged: tuple[dict[str, object], ...]
    left: tuple[str, ...]


@pytest.fixture(scope="module")
def play():
    """Play the script once; its reader goes away before the last step ends, as `| head` does."""
    with working_place() as directory, (directory / "log").open("w+") as log:
        command = [PROGRAM, "demo", "--script", *QUICK, "--log-file", "-", "--log-format", "json"]
        with subprocess.Popen(
            command, env=environ(directory), cwd=directory, stdout=subprocess.PIPE, stderr=log, text=True
        ) as program:
            assert program.stdout is not None
            told: list[str] = []
            for line in program.stdout:
                told.append(line)
                if len(active(told)) == STEPS - 1 and "= clients" in line:
                    break
            program.stdout.close()
            returncode = program.wait(PLAY_S)
        left = (*left_in(directory), *processes_in(directory))
        log.seek(0)
        yield Play(returncode, tuple(told), tuple(map(json.loads, log)), left)


def active(told):
    return re.findall(r"= (\w+) is the active database", "".join(told))


def test_the_script_plays_every_failover_and_failback(play):
    assert active(play.told) == [
        *("primary", "secondary", "primary"),
        *("secondary", "primary"),
        *("secondary", "primary"),
        *("primary", "secondary"),
    ]
    assert any("both primary and secondary databases are unavailable" in line for line in play.told)
    assert play.left == ()


def test_the_script_tells_what_clients_met_in_each_step(play):
    met = re.findall(r"= clients: (\d+) answers.*, (\d+) errors, longest wait (\d+\.\d\d)s", "".join(play.told))
    assert len(met) == STEPS - 1
    by_hand = slice(5, 7)
    assert [(errors, int(answers) > 0) for answers, errors, _ in met[by_hand]] == [("0", True)] * 2, "".join(play.told)


def test_the_script_writes_a_log_beside_what_it_prints_and_plays_on_when_its_reader_has_gone(play):
    kinds = [event["kind"] for event in play.logged]
    assert (play.returncode, kinds[0], kinds[-1]) == (0, "initializing", "stopped")
    switched = [event["data"]["kind"] for event in play.logged if event["kind"] == "switched"]
    assert switched == ["failover", "failback", "failover", "failback", "manual", "failback", "failover", "failback"]


def test_an_empty_terminal_says_what_it_waits_for_and_ctrl_c_ends_it(place):
    with Terminal([PROGRAM, "demo"], environ(place), place) as terminal:
        terminal.wait_for("starting two servers ...", deadline_s=FIRST_S)
        assert b"\x1b" not in terminal.raw
        terminal.press("\x03")
        terminal.process.wait(END_S)
    until_sync(lambda: nothing_left_in(place), END_S, "processes and directories gone")


def test_a_log_does_not_run_across_the_dashboard(place):
    with Terminal([PROGRAM, "demo", "--log-file", "-"], environ(place), place) as terminal:
        assert terminal.process.wait(END_S) == 2
        terminal.wait_for("--log-file - would write across the dashboard")
        assert len(terminal.raw.strip().splitlines()) == 1
    assert left_in(place) == []


def test_faults_are_on_keys(place):
    with Terminal([PROGRAM, "demo", *QUICK], environ(place), place, columns=80, rows=24) as terminal:
        terminal.wait_for(
            "PRIMARY serving", "K Kill", "F Hang", "T Start", "t on primary", "q Quit", "by primary", deadline_s=FIRST_S
        )
        terminal.press("K")
        terminal.wait_for("SECONDARY serving", "by secondary", "✗ DOWN", deadline_s=15)
        terminal.press("T")
        terminal.wait_for("PRIMARY serving", "by primary", deadline_s=15)
        terminal.press("D")
        terminal.wait_for("DISAGREES", "by secondary", deadline_s=15)
        terminal.press("R")
        terminal.wait_for("Point the gateway at primary")
        terminal.press("y")
        terminal.wait_for("done in", deadline_s=15)
        terminal.press("\r")
        terminal.wait_for("PRIMARY serving", "by primary", deadline_s=15)
        terminal.press("tL")
        terminal.wait_for("secondary: 30 ms slower")
        terminal.press("q")
        terminal.wait_for("Quit?")
        terminal.press("s")
        assert terminal.ended(END_S) == 0
        assert terminal.restored
    assert nothing_left_in(place)


@pytest.mark.parametrize("end", ["SIGKILL", "SIGTERM", "closed terminal"])
def test_nothing_outlives_it(place, end):
    with Terminal([PROGRAM, "demo"], environ(place), place) as terminal:
        terminal.wait_for("PRIMARY serving", deadline_s=FIRST_S)
        assert processes_in(place) >= {*RUNNING}
        if end == "closed terminal":
            terminal.hang_up()
        else:
            terminal.process.send_signal(signal.Signals[end])
        terminal.process.wait(END_S)
        until_sync(lambda: nothing_left_in(place), END_S, "processes and directories gone")
