"""Every state at every size, as text: read the files in tests/tui/screens."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len

from hotswap_tui.core.values import Event, Kind, Level, Role
from hotswap_tui.tui.terminal import TerminalProfile
from tests.support.pictures import EVENTS, HOSTILE, NOW_S, TRAFFIC, WALL_S, hostile
from tests.support.routed_pictures import pictures
from tests.support.screens import SIZES, check, running, shown
from tests.support.scripted_client import ScriptedClient, SettableClock
from tests.support.sync_pictures import hostile_sync, sync_pictures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.pilot import Pilot

    from hotswap_tui.tui.app import HotSwapApp

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
    "log-axis": ["l"],
    "shared-axis": ["y"],
    "selected": ["down"],
    "frozen": ["space"],
    "quit": ["q"],
}
DIALOGUES = {
    "switch-asks-name": ("steady", ["S", "s", "e", "c"]),
    "switch-to-dead": ("failed-over", ["S"]),
    "switch-from-dead": ("both-down", ["S"]),
    "failback": ("failing-back", ["B"]),
    "repair": ("disagrees", ["R"]),
    "arm": ("disarmed-returning", ["A"]),
    "switch-routed": ("routed", ["S"]),
    "switch-session": ("session", ["S"]),
    "switch-hung": ("hung-routed", ["S"]),
    "switch-paused": ("paused-by-others", ["S"]),
    "switch-too-old": ("too-old", ["S"]),
    "quit-held": ("held", ["q"]),
    "switch-wrong-name": ("steady", ["S", "n", "o", "enter"]),
}
DATA_DIALOGUES = {
    "switch-in-step": ("sync-in-step", ["S"]),
    "switch-lagging": ("sync-lagging", ["S"]),
    "switch-unrelated": ("sync-unrelated", ["S"]),
    "switch-standby": ("sync-standby", ["S"]),
    "switch-stopped": ("sync-slot-filling", ["S"]),
    "switch-drifted": ("sync-schema-drift", ["S"]),
    "switch-dead-behind": ("sync-dead-primary", ["S"]),
    "failback-safe": ("sync-safe", ["B"]),
    "failback-needs-sync": ("sync-needs-sync", ["B"]),
    "failback-diverged": ("sync-diverged", ["B"]),
}


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("secondary", [True, False], ids=["two", "single"])
async def test_main_screen(secondary: bool, size: str) -> None:
    """The main screen shows each state as stored, whichever it showed before."""
    names = [name for name in sorted(PICTURES) if (PICTURES[name].secondary is not None) is secondary]
    client = ScriptedClient(PICTURES[names[0]])
    async with running(client, SIZES[size]) as (app, pilot):
        for name in names:
            client.picture = PICTURES[name]
            await _settle(app, pilot)
            check(f"main-{name}-{size}", shown(app))


async def _settle(app: HotSwapApp, pilot: Pilot[None]) -> None:
    """Draw, arrange, and draw what the new arrangement has room for."""
    for _ in range(2):
        app.paint()
        await pilot.pause()


@pytest.mark.parametrize("name", sorted(PAGES))
async def test_pages(name: str) -> None:
    """The other screens, over the state in which the primary fails."""
    async with running(ScriptedClient(PICTURES["failing"]), may_go_on=True) as (app, pilot):
        await pilot.press(*PAGES[name])
        await pilot.pause()
        check(f"page-{name}", shown(app))


@pytest.mark.parametrize("name", sorted(DIALOGUES))
async def test_dialogues(name: str) -> None:
    """The windows that ask before traffic moves."""
    picture, keys = DIALOGUES[name]
    async with running(ScriptedClient(PICTURES[picture]), may_go_on=True) as (app, pilot):
        await pilot.press(*keys)
        await pilot.pause()
        check(f"dialogue-{name}", shown(app))


@pytest.mark.parametrize("name", sorted(DIALOGUES))
async def test_dialogues_on_the_smallest_terminal(name: str) -> None:
    """Whatever is cut, the lines that say what can be pressed are there."""
    picture, keys = DIALOGUES[name]
    async with running(ScriptedClient(PICTURES[picture]), SIZES["60x16"], may_go_on=True) as (app, pilot):
        await pilot.press(*keys)
        await pilot.pause()
        check(f"dialogue-{name}-60x16", shown(app))
        assert ("stay" if name.startswith("quit") else "leaves everything as it is") in shown(app)


@pytest.mark.parametrize(
    "name", ["routed", "held", "draining", "unproven", "disagrees", "gateway-unreadable", "hanging", "paused-by-others"]
)
async def test_traffic_page(name: str) -> None:
    """Everything that the gateway's reading, the hold and the last switch say, and the last minutes."""
    client = ScriptedClient(replace(PICTURES[name], router=replace(PICTURES[name].router, traffic=None)))
    async with running(client, SIZES["120x40"] if name == "routed" else SIZES["80x24"]) as (app, pilot):
        for ago_s in range(280, -1, -1):
            rate = 812.4 * (1 + ago_s % 7 / 20) if ago_s % 60 else 12.0
            wait_s = 0.8 if ago_s in {61, 62} else 0.0
            reading = replace(TRAFFIC, at_s=NOW_S - ago_s - 0.4, queries_per_s=rate, max_wait_s=wait_s)
            client.change(router=replace(client.picture.router, traffic=reading))
        client.change(router=PICTURES[name].router)
        await pilot.press("3")
        await pilot.pause()
        check(f"page-traffic-{name}", shown(app))


async def test_sync_page() -> None:
    """Everything about the pair: facts, the dossier, examples of what differs, and what a switch would lose."""
    client = ScriptedClient(PICTURES["steady"])
    async with running(client) as (app, pilot):
        await pilot.press("4")
        for name in ["steady", *sorted(sync_pictures())]:
            client.picture = PICTURES[name]
            app.paint()
            await pilot.pause()
            check(f"page-sync-{name.removeprefix('sync-')}", shown(app))


@pytest.mark.parametrize("size", ["80x24", "60x16"])
async def test_dialogues_say_what_the_data_risks(size: str) -> None:
    """Seconds and rows, tables, sequences, schemas and the dossier, the worst first; the answer is never cut."""
    client = ScriptedClient(PICTURES["steady"])
    async with running(client, SIZES[size]) as (app, pilot):
        for name, (picture, keys) in DATA_DIALOGUES.items():
            client.picture = PICTURES[picture]
            await _settle(app, pilot)
            await pilot.press(*keys)
            await pilot.pause()
            check(f"dialogue-{name}" + ("" if size == "80x24" else f"-{size}"), shown(app))
            assert "leaves everything as it is" in shown(app)
            await pilot.press("escape")


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


@pytest.mark.parametrize("name", ["steady", "both-down", "hostile", "draining", "sync-hostile", "sync-diverged"])
async def test_ascii_terminals_get_nothing_but_ascii(name: str) -> None:
    """Every sign has an ASCII twin of the same width."""
    profile = TerminalProfile(ascii=True, ansi=True)
    client = ScriptedClient(PICTURES[name], events=HOSTILE_EVENTS)
    async with running(client, profile=profile) as (app, pilot):
        text = _filtered(app)
        assert text.isascii()
        check(f"ascii-{name}", text)
        for keys in (["question_mark"], ["escape", "S"], ["escape", "ctrl+p"], ["escape", "3"], ["4"]):
            await pilot.press(*keys)
            assert _filtered(app).isascii()


def _filtered(app: HotSwapApp) -> str:
    from hotswap_tui.tui.ascii_filter import to_ascii

    return to_ascii(shown(app))


SEQUENCES = ([], *PAGES.values(), ["3"], ["S"], ["R"], ["S", "escape", "e", "up", "enter"])


@pytest.mark.parametrize("part", range(3))
@pytest.mark.parametrize("size", SIZES)
async def test_hostile_text_is_harmless_on_every_screen(size: str, part: int) -> None:
    """Markup, escape sequences, line breaks, wide and invisible characters leave every line whole and printable."""
    async with running(ScriptedClient(hostile(), events=HOSTILE_EVENTS), SIZES[size]) as (app, pilot):
        for keys in SEQUENCES[part::3]:
            await pilot.press(*keys)
            await pilot.pause()
            _assert_whole(shown(app), SIZES[size])
            while len(app.screen_stack) > 1:
                await pilot.press("escape")


@pytest.mark.parametrize("name", ["draining", "disagrees", "gateway-unreadable", "unproven", "held"])
async def test_hostile_text_of_the_gateway_is_harmless(name: str) -> None:
    """What PgBouncer, and who has a transaction open there, can choose is text as well."""
    picture = PICTURES[name]
    moving = replace(picture.switch, detail=HOSTILE, cancelled_by=HOSTILE) if picture.switch is not None else None
    router = replace(picture.router, address=HOSTILE, error=picture.router.error and HOSTILE, proof=HOSTILE)
    client = ScriptedClient(replace(picture, router=router, switch=moving))
    async with running(client, SIZES["120x40"]) as (app, pilot):
        for keys in ([], ["3"]):
            await pilot.press(*keys)
            await pilot.pause()
            _assert_whole(shown(app), SIZES["120x40"])


@pytest.mark.parametrize("size", SIZES)
async def test_hostile_names_of_tables_are_harmless(size: str) -> None:
    """Whoever may create a table, a slot or a subscription chooses text that stands on the screen."""
    async with running(ScriptedClient(hostile_sync()), SIZES[size]) as (app, pilot):
        for keys in ([], ["4"], ["escape", "B"]):
            await pilot.press(*keys)
            await pilot.pause()
            _assert_whole(shown(app), SIZES[size])


def _assert_whole(text: str, size: tuple[int, int]) -> None:
    lines = text.rstrip("\n").split("\n")
    assert len(lines) <= size[1]
    for line in lines:
        assert line.isprintable(), repr(line)
        assert cell_len(line) <= size[0]


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
