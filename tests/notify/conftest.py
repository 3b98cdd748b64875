"""Engines in virtual time with a notifier beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.engine_world import World
from tests.notify.correspondence import Correspondence
from tests.notify.receiver import Receiver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def make_told() -> Iterator[Callable[..., Correspondence]]:
    """Make notifiers, each with a world of its own, or beside the engine of `world`."""
    made: list[Correspondence] = []

    def make(
        *, world: World | None = None, urls: tuple[str, ...] = ("json://one",), **settings: object
    ) -> Correspondence:
        if world is None:
            world = World(**settings)  # type: ignore[arg-type]
            world.start()
        made.append(Correspondence(world, urls=urls).begin())
        return made[-1]

    yield make
    for told in made:
        told.end()
        told.world.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Listen for notifications on loopback."""
    with Receiver() as receiver:
        yield receiver
