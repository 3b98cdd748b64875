"""`hotswap-tui check` as a person and a monitoring system meet it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from hotswap_tui.cli import check, exit_codes
from hotswap_tui.cli.main import main
from hotswap_tui.config.settings import variables
from hotswap_tui.doctor.finding import Check, Finding, Level
from tests.support.bouncers import LivePgBouncer, needs_pgbouncer

SECRET = "hunter2-and-more"
DEAD = f"postgresql://ccfinapp:{SECRET}@127.0.0.1:1/cc_financial"
KEYS = ["check", "level", "subject", "text", "fix"]
SLOW = {"asyncpg", "plotext", "psycopg", "pydantic", "pydantic_settings", "rich", "textual"}
LONG = Finding(Check.TLS, Level.WARNING, "primary", "word " * 40 + "end", "do " * 60 + "it")


@pytest.fixture(autouse=True)
def environment(tmp_path, monkeypatch):
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    monkeypatch.setenv("HOTSWAP_STATE_DIR", str(state))
    return monkeypatch


@pytest.fixture
def pair(environment, server_pair):
    environment.setenv("DATABASE_URL", server_pair.primary.url)
    environment.setenv("DATABASE_URL_SECONDARY", server_pair.secondary.url)
    return server_pair


def found_by(capsys, *arguments):
    code = main(["check", "--json", *arguments])
    return code, json.loads(capsys.readouterr().out)


def test_two_databases_that_are_well_are_no_failure(pair, capsys):
    code, found = found_by(capsys)
    assert code == exit_codes.OK
    assert all(list(each) == KEYS for each in found)
    assert {each["level"] for each in found} == {"ok", "note"}
    told = {(each["check"], each["subject"]) for each in found}
    each_side = {"reachable", "tls", "writable", "clock", "connections", "privileges"}
    assert {(check, role) for check in each_side for role in ("primary", "secondary")} <= told
    assert {(check, "both") for check in ("same-server", "version", "schema", "replication")} <= told
    assert ("engine", "engine") in told


def test_what_is_well_can_be_left_out(pair, capsys):
    assert {each["level"] for each in found_by(capsys, "--quiet")[1]} == {"note"}


def test_sections_come_in_order_and_the_sum_goes_to_standard_error(pair, capsys):
    assert main(["check"]) == exit_codes.OK
    out, err = capsys.readouterr()
    heads = [line for line in out.splitlines() if " " not in line]
    assert heads == ["settings", "files", "databases", "data", "gateway", "engine"]
    assert err.count("\n") == 1
    assert " ok " in err


def test_a_warning_is_an_exit_code_of_its_own(pair, capsys):
    assert found_by(capsys, "--db-failure-threshold", "1")[0] == exit_codes.WARNINGS


def test_dead_databases_are_problems_with_fixes_and_without_passwords(environment, capsys):
    environment.setenv("DATABASE_URL", DEAD)
    environment.setenv("DATABASE_URL_SECONDARY", DEAD.replace("127.0.0.1", "nosuch.invalid"))
    code = main(["check"])
    out, err = capsys.readouterr()
    assert code == exit_codes.PROBLEMS
    assert "✗ primary: Connection refused (127.0.0.1:1) → start PostgreSQL there" in out
    assert "✗ secondary: nosuch.invalid:1: name not found" in out
    assert SECRET not in out + err
    assert "\ndata\n" not in out


def test_wrong_settings_are_findings_and_the_databases_are_looked_at_all_the_same(pair, environment, capsys):
    environment.setenv("DB_FAILBACK", "soon")
    environment.setenv("HOTSWAP_TOKEN", SECRET[:7])
    code, found = found_by(capsys)
    problems = [each["text"] for each in found if each["check"] == "settings" and each["level"] == "problem"]
    assert code == exit_codes.PROBLEMS
    assert len(problems) == 2
    assert "DB_FAILBACK=soon" in problems[0]
    assert SECRET[:7] not in str(found)
    assert {each["level"] for each in found if each["check"] == "reachable"} == {"ok"}
    assert ("replication", "note") in {(each["check"], each["level"]) for each in found}


def test_without_any_setting_it_says_what_is_missing(capsys):
    code, found = found_by(capsys)
    assert code == exit_codes.PROBLEMS
    assert "DATABASE_URL is not set" in found[0]["text"]


def test_an_env_file_that_cannot_be_read_leaves_nothing_to_judge(capsys):
    code, found = found_by(capsys, "--env-file", "missing.env")
    assert code == exit_codes.UNSEEN
    assert (found[0]["level"], "missing.env" in found[0]["text"]) == ("unseen", True)


@needs_pgbouncer
def test_a_gateway_is_looked_at_through_its_own_file(server_pair, capsys):
    with LivePgBouncer(*server_pair) as live:
        code, found = found_by(capsys, "--env-file", str(live.directory / "hotswap.env"))
        console = live.gateway.console.get_secret_value()
    assert code == exit_codes.OK
    assert {each["level"] for each in found if each["check"] == "gateway-target"} == {"ok"}
    assert ("env-file", "hotswap.env") in {(each["check"], each["subject"]) for each in found}
    assert console not in str(found)


@pytest.mark.parametrize(
    ("levels", "code"),
    [
        ([], exit_codes.OK),
        ([Level.OK, Level.NOTE], exit_codes.OK),
        ([Level.NOTE, Level.WARNING], exit_codes.WARNINGS),
        ([Level.WARNING, Level.UNSEEN], exit_codes.UNSEEN),
        ([Level.UNSEEN, Level.PROBLEM], exit_codes.PROBLEMS),
    ],
)
def test_the_worst_finding_decides(levels, code):
    assert check.exit_code([Finding(Check.TLS, level, "primary", "x") for level in levels]) == code


@pytest.mark.parametrize("width", [40, 79, 200])
def test_on_a_terminal_lines_are_wrapped(width):
    told = [*check.lines(LONG, width)]
    assert all(len(line) <= width for line in told)
    assert told[0].startswith("  ▲ primary: word")
    assert sum(line.startswith("    → do") for line in told) == 1
    assert " ".join(" ".join(told).split()) == f"▲ primary: {LONG.text} → {LONG.fix}"


def test_the_terminals_width_is_kept(environment, capsys):
    environment.setenv("DATABASE_URL", DEAD)
    environment.setenv("COLUMNS", "60")
    environment.setattr("sys.stdout.isatty", lambda: True)
    main(["check"])
    printed = capsys.readouterr().out.splitlines()
    assert max(map(len, printed)) < 60
    assert "  ✗ primary: Connection refused (127.0.0.1:1)" in printed


def test_elsewhere_a_finding_is_one_line():
    assert [*check.lines(LONG, None)] == [f"▲ primary: {LONG.text} → {LONG.fix}"]


def test_who_interrupts_it_is_not_told_that_all_is_well(environment, capsys):
    def interrupted(_):
        raise KeyboardInterrupt

    environment.setattr(check, "_look", interrupted)
    assert main(["check"]) == exit_codes.UNSEEN
    assert capsys.readouterr().err == "interrupted\n"


def test_ascii_is_enough(environment):
    environment.setenv("DATABASE_URL", DEAD)
    done = subprocess.run(
        [sys.executable, "-m", "hotswap_tui", "check"],
        env={**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == exit_codes.PROBLEMS
    assert b"\nx primary: Connection refused" in done.stdout
    assert done.stdout.isascii()
    assert done.stderr.isascii()


def test_help_waits_for_nothing():
    program = (
        "import sys\nfrom hotswap_tui.cli.main import main\ntry:\n    main(['check', '--help'])\nexcept SystemExit:\n    pass\n"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert not SLOW & set(done.stderr.split())
    assert "Exit codes" in done.stdout
    assert all(f" {each.value}" in done.stdout for each in Check)
