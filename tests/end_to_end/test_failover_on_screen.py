"""The program over two real servers, seen on a terminal: what goes wrong with a database is on the screen in time."""

from __future__ import annotations

import json

from tests.end_to_end.programs import LATE_S, TURN_S

FIRST_S = 15.0


def test_a_crash_turns_to_the_secondary_and_a_restart_back(workplace, server_pair):
    with workplace.show() as terminal:
        terminal.wait_for("PRIMARY serving", "● live", deadline_s=FIRST_S)
        server_pair.primary.crash()
        terminal.wait_for("SECONDARY chosen", "✗ DOWN", deadline_s=TURN_S + LATE_S)
        server_pair.primary.start()
        terminal.wait_for("PRIMARY serving", deadline_s=TURN_S + LATE_S)
        terminal.wait_until_gone("✗ DOWN")
    log = workplace.log()
    assert log[0] == "[DB Manager] Initializing with configuration:"
    for words in (
        "⚠️  Failure threshold reached (3/3), failing over to secondary",
        "✅ Connected to secondary database (FAILOVER MODE)",
        "🔄 Attempting to reconnect to primary database...",
    ):
        assert f"[DB Manager] {words}" in log
    told = json.loads(workplace.run("history", "--json").stdout)
    assert [(s["kind"], s["from"], s["to"], s["result"]) for s in told] == [
        ("failback", "secondary", "primary", "done"),
        ("failover", "primary", "secondary", "done"),
    ]
    assert all(s["was_down"] == "primary" for s in told)


def test_a_frozen_primary_is_left_and_found_again(workplace, server_pair):
    with workplace.show(columns=80, rows=24) as terminal:
        terminal.wait_for("PRIMARY serving", "● live", deadline_s=FIRST_S)
        server_pair.primary.freeze()
        terminal.wait_for("SECONDARY chosen", "timeout", deadline_s=TURN_S + LATE_S)
        server_pair.primary.thaw()
        terminal.wait_for("PRIMARY serving", deadline_s=TURN_S + LATE_S)


def test_both_down_is_said_and_the_first_to_answer_serves(workplace, server_pair):
    with workplace.show(columns=80, rows=24) as terminal:
        terminal.wait_for("PRIMARY serving", "● live", deadline_s=FIRST_S)
        server_pair.secondary.crash()
        server_pair.primary.crash()
        terminal.wait_for("NO DATABASE serving since", "both are down", deadline_s=TURN_S + LATE_S)
        server_pair.secondary.start()
        terminal.wait_for("SECONDARY chosen", deadline_s=TURN_S + LATE_S)
    text = (workplace.state / "hotswap-tui.log").read_text(encoding="utf-8")
    assert "Error: Both primary and secondary databases are unavailable" in text


def test_one_database_is_watched_and_the_hint_says_how_to_have_two(workplace, server_pair):
    with workplace.show(DATABASE_URL_SECONDARY="") as terminal:
        terminal.wait_for("PRIMARY serving", "Set DATABASE_URL_SECONDARY", deadline_s=FIRST_S)
        server_pair.primary.crash()
        terminal.wait_for("NO DATABASE", deadline_s=TURN_S + LATE_S)
        server_pair.primary.start()
        terminal.wait_for("PRIMARY serving", deadline_s=TURN_S + LATE_S)
    assert workplace.log()[1] == "[DB Manager] Set DATABASE_URL_SECONDARY to enable automatic database failover"
