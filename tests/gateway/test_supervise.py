"""`gateway run` keeps a real PgBouncer alive, and PgBouncer never pays for what becomes of it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import SecretStr

from hotswap_tui.cli import exit_codes
from hotswap_tui.gateway.installed import find_pgbouncer
from hotswap_tui.gateway.log_bound import LONGEST_BYTES
from hotswap_tui.gateway.supervise import GRACE_S, LONGEST_DELAY_S, next_delay_s
from hotswap_tui.gateway.words import first_words
from hotswap_tui.routing.layout import INI, TARGET
from tests.gateway.supervised import START_S, Place
from tests.support.until import until_sync


@pytest.fixture
def place(server_pair):
    place = Place(SecretStr(server_pair.primary.url))
    yield place
    place.close()


def lives(pid):
    """Tell whether a process runs; an orphan that nobody has reaped yet does not."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except OSError:
        return False


def test_pgbouncer_serves_without_privileges_and_without_our_environment(place):
    place.serving(DATABASE_URL_SECONDARY="postgresql://u:hunter2@h/d")
    assert place.serves()
    process = Path(f"/proc/{place.bouncer()}")
    assert process.stat().st_uid != 0
    assert os.getsid(int(process.name)) != os.getsid(0)
    assert b"hunter2" not in (process / "environ").read_bytes()


def test_a_killed_pgbouncer_is_back_and_serves(place):
    supervisor = place.serving()
    first = place.bouncer()
    os.kill(first, signal.SIGKILL)
    supervisor.await_words("listens on", times=2)
    assert place.bouncer() not in {first, None}
    assert place.serves()
    assert f"PgBouncer (pid {first}) was killed by SIGKILL; it is started again in 0.2 s" in supervisor.said()


def test_a_killed_supervisor_costs_no_client_anything_and_the_next_goes_on(place):
    supervisor = place.serving()
    first = place.bouncer()
    with place.connect() as client, client.transaction():
        assert client.execute("SELECT 1").fetchone() == (1,)
        supervisor.kill()
        assert client.execute("SELECT 2").fetchone() == (2,)
        successor = place.run().await_words(f"PgBouncer (pid {first}) goes on under this supervisor")
        assert client.execute("SELECT 3").fetchone() == (3,)
    os.kill(first, signal.SIGKILL)
    successor.await_words(f"(pid {first}) has ended; it is started again").await_words("listens on", times=2)
    assert place.serves()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_both_after_the_open_transactions(place, number):
    supervisor = place.serving()
    pid = place.bouncer()
    with place.connect() as client:
        with client.transaction():
            assert client.execute("SELECT 1").fetchone() == (1,)
            supervisor.process.send_signal(number)
            supervisor.await_words("when its open transactions are")
            assert client.execute("SELECT 2").fetchone() == (2,)
        assert supervisor.ended() == exit_codes.OK
    assert not lives(pid)
    assert not place.gateway.pid_file.exists()


def test_an_adopted_pgbouncer_is_ended_like_a_child(place):
    place.serving().kill()
    pid = place.bouncer()
    assert place.serving().stop() == exit_codes.OK
    assert not lives(pid)


def test_a_second_signal_waits_for_no_transaction(place):
    supervisor = place.serving()
    with closing(place.connect()) as client:
        client.execute("BEGIN")
        began_s = time.monotonic()
        supervisor.process.send_signal(signal.SIGTERM)
        supervisor.await_words("a second signal ends it now")
        assert supervisor.stop() == exit_codes.OK
        assert time.monotonic() - began_s < GRACE_S


def test_a_hung_pgbouncer_is_ended_too(place):
    supervisor = place.serving()
    pid = place.bouncer()
    os.kill(pid, signal.SIGSTOP)
    until_sync(lambda: supervisor.process.send_signal(signal.SIGTERM) or supervisor.process.poll() is not None, START_S)
    assert not lives(pid)
    assert not place.gateway.pid_file.exists()


def test_a_hangup_lets_pgbouncer_read_its_files(place, server_pair):
    supervisor = place.serving()
    target = place.directory / TARGET
    target.write_text(target.read_text().replace(str(server_pair.primary.port), "1"))
    supervisor.process.send_signal(signal.SIGHUP)
    supervisor.await_words("reads its files again")
    until_sync(lambda: "re-reading config" in place.gateway.log_file.read_text(), START_S)


def test_a_port_of_somebody_else_is_named_not_stolen(place):
    with socket.create_server(("127.0.0.1", place.port)):
        supervisor = place.run()
        assert supervisor.ended() == exit_codes.FAILED
    assert f"127.0.0.1:{place.port} is taken (" in supervisor.said()
    assert f"pid {os.getpid()}" in supervisor.said()
    assert place.bouncer() is None


def test_what_is_wrong_with_the_files_is_said_without_secrets(place):
    with (place.directory / INI).open("a") as ini:
        ini.write("\n[databases]\nx = host='hunter2\n")
    supervisor = place.run()
    assert supervisor.ended() == exit_codes.FAILED
    said = supervisor.said()
    assert "hotswap-tui gateway run: PgBouncer ended with status 1: " in said
    assert "cannot load config file" in said
    assert "hunter2" not in said
    assert said.count("\n") == 1


def test_a_log_that_has_grown_too_long_is_cut_under_a_pgbouncer_that_goes_on_writing(place):
    log, owner = place.gateway.log_file, place.gateway.run_directory.stat()
    log.write_bytes(b"an old line\n" * (LONGEST_BYTES // len(b"an old line\n") + 1))
    os.chown(log, owner.st_uid, owner.st_gid)
    place.serving().process.send_signal(signal.SIGHUP)
    until_sync(lambda: log.stat().st_size < LONGEST_BYTES and b"SIGHUP" in log.read_bytes(), START_S, "a shorter log")
    assert b"\0" not in log.read_bytes()


def test_files_broken_later_are_told_once_and_tried_again(place):
    supervisor = place.serving()
    ini = place.directory / INI
    whole = ini.read_text()
    ini.write_text(whole.replace("listen_port", "listen_prt"))
    os.kill(place.bouncer(), signal.SIGKILL)
    supervisor.await_words("unknown parameter")
    ini.write_text(whole)
    supervisor.await_words("listens on", times=2)
    assert supervisor.said().count("unknown parameter") == 1


def test_one_supervisor_at_a_time(place):
    first = place.serving()
    second = place.run()
    assert second.ended() == exit_codes.FAILED
    assert f"another gateway run (pid {first.process.pid}) supervises {place.directory}" in second.said()
    assert place.serves()


def test_the_pgbouncer_of_somebody_else_is_left_alone(place):
    """A service manager that started it would start it again, too."""
    owner = place.gateway.run_directory.stat()
    bouncer = subprocess.Popen(
        [find_pgbouncer().program, "--quiet", str(place.directory / INI)],
        **({"user": owner.st_uid, "group": owner.st_gid} if os.geteuid() == 0 else {}),
    )
    try:
        until_sync(place.bouncer, START_S, "PgBouncer")
        supervisor = place.run()
        assert supervisor.ended() == exit_codes.FAILED
        assert f"PgBouncer (pid {bouncer.pid}, started by" in supervisor.said()
        assert place.serves()
    finally:
        bouncer.kill()
        bouncer.wait()


def test_systemd_is_told_when_it_serves_and_when_it_ends(place):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(START_S)
        manager.bind(str(place.base / "notify"))
        supervisor = place.run(NOTIFY_SOCKET=str(place.base / "notify"))
        assert manager.recv(4096).startswith(b"READY=1\nSTATUS=PgBouncer (pid ")
        assert place.serves()
        assert supervisor.stop() == exit_codes.OK
        assert manager.recv(4096) == b"STOPPING=1"


@pytest.mark.parametrize(
    ("before_s", "lived_s", "expected_s"),
    [
        (0.0, 3600.0, 0.2),
        (0.0, 0.1, 0.2),
        (0.2, 0.1, 0.4),
        (3.2, 0.1, LONGEST_DELAY_S),
        (5.0, 0.1, LONGEST_DELAY_S),
        (5.0, 60.0, 0.2),
    ],
)
def test_only_one_that_dies_at_once_waits_longer(before_s, lived_s, expected_s):
    assert next_delay_s(before_s, lived_s) == expected_s


STAMP = "2026-11-23 14:57:02.669 UTC [17463]"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("", ""),
        (f"{STAMP} LOG listening\n{STAMP} FATAL no\x1b[31m good\n", "no good"),
        (
            f"{STAMP} ERROR invalid value \"host=h password='hunter2'\" for parameter x in configuration (t.ini:4)",
            "invalid value for parameter x in configuration (t.ini:4)",
        ),
        (f"{STAMP} ERROR unrecognized connection parameter: hunter2", "unrecognized connection parameter"),
        (
            "pgbouncer: error while loading shared libraries: libevent",
            "pgbouncer: error while loading shared libraries: libevent",
        ),
        ("".join(f"{STAMP} ERROR {n}\n" for n in range(9)), "0; 1; 2; 3"),
    ],
)
def test_complaints_are_one_line_without_values(said, expected):
    assert first_words(said) == expected
