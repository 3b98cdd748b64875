"""Asking before traffic moves, on a real terminal; arming and disarming."""

from __future__ import annotations

import argparse
import asyncio
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from hotswap_tui.api import client
from hotswap_tui.api.client import EngineFailedError, NoEngineError, NotAllowedError, UnansweredError, Update
from hotswap_tui.api.listening import Lost
from hotswap_tui.cli import engine_options, exit_codes, moving, status
from hotswap_tui.cli.asking import proposal_lines
from hotswap_tui.cli.durations import span_s, span_words
from hotswap_tui.cli.engine_options import Reached
from hotswap_tui.cli.main import main
from hotswap_tui.cli.switch_course import Course
from hotswap_tui.core.errors import RefusedError, StaleRequestError
from hotswap_tui.core.events import DisarmRequest, FailbackRequest, SwitchRequest
from hotswap_tui.core.plan import Step
from hotswap_tui.core.proposal import propose_failback, propose_repair, propose_switch
from hotswap_tui.core.values import Role
from hotswap_tui.engine.local import LocalClient
from tests.support.controlled import controlled
from tests.support.pictures import FAILING, NOW_S, ON_SECONDARY, ROUTED, database, down, snapshot
from tests.support.pty_program import PtyProgram
from tests.support.routed_pictures import at_step
from tests.support.until import until

PROGRAM = "hotswap_tui/__main__.py"
SOCKET = Path("/run/nowhere")
BEFORE = at_step(Step.HOLD)
NEVER_S = float("inf")
YES = argparse.Namespace(yes=True, no_wait=False)


@pytest.fixture
def both(server_pair):
    return {"DATABASE_URL": server_pair.primary.url, "DATABASE_URL_SECONDARY": server_pair.secondary.url}


@contextmanager
def on_terminal(engine, *arguments):
    """Run a command of the program on a terminal of its own."""
    with PtyProgram([PROGRAM, *arguments, "--state-dir", str(engine.state_dir)], environ={"TZ": "UTC"}) as program:
        yield program


async def read_until(program, wanted):
    await asyncio.to_thread(program.read_until, wanted)


async def test_the_targets_name_is_asked_for_and_who_asked_is_in_the_journal(both, tmp_path):
    async with controlled(tmp_path, both) as engine:
        with on_terminal(engine, "switch", "--to", "secondary") as program:
            await read_until(program, b"Type secondary and press enter to switch")
            assert engine.engine.snapshot().switch is None
            program.press(b"secondary\n")
            await read_until(program, b"done in ")
            assert await asyncio.to_thread(program.wait) == exit_codes.OK
        outcome = engine.engine.snapshot().last_switch
        assert outcome is not None
        assert "@pts/" in outcome.switch.by


@pytest.mark.parametrize(
    "answer", [b"y\n", b"primary\n", b"\n", b"\x04", b"\x03"], ids=["y", "other", "empty", "eof", "^C"]
)
async def test_anything_else_leaves_everything_as_it_is(answer, both, tmp_path):
    async with controlled(tmp_path, both) as engine:
        with on_terminal(engine, "switch", "--to", "secondary") as program:
            await read_until(program, b"> ")
            program.press(answer)
            await read_until(program, b"nothing was done")
            assert await asyncio.to_thread(program.wait) == exit_codes.NOTHING_DONE
        assert engine.engine.snapshot().active is Role.PRIMARY


async def test_a_changed_situation_is_shown_and_asked_about_again(both, tmp_path):
    async with controlled(tmp_path, both) as engine:
        client = LocalClient(engine.engine)
        with on_terminal(engine, "switch", "--to", "secondary") as program:
            await read_until(program, b"> ")
            await client.request(DisarmRequest("somebody"))
            program.press(b"secondary\n")
            await read_until(program, b"has changed: automatic switching was on, is off. Nothing was done")
            await read_until(program, b"> ")
            assert client.snapshot().active is Role.PRIMARY
            program.press(b"secondary\n")
            await read_until(program, b"done in ")
        assert client.snapshot().active is Role.SECONDARY


async def test_away_from_a_dead_database_y_is_enough(server_pair, both, tmp_path):
    async with controlled(tmp_path, {**both, "DB_HEALTH_CHECK_INTERVAL": "100"}) as engine:
        client = LocalClient(engine.engine)
        await client.request(DisarmRequest("pi"))
        server_pair.primary.crash()
        await until(lambda: not client.snapshot().serving, what="the outage")
        with on_terminal(engine, "switch", "--to", "secondary") as program:
            await read_until(program, b"Switch? [y/N] ")
            program.press(b"y\n")
            await read_until(program, b"done in ")


async def test_arming_asks_only_where_it_moves_traffic_at_once(both, tmp_path):
    async with controlled(tmp_path, both) as engine:
        client = LocalClient(engine.engine)
        already = await engine.command("arm")
        assert (already.code, already.out) == (exit_codes.OK, "automatic switching is on already\n")
        await until(lambda: client.snapshot().primary.passes >= 2, what="a proven primary")
        await client.request(SwitchRequest("pi", Role.SECONDARY, client.snapshot().version))
        unasked = await engine.command("arm")
        assert unasked.code == exit_codes.USAGE
        assert "traffic goes back to it at once" in unasked.err
        assert not client.snapshot().mode.armed
        armed = await engine.command("arm", "--yes")
        assert (armed.code, armed.out) == (exit_codes.OK, "automatic switching is on\n")
        assert client.snapshot().mode.armed


async def test_disarming_says_who_why_and_until_when(both, tmp_path):
    async with controlled(tmp_path, both) as engine:
        done = await engine.command("disarm", "--for", "1h30m", "--reason", "kernel\x1b[2J upgrade")
        assert (done.code, done.out) == (exit_codes.OK, "automatic switching is off for 1h30m: kernel upgrade\n")
        mode = engine.engine.snapshot().mode
        assert (mode.armed, mode.why) == (False, "kernel upgrade")
        assert mode.until_s == pytest.approx(time.monotonic() + 5400, abs=60)
        forever = await engine.command("disarm")
        assert forever.out == "automatic switching is off until somebody arms it again\n"
        armed = await engine.command("arm")
        assert armed.out == "automatic switching is on\n"


# -- without an engine -----------------------------------------------------------------------------------


def refusing(error):
    async def send(_path, _request):
        raise error

    return send


def test_what_nobody_was_asked_about_is_not_tried_again(monkeypatch, capsys):
    """With --yes a stale decision fails: nobody has seen what is so now."""

    async def present(_path):
        return snapshot(**ON_SECONDARY, version=8)

    monkeypatch.setattr(moving, "send", refusing(StaleRequestError("look again")))
    monkeypatch.setattr(moving, "read_snapshot", present)
    assert moving.move(Reached(SOCKET, snapshot()), YES, propose_switch) == exit_codes.NOTHING_DONE
    assert "the situation has changed: primary was ● up, is ✗ DOWN, active was primary" in capsys.readouterr().err


def test_a_refusal_is_the_engines_own_sentence(monkeypatch, capsys):
    monkeypatch.setattr(moving, "send", refusing(RefusedError("a switch is in progress")))
    assert moving.move(Reached(SOCKET, snapshot()), YES, propose_switch) == exit_codes.NOTHING_DONE
    assert capsys.readouterr().err.endswith("refused: a switch is in progress\n")


# -- how it ends when the engine does not say so ------------------------------------------------------------


def course():
    course = Course(BEFORE.id - 1)
    course.see(snapshot(switch=BEFORE, router=ROUTED))
    return course


def hearing(monkeypatch, *heard):
    async def updates(_path):
        for update in heard:
            yield update

    monkeypatch.setattr(moving, "heard", updates)


async def outcome_of(monkeypatch, *heard):
    hearing(monkeypatch, *heard)
    return await moving._outcome(SOCKET, course())


async def test_an_engine_that_stays_silent_leaves_the_outcome_unknown(monkeypatch):
    long_ago_s = asyncio.get_running_loop().time() - moving.PATIENCE_S - 1
    ending = await outcome_of(monkeypatch, Lost(long_ago_s, "connection refused"))
    assert ending.code == exit_codes.OUTCOME_UNKNOWN
    assert "its end was not seen: the engine: connection refused; look at `hotswap-tui status`" in ending.words


async def test_a_doubt_that_does_not_end_is_the_outcome(monkeypatch):
    monkeypatch.setattr(moving, "PATIENCE_S", 0.0)
    doubt = Update(snapshot(switch=replace(BEFORE, unknown=True), router=ROUTED))
    ending = await outcome_of(monkeypatch, doubt, doubt, doubt)
    assert ending.code == exit_codes.OUTCOME_UNKNOWN
    assert ending.words.startswith("unknown: look at where the gateway points, last read: localhost:5432")


def test_who_stops_waiting_is_told_that_the_switch_goes_on(monkeypatch, capsys):
    async def sent(_path, _request):
        return snapshot(switch=BEFORE, router=ROUTED)

    async def interrupted(_path, _course):
        raise KeyboardInterrupt

    monkeypatch.setattr(moving, "send", sent)
    monkeypatch.setattr(moving, "_outcome", interrupted)
    assert moving.move(Reached(SOCKET, snapshot(router=ROUTED)), YES, propose_switch) == exit_codes.OUTCOME_UNKNOWN
    assert capsys.readouterr().out.startswith("not waited for; the switch goes on: `hotswap-tui cancel`")


@pytest.mark.parametrize("command", [["switch", "--to", "secondary", "--yes"], ["disarm"]], ids=lambda words: words[0])
def test_who_does_not_wait_for_the_answer_is_not_told_that_it_failed(command, monkeypatch, capsys):
    async def reached(_sockets):
        return Reached(SOCKET, snapshot(router=ROUTED))

    async def interrupted(_path, _request):
        raise KeyboardInterrupt

    monkeypatch.setattr(engine_options, "reach", reached)
    monkeypatch.setattr(moving, "send", interrupted)
    monkeypatch.setattr(client, "send", interrupted)
    assert main(command) == exit_codes.OUTCOME_UNKNOWN
    assert "unknown: it was asked for" in capsys.readouterr().err


def test_who_interrupts_a_look_learns_nothing_of_the_databases(monkeypatch):
    """The exit code 1 of `status` says that something is degraded."""

    async def interrupted(_sockets):
        raise KeyboardInterrupt

    monkeypatch.setattr(status, "reach", interrupted)
    assert main(["status"]) == exit_codes.INTERRUPTED


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NoEngineError(SOCKET, "connection refused"), exit_codes.NO_ENGINE),
        (NotAllowedError("for hotswap only"), exit_codes.NO_ENGINE),
        (UnansweredError(SOCKET, "no answer"), exit_codes.OUTCOME_UNKNOWN),
        (EngineFailedError("internal error"), exit_codes.OUTCOME_UNKNOWN),
    ],
)
def test_nothing_is_claimed_of_a_request_that_was_not_answered(error, code, capsys):
    assert moving.unanswered(error) == code
    assert capsys.readouterr().err == f"{error}\n"


@pytest.mark.parametrize(
    ("past", "code", "words"),
    [
        ({"id": BEFORE.id, "result": "done"}, exit_codes.OK, "done, as the journal says"),
        ({"id": BEFORE.id, "result": "failed", "error": "cut off"}, exit_codes.FAILED, "after a restart: cut off"),
        ({"id": BEFORE.id, "result": "unfinished"}, exit_codes.OUTCOME_UNKNOWN, "the engine was restarted meanwhile"),
        ({"id": BEFORE.id + 1, "result": "done"}, exit_codes.OUTCOME_UNKNOWN, "the engine was restarted meanwhile"),
    ],
)
async def test_after_a_restart_the_journal_says_how_it_ended(past, code, words, monkeypatch):
    async def read_history(_path, _limit):
        return [past]

    monkeypatch.setattr(moving, "read_history", read_history)
    ending = await outcome_of(monkeypatch, Lost(NEVER_S, "connection closed"), Update(snapshot()))
    assert ending.code == code
    assert words in ending.words


def test_the_request_carries_what_the_person_saw():
    seen = snapshot(**ON_SECONDARY, version=41)
    assert propose_failback(seen).make("pi@tty1") == FailbackRequest("pi@tty1", 41)
    assert propose_switch(seen, Role.PRIMARY, force=True).make("pi") == SwitchRequest(
        "pi", Role.PRIMARY, 41, force=True
    )


@pytest.mark.parametrize(
    ("proposal", "word"),
    [
        (propose_switch(snapshot()), "secondary"),
        (propose_switch(snapshot(**FAILING)), "secondary"),
        (propose_switch(snapshot(primary=down(Role.PRIMARY))), ""),
        (propose_switch(snapshot(primary=down(Role.PRIMARY)), force=True), "secondary"),
        (propose_failback(snapshot(**ON_SECONDARY)), "primary"),
        (propose_repair(snapshot(router=ROUTED)), ""),
    ],
    ids=["well", "failing", "down", "forced", "failback", "repair"],
)
def test_what_must_be_typed(proposal, word):
    assert proposal.word == word


def test_what_is_shown_before_it_is_asked():
    seen = snapshot(router=ROUTED, secondary=database(Role.SECONDARY, address="\x1b[2Jhost"))
    lines = proposal_lines(propose_switch(seen), seen, NOW_S)
    assert lines[:4] == [
        "Switch traffic to secondary",
        "  now      PRIMARY, ● up, localhost:5432, 2.4 ms, seen 0.4s ago",
        "  after    SECONDARY, ● up, host, 31.6 ms, seen 0.4s ago",
        "  how      42 clients wait until open transactions end, 3 s at most; if one",
    ]
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("1d", 86_400), ("1h30m", 5400)]
)
def test_durations(text, seconds):
    assert span_s(text) == seconds
    assert span_s(span_words(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "0s", "2", "h", "2 h", "-1h", "2w", "1.5h", "²h", "99999999d", "400d"])
def test_what_is_no_duration(text):
    with pytest.raises(Exception, match="is no duration like 90s"):
        span_s(text)
