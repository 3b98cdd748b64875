"""One engine, however many look at it: attaching, going on without a terminal, and who stays when the engine is replaced."""

from __future__ import annotations

import signal
import time

from tests.end_to_end.programs import LATE_S, TURN_S
from tests.support.until import until_sync

FIRST_S = 20.0
GOES_ON_WITHIN_S = 3.0
"""What is promised on a machine that has nothing else to do; a test only waits longer."""


def goes_on(workplace, before):
    """Wait for another engine than that of `before`, and return its process id."""

    def another():
        pid = workplace.engine_pid()
        return pid if pid not in {0, before} else 0

    return until_sync(another, FIRST_S, "the engine in the background")


def test_a_second_dashboard_attaches_and_acts_on_the_same_engine(workplace, server_pair):
    with workplace.show() as first:
        first.wait_for("PRIMARY serving", "● live", deadline_s=FIRST_S)
        until_sync((workplace.state / "control" / "control.sock").exists, FIRST_S, "the control socket")
        with workplace.show() as second, workplace.show("--read-only") as third:
            for terminal in (second, third):
                terminal.wait_for("PRIMARY serving", f"engine started, pid {first.process.pid}", deadline_s=FIRST_S)
            third.press("A")
            second.press("A")
            for terminal in (first, second, third):
                terminal.wait_for("automatic switching is OFF", deadline_s=FIRST_S)
            second.press("q")
            assert second.ended() == 0, "nothing is asked where nothing ends"
            assert second.last_words.strip() == f"the engine goes on, pid {first.process.pid}"
            server_pair.primary.crash()
            third.wait_for("NO DATABASE serving", deadline_s=TURN_S + LATE_S)
        assert first.process.poll() is None


def test_quitting_into_the_background_keeps_watching_and_attached_dashboards(workplace, server_pair):
    with workplace.show() as first:
        first.wait_for("PRIMARY serving", "● live", deadline_s=FIRST_S)
        until_sync((workplace.state / "control" / "control.sock").exists, FIRST_S, "the control socket")
        with workplace.show() as second:
            second.wait_for("PRIMARY serving", deadline_s=FIRST_S)
            first.press("q")
            first.wait_for("Quit?", "go on watching in the background")
            first.press("\r")
            assert first.ended() == 0
            pid = goes_on(workplace, first.process.pid)
            assert f"watching goes on in the background, pid {pid}" in first.last_words
            second.wait_for(f"engine started, pid {pid}", "● live", deadline_s=FIRST_S)
            server_pair.primary.crash()
            second.wait_for("SECONDARY chosen", deadline_s=TURN_S + LATE_S)
    assert workplace.run("status").returncode == 1, "on the secondary"


def test_an_engine_without_its_terminal_resumes_from_the_journal(workplace, server_pair):
    with workplace.show(DB_FAILBACK="manual") as terminal:
        terminal.wait_for("PRIMARY serving", "● live", deadline_s=FIRST_S)
        server_pair.primary.crash()
        terminal.wait_for("SECONDARY chosen", deadline_s=TURN_S + LATE_S)
        began_s = time.monotonic()
        terminal.hang_up()
        pid = goes_on(workplace, terminal.process.pid)
        took_s = time.monotonic() - began_s
        assert terminal.process.wait(FIRST_S) == 128 + signal.SIGHUP
    print(f"another engine after {took_s:.2f} s (target {GOES_ON_WITHIN_S} s)")
    with workplace.show() as attached:
        attached.wait_for("SECONDARY chosen", f"engine started, pid {pid}", deadline_s=FIRST_S)


def test_an_engine_that_is_killed_is_missed_and_found_again(workplace):
    with workplace.show() as first:
        first.wait_for("PRIMARY serving", "● live", deadline_s=FIRST_S)
        until_sync((workplace.state / "control" / "control.sock").exists, FIRST_S, "the control socket")
        with workplace.show() as second:
            second.wait_for("PRIMARY serving", deadline_s=FIRST_S)
            first.process.send_signal(signal.SIGKILL)
            second.wait_for("STALE", "NO ENGINE answers for", deadline_s=FIRST_S)
            with workplace.show() as third:
                third.wait_for("PRIMARY serving", deadline_s=FIRST_S)
                second.wait_for(f"engine started, pid {third.process.pid}", "● live", deadline_s=FIRST_S)
