"""Print what `serve` costs beside its targets, without a gateway and with one: python -m tests.bench.bench_serve [SECONDS]."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hotswap_tui.demo.servers import Server
from tests.bench.figures import mark
from tests.bench.processes import SETTLED_S, Cost, cost, environment
from tests.support.bouncers import PGBOUNCER, LivePgBouncer

ROOT = Path(__file__).parents[2]
PERCENT = 0.6
RESIDENT_MB = 45.0
UNIT = {"MALLOC_ARENA_MAX": "2"}
"""What the service's unit sets."""


def measure(seconds: float, environ: dict[str, str]) -> tuple[Cost, Cost]:
    """Return the cost of a `serve` when it has settled, and `seconds` later."""
    command = [sys.executable, "-m", "hotswap_tui", "serve"]
    with subprocess.Popen(command, cwd=ROOT, env=environ, stderr=subprocess.DEVNULL) as process:
        try:
            time.sleep(SETTLED_S)
            before = cost(process.pid)
            time.sleep(seconds)
            return before, cost(process.pid)
        finally:
            process.terminate()


def line(name: str, before: Cost, after: Cost) -> str:
    """Return one line of figures."""
    percent = after.percent_since(before)
    told = f"{percent:6.2f} % of one core (≤ {PERCENT:g} {mark(met=percent <= PERCENT)})"
    resident = f"{after.resident_mb:5.1f} MB (≤ {RESIDENT_MB:g} {mark(met=after.resident_mb <= RESIDENT_MB)})"
    return f"{name:<20}{told}   {resident}   over {after.at_s - before.at_s:.0f} s"


def main(seconds: float) -> None:
    """Print the figures."""
    with Server("primary", fsync=False) as primary, Server("secondary", fsync=False) as secondary:
        with tempfile.TemporaryDirectory() as directory:
            environ = {**environment(primary, secondary, directory), **UNIT, "HOTSWAP_LISTEN": "127.0.0.1:0"}
            print(line("serve, no gateway", *measure(seconds, environ)))
        if PGBOUNCER is None:
            print("serve, gateway      skipped: pgbouncer is not installed")
            return
        with tempfile.TemporaryDirectory() as directory, LivePgBouncer(primary, secondary) as bouncer:
            environ = {**environment(primary, secondary, directory), **UNIT, "HOTSWAP_LISTEN": "127.0.0.1:0"}
            print(line("serve, gateway", *measure(seconds, {**environ, "HOTSWAP_GATEWAY": str(bouncer.directory)})))


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0)
