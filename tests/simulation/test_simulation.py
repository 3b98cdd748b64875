"""The real engine over fake ports, through more than ten thousand hours of trouble at the default intervals."""

from __future__ import annotations

import os
import random
from dataclasses import fields

import pytest

from tests.simulation.schedule import simulate

HOURS = float(os.environ.get("HOTSWAP_SIMULATED_HOURS", "10400"))
SHARDS = 104
"""Many, so that the runner begins with this file: it takes longest."""
SEED = int(os.environ.get("HOTSWAP_SIMULATION_SEED", "20251114"))


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
