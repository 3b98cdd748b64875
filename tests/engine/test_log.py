"""The log speaks in the reference's words and marks, whoever reads it and however slowly."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
import time
from datetime import datetime

import pytest

from hotswap_tui.core.values import Event, Fault, Kind, Level, Role
from hotswap_tui.engine import log as log_module
from hotswap_tui.engine.log import EventLog, initializing_lines, json_line, reference_line
from tests.support.until import until_sync

WALL_S = 1_760_000_000.25
PRIMARY, SECONDARY = Role.PRIMARY, Role.SECONDARY


def event(kind: Kind, role: Role | None = None, text: str = "own words", /, **data: str | float) -> Event:
    return Event(7, WALL_S, kind, Level.INFO, text, role, data)


REFERENCE = [
    (event(Kind.CONNECTED, PRIMARY), "✅ Connected to primary database"),
    (event(Kind.CONNECTED, SECONDARY), "✅ Connected to secondary database (FAILOVER MODE)"),
    (
        event(Kind.CHECK_FAILED, PRIMARY, fault="timeout", error="no answer within 5 s"),
        "❌ Failed to connect to primary database: Connection timeout",
    ),
    (
        event(Kind.CHECK_FAILED, SECONDARY, fault="refused", error="[Errno 111] Connect call failed"),
        "❌ Failed to connect to secondary database: Connection refused",
    ),
    (
        event(Kind.THRESHOLD, PRIMARY, count=3, threshold=3, target="secondary"),
        "⚠️  Failure threshold reached (3/3), failing over to secondary",
    ),
    (
        event(Kind.SWITCHED, SECONDARY, kind="failover", down_s=15.2, was_down=1),
        "✅ Connected to secondary database (FAILOVER MODE)",
    ),
    (event(Kind.RETRYING, PRIMARY), "🔄 Attempting to reconnect to primary database..."),
    (
        event(Kind.SWITCHED, PRIMARY, kind="failback", down_s=180.4, was_down=1),
        "✅ Primary database reconnected (was down for 180s)",
    ),
    (event(Kind.SWITCHED, PRIMARY, kind="manual", down_s=0.0, was_down=0), "✅ Connected to primary database"),
    (event(Kind.SWITCHED, SECONDARY, kind="repair"), "own words"),
    (event(Kind.RECOVERED, PRIMARY, count=2, down_s=2.1), "✅ Primary database reconnected (was down for 2s)"),
    (event(Kind.RECOVERED, SECONDARY, count=1, down_s=0.2), "✅ Secondary database reconnected (was down for 1s)"),
    (event(Kind.RECOVERED, PRIMARY, count=0), "own words"),
    (event(Kind.BOTH_DOWN), "Error: Both primary and secondary databases are unavailable"),
    (event(Kind.NO_SWITCH, SECONDARY, "no switch: 2 of 3"), "no switch: 2 of 3"),
]


@pytest.mark.parametrize(("told", "words"), REFERENCE)
def test_events_in_the_words_of_the_reference(told, words):
    assert reference_line(told) == f"[DB Manager] {words}"


CAUSES = [
    (Fault.READ_ONLY, "", "Read-only"),
    (Fault.TLS, "certificate has expired", "TLS failure (certificate has expired)"),
    (Fault.STARTING, "the database system is starting up", "Starting up"),
    (Fault.RESET, "Connection lost.", "Connection lost"),
    (
        Fault.CREDENTIALS,
        'password authentication failed for "x"',
        'Credentials refused (password authentication failed for "x")',
    ),
    (Fault.UNKNOWN, "cache lookup failed", "cache lookup failed"),
    (Fault.UNKNOWN, "", "Unknown error"),
]


@pytest.mark.parametrize(("fault", "error", "cause"), CAUSES)
def test_the_exact_error_is_added_where_it_says_more(fault, error, cause):
    line = reference_line(event(Kind.CHECK_FAILED, PRIMARY, fault=fault.value, error=error))
    assert line == f"[DB Manager] ❌ Failed to connect to primary database: {cause}"


SILENT = {Kind.STARTED, Kind.CONNECTION_LOST, Kind.SWITCHING, Kind.STANDBY_UP}


@pytest.mark.parametrize("kind", sorted(set(Kind) - SILENT))
def test_every_kind_has_a_line_without_any_figures(kind):
    line = reference_line(event(kind, PRIMARY))
    assert line is not None
    assert line.startswith("[DB Manager] ")


@pytest.mark.parametrize("kind", sorted(SILENT))
def test_what_the_reference_says_in_its_next_line_is_not_said_twice(kind):
    assert reference_line(event(kind, PRIMARY)) is None


def test_what_a_person_asked_for_and_the_other_database_is_said():
    assert reference_line(event(Kind.SWITCHING, PRIMARY, by="pi@tty1")) is not None
    assert reference_line(event(Kind.STANDBY_UP, SECONDARY)) is not None


def test_an_event_without_words_has_no_line():
    assert reference_line(event(Kind.CONFIG, None, "")) is None


def test_a_server_cannot_forge_a_line():
    hostile = "gone\n[DB Manager] ✅ Connected to primary database\x1b[2J"
    for told in (event(Kind.CHECK_FAILED, PRIMARY, fault="reset", error=hostile), event(Kind.JOURNAL, None, hostile)):
        line = reference_line(told)
        assert line is not None
        assert line.isprintable()
        assert "\n" not in line + json_line(told)


def test_the_initializing_block():
    primary = "postgresql://ccfinapp:****@localhost:5432/cc_financial"
    secondary = "postgresql://user:****@ep-cool-name.neon.tech/cc_financial"
    assert initializing_lines(primary, secondary, 30000, 3) == [
        "[DB Manager] Initializing with configuration:",
        "  Primary: postgresql://ccfinapp:****@localhost:5432/cc_financial",
        "  Secondary: postgresql://user:****@ep-cool-name.neon.tech/cc_financial",
        "  Health check interval: 30000ms",
        "  Failure threshold: 3",
    ]


def test_without_a_secondary_the_block_says_how_to_enable_failover():
    lines = initializing_lines("postgresql://p", None, 30000, 3)
    assert not [line for line in lines if line.startswith("  Secondary")]
    assert lines[-1] == "[DB Manager] Set DATABASE_URL_SECONDARY to enable automatic database failover"


def stream(encoding: str) -> tuple[io.BytesIO, io.TextIOWrapper]:
    raw = io.BytesIO()
    return raw, io.TextIOWrapper(raw, encoding=encoding, write_through=True)


def test_lines_go_to_a_stream_in_order():
    raw, text = stream("utf-8")
    log = EventLog("reference", text)
    log.initializing("postgresql://p", "postgresql://s", 30000, 3)
    log.write(event(Kind.CONNECTED, PRIMARY))
    log.write(event(Kind.CONFIG, None, ""))
    log.close()
    assert raw.getvalue().decode().splitlines() == [
        *initializing_lines("postgresql://p", "postgresql://s", 30000, 3),
        "[DB Manager] ✅ Connected to primary database",
    ]


ASCII = [
    (Kind.CONNECTED, "+ Connected to primary database"),
    (Kind.CHECK_FAILED, "x Failed to connect to primary database: na?ve"),
    (Kind.THRESHOLD, "! Failure threshold reached (3/3), failing over to secondary"),
    (Kind.RETRYING, "~ Attempting to reconnect to primary database..."),
]


@pytest.mark.parametrize(("kind", "words"), ASCII)
def test_a_stream_without_the_marks_gets_ascii_ones(kind, words):
    raw, text = stream("ascii")
    log = EventLog("reference", text)
    log.write(event(kind, PRIMARY, error="naïve", count=3, threshold=3, target="secondary"))
    log.close()
    assert raw.getvalue().decode("ascii") == f"[DB Manager] {words}\n"


def test_json_is_one_object_a_line():
    raw, text = stream("ascii")
    log = EventLog("json", text, wall_s=lambda: WALL_S)
    log.initializing("postgresql://p", None, 30000, 3)
    log.write(event(Kind.SWITCHED, PRIMARY, "naïve\n✅", down_s=1.5, kind="failback"))
    log.close()
    first, second = (json.loads(line) for line in raw.getvalue().splitlines())
    time_of = datetime.fromisoformat(second.pop("time"))
    assert time_of.timestamp() == WALL_S
    assert time_of.utcoffset() is not None
    assert second == {
        "id": 7,
        "kind": "switched",
        "level": "info",
        "text": "naïve\n✅",
        "role": "primary",
        "data": {"down_s": 1.5, "kind": "failback"},
    }
    assert (first["kind"], first["primary"], first["secondary"]) == ("initializing", "postgresql://p", None)
    assert (first["health_check_interval_ms"], first["failure_threshold"]) == (30000, 3)
    assert first["hint"] == "Set DATABASE_URL_SECONDARY to enable automatic database failover"


def test_a_file_is_private_and_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(log_module, "FILE_BYTES", 10_000)
    path = tmp_path / "hotswap.log"
    previous = os.umask(0)
    try:
        log = EventLog("reference", path)
        for number in range(900):
            log.write(event(Kind.CONFIG, None, f"{number} {'x' * 100}"))
        log.close()
    finally:
        os.umask(previous)
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["hotswap.log", "hotswap.log.1", "hotswap.log.2"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert all(file.stat().st_size <= 10_000 for file in files)
    assert path.read_text().splitlines()[-1].startswith("[DB Manager] 899 ")


def test_a_file_is_continued(tmp_path):
    for _ in range(2):
        log = EventLog("reference", tmp_path / "log")
        log.write(event(Kind.CONNECTED, PRIMARY))
        log.close()
    assert len((tmp_path / "log").read_text().splitlines()) == 2


def test_a_file_that_cannot_be_opened_is_an_error_at_once(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        EventLog("reference", tmp_path / "missing" / "log")


def test_a_reader_that_is_gone_stops_nothing(capfd):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as text:
        log = EventLog("reference", text)
        for _ in range(3):
            log.write(event(Kind.CONNECTED, PRIMARY))
        log.close()
    assert capfd.readouterr().err == ""


def test_a_reader_that_stalls_stops_nothing_and_is_told_what_it_missed(monkeypatch):
    monkeypatch.setattr(log_module, "_CLOSE_S", 0.1)
    reading, writing = os.pipe()
    with os.fdopen(writing, "w", encoding="utf-8") as text, os.fdopen(reading, "rb", buffering=0) as reader:
        log = EventLog("reference", text)
        started = time.monotonic()
        for number in range(3000):
            log.write(event(Kind.CONFIG, None, f"{number} {'x' * 250}"))
        log.close()
        assert time.monotonic() - started < 2
        received = b""
        while b"were dropped" not in received:
            received += reader.read(65536)
            log.write(event(Kind.CONNECTED, PRIMARY))
        assert b"[DB Manager] " in received
        while log._thread.is_alive():
            log.close()
            received = reader.read(65536)


STALLED = """
import sys
from hotswap_tui.core.values import Event, Kind, Level
from hotswap_tui.engine.log import EventLog
log = EventLog("reference", sys.stderr)
for number in range(3000):
    log.write(Event(number, 0.0, Kind.CONFIG, Level.INFO, "x" * 250))
log.close()
print("closed", flush=True)
"""


def test_the_program_ends_although_nobody_reads_its_log():
    """Python's own shutdown must not wait for a writer that waits for a full pipe."""
    reading, writing = os.pipe()
    with subprocess.Popen([sys.executable, "-c", STALLED], stdout=subprocess.PIPE, stderr=writing) as process:
        try:
            os.close(writing)
            assert until_sync(lambda: process.poll() is not None, 15.0)
            assert process.returncode == 0
        finally:
            process.kill()
            os.close(reading)
