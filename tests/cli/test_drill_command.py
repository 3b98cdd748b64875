"""`hotswap-tui drill` at the command line: asking, refusing, its exit codes and where the report goes."""

from __future__ import annotations

import asyncio
import json

import pytest

from hotswap_tui.cli import exit_codes
from hotswap_tui.core.events import DisarmRequest
from hotswap_tui.core.values import Kind, Role
from hotswap_tui.engine.local import LocalClient
from tests.support.controlled import command, controlled
from tests.support.pty_program import PtyProgram
from tests.support.until import until

PROGRAM = "hotswap_tui/__main__.py"


@pytest.fixture
def both(server_pair):
    return {"DATABASE_URL": server_pair.primary.url, "DATABASE_URL_SECONDARY": server_pair.secondary.url}


async def ready(engine):
    await until(lambda: engine.engine.snapshot().failover_available, what="a secondary that is well")


async def test_without_a_terminal_it_is_not_done_unasked(both, tmp_path):
    async with controlled(tmp_path, both) as engine:
        ended = await engine.command("drill")
        assert ended.code == exit_codes.USAGE
        assert "add --yes" in ended.err


async def test_what_forbids_it_is_said_at_once(both, tmp_path):
    async with controlled(tmp_path, both) as engine:
        await LocalClient(engine.engine).request(DisarmRequest("eve", "maintenance"))
        dry = await engine.command("drill", "--dry-run", "--json")
        assert dry.code == exit_codes.NOT_NOW
        assert json.loads(dry.out)["obstacles"] == [
            "automatic switching is off by eve: maintenance; `hotswap-tui arm` first"
        ]
        real = await engine.command("drill", "--yes")
        assert real.code == exit_codes.NOTHING_DONE
        assert "  but        automatic switching is off by eve: maintenance" in real.err
        assert engine.engine.snapshot().last_switch is None


async def test_a_report_that_cannot_be_written_is_said_before_anything_is_done(tmp_path):
    report = str(tmp_path / "nowhere" / "report.txt")
    ended = await command("drill", "--yes", "--report", report, "--socket", str(tmp_path / "none"))
    assert ended.code == exit_codes.USAGE
    assert ended.err.startswith(f"--report {report}: there is no directory ")


async def test_without_an_engine_nothing_is_done(tmp_path):
    ended = await command("drill", "--yes", "--socket", str(tmp_path / "control.sock"))
    assert ended.code == exit_codes.NO_ENGINE


@pytest.mark.parametrize("answer", [b"y\n", b"secondary\n", b"\x04"], ids=["y", "another word", "eof"])
async def test_anything_but_the_word_leaves_everything_as_it_is(answer, both, tmp_path):
    async with controlled(tmp_path, both) as engine:
        await ready(engine)
        with PtyProgram([PROGRAM, "drill", "--state-dir", str(engine.state_dir)]) as program:
            await asyncio.to_thread(program.read_until, b"Type drill and press enter to drill")
            program.press(answer)
            await asyncio.to_thread(program.read_until, b"nothing was done")
            assert await asyncio.to_thread(program.wait) == exit_codes.NOTHING_DONE
        assert [event for event in engine.engine.events() if event.kind is Kind.DRILL] == []


async def test_the_word_begins_it_and_ctrl_c_ends_it_in_order(both, tmp_path):
    """Without a gateway nothing moves and nobody is asked, and the report, in a directory, says so."""
    reports = tmp_path / "reports"
    reports.mkdir()
    async with controlled(tmp_path, both) as engine:
        await ready(engine)
        options = ["--stay", "50s", "--report", str(reports), "--state-dir", str(engine.state_dir)]
        with PtyProgram([PROGRAM, "drill", *options]) as program:
            await asyncio.to_thread(program.read_until, b"> ")
            program.press(b"drill\n")
            await asyncio.to_thread(program.read_until, b"failing back in 50 s")
            program.press(b"\x03")
            await asyncio.to_thread(program.read_until, b"ABORTED (ended by SIGINT)")
            assert await asyncio.to_thread(program.wait) == exit_codes.PUT_BACK
        picture = engine.engine.snapshot()
        assert (picture.active, picture.mode.armed) == (Role.PRIMARY, True)
    [written] = reports.iterdir()
    told = json.loads(written.read_text())
    assert "@pts/" in told["by"]
    assert told["clients"] == {
        "measured": False,
        "reason": "the engine has no gateway, applications follow by themselves",
    }


async def test_a_terminal_that_is_closed_ends_it_in_order(both, tmp_path):
    async with controlled(tmp_path, both) as engine:
        await ready(engine)
        with PtyProgram([PROGRAM, "drill", "--stay", "50s", "--state-dir", str(engine.state_dir)]) as program:
            await asyncio.to_thread(program.read_until, b"> ")
            program.press(b"drill\n")
            await asyncio.to_thread(program.read_until, b"failing back in 50 s")
            program.close_master()
            assert await asyncio.to_thread(program.wait, reading=False) != exit_codes.OK
        picture = engine.engine.snapshot()
        assert (picture.active, picture.mode.armed, picture.drill) == (Role.PRIMARY, True, None)
