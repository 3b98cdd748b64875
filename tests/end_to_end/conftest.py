"""One workplace for each end-to-end test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.programs import Workplace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.clusters import ServerPair


@pytest.fixture
def workplace(tmp_path: Path, server_pair: ServerPair) -> Iterator[Workplace]:
    """Give a place to run the program in, over the shared pair; an engine that goes on there ends with the test."""
    workplace = Workplace(tmp_path, server_pair)
    yield workplace
    workplace.end_engine()
