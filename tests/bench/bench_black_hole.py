"""Print what clients feel when every packet to the primary is dropped: python -m tests.bench.bench_black_hole RUNS.

Runs in a network namespace of its own, in which `tests.bench` starts it.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from hotswap_tui.core.values import Role
from tests.bench import black_hole
from tests.bench.bench_traffic import LONG_S, Scenario, measure
from tests.bench.black_hole import FAR, FarNetwork, far_url
from tests.bench.figures import NAME_WIDTH
from tests.support.clusters import Clusters, ServerPair
from tests.support.traffic import Stage
from tests.traffic.courses import serves

if TYPE_CHECKING:
    from tests.support.engine_process import EngineProcess

NAME = "black hole"


def main(runs: int) -> None:
    """Print the figures, or why there are none."""
    if why := black_hole.obstacle():
        print(f"{NAME:<{NAME_WIDTH}}skipped: {why}")
        return
    subprocess.run(black_hole.alone("tests.bench.bench_black_hole", str(runs)), check=True)


async def alone(runs: int) -> None:
    """Measure where the network is our own."""
    with closing(Clusters()) as clusters, FarNetwork() as network:
        pair = ServerPair(clusters.make("primary", settings={"listen_addresses": FAR}), clusters.make("secondary"))
        try:
            pair.secondary.start()
            network.start(pair.primary)

            async def vanishes(_: Stage, engine: EngineProcess) -> None:
                network.swallow()
                await engine.until(serves(Role.SECONDARY), LONG_S, "the failover")

            with FarStage(pair, network) as stage:
                print(await measure(stage, Scenario(NAME, vanishes), runs))
        finally:
            for server in pair:
                server.remove()


class FarStage(Stage):
    """A stage whose primary stands in the other network."""

    def __init__(self, pair: ServerPair, network: FarNetwork) -> None:
        super().__init__(pair, primary_url=far_url(pair.primary.url))
        self._network = network

    def heal(self) -> None:
        """Let packets through again."""
        self._network.restore()


if __name__ == "__main__":
    asyncio.run(alone(int(sys.argv[1])))
