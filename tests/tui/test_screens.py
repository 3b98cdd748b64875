"""Every state at every size, as text: read the files in tests/tui/screens."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len

from hotswap_tui.core.values import Event, Kind, Level, Role
from hotswap_tui.tui.terminal import TerminalProfile
from tests.support.pictures import EVENTS, HOSTILE, NOW_S, WALL_S, hostile, pictures
from tests.support.screens import SIZES, check, running, shown
from tests.support.scripted_client import ScriptedClient, SettableClock

if TYPE_CHECKING:
    from collections.abc import Iterator

PICTURES = pictures()
HOSTILE_EVENTS = (
    *EVENTS,
    Event(6, WALL_S - 1, Kind.CHECK_FAILED, Level.WARNING, HOSTILE, Role.PRIMARY, {"error": HOSTILE, HOSTILE: HOSTILE}),
)
PAGES = {
    "panel": ["1"],
    "panel-secondary": ["2"],
    "events": ["e"],
    "filter": ["slash", "f", "a", "i", "l"],
    "event-detail": ["up", "up", "up", "enter"],
    "database-detail": ["enter"],
    "help": ["question_mark"],
    "palette": ["ctrl+p", "f", "a", "i", "l"],
    "quit": ["q"],
    "log-axis": ["l"],
    "shared-axis": ["y"],
    "selected": ["down"],
    "frozen": ["space"],
}
DIALOGUES = {
    "switch-asks-name": ("steady", ["S", "s", "e", "c"]),
    "switch-to-dead": ("failed-over", ["S"]),
    "switch-from-dead": ("both-down", ["S"]),
    "failback": ("failing-back", ["B"]),
    "repair": ("disagrees", ["R"]),
    "arm": ("disarmed-returning", ["A"]),
    "switch-wrong-name": ("steady", ["S", "n", "o", "enter"]),
}


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", sorted(PICTURES))
async def test_main_screen(name: str, size: str) -> None:
    """The main screen shows each state as stored."""
    async with running(ScriptedClient(PICTURES[name]), SIZES[size]) as (app, _):
        check(f"main-{name}-{size}", shown(app))


@pytest.mark.parametrize("name", sorted(PAGES))
async def test_pages(name: str) -> None:
    """The other screens, over the state in which the primary fails."""
    async with running(ScriptedClient(PICTURES["failing"])) as (app, pilot):
        await pilot.press(*PAGES[name])
        await pilot.pause()
        check(f"page-{name}", shown(app))


@pytest.mark.parametrize("name", sorted(DIALOGUES))
async def test_dialogues(name: str) -> None:
    """The windows that ask before traffic moves."""
    picture, keys = DIALOGUES[name]
    async with running(ScriptedClient(PICTURES[picture])) as (app, pilot):
        await pilot.press(*keys)
        await pilot.pause()
        check(f"dialogue-{name}", shown(app))


@pytest.mark.parametrize("name", sorted(DIALOGUES))
async def test_dialogues_on_the_smallest_terminal(name: str) -> None:
    """Whatever is cut, the lines that say what can be pressed are there."""
    picture, keys = DIALOGUES[name]
    async with running(ScriptedClient(PICTURES[picture]), SIZES["60x16"]) as (app, pilot):
        await pilot.press(*keys)
        await pilot.pause()
        check(f"dialogue-{name}-60x16", shown(app))
        assert "leaves everything as it is" in shown(app)


async def test_hostile_text_never_hides_the_answer() -> None:
    """An address of ten thousand characters leaves the question answerable."""
    client = ScriptedClient(replace(hostile(), disagrees=True))
    async with running(client, SIZES["60x16"]) as (app, pilot):
        await pilot.press("R")
        await pilot.pause()
        assert "y repair" in shown(app)


async def test_a_terminal_too_small_is_told_the_size_it_needs() -> None:
    """Below 60x16 there is one line, and q is alive."""
    async with running(ScriptedClient(owner=False), (50, 10)) as (app, pilot):
        check("main-too-small", shown(app))
        await pilot.press("q")
        await pilot.pause()
        assert not app.is_running


async def test_resizing_changes_the_layout() -> None:
    """A terminal that grows from 60x16 to 80x24 shows what one of that size would have shown."""
    async with running(ScriptedClient(), (60, 16)) as (app, pilot):
        await pilot.resize_terminal(80, 24)
        await pilot.pause(0.05)
        app.paint()
        await pilot.pause()
        check("main-steady-80x24", shown(app))


@pytest.mark.parametrize("name", ["steady", "both-down", "hostile"])
async def test_ascii_terminals_get_nothing_but_ascii(name: str) -> None:
    """Every sign has an ASCII twin of the same width."""
    profile = TerminalProfile(ascii=True, ansi=True)
    client = ScriptedClient(PICTURES[name], events=HOSTILE_EVENTS)
    async with running(client, profile=profile) as (app, pilot):
        text = _filtered(app)
        assert text.isascii()
        check(f"ascii-{name}", text)
        for keys in (["question_mark"], ["escape", "S"], ["escape", "ctrl+p"]):
            await pilot.press(*keys)
            assert _filtered(app).isascii()


def _filtered(app: object) -> str:
    from hotswap_tui.tui.ascii_filter import to_ascii

    return to_ascii(shown(app))  # type: ignore[arg-type]


@pytest.mark.parametrize("keys", [[], *PAGES.values(), ["S"], ["R"], ["S", "escape", "e", "up", "enter"]], ids=str)
@pytest.mark.parametrize("size", SIZES)
async def test_hostile_text_is_harmless_on_every_screen(keys: list[str], size: str) -> None:
    """Markup, escape sequences, line breaks, wide and invisible characters leave every line whole and printable."""
    async with running(ScriptedClient(hostile(), events=HOSTILE_EVENTS), SIZES[size]) as (app, pilot):
        await pilot.press(*keys)
        await pilot.pause()
        width, height = SIZES[size]
        lines = shown(app).rstrip("\n").split("\n")
        assert len(lines) <= height
        for line in lines:
            assert line.isprintable(), repr(line)
            assert cell_len(line) <= width


async def test_the_frozen_picture_stands_while_checks_go_on() -> None:
    """Frozen, only status and clock move; a change behind it is told; the same key lets it go on."""
    client, clock = ScriptedClient(PICTURES["steady"]), SettableClock()
    async with running(client, clock=clock) as (app, pilot):
        await pilot.press("space")
        before = shown(app).split("\n")[1:]
        clock.now_s = NOW_S + 12
        failing = PICTURES["failing"]
        client.change(version=8, state=failing.state, primary=failing.primary, countdown=failing.countdown)
        app.paint()
        await pilot.pause()
        lines = shown(app).split("\n")
        assert lines[1:] == before
        assert "FROZEN 12s ▲ changed" in lines[0]
        assert "10:42:19" in lines[0]
        client.change(now_s=NOW_S + 12, wall_s=WALL_S + 12)
        await pilot.press("space")
        await pilot.pause()
        assert "PRIMARY failing 2/3" in shown(app)
