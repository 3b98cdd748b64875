"""Print what clients feel when every packet to the primary is dropped: python -m tests.bench.bench_black_hole RUNS.

Runs in a network namespace of its own, in which `tests.bench` starts it.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING

from hotswap_tui.core.values import Role
from tests.bench import black_hole
from tests.bench.bench_traffic import HANGS, LONG_S, Scenario, measure
from tests.bench.black_hole import far_stage
from tests.bench.figures import NAME_WIDTH
from tests.traffic.courses import serves

if TYPE_CHECKING:
    from tests.support.engine_process import EngineProcess
    from tests.support.traffic import Stage

NAME = "black hole"


def main(runs: int) -> None:
    """Print the figures, or why there are none."""
    if why := black_hole.obstacle():
        print(f"{NAME:<{NAME_WIDTH}}skipped: {why}")
        return
    subprocess.run(black_hole.alone("tests.bench.bench_black_hole", str(runs)), check=True)


async def alone(runs: int) -> None:
    """Measure where the network is our own."""
    with far_stage() as stage:

        async def vanishes(_: Stage, engine: EngineProcess) -> None:
            stage.network.swallow()
            await engine.until(serves(Role.SECONDARY), LONG_S, "the failover")

        print(await measure(stage, Scenario(NAME, vanishes, HANGS), runs))


if __name__ == "__main__":
    asyncio.run(alone(int(sys.argv[1])))
