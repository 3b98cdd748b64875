"""The plan of a switch as a table: why it is made, how PgBouncer pools, and which PgBouncer it is."""

from __future__ import annotations

import pytest

from hotswap_tui.core.plan import DRAIN_S, SESSION_DRAIN_S, PoolMode, Recipe, Step, choose
from hotswap_tui.core.values import Fault, Role

W, H, P, R, B, L, S, C = (
    Step.WAKE,
    Step.HOLD,
    Step.PREFLIGHT,
    Step.REPOINT,
    Step.READ_BACK,
    Step.RELEASE,
    Step.SEVER,
    Step.CANARY,
)
TRANSACTION, SESSION = PoolMode.TRANSACTION, PoolMode.SESSION
NEW = (1, 25, 2)
CRASHED = {Fault.REFUSED, Fault.RESET, Fault.STARTING, Fault.STOPPING, Fault.DRILL}
HUNG = {Fault.TIMEOUT, Fault.UNREACHABLE, Fault.RESOLVER, Fault.UNKNOWN}


@pytest.mark.parametrize("fault", [None, *Fault])
def test_a_database_that_answers_is_left_in_order_and_a_dead_one_is_not_waited_for(fault):
    expected = Recipe.CRASHED if fault in CRASHED else Recipe.HUNG if fault in HUNG else Recipe.PLANNED
    plan = choose(Role.PRIMARY, fault, TRANSACTION, NEW)
    assert plan.recipe is expected
    assert bool(plan.drain_s) is (expected is Recipe.PLANNED)


@pytest.mark.parametrize(
    ("fault", "pool_mode", "firm", "steps", "drain_s", "must_drain"),
    [
        (None, TRANSACTION, False, (W, H, P, R, B, S, L, C), DRAIN_S, True),
        (None, TRANSACTION, True, (W, H, P, R, B, S, L, C), DRAIN_S, False),
        (Fault.STORAGE, TRANSACTION, False, (W, H, P, R, B, S, L, C), DRAIN_S, False),
        (Fault.READ_ONLY, TRANSACTION, False, (W, H, P, R, B, S, L, C), DRAIN_S, False),
        (None, SESSION, False, (W, H, P, R, B, S, L, C), SESSION_DRAIN_S, False),
        (Fault.REFUSED, TRANSACTION, False, (H, P, R, B, L, S, C), 0.0, False),
        (Fault.TIMEOUT, TRANSACTION, False, (H, P, R, B, L, S, C), 0.0, False),
        (Fault.REFUSED, SESSION, False, (P, R, B, S, C), 0.0, False),
        (Fault.TIMEOUT, SESSION, False, (P, R, B, S, C), 0.0, False),
    ],
)
def test_the_steps(fault, pool_mode, firm, steps, drain_s, must_drain):
    plan = choose(Role.PRIMARY, fault, pool_mode, NEW, firm=firm)
    assert (plan.steps, plan.drain_s, plan.must_drain, plan.obstacle) == (steps, drain_s, must_drain, "")


@pytest.mark.parametrize("fault", [None, *Fault])
@pytest.mark.parametrize("pool_mode", [None, *PoolMode])
@pytest.mark.parametrize("firm", [False, True])
def test_every_plan_proves_itself_and_releases_whom_it_held(fault, pool_mode, firm):
    plan = choose(Role.PRIMARY, fault, pool_mode, NEW, firm=firm)
    order = plan.steps.index
    assert order(P) < order(R) < order(B) < order(C) == len(plan.steps) - 1
    assert (H in plan.steps) is (L in plan.steps)
    assert H not in plan.steps or order(H) < order(P) < order(L)
    assert len(set(plan.steps)) == len(plan.steps)
    assert S in plan.steps, "nothing of what was left may stay"


def test_a_standby_read_only_by_nature_is_no_dead_database():
    assert choose(Role.SECONDARY, Fault.READ_ONLY, TRANSACTION, NEW).recipe is Recipe.PLANNED


@pytest.mark.parametrize(
    ("version", "measured"), [((1, 17, 9), False), ((1, 18), True), ((1, 18, 0), True), (NEW, True), ((), True)]
)
def test_only_versions_that_were_measured_are_driven(version, measured):
    plan = choose(Role.PRIMARY, None, TRANSACTION, version)
    assert bool(plan.obstacle) is not measured
    assert bool(plan.steps) is measured
