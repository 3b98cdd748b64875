"""A place that PgBouncer's user can reach, which pytest's own directories are not for root."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def place() -> Iterator[Path]:
    """Give a directory of the test's own that every user may pass."""
    path = Path(tempfile.mkdtemp(prefix="hotswap-tui-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)
