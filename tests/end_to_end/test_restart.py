"""The program is killed and started again: it goes on where it was, and never shares its state with another."""

from __future__ import annotations

import json
import signal

from tests.end_to_end.programs import LATE_S, TURN_S

FIRST_S = 15.0


def fail_over_and_kill(workplace, server_pair):
    with workplace.show() as terminal:
        terminal.wait_for("PRIMARY serving", "● live", deadline_s=FIRST_S)
        server_pair.primary.crash()
        terminal.wait_for("SECONDARY chosen", deadline_s=TURN_S + LATE_S)
        terminal.process.send_signal(signal.SIGKILL)
        assert terminal.ended() == -signal.SIGKILL


def kinds(workplace):
    return [switch["kind"] for switch in json.loads(workplace.run("history", "--json").stdout)]


def test_a_killed_program_comes_back_on_the_secondary(workplace, server_pair):
    """Also when the primary lives again: with manual failback only a person returns."""
    fail_over_and_kill(workplace, server_pair)
    with workplace.show() as terminal:
        terminal.wait_for("SECONDARY chosen", "✗ DOWN", deadline_s=FIRST_S)
    server_pair.primary.start()
    with workplace.show(DB_FAILBACK="manual") as terminal:
        terminal.wait_for("SECONDARY chosen", "no switch: DB_FAILBACK is manual", deadline_s=FIRST_S)
    assert kinds(workplace) == ["failover"]


def test_a_restart_returns_to_a_living_primary_only_through_its_checks(workplace, server_pair):
    fail_over_and_kill(workplace, server_pair)
    server_pair.primary.start()
    with workplace.show(DB_RECOVERY_THRESHOLD="4") as terminal:
        terminal.wait_for("PRIMARY serving", "primary passed 4 checks in a row", deadline_s=FIRST_S)
    assert kinds(workplace) == ["failback", "failover"]
