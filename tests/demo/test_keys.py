"""The demo's keys: each strikes what the footer names, and says what it did."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from hotswap_tui.core.values import Level, Role
from hotswap_tui.demo.keys import Saboteur
from hotswap_tui.demo.servers import ServerError
from hotswap_tui.tui.commands import COMMANDS, check_keymap


class FakeStage:
    """Notes what is struck."""

    def __init__(self, *, routed=True):
        self.struck = []
        self.clients: Any = SimpleNamespace(paused=False, pause=self._pause) if routed else None

    def _pause(self, *, paused):
        self.clients.paused = paused
        self.struck.append(("pause", paused))

    def __getattr__(self, name):
        async def strike(*where):
            self.struck.append((name, *where))
            if name == "crash":
                raise ServerError("cannot\nand why")
            return f"{name} done"

        return strike


class FakeApp:
    """Runs workers at once, on a primary that serves."""

    def __init__(self):
        self.said = []

    def say(self, text, level=Level.INFO):
        self.said.append((text, level))

    def present(self):
        return SimpleNamespace(active=Role.PRIMARY)

    def run_worker(self, work, *, exit_on_error):
        assert not exit_on_error
        with pytest.raises(StopIteration):
            work.send(None)


def press(keys, **kinds):
    stage: Any = FakeStage(**kinds)
    app: Any = FakeApp()
    commands = {command.keys[0]: command for command in Saboteur(stage).commands()}
    for key in keys:
        commands[key].run(app)
    return stage.struck, app.said


PRIMARY, SECONDARY = Role.PRIMARY, Role.SECONDARY


@pytest.mark.parametrize(
    ("keys", "struck"),
    [
        ("K", [("crash", PRIMARY)]),
        ("F", [("freeze", PRIMARY)]),
        ("T", [("restart", PRIMARY)]),
        ("tL", [("slow", SECONDARY)]),
        ("tKtF", [("crash", SECONDARY), ("freeze", PRIMARY)]),
        ("G", [("kill_gateway",)]),
        ("D", [("divert", SECONDARY)]),
        ("PP", [("pause", True), ("pause", False)]),
    ],
)
def test_each_key_strikes(keys, struck):
    assert press(keys)[0] == struck


def test_what_was_done_is_said_and_what_could_not_be_done_in_one_line():
    assert press("FK")[1] == [("demo: freeze done", Level.WARNING), ("demo: cannot", Level.BAD)]


@pytest.mark.parametrize("routed", [True, False])
def test_the_keys_belong_to_nobody_else_and_pgbouncer_s_are_there_where_it_is(routed):
    stage: Any = FakeStage(routed=routed)
    commands = Saboteur(stage).commands()
    check_keymap((*COMMANDS, *commands), {})
    assert ("G" in {command.keys[0] for command in commands}) is routed
