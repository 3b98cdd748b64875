"""The real engine over fake ports, through years of trouble at the default intervals; `make simulation` takes forty times as many."""

from __future__ import annotations

import gc
import os
import random
from dataclasses import fields
from typing import TYPE_CHECKING

import pytest

from tests.simulation.schedule import simulate

if TYPE_CHECKING:
    from collections.abc import Iterator

HOURS = float(os.environ.get("HOTSWAP_SIMULATED_HOURS", "260"))
SHARDS = int(os.environ.get("HOTSWAP_SIMULATION_SHARDS", "13"))
"""Many, so that the runner can spread them among tests that wait for servers."""
SEED = int(os.environ.get("HOTSWAP_SIMULATION_SEED", "20251114"))


@pytest.fixture(autouse=True)
def _small_heap() -> Iterator[None]:
    """Keep the collector to what the simulation makes: what other tests have left in this process is large."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.parametrize("shard", range(SHARDS))
def test_promises_hold_in_any_trouble(shard: int) -> None:
    """No failover too early, to an unproven database or while disarmed; no budget overdrawn; no rescue left undone."""
    seed = f"{SEED}-{shard}"
    print(f"seed {seed}, {HOURS / SHARDS:.0f} h")
    books = simulate(random.Random(seed), HOURS / SHARDS)
    figures = {f.name: getattr(books, f.name) for f in fields(books) if isinstance(getattr(books, f.name), int)}
    print(figures)
    assert books.audits > HOURS / SHARDS
    assert books.crashes > 0 or HOURS / SHARDS < 100
