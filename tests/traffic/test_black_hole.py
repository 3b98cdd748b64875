"""A primary from which no packet comes back, nor any refusal."""

from __future__ import annotations

import subprocess

import pytest

from tests.bench import black_hole
from tests.support.traffic import PGBOUNCER


def test_traffic_leaves_a_database_that_has_vanished():
    """Nobody is stuck, and whoever begins after the failover is answered by the other database."""
    if why := black_hole.obstacle() if PGBOUNCER else "pgbouncer is not installed":
        pytest.skip(why)
    done = subprocess.run(
        black_hole.alone("tests.traffic.vanishing"), capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
