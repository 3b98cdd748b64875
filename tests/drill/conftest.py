"""A gateway of its own for each test, over the servers that all tests share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.traffic import PGBOUNCER, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.clusters import ServerPair


@pytest.fixture
def stage(server_pair: ServerPair) -> Iterator[Stage]:
    """Give both servers alive and a PgBouncer that points to the primary."""
    if PGBOUNCER is None:
        pytest.skip("pgbouncer is not installed")
    with Stage(server_pair) as stage:
        yield stage
