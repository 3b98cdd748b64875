"""Print what the dashboard costs on a real pty: first frame, CPU, bytes, memory.

    .venv/bin/python -m tests.bench.bench_dashboard [seconds] [WIDTHxHEIGHT] [program …]

The default program shows a client without servers, so the figures are the dashboard's own.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from tests.support.pty_program import PtyProgram

PROGRAM = "tests/support/dashboard_program.py"
FIRST_FRAME = b"seen"
SETTLE_S = 3.0


def cpu_s(pid: int) -> float:
    """Return the seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid: int) -> float:
    """Return the resident memory of a process in megabytes."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def main() -> None:
    """Measure and print."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    width, height = (sys.argv[2] if len(sys.argv) > 2 else "120x40").split("x")
    arguments = sys.argv[3:] or [PROGRAM]
    begun = time.monotonic()
    with PtyProgram(arguments, size=(int(width), int(height))) as program:
        program.read_until(FIRST_FRAME)
        first_frame_s = time.monotonic() - begun
        program.read_for(SETTLE_S)
        cpu, sent, start = cpu_s(program.process.pid), len(program.output), time.monotonic()
        program.read_for(seconds)
        took = time.monotonic() - start
        cpu, sent = cpu_s(program.process.pid) - cpu, len(program.output) - sent
        print(f"{width}x{height}, {took:.0f} s, {' '.join(arguments)}")
        print(f"first frame {first_frame_s:.2f} s   CPU {100 * cpu / took:.2f} %   {sent / took / 1000:.2f} kB/s", end="   ")
        print(f"RSS {rss_mb(program.process.pid):.0f} MB")


if __name__ == "__main__":
    main()
