"""Print what the whole program costs at 120x40, one check a second: python -m tests.bench.bench_dashboard [SECONDS]."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hotswap_tui.demo.servers import Server
from tests.bench import bench_engine
from tests.bench.processes import SETTLED_S, cost, environment
from tests.end_to_end.programs import PROGRAM
from tests.end_to_end.terminal import Terminal
from tests.support.until import until_sync

FIRST_FRAMES = 5
TARGETS = "targets: app 1.2 % above the engine, 6 kB/s, 60 MB, first frame 0.60 s"
MODULES = ("hotswap_tui.cli.main", "hotswap_tui.config", "hotswap_tui.engine.assembly", "hotswap_tui.tui.app")
_IMPORT = re.compile(r"import time: +\d+ \| +(\d+) \| ( *)(\S+)")


def start(primary: Server, secondary: Server, directory: str) -> Terminal:
    """Start the program on a terminal that nobody draws."""
    environ = environment(primary, secondary, directory)
    return Terminal([PROGRAM], environ, Path(directory), emulate=False)


def running(primary: Server, secondary: Server, seconds: float) -> tuple[float, float, float]:
    """Return percent of one core, MB and kB/s of a dashboard that is watched for `seconds`."""
    with tempfile.TemporaryDirectory() as directory, start(primary, secondary, directory) as terminal:
        time.sleep(SETTLED_S)
        before, sent = cost(terminal.process.pid), len(terminal.raw)
        time.sleep(seconds)
        after = cost(terminal.process.pid)
        sent = len(terminal.raw) - sent
    return after.percent_since(before), after.resident_mb, sent / 1000 / (after.at_s - before.at_s)


def first_frame_s(primary: Server, secondary: Server) -> float:
    """Return the seconds from the start of the program to the first frame with a database in it."""
    with tempfile.TemporaryDirectory() as directory:
        began_s = time.monotonic()
        with start(primary, secondary, directory) as terminal:
            until_sync(lambda: b"primary" in terminal.raw, 20.0, "the first frame")
            return time.monotonic() - began_s


def imports(module: str) -> list[tuple[float, str]]:
    """Return the milliseconds that `module` and the dearest packages below it take to import, cumulative."""
    command = [sys.executable, "-X", "importtime", "-c", f"import {module}"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    found = [(int(us) / 1000, name) for us, _, name in _IMPORT.findall(told)]
    return sorted(found, reverse=True)[:12]


def main(seconds: float) -> None:
    """Print the figures."""
    print(TARGETS)
    engine = bench_engine.main(seconds)
    with Server("primary", fsync=False) as primary, Server("secondary", fsync=False) as secondary:
        percent, resident_mb, sent_kb = running(primary, secondary, seconds)
        print(f"with dashboard      {percent:6.2f} % of one core   {resident_mb:5.1f} MB   {sent_kb:.2f} kB/s")
        print(f"dashboard above     {percent - engine:6.2f} %")
        frames_s = sorted(first_frame_s(primary, secondary) for _ in range(FIRST_FRAMES))
    median_s = statistics.median(frames_s)
    print(f"first frame         {median_s:6.2f} s   ({frames_s[0]:.2f} to {frames_s[-1]:.2f}, {FIRST_FRAMES} starts)")
    for module in MODULES:
        dearest = "  ".join(f"{name} {ms:.0f}" for ms, name in imports(module))
        print(f"import, ms          {dearest}")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0)
