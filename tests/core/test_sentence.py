"""The verdict line in every situation, and how times are written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING

import pytest

from hotswap_tui.core.sentence import NO_GATEWAY, age, duration, remaining, silence, verdict
from hotswap_tui.core.values import HOT_SWAP_HINT, Fault, Health, Level, Mode, Role
from tests.support.pictures import (
    DISARMED,
    NOW_S,
    ON_SECONDARY,
    ROUTED,
    database,
    down,
    failed,
    hostile,
    pictures,
    snapshot,
    starting_refused,
)

if TYPE_CHECKING:
    from hotswap_tui.core.snapshot import DatabaseView

KEYS = {"arm": "A", "failback": "B", "repair": "R", "cancel": "X", "switch": "S"}
FREE = NO_GATEWAY
REST = "nothing is moved, applications follow by themselves"
SAID = {
    "starting": "STARTING   first check of both databases",
    "steady": f"PRIMARY serving 3d 04:12   {FREE}",
    "routed": "PRIMARY serving 3d 04:12   pgbouncer → localhost:5432 ✓",
    "failing": "PRIMARY failing 2/3   switch to secondary in 1.0s unless it answers   A to stop",
    "switching": "SWITCHING primary → secondary   canary …   0.5s   X to cancel",
    "failed-over": (f"SECONDARY chosen 00:02:31, no gateway   primary DOWN, next try in 0.6s   {REST}"),
    "failed-over-routed": (
        "SECONDARY serving 00:02:31   primary DOWN, next try in 0.6s   moved in 0.08s   "
        "pgbouncer → ep-cool-name.neon.tech ✓"
    ),
    "failing-back": (
        f"SECONDARY chosen 00:02:31, no gateway   primary back 1/2, failback in 1:23   {REST}   B to fail back"
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
    """The same picture half a second later has half a second less, and never less than nothing."""
    failing = pictures()["failing"]
    assert "in 0.5s" in verdict(failing, NOW_S + 0.5).say()
    assert "in 0.0s" in verdict(failing, NOW_S + 9).say()


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
        (down(Role.PRIMARY, 1, health=Health.FAILING), {}, "primary failing, next try in 0.6s"),
        (
            database(Role.PRIMARY, health=Health.DEGRADED, verdict=failed(Role.PRIMARY, Fault.TLS)),
            {},
            "primary: TLS failure, next try in 0.6s",
        ),
        (
            database(Role.PRIMARY),
            {"blocked": "DB_FAILBACK is manual"},
            "primary is up, no failback: DB_FAILBACK is manual",
        ),
    ],
)
def test_the_secondary_says_what_the_primary_does(primary: DatabaseView, more: dict[str, str], words: str) -> None:
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


def test_a_gateway_that_cannot_be_read_is_said() -> None:
    """An unreadable router is no reason for a tick."""
    said = verdict(snapshot(router=replace(ROUTED, error="connection refused")), NOW_S)
    assert said.say().endswith("pgbouncer cannot be read: connection refused")
    assert said.level is Level.WARNING


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "00:00:00"), (151, "00:02:31"), (86399, "23:59:59"), (274320, "3d 04:12"), (-3, "00:00:00")],
)
def test_duration(seconds: float, text: str) -> None:
    """Below a day with seconds, then with days."""
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"), (-1, "0.0s"), (0.4, "0.4s"), (9.94, "9.9s"), (9.96, "9s"), (99, "99s"), (100, "1m"), (720, "12m"),
        (5999, "99m"), (6000, "1h"), (360000, "4d"), (9e9, "104166d"),
    ],
)  # fmt: skip
def test_age(seconds: float | None, text: str) -> None:
    """Short enough for a column."""
    assert age(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0.0s"), (1, "1.0s"), (9.97, "10s"), (59.4, "59s"), (83, "1:23"), (3723, "1:02:03"), (59.7, "1:00")],
)
def test_remaining(seconds: float, text: str) -> None:
    """Tenths in the last ten seconds, minutes before."""
    assert remaining(seconds) == text


def test_the_hint_has_the_words_that_users_know() -> None:
    """The reference says how to enable hot-swap; so does this."""
    assert HOT_SWAP_HINT == "Set DATABASE_URL_SECONDARY to enable automatic database failover"
