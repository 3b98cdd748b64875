"""`gateway release` frees the clients of a real PgBouncer, and never those that a living engine holds."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from pydantic import SecretStr

from hotswap_tui.cli import exit_codes, gateway_release
from hotswap_tui.engine.lock import StateLock
from hotswap_tui.gateway.bouncer import Bouncer
from hotswap_tui.routing import note
from hotswap_tui.routing.layout import DESCRIPTION, HOLD_NOTE
from tests.gateway.supervised import Place
from tests.support.until import until_sync

SERVED_S = 5.0


@pytest.fixture(scope="module")
def place(_shared_pair):
    place = Place(SecretStr(_shared_pair.primary.url))
    bouncer = Bouncer.of(place.gateway)
    start = bouncer.start()
    until_sync(lambda: bouncer.serves(start.process), 10, "PgBouncer")
    start.close()
    yield place
    start.process.signal(signal.SIGKILL)
    start.process.ending()
    place.close()


@pytest.fixture
def console(place, server_pair):
    url = place.gateway.console.get_secret_value()
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        yield connection
        if is_paused(connection):
            connection.execute("RESUME")


def release(*arguments):
    parser = argparse.ArgumentParser()
    gateway_release.add_parser(parser.add_subparsers())
    args = parser.parse_args(["release", *map(str, arguments)])
    return args.run(args)


def is_paused(console):
    """The console itself cannot be paused, which is said only where not everything is already."""
    with pytest.raises(psycopg.Error) as refused:
        console.execute("PAUSE pgbouncer")
    return "already suspended/paused" in str(refused.value)


def test_whatever_is_held_goes_on(place, console, capsys):
    console.execute("PAUSE")
    with ThreadPoolExecutor(1) as pool:
        client = pool.submit(place.serves)
        assert release("--dir", place.directory) == exit_codes.OK
        assert client.result(SERVED_S)
    assert "clients go on" in capsys.readouterr().out


def test_where_nothing_is_held_it_says_so(place, console, capsys):
    assert release("--dir", place.directory) == exit_codes.OK
    assert capsys.readouterr() == ("nothing is held\n", "")


def test_what_a_living_engine_holds_is_left_to_it(place, console, capsys):
    """It would be left with a switch in which new work reaches the database that is being left."""
    note.write(place.directory / HOLD_NOTE, note.Note(note.new_token(), time.time(), held=True))
    console.execute("PAUSE")
    with StateLock(place.directory, command="hotswap-tui", now_wall_s=time.time()):
        assert release("--dir", place.directory) == exit_codes.LOCKED
        assert is_paused(console)
        said = capsys.readouterr().err
        assert said.startswith("hotswap-tui gateway release: another engine (pid ")
        assert "holds the clients itself" in said
        assert "--force" in said
        assert release("--dir", place.directory, "--force") == exit_codes.OK
    assert not is_paused(console)


def test_a_pause_of_somebody_else_is_released_under_a_living_engine(place, console, capsys):
    console.execute("PAUSE")
    with StateLock(place.directory, command="hotswap-tui", now_wall_s=time.time()):
        assert release("--dir", place.directory) == exit_codes.OK
    assert not is_paused(console)
    assert "clients go on" in capsys.readouterr().out


@pytest.mark.parametrize("ours", [True, False], ids=["its own hold", "a later hold"])
def test_a_token_ends_its_own_hold_only_and_asks_no_engine(place, console, capsys, ours):
    token = note.new_token()
    note.write(place.directory / HOLD_NOTE, note.Note(token, time.time(), held=True))
    console.execute("PAUSE")
    with StateLock(place.directory, command="hotswap-tui", now_wall_s=time.time()):
        assert release("--dir", place.directory, "--token", token if ours else note.new_token()) == exit_codes.OK
    assert is_paused(console) is not ours
    assert (place.directory / HOLD_NOTE).exists() is not ours
    assert release("--dir", place.directory) == exit_codes.OK
    assert not is_paused(console)


def test_what_is_no_gateway_is_wrong_usage(tmp_path, capsys):
    assert release("--dir", tmp_path) == exit_codes.USAGE
    assert capsys.readouterr().err.endswith("it has no gateway.json; make one with gateway init\n")


def test_a_pgbouncer_that_does_not_answer_is_a_failure(place, tmp_path, capsys):
    text = (place.directory / DESCRIPTION).read_text()
    (tmp_path / DESCRIPTION).write_text(
        text.replace(str(place.directory.name) + "%2Frun", "nowhere").replace("/run", "/no")
    )
    assert release("--dir", tmp_path) == exit_codes.FAILED
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert place.gateway.console.get_secret_value() not in said


def test_it_loads_neither_screen_nor_probes():
    """A guard starts it while clients wait."""
    program = (
        "import sys, argparse; from hotswap_tui.cli.main import main; from hotswap_tui.cli import gateway_release; "
        "gateway_release.run(argparse.Namespace(dir=__import__('pathlib').Path('/nowhere'), token='x', force=False)); "
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert not {"textual", "plotext", "rich", "asyncpg", "pydantic_settings"} & set(done.stdout.split())
