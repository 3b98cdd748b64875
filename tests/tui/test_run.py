"""The dashboard on a real pseudo-terminal: signals, closed and stalled terminals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.pty_program import ROOT, PtyProgram
from tests.support.until import until_sync

PROGRAM = "tests/support/dashboard_program.py"
SHOWN = b"seen"
LEAVE_ALTERNATE, SHOW_CURSOR = b"\x1b[?1049l", b"\x1b[?25h"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_restores_the_terminal_and_ends(number: signal.Signals) -> None:
    """SIGTERM and SIGHUP leave the alternate screen, show the cursor and put the modes back."""
    with PtyProgram([PROGRAM]) as program:
        program.read_until(SHOWN)
        program.signal(number)
        assert program.wait() == 128 + number
        tail = program.output[program.output.rindex(LEAVE_ALTERNATE) :]
        assert SHOW_CURSOR in tail
        assert program.attributes() == program.attributes_before


def test_modes_that_a_killed_program_would_leave_behind_are_never_entered() -> None:
    """Neither mouse reports nor the kitty keyboard protocol are asked for."""
    with PtyProgram([PROGRAM, "--attached"]) as program:
        program.read_until(SHOWN)
        program.press(b"q")
        assert program.wait() == 0
        for sequence in (b"\x1b[?1000h", b"\x1b[?1003h", b"\x1b[?1006h", b"\x1b[>", b"\x1b[<", b"\x1b]22"):
            assert sequence not in program.output
        assert b"the engine goes on" in program.output


@pytest.mark.parametrize("controlling", [True, False], ids=["with SIGHUP", "without SIGHUP"])
def test_a_closed_terminal_ends_the_view(*, controlling: bool) -> None:
    """The process is gone soon after its terminal, whether or not the kernel sends SIGHUP."""
    with PtyProgram([PROGRAM], controlling=controlling) as program:
        program.read_until(SHOWN)
        program.close_slave()
        program.close_master()
        assert program.wait(reading=False) == 128 + signal.SIGHUP


def test_a_terminal_that_does_not_read_neither_stops_the_checks_nor_the_end(tmp_path: Path) -> None:
    """Checks go on while frames pile up in a stalled terminal, and SIGTERM still ends the program."""
    beats = tmp_path / "beats"
    beats.touch()
    with PtyProgram([PROGRAM], size=(200, 60), environ={"BEAT_FILE": str(beats), "BEAT_S": "0.02"}) as program:
        program.read_until(SHOWN)
        program.press(b"+" + b"1\x1b2\x1b" * 60)
        until_sync(lambda: _blocked(program.process.pid), 20, "a write into the full terminal")
        before = beats.stat().st_size
        until_sync(lambda: beats.stat().st_size > before + 400, 20, "eighty more checks")
        program.signal(signal.SIGTERM)
        assert program.wait(reading=False) == 128 + signal.SIGTERM


def _blocked(pid: int) -> bool:
    """Say whether a thread of the process waits in a write to the terminal."""
    waits = [(task / "wchan").read_text(encoding="ascii") for task in Path(f"/proc/{pid}/task").iterdir()]
    return any(wait in {"n_tty_write", "tty_write", "wait_woken"} for wait in waits)


def test_without_a_terminal_it_says_so() -> None:
    """Redirected input and output: one line, exit code 4, nothing drawn."""
    done = subprocess.run(
        [sys.executable, PROGRAM],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color"},
        timeout=30,
        check=False,
    )
    assert done.returncode == 4
    assert done.stdout == b""
    assert b"needs a terminal" in done.stderr


def test_an_idle_dashboard_does_not_spin() -> None:
    """After its start the process uses a small part of a core."""
    with PtyProgram([PROGRAM]) as program:
        program.read_until(SHOWN)
        program.read_for(1.5)
        used = _cpu_s(program.process.pid)
        program.read_for(2)
        assert _cpu_s(program.process.pid) - used < 1.0


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
