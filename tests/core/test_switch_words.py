"""A switch in words: its steps, what a plan does to clients, and what it cost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotswap_tui.core.plan import Plan, PoolMode, Step, choose
from hotswap_tui.core.switch_words import at_most_s, cost, intention, moved, present_step, steps, steps_shortened
from hotswap_tui.core.traffic import Waited
from hotswap_tui.core.values import Fault, Role
from tests.support.pictures import switch
from tests.support.routed_pictures import HASTY, PLANNED, arrived, at_step

VERSION = (1, 18, 0)


def test_steps_have_the_plans_numbers() -> None:
    """Done ones are ticked, the one begun is open, later ones are told only when asked for."""
    moving = at_step(Step.REPOINT, HASTY)
    assert steps(moving) == ["1 hold ✓", "2 preflight ✓", "3 repoint …"]
    assert steps(moving, ahead=True)[3:] == ["4 read back", "5 release", "6 sever", "7 canary"]


def test_steps_are_shortened_from_the_front() -> None:
    """The present step is never given up, and it says how many there are."""
    assert steps_shortened(at_step(Step.READ_BACK, HASTY)) == (
        "1 hold ✓ 2 preflight ✓ 3 repoint ✓ 4 read back …",
        "2 preflight ✓ 3 repoint ✓ 4 read back … of 7",
        "3 repoint ✓ 4 read back … of 7",
        "read back … 4/7",
    )


@pytest.mark.parametrize(
    ("moving", "words"),
    [
        (switch(step=""), "begin …"),
        (switch(step="choose secondary"), "choose secondary …"),
        (at_step(Step.HOLD), "hold … 2/8"),
        (replace(at_step(Step.HOLD), steps_done=(Step.WAKE, Step.HOLD)), "hold ✓ 2/8"),
        (replace(at_step(Step.HOLD), step=""), "begin …"),
    ],
)
def test_present_step(moving: object, words: str) -> None:
    """A switch of a life before has no plan; one that has just begun no step."""
    assert present_step(moving) == words  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fault", "mode", "firm", "count", "words"),
    [
        (
            None,
            PoolMode.TRANSACTION,
            False,
            42,
            "42 clients wait until open transactions end, 3 s at most; if one stays open, nothing is moved",
        ),
        (
            None,
            PoolMode.TRANSACTION,
            True,
            1,
            "1 client waits until open transactions end, 3 s at most; then what is still open is cut off",
        ),
        (
            Fault.REFUSED,
            PoolMode.TRANSACTION,
            False,
            None,
            "clients continue at once; connections to the dead primary are cut off",
        ),
        (
            Fault.TIMEOUT,
            PoolMode.TRANSACTION,
            False,
            2,
            "2 clients continue at once; connections to the hung primary are cut off",
        ),
        (
            None,
            PoolMode.SESSION,
            False,
            2,
            "session mode: 2 clients, each disconnected from the primary once within 1 s",
        ),
        (
            Fault.TIMEOUT,
            PoolMode.SESSION,
            False,
            None,
            "session mode: every client disconnected from the hung primary once",
        ),
    ],
)
def test_intention(fault: Fault | None, mode: PoolMode, firm: bool, count: int | None, words: str) -> None:
    """Each recipe says what clients will feel."""
    assert intention(choose(Role.PRIMARY, fault, mode, VERSION, firm=firm), Role.PRIMARY, mode, count) == words


@pytest.mark.parametrize(("longest_s", "text"), [(0.0, "0.00s"), (0.05, "0.05s"), (0.0501, "0.06s"), (-1.0, "0.00s")])
def test_a_bound_is_rounded_up(longest_s: float, text: str) -> None:
    """Nobody waited longer than what is claimed."""
    assert at_most_s(longest_s) == text


def test_a_switch_without_waiting_clients_has_nothing_to_say_about_them() -> None:
    """Only its duration, and what was cut off."""
    assert moved(arrived(waited=Waited(), severed=0)) == ("moved in 0.08s",)
    assert moved(arrived(waited=Waited())) == (
        "moved in 0.08s, 3 connections to primary cut off",
        "moved in 0.08s, 3 cut off",
        "moved in 0.08s",
    )


@pytest.mark.parametrize(
    ("plan", "waited", "severed", "told"),
    [
        (PLANNED, Waited(), 0, ("nobody waited",)),
        (HASTY, Waited(), 0, ("nobody waited in pgbouncer",)),
        (HASTY, Waited(), 8, ("8 connections to primary cut off",)),
        (HASTY, Waited(5, 0.61), 1, ("5 clients waited, at most 0.61s", "1 connection to primary cut off")),
    ],
)
def test_what_a_switch_cost(plan: Plan, waited: Waited, severed: int, told: tuple[str, ...]) -> None:
    """That nobody waited is said only of a server that lived: PgBouncer does not count those at a hung one."""
    assert cost(arrived(switch=at_step(Step.CANARY, plan), waited=waited, severed=severed)) == told
