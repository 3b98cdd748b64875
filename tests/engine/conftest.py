"""Engines in virtual time, for the tests of the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.engine_world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def make_world() -> Iterator[Callable[..., World]]:
    worlds: list[World] = []

    def make(*, start: bool = True, **settings: object) -> World:
        worlds.append(World(**settings))  # type: ignore[arg-type]
        return worlds[-1].start() if start else worlds[-1]

    yield make
    for world in worlds:
        world.close()
