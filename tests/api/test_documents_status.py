"""The status document: everything that a picture tells, in the form that OpenAPI describes, and nothing that harms."""

from __future__ import annotations

import json
import time
from dataclasses import fields

import pytest

from hotswap_tui.api.documents import status_document
from hotswap_tui.core.plan import Plan, Recipe, Step
from hotswap_tui.core.policy import Policy
from hotswap_tui.core.snapshot import Snapshot, SwitchOutcome
from hotswap_tui.core.traffic import Hold, Waited
from hotswap_tui.core.values import Drill, Role
from tests.support.openapi_schemas import check_component
from tests.support.pictures import FAILING, NOW_S, ON_SECONDARY, ROUTED, down, hostile, passed, snapshot, switch
from tests.support.routed_pictures import pictures

PLAN = Plan(Recipe.CRASHED, (Step.HOLD, Step.REPOINT, Step.CANARY))
ELSEWHERE = {"version": "decision", "now_s": "time", "wall_s": "time", "pid": "engine", "started_s": "engine"}
"""Where a field of the snapshot stands that has another name."""


@pytest.fixture(autouse=True)
def _in_berlin(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("name", pictures())
def test_every_picture_is_what_openapi_describes(name):
    document = status_document(pictures()[name])
    check_component(document, "Status")
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_nothing_of_a_snapshot_is_left_out():
    document = status_document(snapshot())
    names = {ELSEWHERE.get(field.name, field.name.removesuffix("_s")) for field in fields(Snapshot)}
    assert names <= set(document)
    assert set(document["policy"]) == {field.name for field in fields(Policy)}


def test_the_steady_picture_reads_as_promised():
    """Times have the local offset, durations are seconds, and the sentence is the dashboard's."""
    document = status_document(snapshot(router=ROUTED))
    assert {key: document[key] for key in ("time", "decision", "state", "active", "serving", "since", "for_s")} == {
        "time": "2025-11-14T11:42:07.000+01:00",
        "decision": 7,
        "state": "PRIMARY",
        "active": "primary",
        "serving": True,
        "since": "2025-11-11T07:30:07.000+01:00",
        "for_s": 274320.0,
    }
    assert document["sentence"].startswith("PRIMARY serving 3d 04:12; pgbouncer → localhost:5432")
    assert document["level"] == "good"
    assert document["engine"] == {"pid": 812, "started": "2025-11-11T07:30:07.000+01:00", "uptime_s": 274320.0}
    assert document["mode"] == {
        "armed": True,
        "observe": False,
        "by": None,
        "why": None,
        "since": None,
        "until": None,
    }


def test_a_database_reads_as_promised():
    document = status_document(snapshot(**FAILING))
    assert document["primary"]["check"] == {
        "passed": False,
        "fault": "timeout",
        "words": "timeout",
        "detail": "no answer within 500 ms",
        "sqlstate": None,
        "latency_ms": None,
        "connect_ms": None,
        "fresh": True,
        "finished": "2025-11-14T11:42:06.600+01:00",
        "age_s": 0.4,
    }
    assert document["secondary"]["server"]["version"] == "18.6"
    assert (document["primary"]["health"], document["primary"]["failures"]) == ("failing", 2)
    assert document["secondary"]["next_check_in_s"] == 0.6
    assert document["countdown"] == {
        "action": "switch to secondary",
        "at": "2025-11-14T11:42:08.000+01:00",
        "in_s": 1.0,
    }


def test_a_switch_tells_its_steps():
    moving = switch(plan=PLAN, step="repoint", steps_done=(Step.HOLD,), by="pi@pts/0")
    told = status_document(snapshot(switch=moving))["switch"]
    assert told["steps"] == [
        {"step": "hold", "done": True},
        {"step": "repoint", "done": False},
        {"step": "canary", "done": False},
    ]
    assert (told["from"], told["to"], told["by"], told["automatic"]) == ("primary", "secondary", "pi@pts/0", False)
    assert (told["recipe"], told["step"], told["for_s"]) == ("crashed", "repoint", 0.5)


def test_a_past_switch_tells_what_it_cost():
    ended = SwitchOutcome(
        switch(plan=PLAN), NOW_S, "done", "", Role.PRIMARY, 12.3456, Waited(8, 0.25), 3, "18.6 started 10:42"
    )
    document = status_document(snapshot(**ON_SECONDARY | {"last_switch": ended}))
    check_component(document, "Status")
    told = document["last_switch"]
    assert (told["took_s"], told["was_down"], told["was_down_s"]) == (0.5, "primary", 12.346)
    assert (told["waited"], told["longest_wait_s"], told["severed"]) == (8, 0.25, 3)


def test_a_hold_and_a_drill_are_told():
    held = snapshot(hold=Hold(NOW_S - 1, NOW_S + 4), drill=Drill("pi@tty1", NOW_S - 2, NOW_S + 58))
    document = status_document(held)
    check_component(document, "Status")
    assert document["hold"]["at_most_s"] == 4.0
    assert document["drill"]["by"] == "pi@tty1"


def test_what_was_never_checked_is_null():
    never = down(Role.PRIMARY, verdict=None, facts=None, next_check_s=float("-inf"))
    told = status_document(snapshot(primary=never, secondary=None))
    check_component(told, "Status")
    assert told["secondary"] is None
    assert (told["primary"]["check"], told["primary"]["server"]) == (None, None)
    assert told["primary"]["next_check_in_s"] == 0.0


def test_texts_from_elsewhere_are_harmless():
    """No control character, no bidirectional override, and no text without end gets into the document."""
    document = status_document(hostile())
    check_component(document, "Status")
    printed = json.dumps(document, ensure_ascii=False)
    assert printed.replace("\u200d", "").isprintable(), "a joiner is part of an emoji"
    assert "\u202e" not in printed
    assert len(printed) < 20_000


def test_latencies_are_rounded_and_not_lost():
    picture = snapshot()
    check = status_document(picture)["primary"]["check"]
    assert check["latency_ms"] == 2.4
    exact = snapshot(primary=down(Role.PRIMARY, verdict=passed(Role.PRIMARY, latency_ms=0.123456)))
    assert status_document(exact)["primary"]["check"]["latency_ms"] == 0.123
