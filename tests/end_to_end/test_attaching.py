"""One engine, however many look at it: attaching, going on without a terminal, and who stays when the engine is replaced."""

from __future__ import annotations

import signal
import time

from hotswap_tui.cli import exit_codes
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


def test_what_has_become_of_the_settings_files_meanwhile_does_not_end_the_watching(workplace):
    """Nobody is there to put them right. A terminal that closes says so twice, and other people's modules lie around."""
    settings = workplace.directory / "of-this-morning.env"
    urls = {name: workplace.environ.pop(name) for name in ("DATABASE_URL", "DATABASE_URL_SECONDARY")}
    settings.write_text("".join(f"{name}='{url}'\n" for name, url in urls.items()))
    settings.chmod(0o600)
    (workplace.directory / "queue.py").write_text("raise SystemExit('not the queue that was meant')\n")
    with workplace.show("--env-file", settings.name) as terminal:
        terminal.wait_for("PRIMARY serving", "● live", deadline_s=FIRST_S)
        settings.unlink()
        terminal.process.send_signal(signal.SIGHUP)
        terminal.process.send_signal(signal.SIGHUP)
        pid = goes_on(workplace, terminal.process.pid)
        until_sync(lambda: workplace.run("status").returncode == 0, FIRST_S, f"a healthy picture of {pid}")


def test_where_an_engine_hangs_no_second_one_is_begun(workplace):
    """It may go on at any moment. It is found in a directory that this person's settings do not name."""
    with workplace.show(RUNTIME_DIRECTORY=str(workplace.directory / "hotswap-tui")) as first:
        first.wait_for("PRIMARY serving", "● live", deadline_s=FIRST_S)
        until_sync((workplace.directory / "hotswap-tui" / "control.sock").exists, FIRST_S, "the control socket")
        first.process.send_signal(signal.SIGSTOP)
        del workplace.environ["HOTSWAP_STATE_DIR"]
        elsewhere = {"XDG_RUNTIME_DIR": str(workplace.directory), "XDG_STATE_HOME": str(workplace.directory)}
        with workplace.show(**elsewhere) as second:
            assert second.ended() == exit_codes.NO_ENGINE
            assert "one is there and hangs" in second.last_words
        first.process.send_signal(signal.SIGKILL)


def test_an_engine_of_other_databases_is_not_taken_for_ours(workplace, server_pair):
    """A named env file says which databases are meant; the engine in the usual place may watch others."""
    other = workplace.directory / "other.env"
    other.write_text("DB_FAILURE_THRESHOLD=3\n")
    url = server_pair.secondary.url
    with workplace.show() as first:
        first.wait_for("PRIMARY serving", "● live", deadline_s=FIRST_S)
        until_sync((workplace.state / "control" / "control.sock").exists, FIRST_S, "the control socket")
        with workplace.show("--env-file", str(other), DATABASE_URL=url, DATABASE_URL_SECONDARY="") as second:
            assert second.process.wait(FIRST_S) == 3
            second.wait_for(f"another engine (pid {first.process.pid}, since ", deadline_s=FIRST_S)
