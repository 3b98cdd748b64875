"""Signals and vanished terminals end the real program, engine included, and give the terminal back."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import pytest

from tests.support.until import until_sync

FIRST_S = 15.0
END_S = 30.0
SEEN_A_WHILE_AGO = re.compile(r"primary +127.* [1-9]\.\ds")


def children(pid):
    """Return the processes that `pid` has started, theirs included."""
    found = [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]
    return [*found, *(grandchild for child in found for grandchild in children(child))]


def lives(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_restores_the_terminal(workplace, number):
    with workplace.show(columns=80, rows=24) as terminal:
        terminal.wait_for("PRIMARY serving", "● live", deadline_s=FIRST_S)
        started = children(terminal.process.pid)
        terminal.process.send_signal(number)
        assert terminal.ended(END_S) == 128 + number
        assert terminal.restored
        assert "Traceback" not in terminal.last_words
        until_sync(lambda: not any(map(lives, started)), END_S, "its children")
    assert workplace.log()[-1] == "[DB Manager] engine stopped"


@pytest.mark.parametrize("stuck", [False, True], ids=["steady", "during a failing check"])
def test_a_closed_terminal_ends_it_and_watching_goes_on(workplace, server_pair, stuck):
    with workplace.show(DB_CONNECTION_TIMEOUT="60000") as terminal:
        terminal.wait_for("PRIMARY serving", "● live", deadline_s=FIRST_S)
        if stuck:
            server_pair.primary.freeze()
            terminal.press("r")
            until_sync(lambda: SEEN_A_WHILE_AGO.search("\n".join(terminal.lines)), FIRST_S, "a check that hangs")
        started = children(terminal.process.pid)
        terminal.hang_up()
        began_s = time.monotonic()
        assert terminal.process.wait(END_S) == 128 + signal.SIGHUP
        assert time.monotonic() - began_s < END_S
        until_sync(lambda: not any(map(lives, started)), END_S, "its children")
    until_sync(lambda: workplace.engine_pid() not in {0, terminal.process.pid}, END_S, "the engine in the background")
