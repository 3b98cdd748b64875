"""Two servers that the tests here may write to, and pools over them with an engine of their own."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from hotswap_tui.pool import HotSwapPool
from tests.support.clusters import Clusters, ServerPair

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FAST = {
    "DB_HEALTH_CHECK_INTERVAL": 200,
    "DB_CONNECTION_TIMEOUT": 300,
    "DB_FAILURE_THRESHOLD": 2,
    "DB_FAILURE_RETRY_INTERVAL": 50,
    "DB_PRIMARY_RETRY_INTERVAL": 200,
    "DB_FRESH_CONNECT_EVERY": 5,
    "DB_FAILBACK": "manual",
    "DB_MAX_SWITCHES_PER_HOUR": 60,
}


@pytest.fixture(scope="session")
def _written_pair(clusters: Clusters) -> Iterator[ServerPair]:
    with ExitStack() as stack:
        servers = []
        for name in ServerPair._fields:
            server = clusters.make(name)
            stack.callback(server.remove)
            servers.append(server)
        yield ServerPair(*servers)


@pytest.fixture
def pair(_written_pair: ServerPair) -> Iterator[ServerPair]:
    """Give both servers alive."""
    _written_pair.heal()
    yield _written_pair
    _written_pair.heal()


@pytest.fixture
def make_pool(pair: ServerPair, tmp_path: Path) -> Callable[..., HotSwapPool]:
    """Make pools over the pair, to be entered; `settings` are those of the engine."""

    def make(settings: dict[str, Any] | None = None, **options: Any) -> HotSwapPool:
        quick = {**FAST, "HOTSWAP_STATE_DIR": tmp_path / "state", **(settings or {})}
        return HotSwapPool(pair.primary.url, pair.secondary.url, settings=quick, **options)

    return make
