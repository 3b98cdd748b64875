"""Confirming a switch: what must be typed, when the question ends by itself, and the outcomes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from hotswap_tui.core.events import ArmRequest, CancelRequest, FailbackRequest, RepairRequest, SwitchRequest
from hotswap_tui.core.plan import Step
from hotswap_tui.core.proposal import changes
from hotswap_tui.core.snapshot import SwitchOutcome
from hotswap_tui.core.traffic import Waited
from hotswap_tui.core.values import ARMED, Health, Role, State, SwitchKind
from hotswap_tui.tui.confirm import ConfirmDialog, Stage
from hotswap_tui.tui.dialogs import ArmDialog
from tests.support.pictures import DISARMED, NOW_S, ROUTED, database, down, snapshot
from tests.support.routed_pictures import OPEN_TRANSACTIONS, PROOF, at_step, pictures
from tests.support.screens import running, shown
from tests.support.scripted_client import ScriptedClient, SettableClock
from tests.support.until import until

if TYPE_CHECKING:
    from hotswap_tui.tui.app import HotSwapApp

DEAD_PRIMARY = snapshot(
    primary=down(Role.PRIMARY), serving=False, state=State.UNAVAILABLE, unavailable_since_s=NOW_S - 9
)
MOVING = at_step(Step.HOLD, kind=SwitchKind.MANUAL)


async def test_a_healthy_database_is_left_only_by_typing_the_target() -> None:
    """Neither enter nor y nor a wrong name does anything; the target's name and enter does."""
    client = ScriptedClient()
    async with running(client) as (app, pilot):
        await pilot.press("S", "enter", "y", "enter", "backspace", *"primary", "enter")
        assert not client.requests
        await pilot.press("ctrl+u", *"secondary", "enter")
        await until(lambda: client.requests)
        assert client.requests == [SwitchRequest("pi@tty1", Role.SECONDARY, 7)]
        assert isinstance(app.screen, ConfirmDialog)


async def test_y_is_enough_to_leave_a_dead_database() -> None:
    """Nothing is lost by leaving what is down; n leaves everything as it is."""
    client = ScriptedClient(DEAD_PRIMARY)
    async with running(client) as (_, pilot):
        await pilot.press("S", "enter", "n")
        assert not client.requests
        await pilot.press("S", "y")
        await until(lambda: client.requests)
        assert client.requests == [SwitchRequest("pi@tty1", Role.SECONDARY, 7)]


@pytest.mark.parametrize("target_health", [Health.DOWN, Health.DEGRADED, Health.UNKNOWN])
async def test_an_unhealthy_target_cannot_be_chosen_here(target_health: Health) -> None:
    """The reason is said, and no risk of what cannot happen."""
    picture = snapshot(secondary=down(Role.SECONDARY, health=target_health))
    client = ScriptedClient(picture)
    async with running(client) as (app, pilot):
        await pilot.press("S", *"secondary", "enter", "y")
        assert not client.requests
        assert "secondary is not up (timeout): no switch there" in shown(app)
        assert "stays behind" not in shown(app)


async def test_failback_asks_for_the_primary() -> None:
    """B works on the secondary only, and sends what the machine calls a failback."""
    client = ScriptedClient(pictures()["failing-back"])
    async with running(client) as (_, pilot):
        await pilot.press("B", *"primary", "enter")
        await until(lambda: client.requests)
        assert client.requests == [FailbackRequest("pi@tty1", 7)]


async def test_failback_is_not_offered_on_the_primary() -> None:
    """The key says so instead of opening a question."""
    async with running(ScriptedClient()) as (app, pilot):
        await pilot.press("B")
        assert not isinstance(app.screen, ConfirmDialog)
        assert "Fail back: the primary is the active database already" in shown(app)


async def test_repair_needs_one_key() -> None:
    """R is offered when gateway and engine disagree."""
    client = ScriptedClient(pictures()["disagrees"])
    async with running(client) as (_, pilot):
        await pilot.press("R", "y")
        await until(lambda: client.requests)
        assert client.requests == [RepairRequest("pi@tty1", 7)]


async def test_the_question_ends_when_the_situation_changes() -> None:
    """A new decision version ends it, says why, and what is still typed reaches nothing below."""
    client = ScriptedClient()
    async with running(client) as (app, pilot):
        await pilot.press("S", *"secondar")
        failing = pictures()["failing"]
        client.change(version=8, state=failing.state, primary=failing.primary)
        app.paint()
        await pilot.press("y", "e", "A")
        await pilot.pause()
        dialog = app.screen
        assert isinstance(dialog, ConfirmDialog)
        assert dialog.stage is Stage.CLOSED
        assert "the situation has changed: primary was ● up, is ▲ failing, state was PRIMARY, is SUSPECT" in _words(app)
        assert "Nothing was done; look again" in _words(app)
        await pilot.press("enter")
        assert not isinstance(app.screen, ConfirmDialog)
        assert not client.requests


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"active": Role.SECONDARY}, "active was primary, is secondary"),
        ({"mode": DISARMED}, "automatic switching was on, is off"),
        ({"switch": MOVING}, "a switch has begun"),
        ({}, "something has happened since, as the events say"),
    ],
)
def test_changes_are_named(changed: dict[str, Any], words: str) -> None:
    """What was and what is, in the words of the screen."""
    assert changes(snapshot(), snapshot(**changed)) == words


async def test_a_wrong_name_is_said() -> None:
    """Enter on another word says which one it is not, until more is typed."""
    async with running(ScriptedClient()) as (app, pilot):
        await pilot.press("S", *"primary", "enter")
        assert 'not "secondary": type secondary' in shown(app)
        await pilot.press("backspace")
        assert 'not "secondary"' not in shown(app)


async def test_the_question_is_live_over_a_frozen_picture() -> None:
    """A dialogue shows the present, not the picture below it."""
    client, clock = ScriptedClient(), SettableClock()
    async with running(client, clock=clock) as (app, pilot):
        await pilot.press("space")
        clock.now_s = NOW_S + 3
        client.change(now_s=NOW_S + 3, version=9, secondary=down(Role.SECONDARY))
        await pilot.press("S")
        assert "SECONDARY ✗ DOWN" in shown(app)
        assert "seen 3.4s ago" in shown(app)
        assert "no switch there" in shown(app)


async def test_arming_asks_where_it_would_fail_back() -> None:
    """On the secondary with a proven primary, A alone moves nothing; y arms, anything else leaves it."""
    client = ScriptedClient(pictures()["disarmed-returning"])
    async with running(client) as (app, pilot):
        assert "A to arm and fail back" in shown(app)
        await pilot.press("A", "enter", "A", "escape")
        assert not client.requests
        await pilot.press("A", "y")
        await until(lambda: client.requests)
        assert client.requests == [ArmRequest("pi@tty1")]


async def test_a_question_about_arming_that_is_void_closes_itself() -> None:
    """The primary failed again while it stood: the reason is in the bottom line, over nothing else."""
    client = ScriptedClient(pictures()["disarmed-returning"])
    async with running(client) as (app, pilot):
        await pilot.press("A")
        client.change(primary=down(Role.PRIMARY), version=8)
        app.paint()
        await pilot.pause()
        assert not isinstance(app.screen, ArmDialog)
        assert "nothing was armed: primary was ● up, is ✗ DOWN" in shown(app)
        await pilot.press("y")
        assert not client.requests


async def test_what_is_off_is_not_turned_off() -> None:
    """A switch by hand leaves automatic switching off, whichever it was; the words tell which."""
    for mode, words in ((ARMED, "automatic switching is turned off"), (DISARMED, "automatic switching stays off")):
        async with running(ScriptedClient(snapshot(mode=mode, router=ROUTED))) as (app, pilot):
            await pilot.press("S")
            assert words in _words(app)


async def test_a_failed_switch_says_once_where_traffic_is_and_what_ends_a_transaction() -> None:
    """The engine's own words about traffic are not repeated; the pid is told to be the server's."""
    client = ScriptedClient(snapshot(router=ROUTED, primary=down(Role.PRIMARY)))
    error = f"after 3.0 s {OPEN_TRANSACTIONS}; traffic stays where it was, at localhost:5432"
    async with running(client, (120, 40)) as (app, pilot):
        await pilot.press("S", "y")
        await until(lambda: client.requests)
        client.change(**outcome("failed", error))
        words = "End it on primary, as by SELECT pg_terminate_backend(pid) with the server's pid"
        await until(lambda: words in _words(app))
        assert "Traffic is where it was" not in _words(app)


def _words(app: HotSwapApp) -> str:
    return " ".join(shown(app).replace("│", " ").split())


async def test_the_question_is_live() -> None:
    """Latency, health and risk in the window follow the engine while it asks."""
    client = ScriptedClient(snapshot(router=ROUTED))
    async with running(client) as (app, pilot):
        await pilot.press("S")
        now = database(Role.SECONDARY)
        assert now.verdict is not None
        client.change(secondary=replace(now, verdict=replace(now.verdict, latency_ms=77.7)))
        app.paint()
        await pilot.pause()
        assert "77.7 ms   seen" in shown(app)


async def test_a_refusal_is_said_in_the_window() -> None:
    """The engine's own sentence is shown."""
    client = ScriptedClient(DEAD_PRIMARY)
    client.refuse_with = "a switch to secondary is in progress"
    async with running(client) as (app, pilot):
        await pilot.press("S", "y")
        await until(lambda: "refused: a switch to secondary is in progress" in shown(app))


async def test_an_answer_that_does_not_arrive_is_unknown() -> None:
    """A broken connection to the engine is neither done nor failed."""
    client = ScriptedClient(DEAD_PRIMARY)
    client.fail_with = ConnectionResetError("Connection reset by peer")
    async with running(client) as (app, pilot):
        await pilot.press("S", "y")
        await until(lambda: "unknown: no answer came back (Connection reset by peer)" in shown(app))


def outcome(result: str, error: str = "") -> dict[str, Any]:
    """Return how the picture changes when the switch has ended."""
    ended = SwitchOutcome(MOVING, NOW_S + 0.08, result, error, waited=Waited(8, 0.047), severed=1, proof=PROOF)
    return {"switch": None, "last_switch": ended, "version": 9}


@pytest.mark.parametrize(
    ("result", "error", "words"),
    [
        (
            "done",
            "",
            "● done in 0.58 s: secondary serves; 8 clients waited, at most 0.05s; 1 connection to primary cut off",
        ),
        ("failed", "PAUSE timed out", "✗ failed at hold after 0.58 s: PAUSE timed out. Traffic is where it was"),
        ("cancelled", "", "· cancelled; primary serves as before"),
        (
            "unknown",
            "connection lost",
            "? unknown: pgbouncer points to localhost:5432, but no query through it has shown who answers (connection lost)",
        ),
    ],
)
async def test_outcomes(result: str, error: str, words: str) -> None:
    """The window stays until the outcome is known, whatever it is."""
    client = ScriptedClient(snapshot(router=ROUTED, primary=down(Role.PRIMARY)))
    async with running(client) as (app, pilot):
        await pilot.press("S", "y")
        await until(lambda: client.requests)
        client.change(switch=MOVING, version=8, state=State.FAILING_OVER)
        await until(lambda: "1 wake ✓ 2 hold … 3 preflight" in _words(app))
        client.change(**outcome(result, error))
        await until(lambda: words in _words(app))
        await pilot.press("enter")
        assert not isinstance(app.screen, ConfirmDialog)


async def test_the_window_keeps_to_its_own_switch() -> None:
    """A later switch, of automation or of somebody else, is not what was asked for here."""
    client = ScriptedClient(snapshot(router=ROUTED, primary=down(Role.PRIMARY)))
    async with running(client) as (app, pilot):
        await pilot.press("S", "y")
        await until(lambda: client.requests)
        client.change(**outcome("done"))
        await until(lambda: "done in 0.58 s" in _words(app))
        later = replace(MOVING, id=MOVING.id + 1)
        client.change(last_switch=SwitchOutcome(later, NOW_S + 9, "failed", "refused"), version=10, mode=DISARMED)
        await until(lambda: "AUTO OFF" in shown(app))
        assert "done in 0.58 s" in _words(app)


async def test_a_switch_can_be_cancelled_from_the_window() -> None:
    """X asks for it while the switch says that it can be."""
    client = ScriptedClient(snapshot(router=ROUTED, primary=down(Role.PRIMARY)))
    async with running(client) as (app, pilot):
        await pilot.press("S", "y")
        client.change(switch=MOVING, version=8, state=State.FAILING_OVER)
        await until(lambda: "cancels it" in shown(app))
        await pilot.press("X")
        await until(lambda: CancelRequest("pi@tty1") in client.requests)


async def test_the_window_says_what_a_hold_waits_for_and_who_cancelled() -> None:
    """Open transactions are named; once somebody has cancelled, X is not offered again."""
    client = ScriptedClient(snapshot(router=ROUTED, primary=down(Role.PRIMARY)))
    async with running(client) as (app, pilot):
        await pilot.press("S", "y")
        client.change(switch=replace(MOVING, detail=OPEN_TRANSACTIONS), version=8, state=State.FAILING_OVER)
        await until(lambda: f"waits for {OPEN_TRANSACTIONS}" in _words(app))
        client.change(switch=replace(MOVING, cancelled_by="pi@tty2"), version=9)
        await until(lambda: "cancelled by pi@tty2: everything is put back" in _words(app))
        assert "cancels it" not in shown(app)


async def test_a_gateway_too_old_to_be_known_cannot_be_switched() -> None:
    """The reason stands where the question would, and y does nothing."""
    client = ScriptedClient(pictures()["too-old"])
    async with running(client) as (app, pilot):
        await pilot.press("S", *"secondary", "enter", "y")
        assert "PgBouncer 1.17.0 is older than 1.18" in shown(app)
        assert not client.requests
