"""The command line of `gateway run`; what it does to PgBouncer is in tests/gateway/test_supervise.py."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys

import pytest
from pydantic import SecretStr

from hotswap_tui.cli import exit_codes
from hotswap_tui.cli.main import main
from hotswap_tui.gateway.unit import render_unit
from hotswap_tui.routing.layout import DESCRIPTION, RUN, Gateway, describe


@pytest.fixture
def directory(tmp_path):
    """Describe a gateway without the files of a PgBouncer."""
    gateway = Gateway(
        directory=tmp_path,
        database="app",
        console=SecretStr("postgresql://hotswap:hunter2@/pgbouncer?host=/nowhere&port=6432"),
        application=SecretStr("postgresql://app:hunter2@127.0.0.1:6432/app"),
        host="127.0.0.1",
        port=6432,
    )
    describe_in(tmp_path, gateway)
    (tmp_path / RUN).mkdir()
    if os.geteuid() == 0:
        shutil.chown(tmp_path / RUN, "nobody")
    return gateway


def describe_in(path, gateway):
    (path / DESCRIPTION).write_text(describe(gateway))


def test_the_unit_names_this_program_and_gateway(directory, capsys):
    assert main(["gateway", "run", "--dir", str(directory.directory), "--print-unit"]) == exit_codes.OK
    unit = capsys.readouterr().out
    command = f"{sys.executable} -P -m hotswap_tui gateway run --dir {directory.directory}"
    for line in (f"ExecStart={command}", "Type=notify", "Restart=always", "KillMode=process", "ExecReload="):
        assert f"\n{line}" in unit
    assert ("\nUser=" in unit) is (os.geteuid() != 0)
    assert "hunter2" not in unit


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_understands_the_unit_whatever_the_directory_is_called(tmp_path):
    odd = tmp_path / "a %h $HOME 'gateway'"
    odd.mkdir()
    unit = tmp_path / "hotswap-gateway.service"
    unit.write_text(render_unit(odd, "127.0.0.1:6432"))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, unit.name in done.stderr) == (0, False), done.stderr


def test_what_is_no_gateway_is_wrong_usage(tmp_path, capsys):
    assert main(["gateway", "run", "--dir", str(tmp_path)]) == exit_codes.USAGE
    said = capsys.readouterr().err
    assert said == (
        f"hotswap-tui gateway run: {tmp_path} is not a gateway: it has no gateway.json; make one with gateway init\n"
    )


def test_an_adopted_pgbouncer_stays_with_who_started_it(directory, capsys):
    describe_in(directory.directory, dataclasses.replace(directory, adopted=True))
    assert main(["gateway", "run", "--dir", str(directory.directory)]) == exit_codes.FAILED
    assert "describes an adopted PgBouncer; it is kept by whoever started it" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give the directory to root")
def test_pgbouncer_is_never_started_as_root(directory, capsys):
    shutil.chown(directory.run_directory, "root")
    assert main(["gateway", "run", "--dir", str(directory.directory)]) == exit_codes.FAILED
    assert "PgBouncer refuses to run as root" in capsys.readouterr().err
