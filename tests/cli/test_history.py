"""`hotswap-tui history` prints what the journal remembers, for people and for programs."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time

import pytest

from hotswap_tui.cli import exit_codes, history, history_form
from hotswap_tui.core.plan import Plan, Recipe
from hotswap_tui.core.traffic import Waited
from hotswap_tui.core.values import Role, Switch, SwitchKind
from hotswap_tui.engine.journal_store import Store
from hotswap_tui.engine.ports import Entry, StepRecord, SwitchRecord

WALL_S = 1_760_000_000.0
PRIMARY, SECONDARY = Role.PRIMARY, Role.SECONDARY

RECORDS = [
    SwitchRecord(
        Switch(
            1,
            SwitchKind.FAILOVER,
            PRIMARY,
            SECONDARY,
            0.0,
            "primary failed 3 checks: connection refused",
            plan=Plan(Recipe.CRASHED, ()),
        ),
        WALL_S,
        WALL_S + 1.21,
        "done",
        down=Role.PRIMARY,
        down_s=14.8,
        waited=Waited(8, 0.0475),
        severed=1,
        proof="18.6 started 10:42:07",
    ),
    SwitchRecord(
        Switch(2, SwitchKind.FAILBACK, SECONDARY, PRIMARY, 0.0, "primary passed 2 checks", attempt=2),
        WALL_S + 300,
        WALL_S + 300.4,
        "done",
        down=Role.PRIMARY,
        down_s=192.0,
    ),
    SwitchRecord(
        Switch(3, SwitchKind.MANUAL, PRIMARY, SECONDARY, 0.0, "maintenance", by="alice", forced=True),
        WALL_S + 900,
        WALL_S + 905,
        "failed",
        "secondary: connection refused",
    ),
    SwitchRecord(Switch(4, SwitchKind.MANUAL, PRIMARY, SECONDARY, 0.0, "again\x1b[2J", by="alice"), WALL_S + 1000),
]

PLAIN = """\
WHEN                 KIND      FROM → TO            TOOK   RESULT      BY
2025-10-09 09:10:00  manual    primary → secondary         unfinished  alice
  again
2025-10-09 09:08:20  manual    primary → secondary  5.0 s  failed      alice
  maintenance; forced; secondary: connection refused
2025-10-09 08:58:20  failback  secondary → primary  0.4 s  done        automatic
  primary passed 2 checks; primary was down for 3m 12s; attempt 2
2025-10-09 08:53:20  failover  primary → secondary  1.2 s  done        automatic
  primary failed 3 checks: connection refused; primary was down for 15 s; 8
  clients waited, at most 0.05 s; 1 connection cut off
"""

STEPS = [
    StepRecord(1, "hold", WALL_S, WALL_S + 0.0125),
    StepRecord(1, "repoint", WALL_S + 0.0125, WALL_S - 3600),
    StepRecord(1, "canary\x1b[2J", WALL_S + 0.02),
]


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("HOTSWAP_STATE_DIR", raising=False)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def state(tmp_path):
    store = Store(tmp_path, time.time, lambda _: None)
    for record in RECORDS:
        store.write(Entry(switch=record))
        for step in STEPS if record.switch.id == 1 else ():
            store.write(Entry(step=step))
    store.close()
    return tmp_path


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    history.add_parser(parser.add_subparsers(required=True))
    args = parser.parse_args(["history", *arguments])
    code: int = args.run(args)
    return code


def test_plain_lines_fit_80_columns_newest_first(state, capsys):
    assert run("--state-dir", str(state)) == 0
    out = capsys.readouterr().out
    assert out == PLAIN
    assert max(map(len, out.splitlines())) <= 80


def test_steps_are_one_more_line_when_asked_for(state, capsys):
    """A clock that was set back during a step makes it 0; a switch without steps has no such line."""
    assert run("--state-dir", str(state), "--steps") == 0
    assert capsys.readouterr().out == PLAIN + "  hold 12 ms, repoint 0 ms, canary not ended\n"


def test_long_reasons_are_wrapped(tmp_path, capsys):
    store = Store(tmp_path, time.time, lambda _: None)
    store.write(
        Entry(switch=SwitchRecord(Switch(1, SwitchKind.REPAIR, PRIMARY, PRIMARY, 0.0, "why " * 60, by="bob"), WALL_S))
    )
    store.close()
    assert run("--state-dir", str(tmp_path)) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_json_has_stable_keys(state, capsys):
    assert run("--state-dir", str(state), "--json") == 0
    fourth, third, _, first = json.loads(capsys.readouterr().out)
    assert first == {
        "id": 1,
        "kind": "failover",
        "from": "primary",
        "to": "secondary",
        "started": "2025-10-09T08:53:20.000+00:00",
        "finished": "2025-10-09T08:53:21.210+00:00",
        "took_s": 1.21,
        "result": "done",
        "error": "",
        "why": "primary failed 3 checks: connection refused",
        "automatic": True,
        "by": None,
        "cancelled_by": None,
        "forced": False,
        "attempts": 1,
        "was_down": "primary",
        "was_down_s": 14.8,
        "recipe": "crashed",
        "waited": 8,
        "longest_wait_s": 0.0475,
        "severed": 1,
        "proof": "18.6 started 10:42:07",
        "steps": [
            {"step": "hold", "started": "2025-10-09T08:53:20.000+00:00", "took_ms": 12.5},
            {"step": "repoint", "started": "2025-10-09T08:53:20.012+00:00", "took_ms": 0.0},
            {"step": "canary\x1b[2J", "started": "2025-10-09T08:53:20.020+00:00", "took_ms": None},
        ],
    }
    assert (third["automatic"], third["by"], third["forced"], third["was_down"]) == (False, "alice", True, None)
    assert (fourth["recipe"], fourth["waited"], fourth["proof"], fourth["steps"]) == (None, 0, "", [])
    assert (fourth["result"], fourth["finished"], fourth["took_s"]) == ("unfinished", None, None)
    assert all(f"\n  {key} " in history._EPILOG for key in first if key not in {"from", "to"})


def test_the_limit_counts_from_the_newest(state, capsys):
    assert run("--state-dir", str(state), "--json", "--limit", "2") == 0
    assert [switch["id"] for switch in json.loads(capsys.readouterr().out)] == [4, 3]


@pytest.mark.parametrize("limit", ["0", "-1", "x", "1.5", "99999999999", "²"])
def test_a_senseless_limit_is_wrong_usage(limit, capsys):
    with pytest.raises(SystemExit) as caught:
        run("--limit", limit)
    assert caught.value.code == 2
    assert "is not a whole number of at least 1" in capsys.readouterr().err


def test_the_state_directory_comes_from_the_environment(state, monkeypatch, capsys):
    monkeypatch.setenv("HOTSWAP_STATE_DIR", str(state))
    assert run() == 0
    assert capsys.readouterr().out == PLAIN


def test_the_state_directory_is_found_where_the_dashboard_finds_it(state, tmp_path, monkeypatch, capsys):
    """The command line outranks the environment, that the later file, that the earlier one; an empty value is none."""
    monkeypatch.setenv("WHERE", str(state))
    wrong, right = tmp_path / "wrong.env", tmp_path / "right.env"
    wrong.write_text("HOTSWAP_STATE_DIR=/nowhere\n")
    right.write_text("HOTSWAP_STATE_DIR='${WHERE}'\n")
    files = ("--env-file", str(wrong), "--env-file", str(right))
    assert run(*files) == exit_codes.OK
    monkeypatch.setenv("HOTSWAP_STATE_DIR", "/elsewhere")
    assert run(*files) == exit_codes.FAILED
    assert "/elsewhere/journal.sqlite3" in capsys.readouterr().err
    assert run(*files, "--hotswap-state-dir", f" {state} ") == exit_codes.OK
    monkeypatch.setenv("HOTSWAP_STATE_DIR", "")
    monkeypatch.setattr("hotswap_tui.config.state_dir.default_state_dir", lambda: state)
    assert run(*files) == exit_codes.OK


def test_an_env_file_that_cannot_be_read_is_wrong_usage(capsys):
    assert run("--env-file", "missing.env") == exit_codes.USAGE
    assert capsys.readouterr().err == (
        "hotswap-tui history: --env-file missing.env cannot be read: No such file or directory\n"
    )


def test_the_default_directory_needs_no_database_url(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert run() == 1
    assert f"{tmp_path}/hotswap-tui/journal.sqlite3: there is no journal" in capsys.readouterr().err


def test_no_switch_is_no_failure(tmp_path, capsys):
    store = Store(tmp_path, time.time, lambda _: None)
    store.load()
    store.close()
    assert run("--state-dir", str(tmp_path)) == 0
    assert capsys.readouterr() == ("", "no switch has happened yet\n")
    assert run("--state-dir", str(tmp_path), "--json") == 0
    assert capsys.readouterr() == ("[]\n", "")


@pytest.mark.parametrize("content", [None, b"", b"garbage" * 1000])
def test_an_unreadable_journal_is_one_line(tmp_path, content, capsys):
    path = tmp_path / "state" / "journal.sqlite3"
    if content is not None:
        path.parent.mkdir()
        path.write_bytes(content)
    assert run("--state-dir", str(path.parent)) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"hotswap-tui history: {path}: ")
    assert captured.err.count("\n") == 1
    assert content is not None or not path.parent.exists()


PROGRAM = """
import sys
from hotswap_tui.cli.main import main
code = main()
assert not {"textual", "plotext", "pydantic", "asyncpg"} & set(sys.modules), "slow imports"
sys.exit(code)
"""


def start(state, **environment: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", PROGRAM, "history", "--state-dir", str(state)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | environment)


def test_an_ascii_terminal_gets_ascii(state):
    with start(state, PYTHONIOENCODING="ascii") as process:
        out, err = process.communicate()
    assert err == b""
    assert process.returncode == 0
    assert b"primary -> secondary" in out


def test_a_reader_that_has_seen_enough_is_no_error(state):
    with start(state) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.04, "0.0 s"),
        (0.42, "0.4 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.6, "1m 00s"),
        (3599.7, "1h 00m"),
        (7500, "2h 05m"),
        (86_399.9, "1d 00h"),
        (356_400, "4d 03h"),
    ],
)
def test_durations(seconds, words):
    assert history_form.duration(seconds) == words
