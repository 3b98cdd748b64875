"""Keys and what they do; read-only and remapped keys; commands of others; files; quitting."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from hotswap_tui.core.events import ArmRequest, CancelRequest, CheckRequest, DisarmRequest
from hotswap_tui.core.values import Event, Kind, Level
from hotswap_tui.tui.app import HotSwapApp
from hotswap_tui.tui.commands import COMMANDS, Command, parse_keymap
from hotswap_tui.tui.dialogs import Palette, QuitDialog
from hotswap_tui.tui.events_page import EventsPage
from hotswap_tui.tui.full_pages import DetailPage, HelpPage, PanelPage
from hotswap_tui.tui.main_page import MainPage
from hotswap_tui.tui.traffic_page import TrafficPage
from tests.support.pictures import EVENTS, NOW_S, WALL_S
from tests.support.routed_pictures import pictures
from tests.support.screens import running, shown
from tests.support.scripted_client import ScriptedClient, SettableClock
from tests.support.until import until

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("picture", "key", "request_made"),
    [
        ("steady", "A", DisarmRequest("pi@tty1")),
        ("disarmed", "A", ArmRequest("pi@tty1")),
        ("draining", "X", CancelRequest("pi@tty1")),
        ("steady", "r", CheckRequest("pi@tty1")),
    ],
)
async def test_keys_that_ask_the_engine(picture: str, key: str, request_made: object) -> None:
    """Stopping automation and checking need no confirmation."""
    client = ScriptedClient(pictures()[picture])
    async with running(client) as (_, pilot):
        await pilot.press(key)
        await until(lambda: client.requests)
        assert client.requests == [request_made]


async def test_a_refusal_is_said_in_the_bottom_line_for_a_while() -> None:
    """The sentence of the engine is shown and goes away."""
    client, clock = ScriptedClient(), SettableClock()
    client.refuse_with = "automatic switching is off already"
    async with running(client, clock=clock) as (app, pilot):
        await pilot.press("A")
        await until(lambda: client.refuse_with in shown(app).splitlines()[-1])
        clock.now_s += 60
        app.paint()
        await pilot.pause()
        assert client.refuse_with not in shown(app)


async def test_a_refusal_ends_with_the_next_key() -> None:
    """It must not hide the keys, nor stand under a dialogue that was opened since."""
    async with running(ScriptedClient()) as (app, pilot):
        await pilot.press("X")
        assert "Cancel the switch: no switch is in progress" in shown(app)
        await pilot.press("S")
        await pilot.pause()
        assert "no switch is in progress" not in shown(app)


@pytest.mark.parametrize(
    ("keys", "page"),
    [
        ("1", PanelPage), ("2", PanelPage), ("3", TrafficPage), ("e", EventsPage), ("?", HelpPage), ("h", HelpPage), ("f1", HelpPage),
        ("enter", DetailPage), ("/", EventsPage), ("ctrl+p", Palette), ("q", QuitDialog), ("ctrl+c", QuitDialog),
    ],
)  # fmt: skip
async def test_screens_open_and_escape_leads_back(keys: str, page: type) -> None:
    """Each screen has a key, and one or two escapes end on the main screen."""
    async with running(ScriptedClient(pictures()["routed"])) as (app, pilot):
        await pilot.press({"?": "question_mark", "/": "slash"}.get(keys, keys))
        assert isinstance(app.screen, page)
        await pilot.press("escape")
        if not isinstance(app.screen, MainPage):
            await pilot.press("escape")
        assert isinstance(app.screen, MainPage)


@pytest.mark.parametrize("key", ["1", "3", "e", "question_mark"])
async def test_the_key_that_opened_a_screen_closes_it(key: str) -> None:
    """Pressing it twice changes nothing."""
    async with running(ScriptedClient(pictures()["routed"])) as (app, pilot):
        await pilot.press(key, key)
        assert isinstance(app.screen, MainPage)


async def test_screens_do_not_pile_up() -> None:
    """From one full screen another takes its place."""
    async with running(ScriptedClient()) as (app, pilot):
        await pilot.press("1", "2", "e", "1", "e")
        assert len(app.screen_stack) == 2


async def test_window_rate_and_axes() -> None:
    """Brackets choose the window, plus and minus the rate; both stop at their ends."""
    async with running(ScriptedClient()) as (app, pilot):
        await pilot.press(*["left_square_bracket"] * 9)
        assert app.choices.window_s == 60
        await pilot.press(*["right_square_bracket"] * 9)
        assert app.choices.window_s == 86400
        await pilot.press(*["plus"] * 9)
        assert app.choices.rate_s == 0.5
        await pilot.press(*["minus"] * 9)
        assert app.choices.rate_s == 5.0
        await pilot.press("l", "y")
        assert app.choices.log_axis
        assert app.choices.shared_axis


async def test_events_follow_scroll_and_filter() -> None:
    """The newest is in sight until an arrow holds the list; the filter keeps what contains its text."""
    many = [Event(n, WALL_S - 500 + n, Kind.CONFIG, Level.INFO, f"number {n}") for n in range(1, 101)]
    client = ScriptedClient(events=[*many, *EVENTS[:0]])
    async with running(client) as (app, pilot):
        await pilot.press("e")
        assert "number 100" in shown(app)
        await pilot.press("up", *["pageup"] * 5)
        client.told.append(Event(101, WALL_S, Kind.CONFIG, Level.INFO, "number 101"))
        app.paint()
        await pilot.pause()
        assert "number 101" not in shown(app)
        assert "number 50" in shown(app)
        await pilot.press("escape")
        assert "number 101" in shown(app)
        await pilot.press("slash", *"ber 99", "enter")
        assert "1 of 101" in shown(app)
        await pilot.press("enter")
        assert isinstance(app.screen, DetailPage)
        assert "number 99" in shown(app)


async def test_read_only_has_no_acting_keys() -> None:
    """Upper case does nothing, and no key of it is shown anywhere."""
    client = ScriptedClient()
    async with running(client, read_only=True) as (app, pilot):
        await pilot.press("S", "B", "A", "R", "X")
        assert isinstance(app.screen, MainPage)
        assert not client.requests
        assert "view only" in shown(app)
        assert "Switch" not in shown(app)
        await pilot.press("question_mark")
        assert "Upper case acts" not in shown(app)


async def test_keys_can_be_remapped_by_id() -> None:
    """The new key works and is shown, the old one does nothing."""
    client = ScriptedClient(pictures()["failing"])
    async with running(client, keys={"arm": "ctrl+a,D", "events": "v"}) as (app, pilot):
        assert "ctrl+a Disarm" in shown(app)
        await pilot.press("A", "e")
        assert isinstance(app.screen, MainPage)
        assert not client.requests
        await pilot.press("D")
        await until(lambda: client.requests)
        await pilot.press("v")
        assert len(app.screen_stack) == 2


def test_a_remapped_command_that_does_not_exist_is_an_error() -> None:
    """A typing mistake in the settings is said, not ignored."""
    with pytest.raises(ValueError, match="swich"):
        HotSwapApp(ScriptedClient(), keys={"swich": "s"})


def test_one_key_for_two_commands_is_an_error() -> None:
    """Nobody should have to guess which of the two acts."""
    with pytest.raises(ValueError, match="the key A is given to both arm and events"):
        HotSwapApp(ScriptedClient(), keys={"events": "A"})


def test_a_keymap_is_pairs() -> None:
    """Blanks separate pairs, commas the keys of one command."""
    assert parse_keymap(" arm=D,ctrl+a  events=v ") == {"arm": "D,ctrl+a", "events": "v"}
    with pytest.raises(ValueError, match="'arm' is not of the form"):
        parse_keymap("arm")


async def test_commands_of_others_are_bound_shown_and_listed() -> None:
    """What the demo adds is a command like any other."""
    ran: list[str] = []
    crash = Command(
        "crash", ("C",), "Crash it", "kill the primary", lambda _: ran.append("crash"), acting=True, footer="Crash"
    )
    async with running(ScriptedClient(), (120, 40), extra_commands=[crash]) as (app, pilot):
        assert "C Crash" in shown(app)
        await pilot.press("C", "ctrl+p", *"kill prim", "enter")
        await until(lambda: len(ran) == 2)


@pytest.mark.parametrize("with_heading", [True, False])
async def test_commands_under_a_heading_are_a_group_in_help_and_footer(with_heading: bool) -> None:
    """They outlast what looks where room is scarce; switching, help and quitting stay."""
    heading = "Faults" if with_heading else ""
    words = {"K": "Kill", "F": "Hang", "T": "Start", "L": "Slow"}
    made = [Command(w, (k,), w, w, lambda _: None, footer=w, heading=heading) for k, w in words.items()]
    made.append(Command("on", ("t",), "on", "on", lambda _: None, footer=lambda _: "on primary", heading=heading))
    async with running(ScriptedClient(), extra_commands=made) as (app, pilot):
        foot = shown(app).splitlines()[-1]
        assert "K Kill F Hang T Start L Slow t on primary" in foot
        assert all(word in foot for word in ("S Switch", "? Help", "q Quit"))
        await pilot.press("question_mark")
        assert ("Faults" in shown(app)) is with_heading


async def test_a_note_leaves_the_keys_in_sight() -> None:
    """It stands beside them where there is room, else alone for two seconds."""
    clock = SettableClock()
    async with running(ScriptedClient(), (120, 40), clock=clock) as (app, pilot):
        app.say("as you wish")
        await pilot.pause()
        foot = shown(app).splitlines()[-1]
        assert foot.startswith(" S Switch")
        assert foot.endswith("as you wish")
        await pilot.resize_terminal(80, 24)
        app.paint()
        await pilot.pause()
        assert shown(app).splitlines()[-1] == " as you wish"
        clock.now_s += 2
        app.paint()
        await pilot.pause()
        assert shown(app).splitlines()[-1].startswith(" S Switch")


@pytest.mark.parametrize(
    ("picture", "command_id", "reason"),
    [
        ("single", "switch", "Set DATABASE_URL_SECONDARY"),
        ("switching", "switch", "a switch to secondary is in progress"),
        ("steady", "failback", "the primary is the active database already"),
        ("single", "arm", "Set DATABASE_URL_SECONDARY"),
        ("steady", "repair", "there is no gateway"),
        ("routed", "repair", "the gateway points to the active database"),
        ("steady", "panel-traffic", "there is no gateway"),
        ("switching", "cancel", "can no longer be cancelled (release)"),
        ("steady", "cancel", "no switch is in progress"),
        ("unknown", "cancel", "can no longer be cancelled (canary)"),
        ("single", "panel-secondary", "Set DATABASE_URL_SECONDARY"),
    ],
)
def test_what_cannot_be_done_has_a_reason(picture: str, command_id: str, reason: str) -> None:
    """Each command says why not now."""
    command = next(c for c in COMMANDS if c.id == command_id)
    assert reason in command.hindrance(pictures()[picture])


async def test_a_palette_longer_than_its_window_says_so() -> None:
    """Its first line says which lines are shown."""
    async with running(ScriptedClient()) as (app, pilot):
        await pilot.press("ctrl+p")
        assert f"1-12 of {len(COMMANDS) - 1}  ↓" in shown(app)
        await pilot.press(*["down"] * 12)
        assert f"2-13 of {len(COMMANDS) - 1} ↑↓" in shown(app)


async def test_long_events_are_wrapped_on_their_own_page_and_retries_counted() -> None:
    """The list leaves out details first; the page shows them; equal retries are one line."""
    again = "tried the primary again: connection refused (connect to localhost:5432)"
    told = [Event(n, WALL_S + n, Kind.RETRYING, Level.INFO, again) for n in range(1, 29)]
    detail = "(" + " ".join(f"word{n}" for n in range(14)) + ")"
    told.append(Event(29, WALL_S + 30, Kind.STANDBY_DOWN, Level.WARNING, f"secondary: failed {detail}; no help now"))
    async with running(ScriptedClient(events=told), (100, 24)) as (app, pilot):
        assert "again: connection refused (28 times, last " in shown(app)
        assert "secondary: failed; no help now" in shown(app)
        await pilot.press("e")
        text = " ".join(shown(app).split())
        assert f"secondary: failed {detail}; no help now" in text
        assert text.count("again:") == 1


async def test_a_very_wide_terminal_has_the_latency_in_the_table() -> None:
    """From some forty free cells on there is a row of bars."""
    async with running(ScriptedClient(), (170, 40)) as (app, _):
        lines = shown(app).splitlines()
        assert lines[2].endswith("latency")
        assert "▅" in lines[3]


async def test_an_owner_too_small_asks_to_quit() -> None:
    """The line says what q does."""
    async with running(ScriptedClient(owner=True), (50, 10)) as (app, _):
        assert "q asks to quit" in shown(app)


def test_every_command_is_complete_and_has_its_own_keys() -> None:
    """One key, one command; upper case acts and lower case looks."""
    keys = [key for command in COMMANDS for key in command.keys]
    assert len(keys) == len(set(keys))
    assert len({command.id for command in COMMANDS}) == len(COMMANDS)
    for command in COMMANDS:
        assert command.help
        binding = command.binding()
        assert binding.id == command.id
        assert binding.tooltip == command.help
        if command.acting:
            assert all(key.isupper() for key in command.keys)


async def test_a_snapshot_is_written_for_the_owner_only_and_its_place_said(tmp_path: Path) -> None:
    """Text and JSON, mode 0600, times in ISO 8601 with offset."""
    async with running(ScriptedClient(pictures()["failing"]), directory=tmp_path) as (app, pilot):
        await pilot.press("w")
        await pilot.pause()
        assert f"written {tmp_path}/snapshots/"[:70] in shown(app)
    facts, text = _written(tmp_path / "snapshots")
    assert (tmp_path / "snapshots").stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in (facts, text)] == [0o600, 0o600]
    assert "PRIMARY failing 2/3" in text.read_text(encoding="utf-8")
    known = json.loads(facts.read_text(encoding="utf-8"))
    assert known["databases"][0]["last_check"]["fault"] == "timeout"
    assert known["events"][0]["at"].startswith("2025-11-14T")


def _written(directory: Path) -> list[Path]:
    return sorted(directory.iterdir(), key=lambda path: path.suffix)


async def test_a_snapshot_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """The reason and the place stand in the bottom line."""
    async with running(ScriptedClient(), directory=tmp_path / "missing") as (app, pilot):
        await pilot.press("w")
        await pilot.pause()
        assert "not written: No such file or directory" in shown(app)


async def test_a_decision_is_drawn_before_the_timer() -> None:
    """A change of state appears at once at the slowest rate; a mere check waits for the timer."""
    client = ScriptedClient()
    async with running(client) as (app, pilot):
        await pilot.press(*["minus"] * 4)
        failing = pictures()["failing"]
        client.change(version=8, state=failing.state, primary=failing.primary, countdown=failing.countdown)
        await until(lambda: "PRIMARY failing 2/3" in shown(app), 2)


async def test_the_subscription_ends_with_the_app() -> None:
    """Nothing of the dashboard stays behind in the engine."""
    client = ScriptedClient()
    async with running(client):
        assert len(client.listeners) == 1
    assert not client.listeners


async def test_silence_of_the_engine_is_shown() -> None:
    """Five seconds without a new picture: STALE, its age, and the last picture."""
    client, clock = ScriptedClient(), SettableClock()
    async with running(client, clock=clock) as (app, pilot):
        clock.now_s = NOW_S + 12
        app.paint()
        await pilot.pause()
        assert "STALE 12s" in shown(app)
        assert "NO ENGINE answers for 12s" in shown(app)
        client.change(now_s=NOW_S + 12)
        app.paint()
        await pilot.pause()
        assert "STALE" not in shown(app)
