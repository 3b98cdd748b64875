"""A person at the keyboard of the real program: switching, arming and leaving."""

from __future__ import annotations

import re

from tests.end_to_end.programs import LATE_S, TURN_S
from tests.support.until import until_sync

FIRST_S = 15.0


def test_a_person_switches_disarms_and_arms(workplace, server_pair):
    """A switch by hand is not undone; once armed again, automation guards the secondary as well."""
    with workplace.show() as terminal:
        terminal.wait_for("PRIMARY serving", "● live", "AUTO", deadline_s=FIRST_S)
        terminal.press("S")
        terminal.wait_for("Switch traffic to secondary", "now", "after", "Type secondary")
        terminal.press("second")
        terminal.wait_for("> second_")
        terminal.press("ary\r")
        terminal.wait_for("done in", "secondary is chosen")
        terminal.press("\r")
        terminal.wait_for("SECONDARY chosen", "automatic switching is OFF", "A to arm")
        terminal.wait_until_gone("Switch traffic to secondary")
        server_pair.secondary.crash()
        terminal.wait_for("NO DATABASE", "automatic switching is OFF", deadline_s=TURN_S + LATE_S)
        terminal.press("A")
        terminal.wait_for("PRIMARY serving", "AUTO", deadline_s=TURN_S + LATE_S)
    history = workplace.run("history").stdout
    assert re.search(r"manual +primary → secondary .*done", history)
    assert re.search(r"failover +secondary → primary .*done +automatic", history)


def test_a_person_fails_back_and_the_mode_is_as_before(workplace, server_pair):
    with workplace.show(DB_FAILBACK="manual") as terminal:
        terminal.wait_for("PRIMARY serving", "● live", deadline_s=FIRST_S)
        server_pair.primary.crash()
        terminal.wait_for("SECONDARY chosen", "primary DOWN", deadline_s=TURN_S + LATE_S)
        server_pair.primary.start()
        terminal.wait_for("primary is well", "DB_FAILBACK is manual", deadline_s=TURN_S + LATE_S)
        terminal.press("B")
        terminal.wait_for("Fail back to primary", "Type primary")
        terminal.press("primary\r")
        terminal.wait_for("done in")
        terminal.press("\r")
        terminal.wait_for("PRIMARY serving", "AUTO")


def test_quitting_asks_then_says_that_nothing_is_watched(workplace):
    with workplace.show(columns=80, rows=24) as terminal:
        terminal.wait_for("PRIMARY serving", "● live", deadline_s=FIRST_S)
        terminal.press("q")
        terminal.wait_for("Quit?")
        terminal.press("n")
        terminal.wait_until_gone("Quit?")
        terminal.press("q")
        terminal.wait_for("Quit?", "enter", "background")
        terminal.press("s")
        assert terminal.ended() == 0
        assert terminal.last_words.strip() == "stopped; nothing is watched any more"
        assert terminal.restored


def test_quitting_may_leave_the_last_screen_behind(workplace):
    with workplace.show(columns=80, rows=24) as terminal:
        terminal.wait_for("PRIMARY serving", "● live", deadline_s=FIRST_S)
        terminal.press("Q")
        terminal.wait_for("Quit?", "enter", "background")
        terminal.press("s")
        assert terminal.ended() == 0
        assert "PRIMARY serving" in terminal.last_words
        assert terminal.last_words.rstrip().endswith("stopped; nothing is watched any more")


def test_a_view_that_only_looks_has_no_key_that_acts(workplace):
    with workplace.show("--read-only", columns=80, rows=24) as terminal:
        terminal.wait_for("PRIMARY serving", "● live", deadline_s=FIRST_S)
        terminal.press("SAe")
        terminal.wait_for("engine started")
        assert not terminal.shows("Switch traffic")
    assert workplace.run("history", "--json").stdout.strip() == "[]"


def test_what_a_person_writes_down_lies_beside_the_journal(workplace):
    with workplace.show() as terminal:
        terminal.wait_for("PRIMARY serving", "● live", deadline_s=FIRST_S)
        terminal.press("w")
        until_sync(lambda: len(list((workplace.state / "snapshots").glob("*"))) == 2, LATE_S, "text and facts")
