"""`hotswap-tui drill` over two real servers and a real PgBouncer."""

from __future__ import annotations

import json
import signal

from hotswap_tui.cli import exit_codes
from hotswap_tui.core.values import Kind, Role
from tests.drill.practice import practice, report
from tests.support.until import until


async def test_a_planned_drill_moves_traffic_there_and_back_and_reports_it(stage, tmp_path):
    """The journal calls both switches a drill, and its end is told; the file is for its owner alone."""
    file = tmp_path / "report.json"
    async with practice(stage) as engine:
        ended = await engine.drill("--stay", "1s", "--json", "--report", str(file))
        told = report(ended)
        assert (ended.code, told["verdict"]) == (exit_codes.OK, "PASSED"), ended.err
        assert [told[leg]["result"] for leg in ("away", "back")] == ["done", "done"]
        assert all(step["took_ms"] is not None for leg in ("away", "back") for step in told[leg]["steps"])
        assert told["away"]["why"] == "drill: switched by hand"
        assert told["clients"]["measured"], told["clients"]
        for how in ("kept", "anew"):
            assert told["clients"][how]["errors"] == 0, told["clients"]
        assert {"primary", "secondary"} <= told["clients"]["kept"]["answered_by"].keys()
        assert engine.said(Kind.DRILL)[-1].startswith("drill: over, ended by")
        assert engine.as_before()
    assert json.loads(file.read_text()) == told
    assert file.stat().st_mode & 0o777 == 0o600


async def test_an_automatic_drill_has_automation_fail_over_and_back(stage):
    async with practice(stage) as engine:
        ended = await engine.drill("--automatic")
        assert ended.code == exit_codes.OK, ended.err
        assert "Drill, automatic: PASSED" in ended.out
        kinds = [
            (past.record.switch.kind.value, past.record.switch.automatic) for past in await engine.client.history(9)
        ]
        assert kinds == [("failback", True), ("failover", True)]
        assert engine.as_before()


async def test_where_failback_is_manual_the_drill_does_it_and_says_so(stage):
    async with practice(stage, DB_FAILBACK="manual") as engine:
        ended = await engine.drill("--automatic", "--stay", "1s")
        assert ended.code == exit_codes.OK, ended.err
        assert "DB_FAILBACK is manual" in ended.err
        assert engine.as_before()


async def test_sigterm_in_the_middle_puts_everything_back(stage):
    async with practice(stage) as engine, engine.begun("--yes", "--stay", "50s") as drilling:
        await until(lambda: engine.now.active is Role.SECONDARY and not engine.now.mode.armed)
        drilling.tell_to_end(signal.SIGTERM)
        ended = await drilling.ended()
        assert ended.code == exit_codes.PUT_BACK, ended.err
        assert "ABORTED (ended by SIGTERM)" in ended.out
        assert ended.out.splitlines()[-1].endswith("primary serves, automatic switching is on, as before")
        assert engine.as_before()


async def test_a_leg_over_the_budget_is_cancelled(stage):
    """An open transaction keeps the switch waiting for longer than the budget."""
    async with practice(stage) as engine, stage.open_transaction("payroll"):
        ended = await engine.drill("--budget", "1s")
        assert ended.code == exit_codes.PUT_BACK, ended.err
        assert "the switch to the secondary" in ended.out
        assert engine.as_before()


async def test_the_dry_run_changes_nothing(stage):
    async with practice(stage) as engine:
        before = engine.now.version
        ended = await engine.drill("--dry-run")
        assert ended.code == exit_codes.OK, ended.err
        assert "switch primary → secondary" in ended.out
        assert (engine.now.version, engine.now.last_switch, engine.said(Kind.DRILL)) == (before, None, [])
