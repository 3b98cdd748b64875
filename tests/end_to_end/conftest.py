"""One workplace for each end-to-end test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.programs import Workplace

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.clusters import ServerPair


@pytest.fixture
def workplace(tmp_path: Path, server_pair: ServerPair) -> Workplace:
    """Give a place to run the program in, over the shared pair."""
    return Workplace(tmp_path, server_pair)
