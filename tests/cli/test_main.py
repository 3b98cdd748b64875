"""The command line as a whole: quick, and honest in its exit codes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hotswap_tui import __version__
from hotswap_tui.cli import exit_codes
from hotswap_tui.cli.main import main

SLOW = {"asyncpg", "plotext", "psycopg", "pydantic", "pydantic_settings", "rich", "textual"}
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
    "arguments", [("--help",), ("--version",), ("demo", "--help"), ("history", "--help"), ("nonsense",)]
)
def test_what_needs_no_settings_waits_for_none(arguments):
    assert not SLOW & modules_after(*arguments)


def test_history_loads_neither_settings_nor_screen(tmp_path):
    assert not SLOW & modules_after("history", "--json", "--state-dir", str(tmp_path))


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
        (["--nonsense"], "unrecognized arguments: --nonsense"),
        (["--profile", "fast"], "invalid choice: 'fast'"),
        (["--log-format", "xml"], "invalid choice: 'xml'"),
        (["history", "--limit", "0"], "'0' is not a whole number of at least 1"),
        (["--database-url=postgresql://u@h/d"], "unrecognized arguments: --database-url"),
        (["--state-dir", "/tmp", "history"], "options stand after the command: hotswap-tui history"),
        (["--db-failure-threshold", "2", "demo", "--script"], "options stand after the command: hotswap-tui demo"),
        (["--env-file", "x", "settings"], "options stand after the command: hotswap-tui settings"),
    ],
)
def test_wrong_usage(arguments, said, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == exit_codes.USAGE
    assert said in capsys.readouterr().err


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    assert all(f"    {command} " in text for command in ("demo", "history", "settings"))


def test_it_can_be_started_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "hotswap_tui", "--version"], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout == f"hotswap-tui {__version__}\n"
