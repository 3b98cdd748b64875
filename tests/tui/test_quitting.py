"""What becomes of the engine when its dashboard ends, and what a dashboard shows of an engine elsewhere."""

from __future__ import annotations

import signal

import pytest

from hotswap_tui.engine.client import Silence
from hotswap_tui.tui.main_page import MainPage
from tests.support.pictures import NOW_S
from tests.support.screens import running, shown
from tests.support.scripted_client import ScriptedClient
from tests.support.until import until


async def test_quitting_an_engine_that_cannot_go_on_asks_and_staying_is_the_default() -> None:
    """Enter, q and escape stay; s stops."""
    async with running(ScriptedClient(owner=True)) as (app, pilot):
        for key in ("enter", "q", "escape", "y"):
            await pilot.press("q", key)
            assert isinstance(app.screen, MainPage)
        await pilot.press("q", "s")
        await until(lambda: not app.is_running)
        assert (app.farewell, app.goes_on) == ("stopped; nothing is watched any more", False)


@pytest.mark.parametrize(
    ("key", "goes_on", "farewell"),
    [("enter", True, ""), ("ctrl+c", True, ""), ("s", False, "stopped; nothing is watched any more")],
)
async def test_quitting_lets_the_engine_go_on_unless_it_shall_stop(key: str, goes_on: bool, farewell: str) -> None:
    async with running(ScriptedClient(owner=True), may_go_on=True) as (app, pilot):
        await pilot.press("q", "escape")
        assert isinstance(app.screen, MainPage)
        await pilot.press("q", key)
        await until(lambda: not app.is_running)
        assert (app.goes_on, app.farewell) == (goes_on, farewell)


async def test_only_a_terminal_that_is_gone_lets_the_engine_go_on_by_itself() -> None:
    for code, goes_on in ((128 + signal.SIGHUP, True), (128 + signal.SIGTERM, False)):
        async with running(ScriptedClient(owner=True), may_go_on=True) as (app, _):
            app.end(code)
            await until(lambda: not app.is_running)
            assert (app.return_code, app.goes_on) == (code, goes_on)


async def test_an_engine_that_is_silent_is_shown_with_its_age_and_the_reason() -> None:
    client = ScriptedClient(owner=False)
    client.silence = Silence(NOW_S - 12, "connection refused")
    async with running(client) as (app, _):
        text = shown(app)
        assert "STALE 12s" in text
        assert "NO ENGINE answers for 12s: connection refused" in text


async def test_an_attached_view_ends_without_a_question() -> None:
    """The engine goes on, and the last line says where."""
    async with running(ScriptedClient(owner=False)) as (app, pilot):
        await pilot.press("q")
        await until(lambda: not app.is_running)
        assert app.farewell == "the engine goes on, pid 812"


async def test_a_view_of_an_engine_that_is_gone_does_not_say_that_it_goes_on() -> None:
    client = ScriptedClient(owner=False)
    async with running(client) as (app, pilot):
        client.silence = Silence(NOW_S, "connection refused")
        await pilot.press("q")
        await until(lambda: not app.is_running)
        assert "did not answer any more: connection refused" in app.farewell


async def test_an_engine_that_is_silent_is_asked_for_nothing() -> None:
    """It might do it much later, when it goes on; a question that is open ends with the reason."""
    client = ScriptedClient(owner=False)
    async with running(client) as (app, pilot):
        await pilot.press("S", *"secondary")
        client.silence = Silence(NOW_S, "no answer")
        await pilot.press("enter")
        assert "the engine does not answer: no answer. Nothing was done" in shown(app)
        await pilot.press("escape", "A")
        assert "nothing was asked: the engine does not answer (no answer)" in shown(app)
        assert client.requests == []


async def test_the_last_screen_can_be_kept() -> None:
    """Q leaves what was shown for the scrollback."""
    async with running(ScriptedClient(owner=False)) as (app, pilot):
        await pilot.press("Q")
        await until(lambda: not app.is_running)
        assert "PRIMARY serving 3d 04:12" in app.last_screen
