"""What would keep a drill from running, what it would do, and how long automation takes by its settings."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hotswap_tui.core.plan import Recipe
from hotswap_tui.core.policy import Policy
from hotswap_tui.core.values import Drill, Health, Role, State
from hotswap_tui.drill.entrance import entrance
from hotswap_tui.drill.obstacles import obstacles
from hotswap_tui.drill.rehearsal import expected_s, failovers_in_hour, lines, rehearsal
from hotswap_tui.drill.timing import timing
from tests.drill.told import away, order, there, unwell
from tests.support.pictures import (
    DISARMED,
    ELSEWHERE,
    NOW_S,
    POLICY,
    READ_ONLY,
    ROUTED,
    WALL_S,
    database,
    snapshot,
)

BY_HAND = order()
AUTOMATIC = order(automatic=True)
AGAINST = {
    "no secondary": ({"secondary": None}, BY_HAND, "DATABASE_URL_SECONDARY"),
    "observing": ({"policy": replace(POLICY, observe=True)}, BY_HAND, "HOTSWAP_OBSERVE"),
    "disarmed": ({"mode": DISARMED}, BY_HAND, "automatic switching is off by pi@tty1; `hotswap-tui arm` first"),
    "a drill": ({"drill": Drill("pi", NOW_S, NOW_S + 9)}, BY_HAND, "a drill of pi is in progress"),
    "a switch": ({"switch": away(), "state": State.FAILING_OVER}, BY_HAND, "a switch to secondary is in progress"),
    "on the secondary": (there(), BY_HAND, "`hotswap-tui failback` first"),
    "suspect": ({"state": State.SUSPECT}, BY_HAND, "the state is SUSPECT"),
    "secondary down": ({"secondary": unwell(Role.SECONDARY, Health.DOWN)}, BY_HAND, "the secondary is down (timeout)"),
    "not seen lately": ({"failover_available": False}, BY_HAND, "has not passed a check lately"),
    "unreadable": ({"router": replace(ROUTED, error="connection refused")}, BY_HAND, "cannot be read"),
    "disagrees": ({"router": ELSEWHERE, "disagrees": True}, BY_HAND, "PgBouncer points to 10.0.0.12:5432"),
    "paused": ({"router": replace(ROUTED, paused=True)}, BY_HAND, "`hotswap-tui gateway release` first"),
    "too old": ({"router": replace(ROUTED, version=(1, 17, 0))}, BY_HAND, "older than 1.18"),
    "budget": ({"switches_in_hour": 4}, AUTOMATIC, "DB_MAX_SWITCHES_PER_HOUR is 6"),
    "read-only": (
        {
            "secondary": database(Role.SECONDARY, facts=READ_ONLY),
            "policy": replace(POLICY, allow_read_only=False),
        },
        AUTOMATIC,
        "DB_ALLOW_READ_ONLY is 0",
    ),
}


@pytest.mark.parametrize(("changes", "wanted", "words"), AGAINST.values(), ids=AGAINST)
def test_what_is_against_it(changes, wanted, words):
    told = rehearsal(snapshot(**changes), wanted, [])
    assert not told["would_run"]
    assert any(words in obstacle for obstacle in told["obstacles"]), told["obstacles"]
    assert any(words in line for line in lines(told, dry=True))


@pytest.mark.parametrize("wanted", [BY_HAND, AUTOMATIC], ids=["planned", "automatic"])
def test_nothing_is_against_it_where_all_is_well(wanted):
    assert obstacles(snapshot(router=ROUTED), wanted) == []


def test_a_planned_drill_needs_no_budget():
    assert obstacles(snapshot(switches_in_hour=5), BY_HAND) == []


PAST = [
    {"kind": "failover", "to": "secondary", "recipe": "crashed", "result": "done", "took_s": 0.4},
    {"kind": "manual", "to": "secondary", "recipe": "planned", "result": "done", "took_s": 0.2},
    {"kind": "manual", "to": "secondary", "recipe": "planned", "result": "done", "took_s": 0.4},
    {"kind": "manual", "to": "secondary", "recipe": "planned", "result": "failed", "took_s": 9.0},
]


def test_what_to_expect_is_the_median_of_switches_of_the_same_kind():
    assert expected_s(PAST, Role.SECONDARY, Recipe.PLANNED) == 0.3
    assert expected_s(PAST, Role.SECONDARY, Recipe.CRASHED) == 0.4
    assert expected_s(PAST, Role.PRIMARY, Recipe.PLANNED) is None


def test_each_step_of_a_drill_of_automation_has_its_time():
    told = rehearsal(snapshot(router=ROUTED), AUTOMATIC, PAST)
    steps = {step["what"].partition(":")[0]: (step["expected_s"], step["limit_s"]) for step in told["steps"]}
    assert steps == {
        "checks of the primary fail on purpose, 3 in a row": (10.0, 20.0),
        "automation fails over": (0.4, 60.0),
        "the secondary serves until automation fails back": (120.0, 140.0),
        "automation fails back": (None, 60.0),
    }
    assert told["steps"][1]["plan"][0] == "hold", "as after a crash"
    assert told["steps"][3]["plan"][0] == "wake", "the secondary lives"


def test_with_manual_failback_the_drill_goes_back_itself():
    told = rehearsal(snapshot(policy=replace(POLICY, failback_auto=False)), AUTOMATIC, [])
    assert [step["what"] for step in told["steps"][2:]] == ["the secondary serves", "fail back: secondary → primary"]


TIMINGS = {
    "the defaults": (Policy(), 0, (10.0, 125.0)),
    "one failover before": (Policy(), 1, (10.0, 240.0)),
    "a single check each": (Policy(failure_threshold=1, recovery_threshold=1), 0, (0.0, 120.0)),
}


@pytest.mark.parametrize(("policy", "before", "expected"), TIMINGS.values(), ids=TIMINGS)
def test_what_automation_needs(policy, before, expected):
    told = timing(policy, before)
    assert (told.detection_s, told.return_s) == expected
    assert told.detection_limit_s > told.detection_s
    assert told.return_limit_s > told.return_s


def test_failovers_of_the_last_hour_are_counted():
    def past(kind: str, ago_s: float) -> dict[str, str]:
        return {"kind": kind, "result": "done", "finished": datetime.fromtimestamp(WALL_S - ago_s, UTC).isoformat()}

    assert failovers_in_hour([past("failover", 60), past("failback", 30), past("failover", 3700)], WALL_S) == 1


def test_where_applications_enter_must_be_known(tmp_path):
    assert "no gateway" in str(entrance(snapshot(), {}, []))
    assert "HOTSWAP_GATEWAY is not set here" in str(entrance(snapshot(router=ROUTED), {}, []))
    assert "is not a gateway" in str(entrance(snapshot(router=ROUTED), {"HOTSWAP_GATEWAY": str(tmp_path)}, []))
