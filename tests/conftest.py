"""Fixtures that more than one part uses: real servers, and networks that fail on request."""

from __future__ import annotations

import gc
import signal
import sys
from contextlib import AsyncExitStack, ExitStack, suppress
from itertools import zip_longest
from typing import TYPE_CHECKING, Protocol

import pytest

from hotswap_tui.demo.servers import Server
from hotswap_tui.demo.tcp_proxy import TcpProxy
from tests.support.clusters import Clusters, ServerPair
from tests.support.listeners import FullBacklog, SilentListener
from tests.support.until import until_sync

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Mapping
    from pathlib import Path


_LONG = frozenset({"test_demo.py", "test_black_hole.py"})
"""Files with tests of ten seconds and more: a worker that began one last would be waited for by all."""


def pytest_configure() -> None:
    """Collect garbage seldom, which is a tenth of the CPU time with three frameworks loaded, and let signals end programs."""
    gc.set_threshold(50_000, 20, 100)
    # Programs inherit what is ignored, as in a shell's background or under nohup, and many tests end programs with a signal.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Let one worker compile the tests, asserts rewritten: the others would do the same work at the same time."""
    run: dict[str, str] = getattr(session.config, "workerinput", {})
    if not run or sys.dont_write_bytecode:
        return (yield)
    compiled: Path = session.config._tmp_path_factory.getbasetemp().parent / "compiled"  # type: ignore[attr-defined]
    if run["workerid"] != "gw0":
        with suppress(AssertionError):
            until_sync(compiled.exists, what="the first worker's collection")
        return (yield)
    try:
        return (yield)
    finally:
        compiled.touch()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the simulation, which computes, between the files of the tests that wait, so that neither leaves cores idle."""
    shards = [item for item in items if item.path.parent.name == "simulation"]
    others = [item for item in items if item.path.parent.name != "simulation"]
    others.sort(key=lambda item: item.path.name not in _LONG)
    items.clear()
    placed = 0
    for number, (item, following) in enumerate(zip_longest(others, others[1:]), start=1):
        items.append(item)
        if following is None or following.path != item.path:
            due = len(shards) * number // len(others)
            items += shards[placed:due]
            placed = due
    items += shards[placed:]


class MakeServer(Protocol):
    """What `make_server` does."""

    def __call__(
        self,
        name: str = "primary",
        *,
        start: bool = True,
        wal_level: str = "replica",
        settings: Mapping[str, str | int] | None = None,
    ) -> Server:
        """Make a server of the test's own; one name, one system identifier."""
        ...


@pytest.fixture(scope="session")
def clusters() -> Iterator[Clusters]:
    """Keep the templates that servers are copied from, for one test process."""
    clusters = Clusters()
    yield clusters
    clusters.close()


@pytest.fixture
def make_server(clusters: Clusters) -> Iterator[MakeServer]:
    """Make servers that belong to the test alone (about 0.1 s each) and are removed after it."""
    with ExitStack() as stack:

        def make(
            name: str = "primary",
            *,
            start: bool = True,
            wal_level: str = "replica",
            settings: Mapping[str, str | int] | None = None,
        ) -> Server:
            server = clusters.make(name, wal_level=wal_level, settings=settings)
            stack.callback(server.remove)
            if start:
                server.start()
            return server

        yield make


@pytest.fixture
def make_standby() -> Iterator[Callable[[Server], Server]]:
    """Make started physical standbys of a running server (about 0.5 s each), removed after the test."""
    with ExitStack() as stack:

        def make(primary: Server) -> Server:
            standby = Server.standby_of(primary)
            stack.callback(standby.remove)
            standby.start()
            return standby

        yield make


@pytest.fixture(scope="session")
def _shared_pair(clusters: Clusters) -> Iterator[ServerPair]:
    with ExitStack() as stack:
        servers = []
        for name in ServerPair._fields:
            server = clusters.make(name)
            stack.callback(server.remove)
            server.start()
            servers.append(server)
        yield ServerPair(*servers)


@pytest.fixture
def server_pair(_shared_pair: ServerPair) -> Iterator[ServerPair]:
    """Give the started servers `primary` and `secondary`, which the tests of one process share.

    They may be crashed, frozen and stopped: they live again for the next test. A test that changes data, settings or
    roles, or counts connections, takes its own from `make_server`.
    """
    _shared_pair.heal()
    yield _shared_pair
    _shared_pair.heal()


@pytest.fixture
async def make_proxy() -> AsyncIterator[Callable[..., Awaitable[TcpProxy]]]:
    """Make forwarding TCP proxies in front of a server or a port, closed after the test."""
    async with AsyncExitStack() as stack:

        async def make(target: Server | int, *, delay_ms: float = 0.0) -> TcpProxy:
            port = target if isinstance(target, int) else target.port
            return await stack.enter_async_context(TcpProxy(port, delay_ms=delay_ms))

        yield make


@pytest.fixture
async def silent_listener() -> AsyncIterator[SilentListener]:
    """Listen on a port that accepts every connection and never answers."""
    async with SilentListener() as listener:
        yield listener


@pytest.fixture
def full_backlog() -> Iterator[FullBacklog]:
    """Listen on a port where a connection attempt gets no answer at all."""
    backlog = FullBacklog()
    yield backlog
    backlog.close()
