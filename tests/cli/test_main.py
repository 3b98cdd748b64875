"""The command line as a whole: quick, and honest in its exit codes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hotswap_tui import __version__
from hotswap_tui.cli import exit_codes
from hotswap_tui.cli.main import main
from hotswap_tui.engine.journal_store import Store

ROOT = Path(__file__).parents[2]
SLOW = {
    "asyncpg",
    "plotext",
    "psycopg",
    "pydantic",
    "pydantic_settings",
    "rich",
    "starlette",
    "textual",
    "uvicorn",
}
LOADED = """
import sys
from hotswap_tui.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print(*{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
"""


def modules_after(*arguments):
    """Return the packages that a command has loaded when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments], capture_output=True, text=True, timeout=30, check=True
    )
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--version",),
        ("demo", "--help"),
        ("gateway", "init", "--help"),
        ("history", "--help"),
        ("status", "--help"),
        ("switch", "--help"),
        ("logs", "--help"),
        ("completion", "--help"),
        ("nonsense",),
    ],
)
def test_what_needs_no_settings_waits_for_none(arguments):
    assert not SLOW & modules_after(*arguments)


def test_history_loads_neither_settings_nor_screen(tmp_path):
    (tmp_path / "app.env").write_text(f"HOTSWAP_STATE_DIR={tmp_path}\n")
    for given in (("--state-dir", str(tmp_path)), ("--env-file", str(tmp_path / "app.env"))):
        assert not SLOW & modules_after("history", "--json", *given)


@pytest.mark.parametrize(
    "arguments", [("status",), ("switch", "--to", "primary", "--yes"), ("arm",), ("disarm",), ("logs",)]
)
def test_what_asks_an_engine_waits_for_no_server_and_no_screen(arguments, tmp_path):
    assert not SLOW & modules_after(*arguments, "--state-dir", str(tmp_path))


def test_settings_load_no_screen():
    assert not {"textual", "plotext", "rich", "asyncpg"} & modules_after("settings", "--markdown")


def test_the_version(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == exit_codes.OK
    assert capsys.readouterr().out == f"hotswap-tui {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonsense"], "invalid choice: 'nonsense'"),
        (["--nonsense"], "hotswap-tui: unrecognised option --nonsense\n"),
        (
            ["--db-failure-treshold", "2"],
            "unrecognised option --db-failure-treshold; did you mean --db-failure-threshold?",
        ),
        (
            ["--db-failure-treshold=2"],
            "unrecognised option --db-failure-treshold; did you mean --db-failure-threshold?",
        ),
        (["--db-failure", "2"], "unrecognised option --db-failure"),
        (["history", "--limt", "2"], "hotswap-tui history: unrecognised option --limt; did you mean --limit?"),
        (["demo", "--state-dir", "/tmp"], "hotswap-tui demo: unrecognised option --state-dir"),
        (["demo", "--script", "--env-file", "x"], "unrecognised option --env-file"),
        (["demo", "--profile", "production"], "unrecognised option --profile"),
        (["--profile", "fast"], "invalid choice: 'fast'"),
        (["--log-format", "xml"], "invalid choice: 'xml'"),
        (["history", "--limit", "0"], "'0' is not a whole number of at least 1"),
        (["--database-url=postgresql://u:hunter2@h/d"], "set DATABASE_URL in the environment or an --env-file"),
        (["--database-url-secondary", "postgresql://u:hunter2@h/d"], "set DATABASE_URL_SECONDARY in the environment"),
        (["--state-dir", "/tmp", "history"], "options stand after the command: hotswap-tui history"),
        (["--db-failure-threshold", "2", "demo", "--script"], "options stand after the command: hotswap-tui demo"),
        (["--env-file", "x", "settings"], "options stand after the command: hotswap-tui settings"),
    ],
)
def test_wrong_usage(arguments, said, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == exit_codes.USAGE
    told = capsys.readouterr().err
    assert said in told.partition("\n")[0] + "\n"
    assert "hunter2" not in told


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("history", "--state-dir", "STATE"), ("settings", "--markdown"), ("settings",)],
)
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize(
    "redirection",
    ["| :", "2>&1 | :", ">&-", "2>&-", "<&- >&- 2>&-"],
    ids=["unread", "both unread", "no out", "no err", "none"],
)
def test_closed_streams_and_readers_that_have_gone_cause_no_traceback(arguments, redirection, unbuffered, tmp_path):
    store = Store(tmp_path, time.time, lambda _: None)
    store.load()
    store.close()
    command = " ".join((sys.executable, "-m", "hotswap_tui", *arguments)).replace("STATE", str(tmp_path))
    script = f"set -o pipefail; {{ {command} {redirection}; echo code=$? >&9; }} 9>{tmp_path}/code"
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": unbuffered,
    }
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, timeout=30, check=False, cwd=tmp_path, env=environ
    )
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    expected = exit_codes.USAGE if arguments == ("settings",) else exit_codes.OK
    told = (tmp_path / "code").read_text().strip()
    assert told == f"code={expected}"


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_output_that_cannot_be_written_is_a_failure(unbuffered):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "hotswap_tui", "settings", "--markdown"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
            check=False,
            env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
        )
    assert (done.returncode, done.stderr) == (
        exit_codes.FAILED,
        "hotswap-tui: [Errno 28] No space left on device\n",
    )


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    assert all(f"    {command} " in text for command in ("demo", "gateway", "history", "settings"))


def test_it_can_be_started_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "hotswap_tui", "--version"], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout == f"hotswap-tui {__version__}\n"
