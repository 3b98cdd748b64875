"""What a process costs, read from /proc."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hotswap_tui.demo.servers import Server

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
SETTLED_S = 8.0
"""After so long a process has loaded what it needs and made its first drawings."""
SETTINGS = {
    "DB_HEALTH_CHECK_INTERVAL": "1000",
    "DB_CONNECTION_TIMEOUT": "500",
    "DB_FAILURE_RETRY_INTERVAL": "500",
    "TERM": "xterm-256color",
    "LANG": "C.UTF-8",
}


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor time used so far, all threads together, and memory."""

    at_s: float
    processor_s: float
    resident_mb: float

    def percent_since(self, before: Cost) -> float:
        """Return the share of one core since `before`."""
        return 100 * (self.processor_s - before.processor_s) / (self.at_s - before.at_s)


def cost(pid: int) -> Cost:
    """Read what `pid` has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    # utime and stime are fields 14 and 15 of proc(5), the state being field 3.
    processor_s = (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND
    status = Path(f"/proc/{pid}/status").read_text()
    resident_kb = int(status.partition("VmRSS:")[2].split()[0])
    return Cost(time.monotonic(), processor_s, resident_kb / 1024)


def environment(primary: Server, secondary: Server, directory: str) -> dict[str, str]:
    """Return the settings of a program that checks both servers once a second, and nothing else."""
    urls = {"DATABASE_URL": primary.url, "DATABASE_URL_SECONDARY": secondary.url}
    return {
        **SETTINGS,
        **urls,
        "HOTSWAP_STATE_DIR": f"{directory}/state",
        "HOME": directory,
        "PATH": os.environ["PATH"],
    }
