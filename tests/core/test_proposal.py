"""What a person proposes: why it may make no sense now, and what it risks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotswap_tui.core.plan import Step
from hotswap_tui.core.proposal import obstacle, plan_of, propose_failback, propose_repair, propose_switch, risks
from hotswap_tui.core.values import HOT_SWAP_HINT, OBSERVING, Level, Role
from tests.support.pictures import ELSEWHERE, ON_SECONDARY, POLICY, ROUTED, database, down, snapshot
from tests.support.routed_pictures import at_step

DEAD_SECONDARY = {"secondary": down(Role.SECONDARY)}


@pytest.mark.parametrize(
    ("propose", "changes", "words"),
    [
        (propose_switch, {}, ""),
        (propose_switch, {"secondary": None}, HOT_SWAP_HINT),
        (propose_switch, {"policy": replace(POLICY, observe=True)}, OBSERVING),
        (
            propose_switch,
            {"switch": at_step(Step.HOLD)},
            "a switch to secondary is in progress; wait for it or cancel it",
        ),
        (
            propose_switch,
            {"disagrees": True, "router": ELSEWHERE},
            "the gateway points to 10.0.0.12:5432: repair that first",
        ),
        (propose_switch, DEAD_SECONDARY, "secondary is not up (timeout): no switch there"),
        (
            propose_switch,
            {"secondary": database(Role.SECONDARY, verdict=None, health="unknown")},
            "secondary has not been checked yet",
        ),
        (propose_failback, {}, "primary is the active database already"),
        (propose_failback, {**ON_SECONDARY, "primary": database(Role.PRIMARY)}, ""),
        (propose_repair, {}, "there is no gateway to repair"),
        (propose_repair, {"router": ROUTED}, "nothing to repair: the gateway points to the active database"),
        (propose_repair, {"disagrees": True, "router": ELSEWHERE}, ""),
    ],
)
def test_obstacles(propose, changes, words):
    seen = snapshot(**changes)
    assert obstacle(propose(seen), seen) == words


def test_force_makes_a_risk_of_what_was_an_obstacle():
    seen = snapshot(**DEAD_SECONDARY)
    forced = propose_switch(seen, Role.SECONDARY, force=True)
    assert obstacle(forced, seen) == ""
    assert risks(forced, seen)[0] == ("secondary is not up (timeout): applications will meet errors there", Level.BAD)
    assert not plan_of(forced, seen).must_drain
