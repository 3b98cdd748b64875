"""The verdict line in every situation, and how times are written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING, Any

import pytest

from hotswap_tui.core.sentence import silence, verdict
from hotswap_tui.core.snapshot import Countdown
from hotswap_tui.core.traffic import Hold
from hotswap_tui.core.traffic_words import NO_GATEWAY, unanswered, wait_words
from hotswap_tui.core.values import HOT_SWAP_HINT, Drill, Fault, Health, Level, Mode, Role, SwitchKind
from tests.support.pictures import (
    DISARMED,
    NOW_S,
    ON_SECONDARY,
    ROUTED,
    database,
    down,
    failed,
    hostile,
    snapshot,
    starting_refused,
)
from tests.support.routed_pictures import DEAD_GATEWAY, OPEN_TRANSACTIONS, WAITING, arrived, pictures, waiting

if TYPE_CHECKING:
    from hotswap_tui.core.snapshot import DatabaseView

KEYS = {"arm": "A", "failback": "B", "repair": "R", "cancel": "X", "switch": "S", "panel-traffic": "3"}
FREE = NO_GATEWAY
REST = "nothing is moved, applications follow by themselves"
SAID = {
    "starting": "STARTING   first check of both databases",
    "steady": f"PRIMARY serving 3d 04:12   {FREE}",
    "routed": "PRIMARY serving 3d 04:12   pgbouncer → localhost:5432 ✓   42 clients, 0 wait",
    "failing": "PRIMARY failing 2/3   switch to secondary in 1.0s unless it answers   A to stop",
    "held": (
        "PRIMARY failing 2/3   switch to secondary in 1.0s unless it answers   "
        "clients held 1.2s of 15s, 8 wait   A to stop"
    ),
    "switching": (
        "SWITCHING primary → secondary   1 hold ✓ 2 preflight ✓ 3 repoint ✓ 4 read back ✓ 5 release …   0.5s"
    ),
    "draining": f"SWITCHING primary → secondary   1 wake ✓ 2 hold …   {OPEN_TRANSACTIONS}   1.9s   X to cancel",
    "cancelling": (
        "SWITCHING primary → secondary   1 wake ✓ 2 hold …   0.5s   cancelled by pi@tty1, putting everything back"
    ),
    "repairing": "REPAIRING pgbouncer → primary   1 wake ✓ 2 hold …   0.5s   X to cancel",
    "paused-by-others": (
        "PRIMARY serving but pgbouncer is PAUSED by somebody else   8 wait 1.1s   "
        "hotswap-tui gateway release lets them go on"
    ),
    "gateway-unreadable": f"APPLICATIONS CANNOT CONNECT   {DEAD_GATEWAY}   PRIMARY serving   3 what to do",
    "unproven": (
        "SECONDARY serving 00:02:31   NOT PROVEN who answers: no answer within 2 s   primary DOWN, tried again in 0.6s   "
        "pgbouncer → ep-cool-name.neon.tech ?   42 clients, 0 wait   3 what to look at"
    ),
    "failed-back": (
        "PRIMARY serving 00:00:20   pgbouncer → localhost:5432 ✓   42 clients, 0 wait   "
        "moved in 0.09s, 1 client waited ≤ 0.04s"
    ),
    "failed-over": (f"SECONDARY chosen 00:02:31, no gateway   primary DOWN, tried again in 0.6s   {REST}"),
    "failed-over-routed": (
        "SECONDARY serving 00:02:31   primary DOWN, tried again in 0.6s   pgbouncer → ep-cool-name.neon.tech ✓   "
        "42 clients, 0 wait   moved in 0.08s, 8 clients waited ≤ 0.05s, 3 connections to primary cut off"
    ),
    "failing-back": (
        f"SECONDARY chosen 00:02:31, no gateway   primary back 1/2, fails back in 1:23   {REST}   B to fail back"
    ),
    "both-down": "NO DATABASE serving since 10:41:25 (00:00:42)   both are down; still checking",
    "disarmed": f"PRIMARY serving 3d 04:12   automatic switching is OFF (pi@tty1, 6m)   {FREE}   A to arm",
    "disarmed-dead": (
        "NO DATABASE serving since 10:41:25 (00:00:42)   automatic switching is OFF (pi@tty1, 6m)   secondary is up   "
        "S to switch   A to arm"
    ),
    "disarmed-returning": (
        "SECONDARY chosen 00:02:31, no gateway   automatic switching is OFF (pi@tty1, 6m)   primary is up   "
        f"{REST}   A to arm and fail back"
    ),
    "starting-refused": (
        "NO DATABASE serving   primary: credentials refused; does not count as a failure   S to switch"
    ),
    "held-unread": (
        "PRIMARY failing 2/3   switch to secondary in 1.0s unless it answers   clients held 0.1s of 15s   A to stop"
    ),
    "hanging": (
        "PRIMARY failing 2/3   switch to secondary in 1.0s unless it answers   42 clients, 8 hang at primary   A to stop"
    ),
    "hung-routed": (
        "NO DATABASE serving since 10:41:25 (00:00:42)   secondary may not take over; still checking   "
        "42 clients, 8 hang at primary   S to switch"
    ),
    "failback-limited": (
        "SECONDARY serving 00:02:31   primary is up, fails back at 11:01: hourly limit   "
        "pgbouncer → ep-cool-name.neon.tech ✓   42 clients, 0 wait   "
        "moved in 0.08s, 8 clients waited ≤ 0.05s, 3 connections to primary cut off   B to fail back"
    ),
    "failback-manual": (
        "SECONDARY serving 00:02:31   primary is up, failback is manual   pgbouncer → ep-cool-name.neon.tech ✓   "
        "42 clients, 0 wait   B to fail back"
    ),
    "disagrees-paused": (
        "PRIMARY serving but pgbouncer → 10.0.0.12:5432 ✗ DISAGREES   pgbouncer is PAUSED by somebody else, 8 wait   "
        "R to repair"
    ),
    "disagrees": "PRIMARY serving but pgbouncer → 10.0.0.12:5432 ✗ DISAGREES   R to repair",
    "unknown": "UNKNOWN whether primary → secondary happened   for 0.5s; reading the gateway",
    "standby-down": f"PRIMARY serving 3d 04:12   secondary DOWN, no failover possible   {FREE}",
    "degraded": f"PRIMARY serving 3d 04:12   too many clients; does not count as a failure   {FREE}",
    "read-only": "PRIMARY failing 2/3   no switch: never from a read-only primary to a read-only secondary",
    "single": "PRIMARY serving 3d 04:12   watching one database",
    "single-down": "NO DATABASE serving since 10:41:25 (00:00:42)   no secondary is configured; still checking",
}


@pytest.mark.parametrize("name", sorted(SAID))
def test_sentence(name: str) -> None:
    """Each situation has its own words."""
    assert verdict(pictures()[name], NOW_S, UTC).say(KEYS) == SAID[name]


def test_the_countdown_follows_the_clock() -> None:
    """The same picture half a second later has half a second less; what is due happens now."""
    failing = pictures()["failing"]
    assert "in 0.5s" in verdict(failing, NOW_S + 0.5).say()
    assert "switch to secondary now unless it answers" in verdict(failing, NOW_S + 9).say()


def test_without_keys_no_key_is_named() -> None:
    """The command line says the sentence without what only the dashboard can do."""
    assert verdict(pictures()["failing"], NOW_S).say() == (
        "PRIMARY failing 2/3   switch to secondary in 1.0s unless it answers"
    )


def test_a_router_that_disagrees_outranks_everything() -> None:
    """Even both databases being down is said after it."""
    both_down = replace(pictures()["both-down"], disagrees=True, router=ROUTED)
    assert "DISAGREES" in verdict(both_down, NOW_S).say()


def test_automation_that_is_off_outranks_the_countdown() -> None:
    """A failing database with automation off says that nothing will happen by itself."""
    off = replace(pictures()["failing"], mode=Mode(armed=False, by="pi@tty1", since_s=NOW_S - 60, until_s=NOW_S + 600))
    assert verdict(off, NOW_S).say(KEYS) == (
        "PRIMARY failing 2/3   automatic switching is OFF (pi@tty1, 60s, on again in 10:00)   A to arm"
    )


def test_a_start_with_a_fault_that_does_not_count_is_loud() -> None:
    """With automation off that is said, too, and S only where it would help."""
    off = verdict(starting_refused(mode=DISARMED, secondary=down(Role.SECONDARY)), NOW_S)
    assert off.level is Level.BAD
    assert off.say(KEYS) == (
        "NO DATABASE serving   primary: credentials refused; does not count as a failure   "
        "automatic switching is OFF (pi@tty1, 6m)   A to arm"
    )


@pytest.mark.parametrize(
    ("primary", "more", "words"),
    [
        (down(Role.PRIMARY, checking=True), {}, "primary DOWN, trying it now"),
        (down(Role.PRIMARY, 1, health=Health.FAILING), {}, "primary failing, tried again in 0.6s"),
        (
            database(Role.PRIMARY, health=Health.DEGRADED, verdict=failed(Role.PRIMARY, Fault.TLS)),
            {},
            "primary: TLS failure, tried again in 0.6s",
        ),
        (
            database(Role.PRIMARY),
            {"blocked": "PgBouncer 1.17.0 is older than 1.18, the oldest that was measured"},
            "primary is up, no failback: PgBouncer 1.17.0 is older than 1.18, the oldest that was measured",
        ),
        (
            database(Role.PRIMARY),
            {"blocked": "attempt 2 failed; next in 240s", "blocked_until_s": NOW_S + 240},
            "primary is up, fails back in 4:00: attempt 2 failed",
        ),
        (
            database(Role.PRIMARY),
            {
                "blocked": "2 failovers within an hour: waiting 200s more; against failover loops",
                "blocked_until_s": NOW_S + 200,
                "countdown": Countdown("fail back to primary", NOW_S + 200),
            },
            "primary is up, fails back in 3:20: 2 failovers within an hour",
        ),
        (
            database(Role.PRIMARY),
            {"blocked": "2 failovers within an hour: waiting", "blocked_until_s": NOW_S + 200, "switches_in_hour": 6},
            "primary is up, fails back in 3:20 at the earliest: 2 failovers within an hour",
        ),
    ],
)
def test_the_secondary_says_what_the_primary_does(primary: DatabaseView, more: dict[str, Any], words: str) -> None:
    """Its next try, its fault, or why it does not take traffic back."""
    said = verdict(snapshot(**{**ON_SECONDARY, "primary": primary, **more}), NOW_S).say()
    assert said.split("   ")[1] == words


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("steady", Level.GOOD),
        ("starting", Level.INFO),
        ("failing", Level.WARNING),
        ("failed-over", Level.WARNING),
        ("disarmed", Level.WARNING),
        ("standby-down", Level.WARNING),
        ("both-down", Level.BAD),
        ("starting-refused", Level.BAD),
        ("disagrees", Level.BAD),
        ("unknown", Level.BAD),
        ("routed", Level.GOOD),
        ("held", Level.WARNING),
        ("switching", Level.WARNING),
        ("paused-by-others", Level.BAD),
        ("gateway-unreadable", Level.BAD),
        ("unproven", Level.BAD),
    ],
)
def test_level(name: str, level: Level) -> None:
    """Only the primary serving with nothing wrong is good."""
    assert verdict(pictures()[name], NOW_S).level is level


def test_silence_is_a_sentence_of_its_own() -> None:
    """An engine that does not answer is named with for how long and why."""
    said = silence(12, "connection refused").say()
    assert said == "NO ENGINE answers for 12s: connection refused   last picture below"


def test_hostile_text_raises_nothing() -> None:
    """The sentence is only composed here; whoever prints it makes it harmless."""
    assert verdict(hostile(), NOW_S).say(KEYS).startswith("PRIMARY failing 2/3")


def test_there_is_no_tick_unless_the_read_back_agrees() -> None:
    """Neither an unreadable gateway nor one that points elsewhere gets it, whoever has noticed yet."""
    for router in (replace(ROUTED, error="connection refused"), replace(ROUTED, points_to=None)):
        assert "✓" not in verdict(snapshot(router=router), NOW_S).say()


def test_a_paused_gateway_is_said_whatever_else_is_wrong() -> None:
    """It explains why clients wait, also while the primary fails or the gateway points elsewhere."""
    for name in ("failing", "disagrees", "both-down"):
        paused = replace(pictures()[name], router=replace(waiting(), paused=True))
        assert "pgbouncer is PAUSED by somebody else, 8 wait" in verdict(paused, NOW_S).say()


def test_a_pause_of_our_own_is_not_somebody_elses() -> None:
    """While this program holds clients, or switches, nobody else is blamed."""
    for name in ("held", "switching"):
        picture = pictures()[name]
        ours = replace(picture, router=replace(picture.router, paused=True))
        assert "PAUSED" not in verdict(ours, NOW_S).say()


def test_clients_that_wait_long_are_a_warning() -> None:
    """A wait of a second and more is told with its length; shorter ones are how a pool works."""
    slow = verdict(snapshot(router=waiting()), NOW_S).parts[1]
    busy = verdict(snapshot(router=replace(ROUTED, traffic=replace(WAITING, max_wait_s=0.2))), NOW_S).parts[1]
    assert slow.text.endswith("42 clients, 8 wait 1.1s")
    assert slow.level is Level.WARNING
    assert busy.text.endswith("42 clients, 8 wait")
    assert busy.level is None


def test_what_a_switch_cost_is_news_for_five_minutes() -> None:
    """Then the line belongs to the present again."""
    moved = pictures()["failed-over-routed"]
    assert "moved in 0.08s" in verdict(moved, NOW_S + 149).say()
    assert "moved in" not in verdict(moved, NOW_S + 150).say()


def test_a_canary_that_came_through_later_ends_the_doubt() -> None:
    """Once a reading is proven nothing is said about the switch that was not."""
    picture = pictures()["unproven"]
    proven = replace(picture, router=replace(picture.router, proven=True))
    assert "NOT PROVEN" not in verdict(proven, NOW_S).say()


def test_a_switch_before_an_outage_is_no_news() -> None:
    """It brought the database that serves, but that has failed and come back since; a repair brought none."""
    moved = pictures()["failed-over-routed"]
    assert moved.last_switch is not None
    back = replace(moved, since_s=moved.last_switch.finished_s + 30)
    repaired = replace(moved.last_switch, switch=replace(moved.last_switch.switch, kind=SwitchKind.REPAIR))
    for picture in (back, replace(moved, last_switch=repaired)):
        assert "moved in" not in verdict(picture, NOW_S).say()


@pytest.mark.parametrize(
    ("fault", "hold", "read_ago_s", "many", "words"),
    [
        (None, None, 0.4, 5, "5 wait"),
        (Fault.TIMEOUT, None, 0.4, 8, "8 hang at primary"),
        (Fault.REFUSED, None, 0.4, 8, "8 wait"),
        (Fault.READ_ONLY, None, 0.4, 5, "5 wait"),
        (Fault.TIMEOUT, Hold(NOW_S - 1, NOW_S + 14), 0.4, 8, "8 wait"),
        (Fault.TIMEOUT, Hold(NOW_S - 1, NOW_S + 14), 1.1, None, ""),
        (Fault.TIMEOUT, None, 2.2, None, ""),
    ],
)
def test_clients_at_a_silent_server_wait_as_well(
    fault: Fault | None, hold: Hold | None, read_ago_s: float, many: int | None, words: str
) -> None:
    """PgBouncer leaves them out; a reading from before says nothing about now."""
    traffic = replace(WAITING, clients_waiting=5, servers_active=3, at_s=NOW_S - read_ago_s)
    primary = (
        database(Role.PRIMARY) if fault is None else down(Role.PRIMARY, 1, 2.1, verdict=failed(Role.PRIMARY, fault))
    )
    picture = snapshot(router=replace(ROUTED, traffic=traffic), primary=primary, hold=hold)
    assert (unanswered(picture), wait_words(picture)) == (many, words)


def test_a_console_that_is_out_of_reach_does_not_cut_clients_off() -> None:
    """That nobody can connect is claimed only where nobody listens."""
    refused = "PgBouncer at 127.0.0.1:6432 refuses the console's login: password authentication failed"
    said = verdict(snapshot(router=replace(ROUTED, error=refused)), NOW_S).say()
    assert said == f"PRIMARY serving but pgbouncer cannot be read   {refused}"


def test_only_the_present_switch_is_news() -> None:
    """A switch to the database that does not serve any more is not told, nor one that failed."""
    for last in (arrived("failed", "no answer"), arrived()):
        assert "moved in" not in verdict(snapshot(router=ROUTED, last_switch=last), NOW_S).say()


def test_the_hint_has_the_words_that_users_know() -> None:
    """The reference says how to enable hot-swap; so does this."""
    assert HOT_SWAP_HINT == "Set DATABASE_URL_SECONDARY to enable automatic database failover"


@pytest.mark.parametrize("planned", [True, False])
def test_a_drill_is_called_one(planned: bool) -> None:
    """Nobody shall take it for trouble, whoever serves."""
    drill = Drill("pi@tty1", NOW_S - 3, NOW_S + 57, planned)
    for picture in (snapshot(drill=drill), snapshot(**ON_SECONDARY, mode=DISARMED, drill=drill)):
        assert "   drill of pi@tty1   " in verdict(picture, NOW_S).say()
