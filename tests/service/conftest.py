"""One place for each test of the real program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.service.served import Place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.clusters import ServerPair


@pytest.fixture
def place(tmp_path: Path, server_pair: ServerPair) -> Iterator[Place]:
    """Give a place to serve in, over the shared pair."""
    place = Place(tmp_path, server_pair)
    yield place
    place.close()
