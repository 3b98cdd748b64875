"""Print what the engine alone costs at one check a second on two servers: python -m tests.bench.bench_engine [SECONDS]."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hotswap_tui.demo.servers import Server
from tests.bench.processes import SETTLED_S, cost, environment

ROOT = Path(__file__).parents[2]


def measure(seconds: float, primary: Server, secondary: Server) -> tuple[float, float]:
    """Return percent of one core and MB of an engine that runs for `seconds`."""
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "tests.bench.headless"]
        environ = environment(primary, secondary, directory)
        with subprocess.Popen(command, cwd=ROOT, env=environ) as process:
            try:
                time.sleep(SETTLED_S)
                before = cost(process.pid)
                time.sleep(seconds)
                after = cost(process.pid)
            finally:
                process.kill()
    return after.percent_since(before), after.resident_mb


def main(seconds: float) -> float:
    """Print the figures; return the percent of one core."""
    with Server("primary", fsync=False) as primary, Server("secondary", fsync=False) as secondary:
        percent, resident_mb = measure(seconds, primary, secondary)
    print(f"engine alone        {percent:6.2f} % of one core   {resident_mb:5.1f} MB   over {seconds:g} s")
    return percent


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0)
