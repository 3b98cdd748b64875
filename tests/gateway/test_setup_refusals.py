"""What `create` refuses, in one line that says what to do, before anything is written."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from hotswap_tui.dsn import Address
from hotswap_tui.gateway.account import find_account
from hotswap_tui.gateway.application import find_application
from hotswap_tui.gateway.front import ClientTls, Front, read_listen, read_network
from hotswap_tui.gateway.installed import find_pgbouncer, port_problem, read_version, who_listens
from hotswap_tui.gateway.setup import create
from hotswap_tui.routing.layout import GatewayError
from tests.support.bouncers import needs_pgbouncer

URL = "postgresql://app:hunter2@localhost:5432/cc_financial"
NEON = "postgresql://app:hunter2@ep-x.neon.tech/d"
TLS = ClientTls(Path("/etc/hostname"), Path("/etc/hostname"))


def refused(directory: Path, url: str = URL, secondary: str | None = None, **front: Any) -> str:
    """Return the one line, having seen that nothing was made and nothing secret said."""
    with pytest.raises(GatewayError) as error:
        create(directory, SecretStr(url), SecretStr(secondary) if secondary else None, Front(**front))
    told = str(error.value)
    assert "\n" not in told
    assert "hunter2" not in told
    assert not (directory / "gateway.json").exists()
    return told


@needs_pgbouncer
@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {"url": f"{URL}?sslnegotiation=direct&sslmode=require"},
            "DATABASE_URL: PgBouncer does not know sslnegotiation",
        ),
        ({"secondary": "postgresql://a:b@h1,h2/d"}, "DATABASE_URL_SECONDARY: PgBouncer follows one address"),
        ({"secondary": f"{NEON}?sslmode=disable"}, "DATABASE_URL_SECONDARY: neon.tech takes no connection without TLS"),
        ({"url": "postgresql://app@localhost/d"}, "DATABASE_URL has no password"),
        ({"url": "postgresql://app:hunter2@localhost/pgbouncer"}, "name another with --database"),
        ({"database": "my app"}, "letters, digits, dots, dashes and underscores; name another with --database"),
        ({"database": "x" * 64}, "at most 63 characters; name another with --database"),
        ({"password": SecretStr("hunter2" * 143)}, "longer than the 995 bytes that PgBouncer survives"),
        ({"url": f"postgresql://app:{'hunter2' * 143}@localhost/d"}, "the password is longer than the 995 bytes"),
        ({"user": "other"}, "--user other needs a password"),
        ({"listen": Address("0.0.0.0", 6432)}, "needs --client-tls-cert FILE, --client-tls-key FILE"),
        ({"listen": Address("0.0.0.0", 6432), "tls": TLS}, "and --allow NETWORK"),
        ({"allow": ("10.0.0.0/8",)}, "reached from this machine only"),
        (
            {"url": "postgresql://app:hunter2@localhost:6432/d"},
            "DATABASE_URL leads to the gateway itself (127.0.0.1:6432)",
        ),
        (
            {
                "listen": Address("192.0.2.1", 6432),
                "tls": ClientTls(Path("/nowhere/cert.pem"), Path("/nowhere/key.pem")),
                "allow": ("10.0.0.0/8",),
            },
            "there is no file /nowhere/cert.pem",
        ),
        (
            {"listen": Address("192.0.2.1", 6432), "tls": TLS, "allow": ("10.0.0.0/8",)},
            "192.0.2.1:6432 cannot be listened on",
        ),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_written(place: Path, given: dict[str, Any], told: str):
    assert told in refused(place / "g", **given)
    assert not (place / "g").exists()


@needs_pgbouncer
def test_a_busy_port_is_told_with_who_listens(place: Path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        told = refused(place / "g", listen=Address("127.0.0.1", port))
        assert told.startswith(f"port {port} is taken (")
        assert f"pid {os.getpid()}" in told
        assert told.endswith("choose another with --listen, or use that one with gateway adopt")
    assert who_listens(port) == ""
    assert port_problem(Address("127.0.0.1", port)) == ""


@needs_pgbouncer
@pytest.mark.parametrize("listening", [True, False])
def test_the_databases_own_port_is_none_for_the_gateway(place: Path, listening: bool):
    """`--listen 127.0.0.1:5432` is a slip of the port, not of the connection string, also while that database is down."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        if not listening:
            listener.close()
        told = refused(place / "g", f"postgresql://app:hunter2@localhost:{port}/d", listen=Address("127.0.0.1", port))
    assert told == f"port {port} is the database's own (DATABASE_URL leads there); choose another with --listen"


@needs_pgbouncer
def test_a_directory_that_is_in_use_is_left_alone(place: Path):
    directory = place / "g"
    directory.mkdir()
    (directory / "notes.txt").write_text("mine")
    free = Address("127.0.0.1", free_port())
    assert "holds other files" in refused(directory, listen=free)
    (directory / "target.ini").write_text("half written")
    assert "--force makes it anew" in refused(directory, listen=free)
    assert (directory / "target.ini").read_text() == "half written"
    create(directory, SecretStr(URL), None, Front(listen=free), force=True)
    assert (directory / "notes.txt").read_text() == "mine"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@needs_pgbouncer
def test_a_path_that_a_socket_cannot_have_is_refused(place: Path):
    told = refused(place / ("x" * (108 - len(str(place)))))
    assert told.endswith("too long for a Unix socket; choose a shorter one")


@needs_pgbouncer
@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PgBouncer as another user")
def test_a_directory_that_pgbouncer_cannot_reach_is_refused(place: Path):
    (place / "closed").mkdir(mode=0o700)
    told = refused(place / "closed" / "g", listen=Address("127.0.0.1", free_port()))
    assert f"cannot pass {place / 'closed'}" in told


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can choose")
@pytest.mark.parametrize(
    ("name", "told"), [("root", "refuses to run as root"), ("no-such-user", "there is no no-such-user")]
)
def test_a_user_who_cannot_run_pgbouncer_is_refused(name: str, told: str):
    with pytest.raises(GatewayError, match=told):
        find_account(name)


def test_only_root_can_choose_who_runs_pgbouncer(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 12345)
    with pytest.raises(GatewayError, match="only root can run PgBouncer as another user"):
        find_account("postgres")
    assert find_account(None).name == "12345"


def test_a_missing_pgbouncer_is_installed_without_being_started(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(GatewayError, match="systemctl mask pgbouncer && apt-get install"):
        find_pgbouncer()


@pytest.mark.parametrize(
    ("text", "version"),
    [("PgBouncer 1.18.0\nlibevent 2.1.12", (1, 18, 0)), ("PgBouncer 1.25.2", (1, 25, 2)), ("PgBouncer 2.0", (2, 0))],
)
def test_versions(text: str, version: tuple[int, ...]):
    assert read_version(text) == version


@pytest.mark.parametrize(("text", "told"), [("PgBouncer 1.17.0", "too old; 1.18"), ("", "nothing is not the version")])
def test_versions_that_are_refused(text: str, told: str):
    with pytest.raises(GatewayError, match=told):
        read_version(text)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("127.0.0.1:6432", "127.0.0.1:6432"),
        ("localhost:7000", "127.0.0.1:7000"),
        (":7000", "127.0.0.1:7000"),
        ("7000", "127.0.0.1:7000"),
        ("[::1]:6432", "[::1]:6432"),
        ("*:6432", "0.0.0.0:6432"),
        ("0.0.0.0:6432", "0.0.0.0:6432"),
    ],
)
def test_listen_addresses(text: str, read: str):
    assert str(read_listen(text)) == read


@pytest.mark.parametrize(
    "text", ["", "db.example:6432", "::1:6432", "[127.0.0.1]:6432", "127.0.0.1:0", "127.0.0.1:x", "127.0.0.1:"]
)
def test_listen_addresses_that_are_refused(text: str):
    with pytest.raises(GatewayError, match="--listen takes"):
        read_listen(text)


def test_networks():
    assert read_network("10.1.2.3/8") == "10.0.0.0/8"
    with pytest.raises(GatewayError, match="CIDR"):
        read_network("docker")


@pytest.mark.parametrize(
    ("password", "told"),
    [
        ("md5" + "0" * 32, "looks like a hash"),
        ("SCRAM-SHA-256$4096:x$y:z", "looks like a hash"),
        ("a\nb", "line break"),
        ("x" * 996, "longer than"),
    ],
)
def test_passwords_that_pgbouncer_would_misread_are_refused(password: str, told: str):
    from hotswap_tui.dsn import parse

    with pytest.raises(GatewayError, match=told) as error:
        find_application(parse(URL), password=SecretStr(password))
    assert password not in str(error.value)
