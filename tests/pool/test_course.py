"""What a pool does by a picture, as a table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotswap_tui.core.values import Fault, Health, Role, State, Switch, SwitchKind
from hotswap_tui.pool.course import Course, course, situation
from tests.support.pictures import NOW_S, POLICY, database, down, failed, snapshot

FAILING = down(Role.PRIMARY, 1, health=Health.FAILING)
READ_ONLY = down(Role.PRIMARY, verdict=failed(Role.PRIMARY, Fault.READ_ONLY))
UNREACHABLE = down(Role.SECONDARY)
ON_SECONDARY = {"state": State.SECONDARY, "active": Role.SECONDARY}
NOBODY = {"state": State.UNAVAILABLE, "serving": False, "primary": down(Role.PRIMARY), "secondary": UNREACHABLE}
STARTING = {"state": State.STARTING, "serving": False}


def moving(kind: SwitchKind) -> dict[str, object]:
    return {"switch": Switch(1, kind, Role.PRIMARY, Role.SECONDARY, NOW_S, "why")}


CASES = [
    ("the primary serves", {}, {}, Course(Role.PRIMARY)),
    ("a failure is suspected", {"state": State.SUSPECT, "primary": FAILING}, {}, Course(Role.PRIMARY, doubtful=True)),
    ("traffic is on its way", {"state": State.FAILING_OVER, **moving(SwitchKind.FAILOVER)}, {}, Course(None)),
    ("PgBouncer is being repaired", moving(SwitchKind.REPAIR), {}, Course(Role.PRIMARY)),
    ("a planned switch is over", ON_SECONDARY, {}, Course(Role.SECONDARY)),
    ("it left a read-only one", {**ON_SECONDARY, "primary": READ_ONLY}, {}, Course(Role.SECONDARY)),
    ("it left a dead one", {**ON_SECONDARY, "primary": down(Role.PRIMARY)}, {}, Course(Role.SECONDARY, hasty=True)),
    ("nobody knows what it left", {**ON_SECONDARY, "primary": database(Role.PRIMARY, verdict=None)}, {},
     Course(Role.SECONDARY, hasty=True)),
    ("both are down", NOBODY, {}, Course(None, hasty=True)),
    ("the engine starts for the first time", STARTING, {}, Course(None)),
    ("it starts again", STARTING, {"following": Role.PRIMARY}, Course(Role.PRIMARY, doubtful=True)),
    ("it starts again, having moved", {**STARTING, "active": Role.SECONDARY}, {"following": Role.PRIMARY}, Course(None)),
    ("PgBouncer leads elsewhere", {"disagrees": True}, {}, Course(Role.PRIMARY)),
    ("it falls silent", {}, {"silent": True}, Course(Role.PRIMARY, doubtful=True)),
    ("it falls silent while nobody serves", NOBODY, {"silent": True}, Course(Role.PRIMARY, doubtful=True, hasty=True)),
    ("it falls silent on the way", moving(SwitchKind.FAILOVER), {"silent": True}, Course(None)),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "how", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_a_picture_means(changes, how, expected):
    assert course(snapshot(**changes), **{"silent": False, "following": None, **how}) == expected


@pytest.mark.parametrize("changes", [{"state": State.SUSPECT, "primary": FAILING}, NOBODY, moving(SwitchKind.FAILOVER)])
def test_who_merely_observes_holds_nobody(changes):
    observing = snapshot(policy=replace(POLICY, observe=True), **changes)
    assert course(observing, silent=False, following=None).role is Role.PRIMARY


def test_an_error_says_how_things_stand():
    assert "both are down" in situation(snapshot(**NOBODY), NOW_S, silent=False)
    assert situation(snapshot(), NOW_S, silent=True).startswith("the engine does not answer; it said last: PRIMARY")
