"""Print every figure: python -m tests.bench [dashboard | serve | traffic | sync]; `--help` lists the options."""

from __future__ import annotations

import argparse
import asyncio
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from tests.bench import (
    bench_black_hole,
    bench_chart,
    bench_dashboard,
    bench_kills,
    bench_pgbench,
    bench_serve,
    bench_sync,
    bench_traffic,
)
from tests.support.clusters import Clusters, ServerPair
from tests.support.traffic import PGBOUNCER, Stage

if TYPE_CHECKING:
    from collections.abc import Callable

OTHERS = {"kills": bench_kills.steps, "flips": bench_kills.flips, "pgbench": bench_pgbench.main}
NAMES = (*(scenario.name for scenario in bench_traffic.SCENARIOS), bench_black_hole.NAME, *OTHERS)


def parse(words: list[str]) -> argparse.Namespace:
    """Return what is wanted; a lone number means the dashboard's figures over so many seconds."""
    parser = argparse.ArgumentParser(prog="make bench", description="without arguments everything is measured")
    parser.set_defaults(seconds=60.0, runs=5, only=[], rows=10_000, crashes=3, failovers=20)
    kinds = parser.add_subparsers(dest="what")
    dashboard = kinds.add_parser(
        "dashboard", help="what the dashboard costs (ARGS=60 is short for ARGS='dashboard 60')"
    )
    dashboard.add_argument("seconds", nargs="?", type=float, default=60.0, help="watched for so long (default: 60)")
    serve = kinds.add_parser("serve", help="what the engine costs without a screen, with its sockets")
    serve.add_argument("seconds", nargs="?", type=float, default=60.0, help="watched for so long (default: 60)")
    traffic = kinds.add_parser("traffic", help="what clients feel of faults and switches")
    traffic.add_argument("--runs", type=int, default=5, help="of each fault (default: 5)")
    traffic.add_argument("--only", action="append", choices=NAMES, default=[], help="measure this one; may be repeated")
    sync = kinds.add_parser("sync", help="what becomes of rows inserted while traffic moves between replicated servers")
    sync.add_argument("--rows", type=int, default=10_000, help="inserted around a planned switch and its failback")
    sync.add_argument("--crashes", type=int, default=3, help="of the primary under full load (default: 3)")
    sync.add_argument("--failovers", type=int, default=20, help="of each kind, to see what the data adds (default: 20)")
    short = words[:1] and words[0].replace(".", "", 1).isdigit()
    return parser.parse_args(["dashboard", *words] if short else words)


def traffic(runs: int, only: list[str]) -> None:
    """Print what clients feel."""
    if PGBOUNCER is None:
        print("traffic: skipped: pgbouncer is not installed")
        return

    def wanted(name: str) -> bool:
        return not only or name in only

    with closing(Clusters()) as clusters:
        pair = ServerPair(clusters.make("primary"), clusters.make("secondary"))
        try:
            asyncio.run(_faults(pair, runs, wanted))
        finally:
            for server in pair:
                server.remove()


async def _faults(pair: ServerPair, runs: int, wanted: Callable[[str], bool]) -> None:
    pair.heal()
    with Stage(pair) as stage:
        scenarios = [scenario for scenario in bench_traffic.SCENARIOS if wanted(scenario.name)]
        if scenarios or wanted(bench_black_hole.NAME):
            print(bench_traffic.heading(runs))
        await bench_traffic.main(stage, runs, scenarios)
        if wanted(bench_black_hole.NAME):
            await asyncio.to_thread(bench_black_hole.main, runs)
        for name, measure in OTHERS.items():
            if wanted(name):
                await measure(stage, runs)


if __name__ == "__main__":
    arguments = parse(sys.argv[1:])
    if arguments.what in {None, "dashboard"}:
        bench_dashboard.main(arguments.seconds)
        asyncio.run(bench_chart.main())
    if arguments.what in {None, "serve"}:
        bench_serve.main(arguments.seconds)
    if arguments.what in {None, "traffic"}:
        traffic(arguments.runs, arguments.only)
    if arguments.what in {None, "sync"} and PGBOUNCER is not None:
        asyncio.run(bench_sync.main(arguments.rows, arguments.crashes, arguments.failovers))
