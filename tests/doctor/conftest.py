"""A PgBouncer over the shared pair of servers."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.bouncers import PGBOUNCER, LivePgBouncer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.clusters import ServerPair


@pytest.fixture
def make_bouncer(server_pair: ServerPair) -> Iterator[Callable[..., LivePgBouncer]]:
    """Start PgBouncers over the shared pair (about 0.1 s each), ended after the test."""
    if PGBOUNCER is None:
        pytest.skip("pgbouncer is not installed")
    with ExitStack() as stack:

        def make(*args: Any, **kwargs: Any) -> LivePgBouncer:
            return stack.enter_context(LivePgBouncer(server_pair.primary, server_pair.secondary, *args, **kwargs))

        yield make
