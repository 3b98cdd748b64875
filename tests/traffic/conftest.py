"""A gateway of its own for each test, over servers that the tests here share."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from hotswap_tui.core.plan import PoolMode
from tests.support.clusters import Clusters, ServerPair
from tests.support.traffic import PGBOUNCER, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def traffic_pair(clusters: Clusters) -> Iterator[ServerPair]:
    """Give two servers that the clients of these tests may write to."""
    with ExitStack() as stack:
        servers = []
        for name in ServerPair._fields:
            server = clusters.make(name)
            stack.callback(server.remove)
            servers.append(server)
        yield ServerPair(*servers)


@pytest.fixture
def stage(request: pytest.FixtureRequest, traffic_pair: ServerPair) -> Iterator[Stage]:
    """Give both servers alive and a PgBouncer that points to the primary; its pool mode may be a parameter."""
    if PGBOUNCER is None:
        pytest.skip("pgbouncer is not installed")
    traffic_pair.heal()
    with Stage(traffic_pair, getattr(request, "param", PoolMode.TRANSACTION)) as stage:
        yield stage
