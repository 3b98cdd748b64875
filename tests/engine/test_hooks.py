"""The user's command after a switch: what it is told, what it is not, and how little it can do to the engine."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import sys
import threading
import time
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hotswap_tui.core.snapshot import SwitchOutcome
from hotswap_tui.core.traffic import Waited
from hotswap_tui.core.values import Kind, Level, Role, Switch, SwitchKind, Tell
from hotswap_tui.engine import hook_process
from hotswap_tui.engine.hook_output import KEPT_BYTES, Tail
from hotswap_tui.engine.hooks import WAITING, Hooks
from tests.support.until import until

OFFSET_S = 1_760_000_000.0
DUMP = """#!{python} -IS
import json, os, sys
print(json.dumps(dict(environment=dict(os.environ), stdin=sys.stdin.read(), arguments=sys.argv[1:], sid=os.getsid(0))))
"""


def outcome(number: int = 7, *, why: str = "primary failed 3 checks: connection refused") -> SwitchOutcome:
    switch = Switch(number, SwitchKind.FAILOVER, Role.PRIMARY, Role.SECONDARY, 10.0, why)
    return SwitchOutcome(switch, 10.25, "done", waited=Waited(8, 0.0475), proof="18.6 started 10:42:07")


def script(directory: Path, text: str, name: str = "notify.sh") -> str:
    path = directory / name
    path.write_text(text if text.startswith(("#!", "\x7f")) else f"#!/bin/sh\n{text}\n")
    path.chmod(stat.S_IRWXU)
    return str(path)


class Told(list[Tell]):
    """What the hooks have told."""

    async def next(self) -> Tell:
        await until(lambda: self, what="told nothing")
        return self.pop(0)


@asynccontextmanager
async def hooked(*argv: str):
    told = Told()
    hooks = Hooks(argv, told.append)
    try:
        yield hooks, told
    finally:
        await hooks.aclose()
        assert asyncio.all_tasks() == {asyncio.current_task()}


async def ran(tmp_path: Path, text: str) -> Tell:
    async with hooked(script(tmp_path, text)) as (hooks, told):
        hooks.switched(outcome(), OFFSET_S)
        said: Tell = await told.next()
        return said


async def test_the_facts_are_in_the_environment_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    for name in ("DATABASE_URL", "HOTSWAP_NOTIFY_URL", "PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "HOTSWAP_ON_SWITCH"):
        monkeypatch.setenv(name, "postgresql://u:hunter22@h/d")
    monkeypatch.setenv("LC_TIME", "C")
    program = script(tmp_path, DUMP.format(python=sys.executable))
    async with hooked(program, "two words", "$HOME; exit 1") as (hooks, told):
        hooks.switched(outcome(), OFFSET_S)
        said = await told.next()
    assert (said.kind, said.level) == (Kind.HOOK, Level.INFO)
    assert said.text.startswith("hook notify.sh succeeded after ")
    assert (said.data["exit"], said.data["switch"]) == (0, 7)
    found = json.loads(str(said.data["output"]))
    facts = {name: value for name, value in found["environment"].items() if name.startswith("HOTSWAP_")}
    assert facts.pop("HOTSWAP_STARTED").startswith("2025-10-09T08:53:30.000+")
    assert facts == {
        "HOTSWAP_SWITCH_ID": "7",
        "HOTSWAP_KIND": "failover",
        "HOTSWAP_SOURCE": "primary",
        "HOTSWAP_TARGET": "secondary",
        "HOTSWAP_RESULT": "done",
        "HOTSWAP_WHY": "primary failed 3 checks: connection refused",
        "HOTSWAP_BY": "",
        "HOTSWAP_TOOK_MS": "250",
        "HOTSWAP_ERROR": "",
        "HOTSWAP_PROOF": "18.6 started 10:42:07",
        "HOTSWAP_WAITED_CLIENTS": "8",
        "HOTSWAP_LONGEST_WAIT_MS": "48",
    }
    others = found["environment"].keys() - facts.keys() - {"HOTSWAP_STARTED"}
    assert others <= {"PATH", "HOME", "LANG", "TZ", "USER", "LOGNAME", "TMPDIR", "LC_TIME", "LC_ALL", "LC_CTYPE"}
    assert {"PATH", "TZ", "LC_TIME"} <= others
    assert (found["stdin"], found["arguments"]) == ("", ["two words", "$HOME; exit 1"])
    assert found["sid"] != os.getsid(0)


async def test_facts_are_harmless_text(tmp_path):
    why = "see postgresql://u:hunter22@h/d \x1b[2J\x00now\nplease \udcff"
    program = script(tmp_path, 'printf %s "$HOTSWAP_WHY"')
    async with hooked(program) as (hooks, told):
        hooks.switched(outcome(why=why), OFFSET_S)
        said = await told.next()
    assert said.data["output"] == "see postgresql://u:****@h/d now please"


@pytest.mark.parametrize(
    ("text", "level", "words", "output"),
    [
        ("echo out; echo err >&2", Level.INFO, "succeeded after", "out\nerr"),
        ("echo no; exit 3", Level.WARNING, "ended with exit code 3 after", "no"),
        ("kill -SEGV $$", Level.WARNING, "was ended by SIGSEGV after", ""),
        ("printf 'a\\033[31mred\\033[0m\\007[b]x[/b]\\rb\\n\\n\\tc\\377'", Level.INFO, "succeeded", "ared[b]x[/b]\nb\nc\ufffd"),
        ("echo try postgresql://u:hunter22@h:5432/d?password=hunter22.", Level.INFO, "", "try postgresql://u:****@h:5432/d?password=****"),
        ("echo + PGPASSWORD=hunter22 psql", Level.INFO, "", "+ PGPASSWORD=**** psql"),
        ("echo 'Authorization: Bearer hunter22'", Level.INFO, "", "Authorization: Bearer ****"),
        ("echo '{\"token\": \"hunter 22\", \"a\": 1}'", Level.INFO, "", '{"token": ****, "a": 1}'),
        ("echo password authentication failed", Level.INFO, "", "password authentication failed"),
    ],
)  # fmt: skip
async def test_how_it_ended_and_what_it_said(tmp_path, text, level, words, output):
    said = await ran(tmp_path, text)
    assert (said.level, said.data["output"]) == (level, output)
    assert said.text.startswith(f"hook notify.sh {words}")


async def test_only_the_end_of_a_long_output_is_kept(tmp_path):
    said = await ran(tmp_path, "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done")
    lines = str(said.data["output"]).split("\n")
    assert (lines[0], lines[-1]) == ("…", "line 2999")
    assert all(line.startswith("line ") for line in lines[1:])
    assert KEPT_BYTES - 20 < len("\n".join(lines)) <= KEPT_BYTES


def test_a_cut_shows_no_half_of_a_connection_string():
    for length in (KEPT_BYTES - 8, KEPT_BYTES - 1, KEPT_BYTES):
        tail = Tail()
        tail.take(b"postgresql://u:hunter22@h/d " + b"x" * (length - 2) + b" y")
        assert tail.text() in {"…\n" + "x" * (length - 2) + " y", "…\ny"}
    tail.take(b"z" * KEPT_BYTES)
    assert tail.text() == "…"


@pytest.mark.parametrize(
    "piece", ["x", "pwd='", 'token:"', "token", "a://", "a://b@", "password= ", "\\", "\x1b]", ",:"]
)
def test_no_output_costs_the_engine_time(piece):
    """The text is made on the event loop, so no pattern may go over a line again and again."""
    tail = Tail()
    tail.take((piece * KEPT_BYTES)[: KEPT_BYTES - 1].encode())
    begun_s = time.process_time()
    for _ in range(10):
        tail.text()
    assert time.process_time() - begun_s < 2


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda _: "/nowhere/notify.sh", "there is no such program: /nowhere/notify.sh"),
        (lambda _: "no-such-program-anywhere", "there is no such program: no-such-program-anywhere"),
        (str, "it may not be executed: {directory}"),
    ],
)
async def test_a_program_that_cannot_be_started_is_one_line(tmp_path, make, why):
    async with hooked(make(tmp_path)) as (hooks, told):
        hooks.switched(outcome(), OFFSET_S)
        said = await told.next()
    assert said.level is Level.WARNING
    assert said.text.endswith(f"could not be started: {why.format(directory=tmp_path)}; see HOTSWAP_ON_SWITCH")
    assert "exit" not in said.data


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("\x7fELF nothing", "exec format error"),
        ("#!/nowhere/sh\n", "the interpreter that its first line names is missing"),
    ],
)
async def test_a_file_that_is_no_program_is_one_line(tmp_path, text, why):
    program = script(tmp_path, text, "notify")
    async with hooked(program) as (hooks, told):
        hooks.switched(outcome(), OFFSET_S)
        said = await told.next()
    assert said.text == f"hook notify could not be started: {why}: {program}; see HOTSWAP_ON_SWITCH"


def lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def gone(pid: int) -> None:
    """Wait until the process has ended and asyncio, which waits for it in a thread, has heard of it."""
    await until(lambda: not lives(pid) and not any(t.name.startswith("asyncio-waitpid") for t in threading.enumerate()))
    for _ in range(5):
        await asyncio.sleep(0)


async def test_one_that_takes_too_long_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(hook_process, "DEADLINE_S", 0.2)
    said = await ran(tmp_path, "exec sleep 60")
    assert said.text.startswith("hook notify.sh was ended (it took longer than 0.2 s) after")
    assert (said.level, said.data["exit"]) == (Level.WARNING, -signal.SIGTERM)


STUBBORN = """
trap '' TERM
echo $$
sh -c 'echo $$; echo > {gate}; while :; do sleep 9; done' &
wait; while :; do sleep 9; done
"""
LEADER_ONLY = """
echo $$
sh -c 'trap "" TERM; echo $$; echo > {gate}; while :; do sleep 9; done' &
wait
"""


@pytest.mark.parametrize(("text", "exit_code"), [(STUBBORN, -signal.SIGKILL), (LEADER_ONLY, -signal.SIGTERM)])
async def test_one_that_does_not_take_the_hint_is_killed_with_all_of_its_group(tmp_path, monkeypatch, text, exit_code):
    monkeypatch.setattr(hook_process, "LAST_S", 0.02)
    monkeypatch.setattr(hook_process, "TERM_S", 0.1)
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    async with hooked(script(tmp_path, text.format(gate=gate))) as (hooks, told):
        hooks.switched(outcome(), OFFSET_S)
        await asyncio.to_thread(gate.read_text)
        await hooks.aclose()
        (said,) = told
    assert (said.level, said.data["exit"]) == (Level.WARNING, exit_code)
    pids = str(said.data["output"]).split()
    assert len(pids) == 2
    for pid in pids:
        await gone(int(pid))


async def test_one_that_prints_without_end_holds_up_nobody(tmp_path, monkeypatch):
    monkeypatch.setattr(hook_process, "DEADLINE_S", 0.3)
    turns = 0
    async with hooked(script(tmp_path, "exec yes")) as (hooks, told):
        hooks.switched(outcome(), OFFSET_S)
        while not told:
            await asyncio.sleep(0.001)
            turns += 1
        said = await told.next()
    assert turns > 3
    assert len(str(said.data["output"])) <= KEPT_BYTES


async def test_what_it_leaves_in_the_background_is_not_waited_for(tmp_path):
    said = await ran(tmp_path, "sleep 60 & echo $!")
    assert said.text.startswith("hook notify.sh succeeded after")
    pid = int(str(said.data["output"]))
    assert lives(pid)
    os.kill(pid, signal.SIGKILL)


async def test_one_at_a_time_and_in_order(tmp_path):
    program = script(tmp_path, 'mkdir busy || exit 9; sleep 0.02; rmdir busy; echo "$HOTSWAP_SWITCH_ID"')
    async with hooked("/usr/bin/env", "-C", str(tmp_path), program) as (hooks, told):
        for number in range(1, 6):
            hooks.switched(outcome(number), OFFSET_S)
        said = [await told.next() for _ in range(5)]
    assert [tell.data["output"] for tell in said] == ["1", "2", "3", "4", "5"]


async def test_the_oldest_of_too_many_are_dropped_and_told(tmp_path):
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    async with hooked(script(tmp_path, f"read _ < {gate}; echo $HOTSWAP_SWITCH_ID")) as (hooks, told):
        hooks.switched(outcome(1), OFFSET_S)
        await until(lambda: not hooks._waiting)
        for number in range(2, WAITING + 4):
            hooks.switched(outcome(number), OFFSET_S)
        dropped = [await told.next() for _ in range(2)]
        assert [tell.text for tell in dropped] == [
            "hook notify.sh was not run for switch 2: 16 newer ones wait for it",
            "hook notify.sh was not run for switch 3: 16 newer ones wait for it",
        ]
        with open(os.open(gate, os.O_RDWR), "wb", buffering=0) as held:  # noqa: ASYNC230, PTH123  a pipe that is open both ways never blocks
            held.write(b"\n" * WAITING * 4)
            outputs = [(await told.next()).data["output"] for _ in range(WAITING + 1)]
    assert outputs == ["1", *(str(number) for number in range(4, WAITING + 4))]


async def test_a_hook_that_runs_when_the_program_ends_may_finish(tmp_path):
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    async with hooked(script(tmp_path, f"echo begun; echo > {gate}; sleep 0.05; echo finished")) as (hooks, told):
        hooks.switched(outcome(1), OFFSET_S)
        hooks.switched(outcome(2), OFFSET_S)
        await asyncio.to_thread(gate.read_text)
        await hooks.aclose()
        hooks.switched(outcome(3), OFFSET_S)
        texts = [tell.text for tell in told]
        assert texts[0] == "hook notify.sh was not run for switch 2: hotswap-tui ends"
        assert texts[1].startswith("hook notify.sh succeeded after")
        assert texts[2] == "hook notify.sh was not run for switch 3: hotswap-tui ends"
        assert told[1].data["output"] == "begun\nfinished"


async def test_one_that_does_not_finish_then_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(hook_process, "LAST_S", 0.1)
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    async with hooked(script(tmp_path, f"echo > {gate}; exec sleep 60")) as (hooks, told):
        hooks.switched(outcome(), OFFSET_S)
        await asyncio.to_thread(gate.read_text)
        await hooks.aclose()
        (said,) = told
    assert said.text.startswith("hook notify.sh was ended (hotswap-tui ends) after")


async def test_cancelling_everything_leaves_no_process(tmp_path):
    """An engine that fails ends its loop, and with it every task."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    hooks = Hooks((script(tmp_path, f"echo $$ > {gate}; exec sleep 60"),), print)
    hooks.switched(outcome(), OFFSET_S)
    pid = int(await asyncio.to_thread(gate.read_text))
    assert hooks._worker is not None
    hooks._worker.cancel()
    await asyncio.wait({hooks._worker})
    await gone(pid)


async def test_one_that_cannot_be_ended_is_left_and_told(tmp_path, monkeypatch):
    """A process of another user (sudo) does not take our signals."""
    monkeypatch.setattr(hook_process, "DEADLINE_S", 0.2)
    monkeypatch.setattr(hook_process, "TERM_S", 0.05)
    monkeypatch.setattr(hook_process, "_KILL_S", 0.05)
    monkeypatch.setattr(hook_process, "_signal", lambda *_: None)
    gate, pid_file = tmp_path / "gate", tmp_path / "pid"
    os.mkfifo(gate)
    pid_file.touch()
    async with hooked(script(tmp_path, f"echo $$ > {pid_file}; read _ < {gate}; exit 0", "stubborn")) as (hooks, told):
        hooks.switched(outcome(), OFFSET_S)
        said = await told.next()
        assert said.text.startswith(
            "hook stubborn could not be ended (it took longer than 0.2 s), it is left to itself after "
        )
        assert "exit" not in said.data
        pid = int(await until(pid_file.read_text))
        await asyncio.to_thread(gate.write_text, "\n")
        await gone(pid)
