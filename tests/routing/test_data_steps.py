"""When the data stops a switch, and when it is only told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hotswap_tui.core.plan import CATCH_UP_S, SECURE_S, DataPlan, PoolMode, Step, choose
from hotswap_tui.core.values import Fault, Role
from hotswap_tui.routing.data_steps import APPROACH_S, PROVE_S, SECURE_PLANNED_S, DataSteps
from hotswap_tui.routing.handover import HandoverError, Secured
from hotswap_tui.routing.router import SwitchError
from hotswap_tui.routing.tools import StepError
from hotswap_tui.routing.unrouted import Unrouted
from tests.support.bouncer_routers import Steps

ALL = DataPlan(catch_up=True, must_catch_up=True, prove_safe=True, sequences=True, mark=True)
BEHIND = HandoverError("secondary is 12.0 MB behind after 15 s")


class Scripted:
    """A handover that does as told, and remembers what it was asked."""

    def __init__(self, *, behind=None, unproven=None, secured=Secured(words="2 sequences moved")):  # noqa: B008 - frozen
        self.behind, self.unproven, self.secured = behind, unproven, secured
        self.asked = []

    def rehearsal(self, _target):
        return ()

    async def catch_up(self, _inspect, source, _target, timeout_s, waits):
        self.asked.append(("catch up", source, timeout_s))
        waits("3.1 MB to go")
        if self.behind:
            raise self.behind
        return "secondary had everything"

    async def prove_safe(self, _inspect, mark, timeout_s):
        self.asked.append(("prove", mark, timeout_s))
        if self.unproven:
            raise self.unproven
        return "nothing was written"

    async def secure(self, _inspect, _source, _target, timeout_s, *, sequences, alive):
        self.asked.append(("secure", sequences, alive, timeout_s))
        return self.secured


class Nothing:
    async def aclose(self):
        pass


def nobody(role) -> Any:
    raise AssertionError(f"{role} was asked")


def nothing(_) -> Any:
    return Nothing()


def steps_of(handover, fault=None, *, firm=False, data=ALL):
    plan = choose(Role.PRIMARY, fault, PoolMode.TRANSACTION, (1, 18), firm=firm, data=data)
    return DataSteps(handover, plan, Role.SECONDARY, nobody)


def at_most(limit_s):
    return limit_s


async def take(steps):
    heard: list[str] = []
    await steps.approach(heard.append)
    await steps.catch_up(at_most, heard.append)
    await steps.secure(at_most)
    return heard


async def test_what_is_missing_is_waited_for_first_without_a_hold_and_then_with_one():
    handover = Scripted()
    steps = steps_of(handover)
    assert await take(steps) == ["3.1 MB to go"] * 2
    assert handover.asked == [
        ("catch up", Role.PRIMARY, APPROACH_S),
        ("catch up", Role.PRIMARY, CATCH_UP_S),
        ("prove", None, PROVE_S),
        ("secure", True, True, SECURE_PLANNED_S),
    ]
    assert steps.secured.words == "secondary had everything; nothing was written; 2 sequences moved"
    assert steps.secured.problem == ""
    assert steps.longest_s == CATCH_UP_S + PROVE_S + SECURE_PLANNED_S


async def test_a_target_far_behind_stops_an_orderly_switch_before_anybody_is_held():
    with pytest.raises(StepError, match=r"12.0 MB behind after 15 s; nobody was held$"):
        await steps_of(Scripted(behind=BEHIND)).approach(lambda _: None)


async def test_whoever_insists_goes_on_and_is_told_and_nobody_is_held_for_it():
    handover = Scripted(behind=BEHIND)
    steps = steps_of(handover, firm=True, data=replace(ALL, prove_safe=False))
    await take(steps)
    assert [asked[0] for asked in handover.asked] == ["catch up", "secure"]
    assert handover.asked[0][2] == CATCH_UP_S
    assert steps.secured.problem == "moved without what was missing: secondary is 12.0 MB behind after 15 s"


async def test_a_failback_without_proof_is_stopped():
    with pytest.raises(StepError, match="41 rows"):
        await take(steps_of(Scripted(unproven=HandoverError("41 rows have no way back"))))


@pytest.mark.parametrize(
    ("fault", "firm", "stops"), [(None, False, True), (None, True, False), (Fault.REFUSED, False, False)]
)
async def test_keys_that_would_be_given_twice_stop_an_orderly_switch_only(fault, firm, stops):
    repeating = Secured(problem="this role may not move orders_id_seq", repeating=True)
    handover = Scripted(secured=repeating)
    steps = steps_of(handover, fault, firm=firm, data=DataPlan(sequences=True))
    if stops:
        with pytest.raises(StepError, match="orders_id_seq"):
            await take(steps)
    else:
        await take(steps)
        assert steps.secured.problem == repeating.problem
    assert handover.asked[0][2:] == ((True, SECURE_PLANNED_S) if fault is None else (False, SECURE_S))


async def test_without_a_handover_every_step_is_nothing():
    steps = steps_of(None, data=replace(ALL, prove_safe=False))
    assert await take(steps) == []
    assert steps.secured == Secured()
    with pytest.raises(StepError, match="nothing here can prove"):
        await take(steps_of(None))


async def test_without_a_gateway_the_data_is_brought_over_all_the_same():
    heard, handover = Steps(), Scripted()
    plan = choose(Role.PRIMARY, None, None, (), data=ALL)
    arrival = await Unrouted(handover, nothing).switch(Role.SECONDARY, plan, heard)
    assert heard.done == [Step.CATCH_UP, Step.SECURE]
    assert heard.begun == [Step.CATCH_UP, Step.SECURE, Step.REPOINT]
    assert heard.details == ["3.1 MB to go"]
    assert arrival.secured.words.endswith("2 sequences moved")
    with pytest.raises(SwitchError, match="behind after 15 s; nothing was moved"):
        await Unrouted(Scripted(behind=BEHIND), nothing).switch(Role.SECONDARY, plan, Steps())
    assert (await Unrouted().switch(Role.SECONDARY, plan, Steps())).secured == Secured()
