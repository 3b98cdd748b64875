"""What the guard does first: clients that are held go on, without waiting for drivers to be imported."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hotswap_tui.routing import note
from hotswap_tui.routing.layout import DESCRIPTION
from hotswap_tui.routing.note import Note
from hotswap_tui.routing.resume import Wire, main, scram_answer


def held(bouncer, **left) -> None:
    note.write(bouncer.gateway.hold_note, Note("mine", 0.0, held=True, **left))
    bouncer.ask("PAUSE")


def resume(bouncer, whose: str = "mine") -> int:
    return main([str(bouncer.directory), whose])


def test_a_hold_is_ended_and_its_note_removed(bouncer):
    held(bouncer)
    assert resume(bouncer) == 0
    assert not bouncer.paused()
    assert not bouncer.gateway.hold_note.exists()
    assert resume(bouncer) == 0


def test_a_target_that_was_written_and_not_read_is_followed_before_clients_go_on(bouncer, server_pair):
    """Otherwise their next work would still go to the database that was being left."""
    path = bouncer.gateway.target_file
    path.write_text(path.read_text().replace(str(server_pair.primary.port), str(server_pair.secondary.port)))
    held(bouncer, leaving=True)
    assert resume(bouncer) == 1
    assert not bouncer.paused()
    assert bouncer.port_of_target() == server_pair.secondary.port
    assert bouncer.gateway.hold_note.exists(), "the connections that were left are for gateway release to cut off"


def test_the_hold_of_another_is_left_alone(bouncer):
    held(bouncer)
    assert resume(bouncer, "another") == 0
    assert bouncer.paused()
    assert bouncer.gateway.hold_note.exists()


def test_a_hold_that_begins_in_the_meantime_is_left_alone(bouncer, monkeypatch):
    """A guard that comes late has seen its own token, and the next hold begins before it says RESUME."""
    held(bouncer)
    complaint = Wire.complaint

    def overtaken(self: Wire, command: str) -> str:
        if command == "RELOAD":
            note.write(bouncer.gateway.hold_note, Note("another", 0.0, held=True))
        return complaint(self, command)

    monkeypatch.setattr(Wire, "complaint", overtaken)
    assert resume(bouncer) == 0
    assert bouncer.paused()
    found = note.read(bouncer.gateway.hold_note)
    assert found is not None
    assert found.token == "another"


def test_changed_time_outs_are_left_to_those_who_can_tell_whose_they_are(bouncer):
    held(bouncer, settings={"query_timeout": "0"})
    assert resume(bouncer) == 1
    assert bouncer.paused()


def test_a_broken_target_file_keeps_nobody_waiting(bouncer):
    bouncer.gateway.target_file.write_text("[databases]\nthis is no line\n")
    held(bouncer)
    assert resume(bouncer) == 0
    assert not bouncer.paused()


def test_what_is_not_paused_any_more_is_no_failure(bouncer):
    note.write(bouncer.gateway.hold_note, Note("mine", 0.0, held=True))
    assert resume(bouncer) == 0
    assert not bouncer.gateway.hold_note.exists()


def test_a_pgbouncer_that_is_dead_or_hangs_keeps_the_note(bouncer, monkeypatch):
    monkeypatch.setattr("hotswap_tui.routing.resume._ANSWER_S", 0.1)
    held(bouncer)
    bouncer.freeze()
    assert resume(bouncer) == 1
    bouncer.kill()
    assert resume(bouncer) == 1
    assert bouncer.gateway.hold_note.exists()


@pytest.mark.parametrize(
    "change",
    [
        ("host=", "h="),
        ("postgresql://hotswap:", "postgresql://hotswap:no"),
        ("@/", "@127.0.0.1/"),
        ("hotswap", "nobody"),
    ],
    ids=["no socket", "wrong password", "a host", "wrong user"],
)
def test_a_console_that_is_not_as_expected_keeps_the_note(bouncer, change):
    held(bouncer)
    description = bouncer.directory / DESCRIPTION
    text = description.read_text()
    console = next(line for line in text.splitlines() if '"console"' in line)
    description.write_text(text.replace(console, console.replace(*change, 1)))
    assert resume(bouncer) == 1
    assert bouncer.paused()
    assert bouncer.gateway.hold_note.exists()


def test_scram_is_that_of_its_specification():
    """RFC 7677, section 3; its client-first and client-final messages name the user, ours leave that to the startup packet."""
    first = b"n=user,r=rOprNGfwEbeRWgbNEkqO"
    challenge = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    answer, signature = scram_answer("pencil", first, challenge)
    assert answer.endswith(b",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
    assert signature == b"6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def test_it_imports_neither_drivers_nor_a_loop():
    program = "import sys, hotswap_tui.routing.resume; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert not {"asyncio", "psycopg", "asyncpg", "pydantic", "argparse"} & set(done.stdout.split())
