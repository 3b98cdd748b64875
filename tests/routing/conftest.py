"""A PgBouncer over the shared pair of servers, and routers for it."""

from __future__ import annotations

from contextlib import AsyncExitStack, ExitStack
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from hotswap_tui.core.values import Role
from tests.support.bouncer_routers import router_of
from tests.support.bouncers import PGBOUNCER, LivePgBouncer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from hotswap_tui.core.plan import PoolMode
    from hotswap_tui.routing.pgbouncer import PgBouncerRouter
    from tests.support.clusters import ServerPair


class MakeBouncer(Protocol):
    """What `make_bouncer` does."""

    def __call__(self, pool_mode: PoolMode = ..., settings: dict[str, str] | None = None) -> LivePgBouncer:
        """Start a PgBouncer that points to the primary."""
        ...


class MakeRouter(Protocol):
    """What `make_router` does."""

    def __call__(self, bouncer: LivePgBouncer, **others: Any) -> PgBouncerRouter:
        """Make a router; see `router_of`."""
        ...


@pytest.fixture
def make_bouncer(server_pair: ServerPair) -> Iterator[MakeBouncer]:
    """Start PgBouncers over the shared pair (about 0.1 s each), ended after the test."""
    if PGBOUNCER is None:
        pytest.skip("pgbouncer is not installed")
    with ExitStack() as stack:

        def make(*args: Any, **kwargs: Any) -> LivePgBouncer:
            return stack.enter_context(LivePgBouncer(server_pair.primary, server_pair.secondary, *args, **kwargs))

        yield make


@pytest.fixture
def bouncer(make_bouncer: MakeBouncer) -> LivePgBouncer:
    """Give a PgBouncer in transaction mode."""
    return make_bouncer()


@pytest.fixture
async def make_router(server_pair: ServerPair) -> AsyncIterator[MakeRouter]:
    """Make routers that are closed after the test."""
    urls = {Role.PRIMARY: server_pair.primary.url, Role.SECONDARY: server_pair.secondary.url}
    async with AsyncExitStack() as stack:

        def make(bouncer: LivePgBouncer, **others: Any) -> PgBouncerRouter:
            router = router_of(bouncer.gateway, urls, **others)
            stack.push_async_callback(router.aclose)
            return router

        yield make


@pytest.fixture
def router(make_router: MakeRouter, bouncer: LivePgBouncer) -> PgBouncerRouter:
    """Give the router of `bouncer`."""
    return make_router(bouncer)
