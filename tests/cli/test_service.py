"""`service`: what it checks, does and says. systemctl is a script that writes down what it was asked for."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from hotswap_tui.cli import exit_codes
from hotswap_tui.cli.main import main
from hotswap_tui.engine.lock import StateLock
from hotswap_tui.gateway.account import Account, own_account
from hotswap_tui.routing import layout
from hotswap_tui.service import install, owner, systemd

SYSTEMCTL = """\
#!/bin/sh
echo "$*" >> {log}
case "$*" in
  *--version*) echo "systemd 255 (255.4-1)" ;;
  *show*) printf 'LoadState=loaded\\nUnitFileState=enabled\\nActiveState=%s\\nMainPID=812\\nStatusText=PRIMARY serving\\n' {active} ;;
  *restart*) exit {restart} ;;
esac
"""


class World:
    """A home, a systemd of its user, and an env file."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.log = base / "asked"
        self.env_file = base / "hotswap.env"
        self.state = base / "state"
        self.unit = base / "config/systemd/user/hotswap-tui.service"
        self.write(DATABASE_URL="postgresql://app:hunter2@db1/app", HOTSWAP_STATE_DIR=str(self.state))
        self.answers()

    def write(self, **settings: str) -> None:
        self.env_file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        self.env_file.chmod(0o600)

    def answers(self, active: str = "inactive", restart: int = 0) -> None:
        program = self.base / "systemctl"
        program.write_text(SYSTEMCTL.format(log=self.log, active=active, restart=restart))
        program.chmod(0o755)

    def install(self, *more: str) -> int:
        return main(["service", "install", "--user", "--env-file", str(self.env_file), *more])

    def asked(self) -> list[str]:
        return [line for line in self.log.read_text().splitlines() if "show" not in line and "--version" not in line]


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.chdir(tmp_path)
    return World(tmp_path)


def test_install_says_what_it_does_and_keeps_the_password_to_itself(world, capsys):
    assert world.install("--db-failure-threshold", "4") == exit_codes.OK
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        f"made {world.state}",
        f"wrote {world.unit}",
        "enabled hotswap-tui.service: it starts with this user",
        "started hotswap-tui.service: PRIMARY serving",
    ]
    assert world.asked() == [
        f"--user --no-pager {words}"
        for words in ("daemon-reload", "enable hotswap-tui.service", "restart hotswap-tui.service")
    ]
    assert "systemctl --user reload hotswap-tui" in said.err
    unit = world.unit.read_text()
    assert f"--env-file {world.env_file} --db-failure-threshold 4" in unit
    assert "hunter2" not in unit + said.out + said.err
    assert world.state.stat().st_mode & 0o777 == 0o700


def test_print_only_prints(world, capsys):
    assert world.install("--print") == exit_codes.OK
    assert "[Service]" in capsys.readouterr().out
    assert not world.unit.exists()
    assert not world.state.exists()


def test_status_says_whether_the_unit_is_the_one_that_install_would_write(world, capsys):
    assert world.install() == exit_codes.OK
    world.answers("active")
    capsys.readouterr()
    assert main(["service", "status", "--user"]) == exit_codes.OK
    service, unit, engine = capsys.readouterr().out.splitlines()
    assert service == "service   active, pid 812, enabled"
    assert unit == f"unit      {world.unit}"
    assert engine.startswith("engine    no engine answers at ")
    world.unit.write_text(world.unit.read_text().replace("MemoryMax=256M", "MemoryMax=1M"))
    world.answers("failed")
    assert main(["service", "status", "--user"]) == exit_codes.FAILED
    assert "(differs from what `service install --user --env-file" in capsys.readouterr().out


def test_uninstall_leaves_the_journal(world, capsys):
    assert world.install() == exit_codes.OK
    assert main(["service", "uninstall", "--user"]) == exit_codes.OK
    assert not world.unit.exists()
    assert world.state.is_dir()
    assert world.asked()[-2:] == [
        "--user --no-pager disable --now hotswap-tui.service",
        "--user --no-pager daemon-reload",
    ]
    capsys.readouterr()
    assert main(["service", "status", "--user"]) == exit_codes.NOT_INSTALLED
    assert "not installed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("settings", "code", "said"),
    [
        ({}, exit_codes.USAGE, "DATABASE_URL is not set"),
        (
            {"DATABASE_URL": "postgresql://a:b@c/d", "DB_FAILURE_THRESHOLD": "0"},
            exit_codes.USAGE,
            "DB_FAILURE_THRESHOLD=0",
        ),
        ({"DATABASE_URL": "postgresql://a:b@c/d", "HOTSWAP_GATEWAY": "/nowhere"}, exit_codes.USAGE, "is not a gateway"),
    ],
)
def test_what_would_not_work_is_not_installed(world, capsys, settings, code, said):
    world.write(**settings)
    assert world.install() == code
    assert said in capsys.readouterr().err
    assert not world.unit.exists()


def test_an_engine_that_runs_is_not_pushed_aside(world, capsys):
    with StateLock(world.state, command="test", now_wall_s=0.0):
        assert world.install() == exit_codes.LOCKED
    assert f"another engine (pid {os.getpid()}" in capsys.readouterr().err
    assert not world.unit.exists()


def test_a_service_that_does_not_start_is_a_failure(world, capsys):
    world.answers(restart=1)
    assert world.install() == exit_codes.FAILED
    assert "hotswap-tui.service does not start" in capsys.readouterr().err


def test_without_an_env_file_there_is_nothing_to_run(world, capsys):
    assert main(["service", "install", "--user"]) == exit_codes.FAILED
    assert "name the settings' file with --env-file" in capsys.readouterr().err


def test_without_systemd_it_says_so(world, capsys, monkeypatch):
    monkeypatch.setattr(systemd, "_BOOTED", world.base / "nowhere")
    assert main(["service", "install", "--env-file", str(world.env_file)]) == exit_codes.FAILED
    assert "systemd does not run this machine" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can install a system service")
def test_the_system_s_service_has_a_user_of_its_own_and_gets_the_env_file_as_a_credential(world, capsys, monkeypatch):
    monkeypatch.setattr(systemd, "_BOOTED", world.base)
    monkeypatch.setattr(systemd, "_SYSTEM_UNITS", world.base / "units")
    made = iter([None])
    monkeypatch.setattr(owner, "find", lambda: next(made, own_account()))
    monkeypatch.setattr(owner, "make", own_account)
    assert main(["service", "install", "--env-file", str(world.env_file)]) == exit_codes.OK
    said = capsys.readouterr().out.splitlines()
    assert said[1:3] == [f"made {world.state}", f"wrote {world.base}/units/hotswap-tui.service"]
    unit = (world.base / "units/hotswap-tui.service").read_text()
    for line in (
        "User=hotswap",
        f"LoadCredential=hotswap.env:{world.env_file}",
        f"ReadWritePaths={world.state}",
        f"RequiresMountsFor={world.env_file} {world.state}",
    ):
        assert f"\n{line}\n" in unit
    assert "hunter2" not in unit


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can install a system service")
def test_root_reads_no_env_file_that_the_service_could_replace(world, capsys, monkeypatch):
    monkeypatch.setattr(systemd, "_BOOTED", world.base)
    monkeypatch.setattr(systemd, "_SYSTEM_UNITS", world.base / "units")
    world.state.mkdir()
    inside = world.env_file.rename(world.state / "hotswap.env")
    (world.base / "way").symlink_to(world.state)
    for path in (inside, world.base / "way" / "hotswap.env"):
        assert main(["service", "install", "--env-file", str(path)]) == exit_codes.FAILED
        assert f"install -D -m 600 {path} /etc/hotswap-tui/hotswap.env" in capsys.readouterr().err
    assert not (world.base / "units").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_state_directory_of_one_s_own_is_made_for_the_service(tmp_path):
    account = Account("nobody", 65534, 65534)
    assert list(install._make_state(tmp_path / "state", account)) == [f"made {tmp_path}/state"]
    state = (tmp_path / "state").stat()
    assert (state.st_uid, state.st_gid, state.st_mode & 0o777) == (account.uid, account.gid, 0o700)
    assert list(install._make_state(tmp_path / "state", account)) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_links_in_a_gateway_that_was_given_away_lead_root_nowhere(tmp_path):
    account, gateway, others = Account("nobody", 65534, 65534), tmp_path / "gateway", tmp_path / "others"
    gateway.mkdir()
    others.mkdir(mode=0o700)
    secret = others / "secret"
    secret.write_text("unix_socket_mode = 0700\n")
    secret.chmod(0o640)
    shutil.chown(secret, "root", "daemon")
    for name, place in ((layout.RUN, others), (layout.TARGET, secret), (layout.INI, secret)):
        (gateway / name).symlink_to(place)
        os.chown(gateway / name, account.uid, account.gid, follow_symlinks=False)
    list(owner.give(gateway, account))
    assert owner.group_of(gateway) != "daemon"
    assert (others.stat().st_mode & 0o777, secret.stat().st_uid) == (0o700, 0)
    assert (gateway / layout.INI).is_symlink()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may")
def test_only_root_installs_a_system_service(world, capsys, monkeypatch):
    monkeypatch.setattr(systemd, "_BOOTED", world.base)
    assert main(["service", "install", "--env-file", str(world.env_file)]) == exit_codes.FAILED
    assert "only root can install a system service" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_gateway_is_given_to_the_service_and_pgbouncer_keeps_its_files():
    account = Account("nobody", 65534, 65534)
    directory = Path(tempfile.mkdtemp(prefix="hotswap-tui-", dir="/tmp"))
    try:
        for name in (layout.DESCRIPTION, layout.TARGET, layout.APPLICATION_ENV):
            (directory / name).touch()
        ini = directory / layout.INI
        ini.write_text("unix_socket_mode = 0700\nuser = daemon\n")
        (directory / layout.RUN).mkdir(mode=0o700)
        shutil.chown(directory / layout.RUN, "daemon", "daemon")
        said = list(owner.give(directory, account))
        assert [line.partition(" ")[0] for line in said] == ["gave", "opened"]
        owners = {path.name: path.stat().st_uid for path in directory.iterdir()}
        assert {name for name, uid in owners.items() if uid == account.uid} == {layout.DESCRIPTION, layout.TARGET}
        assert directory.stat().st_uid == account.uid
        assert (directory / layout.RUN).stat().st_mode & 0o777 == 0o710
        assert ini.read_text() == "unix_socket_mode = 0770\nuser = daemon\n"
        assert list(owner.give(directory, account)) == []
    finally:
        shutil.rmtree(directory)
