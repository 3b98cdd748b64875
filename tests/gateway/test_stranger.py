"""A user to whom the gateway does not belong is told so in one line, at the start and not in the middle of a switch."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from hotswap_tui.cli import exit_codes
from hotswap_tui.gateway.setup import create
from hotswap_tui.routing import layout
from tests.gateway.test_setup import PRIMARY, SECONDARY, front
from tests.support.bouncers import needs_pgbouncer

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [needs_pgbouncer, pytest.mark.skipif(os.geteuid() != 0, reason="root can become somebody else")]
# What a command imports is imported before, since nobody may not be able to read this checkout.
AS_NOBODY = """
import encodings.idna, encodings.unicode_escape, encodings.utf_8_sig, os, pwd, sys
import hotswap_tui.cli.main, hotswap_tui.config.loading, hotswap_tui.config.table, hotswap_tui.engine.lock
import hotswap_tui.routing.undo, psycopg, psycopg_binary
me = pwd.getpwnam("nobody")
os.setgroups([])
os.setgid(me.pw_gid)
os.setuid(me.pw_uid)
sys.exit(hotswap_tui.cli.main.main(sys.argv[1:]))
"""


def as_nobody(*arguments: str) -> tuple[int, str]:
    """Run the program as somebody who has nothing to do with the gateway; return its exit code and complaint."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_", "HOTSWAP_"))}
    command = (sys.executable, "-c", AS_NOBODY, *arguments)
    done = subprocess.run(command, cwd="/", env=environ, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stderr


@pytest.fixture
def gateway(place: Path) -> layout.Gateway:
    return create(place / "g", PRIMARY, SECONDARY, front())


def open_to_all(gateway: layout.Gateway) -> None:
    """Do what a person does who has been refused: chmod until it can be read."""
    gateway.directory.chmod(0o755)
    for path in (gateway.directory / layout.DESCRIPTION, gateway.directory / layout.ENGINE_ENV):
        path.chmod(0o644)


@pytest.mark.parametrize("command", ["engine", "release", "run"])
def test_the_owner_is_named(gateway: layout.Gateway, command: str):
    arguments = {
        "engine": ("settings", "--env-file", str(gateway.directory / layout.ENGINE_ENV)),
        "release": ("gateway", "release", "--dir", str(gateway.directory)),
        "run": ("gateway", "run", "--dir", str(gateway.directory)),
    }
    code, told = as_nobody(*arguments[command])
    assert code == exit_codes.USAGE
    assert "ermission denied; run this as root, to whom" in told
    assert len(told.splitlines()) == 1


def test_who_can_read_it_and_not_write_is_refused_at_the_start(gateway: layout.Gateway):
    open_to_all(gateway)
    code, told = as_nobody("settings", "--env-file", str(gateway.directory / layout.ENGINE_ENV))
    assert (code, len(told.splitlines())) == (exit_codes.USAGE, 1), told
    assert f"{gateway.directory} cannot be reached: permission denied; run this as root" in told


def test_a_console_that_may_not_be_reached_is_no_pgbouncer_that_is_down(gateway: layout.Gateway):
    """The remedy is another user, not another PgBouncer."""
    open_to_all(gateway)
    nobody = pwd.getpwnam("nobody")
    os.chown(gateway.directory, nobody.pw_uid, -1)
    code, told = as_nobody("gateway", "release", "--dir", str(gateway.directory))
    assert code == exit_codes.FAILED
    owner = pwd.getpwuid(gateway.run_directory.stat().st_uid).pw_name
    assert told.endswith(f"cannot be reached: permission denied; run this as root or as {owner}\n")
