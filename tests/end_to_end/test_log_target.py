"""The log goes where it is sent, and never across the dashboard."""

from __future__ import annotations

import pytest

from tests.end_to_end.programs import PROGRAM
from tests.end_to_end.terminal import Terminal

FIRST_S = 15.0
END_S = 30.0


def test_standard_error_that_leads_elsewhere_gets_the_log(workplace):
    command = ["sh", "-c", f"exec {PROGRAM} --log-file - --db-connection-timeout 5000 2>errors"]
    with Terminal(command, workplace.environ, workplace.directory) as terminal:
        terminal.wait_for("PRIMARY serving", deadline_s=FIRST_S)
        terminal.process.terminate()
        assert terminal.ended(END_S) == 128 + 15
    lines = (workplace.directory / "errors").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "[DB Manager] Initializing with configuration:"
    assert "[DB Manager] ✅ Connected to primary database" in lines
    assert lines[-1] == "[DB Manager] engine stopped"
    assert not (workplace.state / "hotswap-tui.log").exists()


@pytest.mark.parametrize("redirection", ["", ">output"])
def test_standard_error_that_is_the_dashboards_terminal_is_refused(workplace, redirection):
    command = ["sh", "-c", f"exec {PROGRAM} --log-file - {redirection}"]
    with Terminal(command, workplace.environ, workplace.directory) as terminal:
        assert terminal.process.wait(END_S) == 2
        terminal.wait_for("--log-file - would write across the dashboard")
        assert len(terminal.raw.strip().splitlines()) == 1
    assert not workplace.state.exists()
