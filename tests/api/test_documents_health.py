"""The reference's health documents, and what load balancers ask, for every picture of the engine."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from hotswap_tui.api.documents import status_document
from hotswap_tui.api.health import alive_document, health_document, overdue, role_document
from hotswap_tui.core.snapshot import SwitchOutcome
from hotswap_tui.core.values import Health, Role, State, SwitchKind
from tests.support.openapi_schemas import check_component
from tests.support.pictures import (
    FAILING,
    NO_NAME,
    NOBODY,
    NOW_S,
    ON_SECONDARY,
    POLICY,
    WALL_S,
    database,
    down,
    snapshot,
    starting_refused,
    switch,
)
from tests.support.reference_documents import AFTER_FAILOVER, ALONE_AND_DOWN, BOTH_DOWN, ON_PRIMARY, WITHOUT_HOT_SWAP
from tests.support.routed_pictures import pictures as routed_pictures

PRIMARY, SECONDARY = Role.PRIMARY, Role.SECONDARY
HALF_PAST_TEN_WALL_S = 1_763_116_200.0
"""2025-11-14T10:30:00Z, the reference's moment."""

FAILED_OVER = {**ON_SECONDARY, "since_s": NOW_S - 300, "failover_available": True, "primary": database(PRIMARY)}


@pytest.mark.parametrize(
    ("changes", "status", "text"),
    [
        ({"secondary": None, "failover_available": False}, 200, WITHOUT_HOT_SWAP),
        ({}, 200, ON_PRIMARY),
        (FAILED_OVER, 200, AFTER_FAILOVER),
        ({**NOBODY, "secondary": down(SECONDARY)}, 503, BOTH_DOWN),
        ({**NOBODY, "secondary": None}, 503, ALONE_AND_DOWN),
    ],
    ids=["without hot-swap", "on primary", "after failover", "both down", "alone and down"],
)
def test_a_document_is_the_references_to_the_letter(changes, status, text):
    given = health_document(snapshot(wall_s=HALF_PAST_TEN_WALL_S, **changes))
    assert given[0] == status
    assert json.dumps(given[1], indent=2) == text


FAILED_BACK = SwitchOutcome(switch(SwitchKind.FAILBACK, PRIMARY), NOW_S - 5, "failed", "no canary")
BY_HAND = SwitchOutcome(switch(SwitchKind.MANUAL, by="pi@tty1"), NOW_S - 300, "done")


@pytest.mark.parametrize(
    ("changes", "failed_over"),
    [
        ({}, False),
        (FAILED_OVER, True),
        ({**FAILED_OVER, "last_switch": BY_HAND}, True),
        ({**FAILED_OVER, "last_switch": None}, True),
        ({**FAILED_OVER, "last_switch": FAILED_BACK}, True),
        (
            {
                **FAILED_OVER,
                "state": State.FAILING_BACK,
                "switch": switch(SwitchKind.FAILBACK, PRIMARY),
            },
            True,
        ),
        ({"state": State.FAILING_OVER, "switch": switch(), "primary": down(PRIMARY, 3)}, False),
        ({**FAILED_OVER, "state": State.STARTING, "serving": False}, False),
        ({**NOBODY, "active": SECONDARY, "secondary": down(SECONDARY)}, False),
        ({"policy": replace(POLICY, observe=True), **NOBODY, "blocked": "nothing is moved"}, False),
    ],
    ids=[
        "on the primary",
        "failover",
        "a person's switch",
        "after a restart",
        "after a failback that failed",
        "while failing back",
        "while failing over",
        "restarting on the secondary",
        "the secondary is down, too",
        "only observing",
    ],
)
def test_last_failover_is_told_while_the_secondary_serves(changes, failed_over):
    told = health_document(snapshot(**changes))[1]["hotSwap"]
    assert ("lastFailover" in told, "uptimeSinceFailover" in told) == (failed_over, failed_over)
    if failed_over:
        assert told["uptimeSinceFailover"] == "300s"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({**NOBODY, "secondary": down(SECONDARY, verdict=NO_NAME)}, "Both primary and secondary"),
        ({**NOBODY, "secondary": database(SECONDARY, health=Health.DEGRADED)}, "Both primary and secondary"),
        (NOBODY, "The primary database is unavailable, and no failover to the secondary was made"),
        (
            {**NOBODY, "active": SECONDARY, "primary": database(PRIMARY), "secondary": down(SECONDARY)},
            "The secondary database is unavailable, and no failover to the primary was made",
        ),
        ({"state": State.STARTING, "serving": False}, "No check of the primary database has passed yet"),
    ],
)
def test_who_is_down_is_said_in_a_sentence(changes, words):
    status, told = health_document(snapshot(**changes))
    assert status == 503
    assert told["error"].startswith(words)


@pytest.mark.parametrize("active", Role)
@pytest.mark.parametrize("passed_s", [None, NOW_S - 61], ids=["never", "in a former run"])
def test_a_database_that_no_check_has_seen_yet_is_not_vouched_for(active, passed_s):
    """An engine that begins at a dead one suspects it only, for as long as the threshold takes."""
    dead = replace(down(active, 1), last_pass_s=passed_s)
    changes = {"state": State.SUSPECT, "active": active, "started_s": NOW_S - 60, active.value: dead}
    picture = snapshot(**changes)
    status, told = health_document(picture)
    assert (status, told["database"]) == (503, "disconnected")
    assert told["error"] == f"No check of the {active} database has passed yet"
    assert "lastFailover" not in told["hotSwap"]
    assert role_document(picture, active)[0] == 503
    assert status_document(picture)["serving"] is False
    assert health_document(snapshot(**changes | {active.value: replace(dead, last_pass_s=NOW_S - 3)}))[0] == 200


@pytest.mark.parametrize("name", routed_pictures())
def test_every_picture_has_a_document_that_openapi_describes(name):
    picture = routed_pictures()[name]
    status, told = health_document(picture)
    check_component(told, "Healthy" if status == 200 else "Unhealthy")
    assert (status == 200) is picture.serving
    for role in Role:
        answer, document = role_document(picture, role)
        check_component(document, "Serving")
        assert (answer == 200) is (picture.serving and picture.active is role)


def test_the_open_documents_tell_no_text_that_others_wrote():
    """Whoever reaches the port may ask: names, addresses and errors are not theirs."""
    told = json.dumps([health_document(picture) for picture in routed_pictures().values()])
    assert not re.search(r"neon|evil|pi@|localhost|5432", told)


def test_one_moment_reads_the_same_in_every_answer():
    """The two clocks of a picture are read some microseconds apart; who watches lastFailover must not see it move."""
    jitters_s = [number * 1e-6 for number in range(-400, 400, 7)]
    pictures = [snapshot(**FAILED_OVER | {"wall_s": WALL_S + 0.2513 + jitter_s}) for jitter_s in jitters_s]
    assert len({health_document(picture)[1]["hotSwap"]["lastFailover"] for picture in pictures}) == 1


@pytest.mark.parametrize(("late_s", "alive"), [(-0.6, True), (0.0, True), (9.9, True), (10.1, False), (3600.0, False)])
def test_the_engine_lives_while_its_checks_are_made(late_s, alive):
    """5 s for the check itself and 5 s for a busy machine."""
    picture = snapshot(secondary=database(SECONDARY, next_check_s=NOW_S - late_s))
    status, told = alive_document(picture)
    assert status == (200 if alive else 503)
    check_component(told, "Alive" if alive else "Stalled")
    assert alive or overdue(picture).startswith("the check of the secondary is overdue by")


def test_the_engine_lives_however_the_databases_are():
    assert {alive_document(snapshot(**changes))[0] for changes in ({}, FAILING, NOBODY, ON_SECONDARY)} == {200}
    assert alive_document(starting_refused())[0] == 200


@pytest.mark.parametrize(("ago_s", "alive"), [(1.0, True), (60.0, False)])
def test_a_first_check_that_never_ends_is_noticed(ago_s, alive):
    never = database(PRIMARY, verdict=None, next_check_s=float("-inf"), checking=True)
    assert (alive_document(snapshot(primary=never, started_s=NOW_S - ago_s))[0] == 200) is alive
