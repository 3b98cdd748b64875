"""Print what becomes of rows that clients insert through PgBouncer while traffic moves between replicated servers."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from tests.bench import bench_secure
from tests.bench.figures import mark
from tests.support.clusters import Clusters
from tests.support.handing_over import crash, there_and_back
from tests.support.replicated import replicated_pair

if TYPE_CHECKING:
    from collections.abc import Mapping

RATE = 200.0
FULL_RATE = 2000.0
DEFAULTS: Mapping[str, str | int] = {"wal_writer_delay": "200ms", "wal_retrieve_retry_interval": "5s"}
"""The servers confirm and reconnect as they do when nobody has set anything."""


async def main(rows: int, runs: int, failovers: int) -> None:
    """Print a planned switch with its failback, crashes, and what securing the target adds to a failover."""
    with closing(Clusters()) as clusters:
        await _planned(clusters, rows)
        print(
            f"\nkill -9 of the primary under full load ({FULL_RATE:g} inserts a second asked for), one-way replication; it returns later"
        )
        for _ in range(runs):
            await _crashed(clusters)
        print("\nthe same with a secondary that had stopped to apply some time before")
        for _ in range(runs):
            await _crashed(clusters, behind=True)
        with replicated_pair(clusters, settings=DEFAULTS) as pair:
            await bench_secure.main(pair, failovers)


async def _planned(clusters: Clusters, rows: int) -> None:
    with replicated_pair(clusters, two_way=True, settings=DEFAULTS) as pair:
        course = await there_and_back(pair, rows, RATE)
    load = course.load
    print(
        f"{len(load.confirmed)} rows at {RATE:g}/s through PgBouncer, switch to the secondary and failback, two-way replication"
    )
    for words in course.words:
        print(f"  {words}")
    doubled = course.doubled + course.keys_doubled
    print(
        f"  lost {len(course.lost)}, on one server only {course.unequal}, doubled {doubled}, "
        f"key collisions {len(load.collisions)}, client errors {len(load.errors)}, longest client gap {load.longest_s:.3f} s"
    )
    met = not (course.lost or course.unequal or doubled or load.errors) and len(load.confirmed) == rows
    print(f"  target: 0 of each: {mark(met=met)}", flush=True)


async def _crashed(clusters: Clusters, *, behind: bool = False) -> None:
    with replicated_pair(clusters, settings=DEFAULTS) as pair:
        course = await crash(pair, FULL_RATE, 2000, behind=behind)
    print(
        f"  missing at the failover {len(course.stale)} of at most {course.within} (lag and age {course.behind_s:.2f} s), "
        f"for good {len(course.for_good)}; key collisions {len(course.load.collisions)}, conflicts of the tail {course.conflicts}; "
        f"switched in {course.took_s:.2f} s; {course.words}"
    )
    met = len(course.stale) <= course.within and not (course.load.collisions or course.conflicts or course.for_good)
    print(f"  target: no more than that, no collision: {mark(met=met)}", flush=True)
