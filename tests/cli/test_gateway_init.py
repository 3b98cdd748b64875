"""`hotswap-tui gateway init`: what it prints, and what it never prints."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import tempfile
from pathlib import Path

import pytest

from hotswap_tui.cli import exit_codes
from hotswap_tui.cli.main import main
from hotswap_tui.config import load
from hotswap_tui.config.settings import variables
from hotswap_tui.dsn import parse
from hotswap_tui.engine.lock import StateLock
from hotswap_tui.gateway.installed import find_pgbouncer
from hotswap_tui.routing.layout import GatewayError
from hotswap_tui.routing.layout import load as load_gateway
from tests.support.bouncers import needs_pgbouncer

pytestmark = needs_pgbouncer
SECRET = "hunter2-and-more"
PRIMARY = f"postgresql://app:{SECRET}@127.0.0.1:5999/cc_financial"
SECONDARY = f"host=backup-host dbname=other user=owner password='{SECRET} $HOME it\\'s'"


@pytest.fixture
def directory(monkeypatch):
    base = Path(tempfile.mkdtemp(prefix="hotswap-tui-", dir="/tmp"))
    base.chmod(0o755)
    monkeypatch.chdir(base)
    for name in (*variables(), "HOTSWAP_APPLICATION_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", PRIMARY)
    monkeypatch.setenv("DATABASE_URL_SECONDARY", SECONDARY)
    yield base / "g"
    shutil.rmtree(base)


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def init(directory, port, *more):
    return main(["gateway", "init", "--dir", str(directory), "--listen", f"127.0.0.1:{port}", *more])


def test_it_says_what_it_made_and_what_is_next_without_a_password(directory, port, capsys):
    assert init(directory, port) == exit_codes.OK
    out, err = capsys.readouterr()
    assert f"DATABASE_URL=postgresql://app:****@127.0.0.1:{port}/cc_financial" in out
    assert out.splitlines()[-2:] == [
        f"  hotswap-tui gateway run --dir {directory}",
        f"  hotswap-tui --env-file {directory}/hotswap.env",
    ]
    assert SECRET not in out + err


@pytest.mark.parametrize("named", ["env file", "environment"])
def test_the_engine_reads_back_both_databases_as_they_were_written(directory, port, tmp_path, named):
    init(directory, port)
    env_files = [directory / "hotswap.env"] if named == "env file" else []
    environ = {} if env_files else {"HOTSWAP_GATEWAY": str(directory)}
    loaded = load({}, environ, env_files, tmp_path, None)
    assert (loaded.primary, loaded.secondary) == (parse(PRIMARY), parse(SECONDARY))
    assert loaded.gateway == load_gateway(directory)


@pytest.mark.skipif(not Path("/etc/ssl/certs/ca-certificates.crt").is_file(), reason="another distribution")
def test_neon_as_it_hands_its_connection_strings_out(directory, port, capsys, monkeypatch):
    url = f"postgresql://user:{SECRET}@ep-cool-name.neon.tech/cc_financial?sslmode=require&channel_binding=require"
    monkeypatch.setenv("DATABASE_URL_SECONDARY", url)
    assert init(directory, port) == exit_codes.OK
    err = capsys.readouterr().err
    assert "note: DATABASE_URL_SECONDARY: PgBouncer connects with sslmode=verify-full" in err
    assert "note: DATABASE_URL_SECONDARY: PgBouncer cannot do channel_binding=require" in err
    assert SECRET not in err
    loaded = load({}, {}, [directory / "hotswap.env"], directory, None)
    assert loaded.secondary == parse(url)


def test_a_name_of_several_servers_is_warned_of(directory, port, capsys, monkeypatch):
    known = {"backup-host": ("192.0.2.7", "192.0.2.8"), "127.0.0.1": ("127.0.0.1",)}
    monkeypatch.setattr("socket.getaddrinfo", lambda host, *_, **__: [("", "", "", "", (ip, 0)) for ip in known[host]])
    assert init(directory, port) == exit_codes.OK
    told = "note: DATABASE_URL_SECONDARY: backup-host has several addresses (192.0.2.7, 192.0.2.8)"
    assert told in capsys.readouterr().err


def test_nothing_is_overwritten_unasked(directory, port, capsys):
    init(directory, port)
    before = {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}
    assert init(directory, port) == exit_codes.USAGE
    assert "--force makes it anew" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()} == before
    assert init(directory, port, "--force", "--pool-mode", "session") == exit_codes.OK
    assert "pool_mode = session" in (directory / "pgbouncer.ini").read_text()


def test_under_an_engine_it_is_not_made_anew(directory, port, capsys):
    init(directory, port)
    described = (directory / "gateway.json").read_bytes()
    with StateLock(directory, command="hotswap-tui", now_wall_s=0.0):
        assert init(directory, port, "--force") == exit_codes.LOCKED
    assert len(capsys.readouterr().err.splitlines()) >= 1
    assert (directory / "gateway.json").read_bytes() == described


def test_parents_that_are_missing_can_be_passed_whatever_the_umask(directory, port):
    before = os.umask(0o077)
    try:
        assert init(directory / "a" / "b", port) == exit_codes.OK
    finally:
        os.umask(before)
    assert stat.S_IMODE((directory / "a").stat().st_mode) == 0o755


def test_it_can_be_made_anew_from_its_own_file(directory, port, monkeypatch):
    init(directory, port)
    for name in ("DATABASE_URL", "DATABASE_URL_SECONDARY"):
        monkeypatch.delenv(name)
    (directory / "gateway.json").unlink()
    assert init(directory, port, "--force", "--env-file", str(directory / "hotswap.env")) == exit_codes.OK
    assert load_gateway(directory).port == port


@pytest.mark.parametrize("source", ["file", "environment"])
def test_another_user_for_applications_has_a_password_that_no_option_shows(directory, port, monkeypatch, source):
    more = ["--user", "web", "--database", "shop"]
    if source == "file":
        (directory.parent / "password").write_text("from file\n")
        more += ["--password-file", "password"]
    else:
        monkeypatch.setenv("HOTSWAP_APPLICATION_PASSWORD", "from environment")
    assert init(directory, port, *more) == exit_codes.OK
    application = parse(load_gateway(directory).application)
    assert (application.user, application.database) == ("web", "shop")
    assert application.password is not None
    assert application.password.get_secret_value() == f"from {source}"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--user", "web"], "--user web needs a password: give --password-file"),
        (["--user", "web", "--password-file", "missing"], "--password-file missing cannot be read: No such file"),
        (
            ["--user", "web", "--password-file", "/dev/null"],
            "--password-file /dev/null has no password in its first line",
        ),
        (["--database", "my app"], "name another with --database"),
        (["--client-tls-cert", "x.pem"], "--client-tls-cert and --client-tls-key are given together"),
        (["--listen", "db.example:6432"], "--listen takes a numeric address"),
        (["--allow", "docker"], "--allow takes a network"),
    ],
)
def test_what_is_wrong_is_one_line(directory, port, capsys, more, told):
    assert init(directory, port, *more) == exit_codes.USAGE
    err = capsys.readouterr().err
    assert err.startswith("hotswap-tui gateway init: ")
    assert told in err
    assert len(err.splitlines()) == 1
    assert not directory.exists()


def test_beyond_loopback_it_needs_tls_and_names_networks(directory, port):
    for name in ("cert.pem", "key.pem"):
        (directory.parent / name).write_text("")
    tls = [
        "--client-tls-cert",
        "cert.pem",
        "--client-tls-key",
        "key.pem",
        "--allow",
        "172.16.0.0/12",
        "--host",
        "db-front",
    ]
    assert init(directory, port, "--listen", f"0.0.0.0:{port}", *tls) == exit_codes.OK
    assert (directory / "hba.conf").read_text().splitlines() == [
        'local "cc_financial" "app" scram-sha-256',
        'local pgbouncer "hotswap" scram-sha-256',
        'hostssl "cc_financial" "app" 127.0.0.1/32 scram-sha-256',
        'hostssl "cc_financial" "app" ::1/128 scram-sha-256',
        'hostssl "cc_financial" "app" 172.16.0.0/12 scram-sha-256',
    ]
    ini = (directory / "pgbouncer.ini").read_text()
    assert all(line in ini for line in ("auth_type = hba", "client_tls_sslmode = require", "listen_addr = 0.0.0.0"))
    assert f"@db-front:{port}/cc_financial?sslmode=require" in (directory / "app.env").read_text()
    assert f"@127.0.0.1:{port}/" in load_gateway(directory).application.get_secret_value()


def test_a_pgbouncer_of_the_package_is_mentioned(directory, port, capsys, monkeypatch):
    monkeypatch.setattr("hotswap_tui.gateway.installed.packaged_pid", lambda: 812)
    init(directory, port)
    assert "(pid 812); if nobody uses it: systemctl disable --now pgbouncer" in capsys.readouterr().err


def test_a_pgbouncer_that_is_too_old_is_refused(directory, port, capsys, monkeypatch):
    def too_old():
        raise GatewayError("PgBouncer 1.16.1 is too old")

    assert find_pgbouncer().version >= (1, 18)
    monkeypatch.setattr("hotswap_tui.gateway.setup.find_pgbouncer", too_old)
    assert init(directory, port) == exit_codes.USAGE
    assert "PgBouncer 1.16.1 is too old" in capsys.readouterr().err
