"""The real `serve`: what it tells systemd, which signals it obeys, and what becomes of it when it is killed."""

from __future__ import annotations

import os
import re
import signal
import socket
import time

import pytest

from hotswap_tui.cli import exit_codes

STOPPED_S = 2.0
LATE_S = 5.0
"""What a busy test machine adds."""


def test_it_is_ready_when_it_can_be_asked_and_ends_in_order(place):
    with place.serve() as served:
        assert place.heard("READY=1").startswith("READY=1\nSTATUS=")
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(place.state / "control" / "control.sock"))
        assert "PRIMARY serving" in place.heard("STATUS=PRIMARY")
        began_s = time.monotonic()
        assert served.stop() == exit_codes.OK
        assert time.monotonic() - began_s < STOPPED_S + LATE_S
        place.heard("STOPPING=1")
        assert served.said().splitlines()[-1] == "[DB Manager] engine stopped"
    assert not (place.state / "control" / "control.sock").exists()


def test_sighup_takes_what_changed_and_says_it(place):
    with place.serve() as served:
        place.heard("READY=1")
        password = place.settings["DATABASE_URL"].rpartition("@")[0].rpartition(":")[2]
        place.write(DB_FAILURE_THRESHOLD="5", DB_CONNECTION_TIMEOUT="1500", HOTSWAP_GROUP="somebody")
        served.hang_up()
        assert re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=\d+", place.heard("RELOADING=1"))
        place.heard("READY=1")
        for words in ("DB_FAILURE_THRESHOLD 2 → 5", "DB_CONNECTION_TIMEOUT 2000 → 1500"):
            served.await_words(f"[DB Manager] {words}\n")
        served.await_words("HOTSWAP_GROUP not set → somebody: needs a restart\n")
        place.write(DB_FAILURE_THRESHOLD="many", HOTSWAP_GROUP="")
        served.hang_up()
        served.await_words("must be a whole number from 1 to 1000")
        served.await_words("settings not changed")
        place.write(DB_FAILURE_THRESHOLD="5")
        served.hang_up()
        served.await_words("settings read again: nothing has changed")
        assert served.stop() == exit_codes.OK
        assert password not in served.said()


def test_it_ends_at_once_also_while_settings_cannot_be_read(place):
    with place.serve() as served:
        place.heard("READY=1")
        place.env_file.unlink()
        os.mkfifo(place.env_file)
        served.hang_up()
        place.heard("RELOADING=1")
        assert served.stop() == exit_codes.OK


def test_a_copy_that_systemd_has_made_at_the_reload_is_read_instead_of_the_credential(place):
    credentials, runtime = place.directory / "credentials", place.directory / "runtime"
    for directory in (credentials, runtime):
        directory.mkdir(mode=0o700)
    place.env_file.replace(credentials / "hotswap.env")
    place.options = ("--env-file", str(credentials / "hotswap.env"), "--state-dir", str(place.state))
    with place.serve(CREDENTIALS_DIRECTORY=str(credentials), RUNTIME_DIRECTORY=str(runtime)) as served:
        place.heard("READY=1")
        assert (runtime / "control.sock").is_socket()
        place.write(DB_FAILURE_THRESHOLD="7")
        place.env_file.replace(runtime / "hotswap.env")
        served.hang_up()
        served.await_words("DB_FAILURE_THRESHOLD 2 → 7")


def test_the_watchdog_hears_nothing_while_the_loop_stands_still(place):
    with place.serve(WATCHDOG_USEC="400000") as served:
        place.heard("WATCHDOG=1")
        place.heard("WATCHDOG=1")
        served.process.send_signal(signal.SIGSTOP)
        place.inbox.settimeout(0.6)
        with pytest.raises(TimeoutError):
            place.heard("^nothing")
        served.process.send_signal(signal.SIGCONT)
        place.inbox.settimeout(LATE_S)
        place.heard("WATCHDOG=1")


def test_a_second_engine_names_the_first_or_waits_for_its_end(place):
    with place.serve() as first:
        place.heard("READY=1")
        with place.serve() as second:
            assert second.ended() == exit_codes.LOCKED
            assert f"another engine (pid {first.process.pid}, since" in second.said()
        with place.serve("--wait", "20") as third:
            third.await_words("waiting for its end")
            began_s = time.monotonic()
            assert first.stop() == exit_codes.OK
            place.heard("READY=1")
            assert time.monotonic() - began_s < 3.0 + LATE_S
            assert third.stop() == exit_codes.OK


def test_a_port_that_is_taken_ends_it_with_a_code_of_its_own(place):
    with socket.create_server(("127.0.0.1", 0)) as taker:
        place.write(HOTSWAP_LISTEN=f"127.0.0.1:{taker.getsockname()[1]}")
        with place.serve() as served:
            assert served.ended() == exit_codes.UNHEARD
    assert re.search(r"serve: HOTSWAP_LISTEN: 127\.0\.0\.1:\d+ is taken \(.+, pid \d+\); choose", served.said())
    assert not (place.state / "control" / "control.sock").exists()


def test_who_was_killed_on_the_secondary_goes_on_there(place, server_pair):
    with place.serve() as served:
        served.await_words("Connected to primary database")
        server_pair.primary.crash()
        served.await_words("Connected to secondary database (FAILOVER MODE)")
    place.forget()
    with place.serve() as served:
        place.heard("STATUS=SECONDARY")
        assert served.stop() == exit_codes.OK


@pytest.mark.parametrize(("name", "value"), [("DATABASE_URL", ""), ("DB_FAILURE_THRESHOLD", "0")])
def test_wrong_settings_end_it_before_anything_is_touched(place, name, value):
    place.write(**{name: value})
    with place.serve() as served:
        assert served.ended() == exit_codes.USAGE
    assert name in served.said()
    assert all(line.startswith("hotswap-tui serve: ") for line in served.said().splitlines())
    assert not place.state.exists()
