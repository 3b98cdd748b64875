"""The unit: what systemd thinks of it, and that nothing in it is secret or misread."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from hotswap_tui.service.unit import NAME, Wanted, installed_by, render

MOST_EXPOSED = 2.0
ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")

SYSTEM = Wanted(
    arguments=("--env-file", "/etc/a %h $HOME 'file'"),
    options=("--db-failure-threshold", "4", "--allowed-hosts", "db %i, $x"),
    env_files=(Path("/etc/a %h $HOME 'file'"),),
    systemd=252,
    account="daemon",
    groups=("adm",),
    group="adm",
    writable=(Path("/var/lib/gate %h way"),),
)


def lines(wanted):
    return render(wanted).splitlines()


def analyze(tmp_path, wanted, *words):
    unit = tmp_path / NAME
    unit.write_text(render(wanted))
    return subprocess.run(
        ["systemd-analyze", *words, str(unit)], capture_output=True, text=True, timeout=60, check=False
    )


@needs_systemd
@pytest.mark.parametrize("wanted", [SYSTEM, replace(SYSTEM, low_port=True, home=True, state_dir=Path("/srv/a %b c"))])
def test_systemd_understands_it_whatever_files_are_called(tmp_path, wanted):
    done = analyze(tmp_path, wanted, "verify", "--man=no")
    assert (done.returncode, NAME in done.stderr) == (0, False), done.stderr


@needs_systemd
def test_little_of_the_machine_is_exposed(tmp_path):
    done = analyze(tmp_path, SYSTEM, "security", "--offline=true", "--no-pager")
    figure = re.search(r"Overall exposure level for .+: ([0-9.]+)", done.stdout)
    assert figure, done.stderr
    assert float(figure[1]) <= MOST_EXPOSED


def test_the_env_file_is_a_credential_and_a_reload_copies_it_again():
    text = lines(SYSTEM)
    assert """LoadCredential="hotswap.env:/etc/a %%h $$HOME 'file'\"""" in text
    (start,) = [line for line in text if line.startswith("ExecStart=")]
    assert "--env-file %d/hotswap.env --db-failure-threshold 4" in start
    copy, signal = [line for line in text if line.startswith("ExecReload=")]
    assert copy.startswith("ExecReload=+install -T -m 0400 -o daemon -g daemon ")
    assert copy.endswith(" %t/hotswap-tui/hotswap.env")
    assert signal == "ExecReload=/bin/kill -HUP $MAINPID"


def test_a_user_s_own_has_no_walls_that_need_root():
    wanted = replace(SYSTEM, for_user=True, systemd=255, state_dir=Path("/home/pi/state"), group=None)
    text = render(wanted)
    assert "Type=notify-reload\n" in text
    assert "WantedBy=default.target" in text
    for word in ("User=", "LoadCredential=", "ProtectSystem=", "OOMScoreAdjust=", "network-online", "%d"):
        assert word not in text


def test_it_says_how_it_was_made():
    assert installed_by(render(SYSTEM)) == SYSTEM.arguments
    assert installed_by("[Unit]\nDescription=mine\n") is None
