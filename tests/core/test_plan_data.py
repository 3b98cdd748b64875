"""What a plan does about the data, as a table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotswap_tui.core.plan import DRAIN_S, SESSION_DRAIN_S, DataPlan, PoolMode, Step, choose
from hotswap_tui.core.values import Fault, Role

TRANSACTION, SESSION = PoolMode.TRANSACTION, PoolMode.SESSION
ALL = DataPlan(catch_up=True, must_catch_up=True, prove_safe=True, sequences=True, mark=True)


def planned(fault=None, pool_mode=TRANSACTION, *, firm=False, data=ALL):
    return choose(Role.PRIMARY, fault, pool_mode, (1, 18), firm=firm, data=data)


@pytest.mark.parametrize(
    ("data", "catches_up", "secures"),
    [
        (DataPlan(), False, False),
        (DataPlan(must_catch_up=True), False, False),
        (DataPlan(catch_up=True), True, False),
        (DataPlan(prove_safe=True), True, False),
        (DataPlan(sequences=True), False, True),
        (DataPlan(mark=True), False, True),
        (ALL, True, True),
    ],
)
@pytest.mark.parametrize("pool_mode", [None, *PoolMode])
def test_the_steps_that_the_data_asks_for(data, catches_up, secures, pool_mode):
    steps = planned(pool_mode=pool_mode, data=data).steps
    assert (Step.CATCH_UP in steps, Step.SECURE in steps) == (catches_up, secures)
    without = tuple(step for step in steps if step not in {Step.CATCH_UP, Step.SECURE})
    assert without == planned(pool_mode=pool_mode, data=DataPlan()).steps
    if catches_up:
        assert steps[steps.index(Step.CATCH_UP) - 1] is Step.HOLD
    if secures:
        assert steps[steps.index(Step.SECURE) - 1] is Step.PREFLIGHT


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.TIMEOUT, Fault.DRILL])
@pytest.mark.parametrize("pool_mode", [TRANSACTION, SESSION])
def test_nobody_waits_for_a_database_that_is_gone(fault, pool_mode):
    plan = planned(fault, pool_mode, data=replace(ALL, prove_safe=False))
    assert Step.CATCH_UP not in plan.steps
    assert plan.steps[plan.steps.index(Step.SECURE) - 1] is Step.PREFLIGHT
    assert not plan.must_secure, "an application without any database matters more"


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.TIMEOUT])
def test_where_nothing_can_be_proven_a_guarded_failback_does_not_begin(fault):
    plan = choose(Role.SECONDARY, fault, TRANSACTION, (1, 18), data=DataPlan(prove_safe=True))
    assert "nothing proves" in plan.obstacle
    assert plan.steps == ()


@pytest.mark.parametrize(
    ("fault", "firm", "stops"),
    [(None, False, True), (None, True, False), (Fault.STORAGE, False, False), (Fault.READ_ONLY, False, False)],
)
@pytest.mark.parametrize("pool_mode", [TRANSACTION, SESSION])
def test_what_is_missing_stops_an_orderly_switch_only(fault, firm, stops, pool_mode):
    plan = planned(fault, pool_mode, firm=firm)
    assert plan.must_secure is stops
    assert plan.data.must_catch_up is stops
    assert plan.data.catch_up
    assert plan.drain_s == (SESSION_DRAIN_S if pool_mode is SESSION else DRAIN_S)


def test_what_need_not_be_moved_stops_nothing():
    assert not planned(data=DataPlan(mark=True)).must_secure
